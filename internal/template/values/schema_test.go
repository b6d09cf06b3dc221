package values

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const testSchema = `{
  "type": "object",
  "additionalProperties": false,
  "required": ["image", "count"],
  "properties": {
    "image": {"type": "string", "pattern": "^\\S+$", "description": "a word"},
    "count": {"type": "integer", "minimum": 1},
    "level": {"enum": ["", "low", "high"]},
    "list": {"type": "array", "items": {"$ref": "#/$defs/item"}},
    "env": {
      "type": "object",
      "propertyNames": {"pattern": "^[A-Z]+$", "description": "capitals"},
      "properties": {"ID": {"not": {}, "description": "it is made here"}, "NO": false},
      "additionalProperties": {"type": ["string", "integer"]}
    }
  },
  "$defs": {"item": {"type": "object", "additionalProperties": false, "properties": {"name": {"type": "string"}}}}
}`

// All violations at once, each with its place.
func TestViolations(t *testing.T) {
	schema, err := ParseSchema("s.json", []byte(testSchema))
	if err != nil {
		t.Fatal(err)
	}
	n := parse(t, `image: 5
count: 0
levl: low
level: medium
list:
  - {nam: x, nothing: 1}
  - name: {}
env: {ID: 1, NO: 1, low: x, OK: fine, F: 1.5, B: 123456789012345678901234567890}
`)
	want := []string{
		`v.yaml:1:1: image: 5 is a number, want string: put it in quotes, or use --set-string`,
		`v.yaml:2:1: count: 0: minimum: got 0, want 1`,
		`v.yaml:3:1: levl: unknown key, did you mean level?`,
		`v.yaml:4:1: level: "medium", want "", low or high`,
		`v.yaml:6:6: list[0].nam: unknown key, did you mean name?`,
		`v.yaml:6:14: list[0].nothing: unknown key: have name`,
		`v.yaml:7:5: list[1].name: {} is a map, want string`,
		`v.yaml:8:7: env.ID: it is made here`,
		`v.yaml:8:14: env.NO: this key is not for here`,
		`v.yaml:8:21: env.low: this is no name for a key here: want capitals`,
		`v.yaml:8:39: env.F: 1.5 is a number, want integer or string: put it in quotes, or use --set-string`,
	}
	err = schema.Check(n)
	if err == nil {
		t.Fatal("they are taken")
	}
	lines := strings.Split(err.Error(), "\n  ")
	if diff := cmp.Diff(want, lines[1:]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if want := "11 things are wrong with the values:"; lines[0] != want {
		t.Errorf("got %q, want %q", lines[0], want)
	}
	if err := schema.Check(parse(t, "{image: a, count: 99999999999999999999999, level: ''}")); err != nil {
		t.Errorf("right values are refused: %v", err)
	}
}

func TestNeeded(t *testing.T) {
	schema, err := ParseSchema("s.json", []byte(testSchema))
	if err != nil {
		t.Fatal(err)
	}
	base := Merge(parse(t, "{count: 1, image: x}"), parse(t, "a: 1\nimage:\n"))
	if err := schema.Check(Merge(base, parse(t, "a:"))); err == nil || err.Error() != "v.yaml:2:1: image: null takes it away, and it is needed" {
		t.Errorf("got %v", err)
	}
	if err := schema.Check(parse(t, "count: 1")); err == nil || err.Error() != "v.yaml:1:1: image: is needed, and nobody gives it" {
		t.Errorf("got %v", err)
	}
}

// What an editor on Windows adds is no part of a schema.
func TestByteOrderMark(t *testing.T) {
	if _, err := ParseSchema("s.json", []byte("\ufeff{\"type\":\r\n\"object\"}\r\n")); err != nil {
		t.Error(err)
	}
}

func TestBadSchemas(t *testing.T) {
	for text, want := range map[string]string{
		"{\n  \"type\": }":                       "s.json:2:11: invalid character",
		`{"type": "strong"}`:                     "s.json: ",
		`{"$ref": "other.json"}`:                 "a schema of values is one file",
		`{"$ref": "https://example.com/a.json"}`: "a schema of values is one file",
		`{"$ref": "file:///etc/passwd"}`:         "a schema of values is one file",
		"\n []":                                  "s.json:2:2: a schema is an object, true or false",
		"null":                                   "s.json:1:1: a schema is an object, true or false",
		`"x"`:                                    "s.json:1:1: a schema is an object, true or false",
		"1":                                      "s.json:1:1: a schema is an object, true or false",
		"[1]":                                    "s.json:1:1: a schema is an object, true or false",
		`{"$ref": "#/$defs/none"}`:               "s.json: ",
		`{"pattern": "("}`:                       "s.json: ",
		``:                                       "s.json:1:1: the JSON ends too soon",
		"{\n  \"a\": [1,\n\n":                    "s.json:2:11: the JSON ends too soon",
		`{"a": "b`:                               "s.json:1:9: the JSON ends too soon",
		`{"type": "ñ", "type": "object"}`:        `s.json:1:15: the key "type" is in this object already`,
	} {
		_, err := ParseSchema("s.json", []byte(text))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
}

// A schema that has no end is not the fault of the values.
func TestSchemaCycle(t *testing.T) {
	for text, want := range map[string]string{
		`{"$ref": "#"}`:              `s.json: "#" leads back to itself by $ref`,
		`{"allOf": [{"$ref": "#"}]}`: `s.json: "#" leads back to itself by $ref`,
		`{"properties": {"count": {"$ref": "#/properties/b"}, "b": {"$ref": "#/properties/count"}}}`: `s.json: "#/properties/count" leads back to itself by $ref`,
	} {
		schema, err := ParseSchema("s.json", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		err = schema.Check(parse(t, "count: 1"))
		if err == nil || err.Error() != want || errors.As(err, new(*Error)) {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
	schema, err := ParseSchema("s.json", []byte(`{"additionalProperties": {"$ref": "#"}, "type": ["object", "number"]}`))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Check(parse(t, "a: {b: {c: 1}}")); err != nil {
		t.Errorf("a $ref that the values end is refused: %v", err)
	}
}

// What is wrong many times, or takes many steps, ends.
func TestSchemaBounds(t *testing.T) {
	numbered := func(n int, format, between string) string {
		all := make([]string, n)
		for i := range all {
			all[i] = fmt.Sprintf(format, i)
		}
		return strings.Join(all, between)
	}
	keys := numbered(5_000, "K%d: 1", "\n")
	properties := numbered(300, `"k%d": {}`, ", ")
	twice := `{"$ref": "#/$defs/d0", "$defs": {` + numbered(30, `"d%d": {"allOf": [{"$ref": "#/$defs/e%[1]d"}, {"$ref": "#/$defs/e%[1]d"}]}`, ", ") + ", " + numbered(30, `"e%d": {"$ref": "#/$defs/d%[1]d"}`, ", ") + `}}`
	for i := range 29 {
		twice = strings.Replace(twice, fmt.Sprintf(`"e%d": {"$ref": "#/$defs/d%[1]d"}`, i), fmt.Sprintf(`"e%d": {"$ref": "#/$defs/d%d"}`, i, i+1), 1)
	}
	twice = strings.Replace(twice, `"e29": {"$ref": "#/$defs/d29"}`, `"e29": {}`, 1)
	tests := []struct{ name, schema, values, want string }{
		{"names of keys", `{"propertyNames": {"pattern": "^[a-z]"}}`, keys, "v.yaml:1001:1: K1000: from here on, 4000 more things are wrong"},
		{"unknown keys", `{"additionalProperties": false, "properties": {` + properties + `}}`, keys, "v.yaml:1001:1: K1000: from here on, 4000 more things are wrong"},
		{"a long value, again and again", `{"properties": {"a": {"allOf": [` + strings.Repeat(`{"type": "string"}, `, 5000) + `{}]}}}`, "a: [" + strings.Repeat("1, ", 90_000) + "]", "is a list, want string"},
		{"many values wanted", `{"properties": {"a": {"enum": [` + numbered(5000, `"%d"`, ", ") + `]}}}`, "a: b", "18, 19 or another of the schema's"},
		{"references to the same", twice, "a: 1", "the check of the values by this schema takes more than 3,000,000 steps"},
		{"patterns", `{"additionalProperties": {"pattern": "^(x{1,1000})$"}}`, numbered(9000, "k%d: "+strings.Repeat("x", 90), "\n"), "takes more than 3,000,000 steps"},
		{"parts", `{"anyOf": [` + strings.Repeat("{}, ", 10_000) + `{}]}`, "a: 1", "s.json: more than 10000 objects, which no schema of values needs"},
		{"depth", strings.Repeat(`{"not": `, 5000) + "{}" + strings.Repeat("}", 5000), "a: 1", "s.json: more than 100 objects and lists within one another"},
		{"a far number", `{"properties": {"a": {"multipleOf": 1e-99999999}}}`, "a: 1", "s.json: the number 1e-99999999, which no value has"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.name == "references to the same" && testing.Short() {
				t.Skip("long: it takes 3,000,000 steps one by one")
			}
			start := time.Now()
			n, err := Parse("v.yaml", []byte(tt.values))
			if err != nil {
				t.Fatal(err)
			}
			schema, err := ParseSchema("s.json", []byte(tt.schema))
			if err == nil {
				err = schema.Check(n)
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) || len(err.Error()) > 1<<20 {
				t.Errorf("got %.300v, want %s", err, tt.want)
			}
			if took := time.Since(start); took > 30*time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
}
