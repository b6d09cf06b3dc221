package yamltree

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v4"
	"pgregory.net/rapid"
)

func TestJSON(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"order of keys", "z: 1\na: 2\nm: 3", `{"z":1,"a":2,"m":3}`},
		{"empty ones", "a: {}\nb: []\nc:\nd: ''", `{"a":{},"b":[],"c":null,"d":""}`},
		{"nested", "a:\n- b: [1, 2]\n- c", `{"a":[{"b":[1,2]},"c"]}`},
		{"strings that look like others", `[ "1", '1e3', "true", "null", "007", '2024-01-01', "~" ]`, `["1","1e3","true","null","007","2024-01-01","~"]`},
		{"words that are strings", "[no, yes, on, 22:22, 2024-01-01, 1.2.3]", `["no","yes","on","22:22","2024-01-01","1.2.3"]`},
		{"integers", "[0, -1, 9223372036854775807, 18446744073709551615]", `[0,-1,9223372036854775807,18446744073709551615]`},
		{"more digits than a machine has", "[123456789012345678901234567890, 0.1000000000000000000000001]", `[123456789012345678901234567890,0.1000000000000000000000001]`},
		{"integers of YAML's own", "[0x1F, 0o17, 0b11, 1_000, +5]", `[31,15,3,1000,5]`},
		{"fractions", "[1.0, 1e3, 1E+3, .5, 5., 100000000000000000000.]", `[1.0,1e3,1E+3,0.5,5.0,100000000000000000000.0]`},
		{"a number beyond all", "1e400", `"1e400"`},
		{"booleans and null", "[true, False, TRUE, null, ~, Null]", `[true,false,true,null,null,null]`},
		{"tags", `[!!str 5, !!float 5, !!int "5", !!str true]`, `["5",5.0,5,"true"]`},
		{"several lines", "a: |\n  x\n  y\nb: >-\n  x\n  y", `{"a":"x\ny\n","b":"x y"}`},
		{"escapes", `"\"\\\t\e\x7f\N\L\uFEFF\U0001F600é"`, `"\"\\\t\u001b\u007f\u0085\u2028\ufeff😀é"`},
		{"dollars", "a: $$x ${Y:-z}", `{"a":"$$x ${Y:-z}"}`},
		{"an alias", "a: &x [1]\nb: *x", `{"a":[1],"b":[1]}`},
		{"an alias as a key", "a: &x k\n*x : 1", `{"a":"k","k":1}`},
		{"a merge", "base: &b {x: 1, y: 2}\nuse:\n  <<: *b\n  y: 3\n  z: 4", `{"base":{"x":1,"y":2},"use":{"y":3,"z":4,"x":1}}`},
		{"merges", "a: &a {x: 1}\nb: &b {<<: *a, x: 2, y: 2}\nc: {<<: [*a, *b]}", `{"a":{"x":1},"b":{"x":2,"y":2},"c":{"x":1,"y":2}}`},
		{"keys that are no text", "1: a\ntrue: b", `{"1":"a","true":"b"}`},
		{"the text <<", `"<<": a`, `{"<<":"a"}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := JSON([]byte(test.text))
			if err != nil {
				t.Fatal(err)
			}
			var line bytes.Buffer
			if err := json.Compact(&line, got); err != nil {
				t.Fatalf("%v in\n%s", err, got)
			}
			if line.String() != test.want {
				t.Errorf("got  %s\nwant %s", &line, test.want)
			}
		})
	}
}

func TestJSONIsIndented(t *testing.T) {
	got, err := JSON([]byte("a: {b: [1, {}], c: []}"))
	want := "{\n  \"a\": {\n    \"b\": [\n      1,\n      {}\n    ],\n    \"c\": []\n  }\n}\n"
	if err != nil || string(got) != want {
		t.Errorf("got %s, error %v", got, err)
	}
}

// mergeBomb is a mapping of a single key that is merged 2^40 times.
func mergeBomb() string {
	var b strings.Builder
	b.WriteString("a0: &a0 {k: v}\n")
	for i := range 40 {
		fmt.Fprintf(&b, "a%d: &a%[1]d\n  <<: [*a%d, *a%[2]d]\n", i+1, i)
	}
	return b.String()
}

func TestWhatJSONCannotSay(t *testing.T) {
	var bomb strings.Builder
	fmt.Fprintf(&bomb, "a0: &a0 [%s]\n", strings.Repeat("x, ", 100))
	for i := 1; i < 9; i++ {
		fmt.Fprintf(&bomb, "a%d: &a%[1]d [%s]\n", i, strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 10))
	}
	for name, test := range map[string]struct{ text, want string }{
		"two documents":                        {"a: 1\n---\nb: 2\n", "2:1: a second document begins"},
		"no document":                          {"# nothing\n", "there is no YAML document"},
		"infinity":                             {"a: .inf", "1:4: JSON has no number for .inf"},
		"not a number":                         {"a: [.nan]", "1:5: JSON has no number for .nan"},
		"reset":                                {"a: !reset []", "1:4: JSON has nothing for the tag !reset"},
		"override":                             {"a: !override {b: 1}", "1:4: JSON has nothing for the tag !override"},
		"a merged reset":                       {"a: &x {b: !reset 1}\nc: {<<: *x}", "tag !reset"},
		"binary":                               {"a: !!binary aGk=", "1:4: JSON has nothing for the tag !!binary"},
		"a list as key":                        {"? [a]\n: b", "1:3: a key of JSON is text"},
		"a key twice":                          {`{"ñ": {"a": 1, "a": 2}}`, `1:16: the key "a" is in line 1 already`},
		"a key twice, as a number and as text": {"1: a\n\"1\": b", `2:1: the key "1" is in line 1 already`},
		"itself":                               {"a: &x [*x]", "contains itself"},
		"merges itself":                        {"a: &x {<<: *x}", "contains itself"},
		"merged scalar":                        {"<<: 5", "1:5: only mappings can be merged"},
		"a bad boolean":                        {"!!bool maybe", "maybe is neither true nor false"},
		"a bad number":                         {"!!int many", "many is not a number"},
		"bad YAML":                             {"a: [", "1:5: while parsing a flow node, did not find"},
		"bad YAML later":                       {"a: 1\n---\nb: [", "3:5: while"},
		"a bomb":                               {bomb.String(), "4:50: up to here aliases add more than 100000 values"},
		"a long bomb":                          {"a: &a " + strings.Repeat("x", 100_000) + "\nb: [" + strings.Repeat("*a, ", 2000) + "]", "2:401: up to here aliases add more than 100000 values"},
		"a deep bomb":                          {"a: &a [" + strings.Repeat(`"`+strings.Repeat(`\x01`, 99)+`", `, 1000) + "]\nb: " + strings.Repeat("[", 190) + strings.Repeat("*a, ", 95) + strings.Repeat("]", 190), "the aliases before it make more than"},
		"a merge bomb":                         {mergeBomb(), "29:8: up to here aliases add more than 100000 values"},
		"depth":                                {"a: " + strings.Repeat("[", 5000) + strings.Repeat("]", 5000), "1:204: values are nested more than 200 deep here"},
	} {
		got, err := JSON([]byte(test.text))
		if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %.80s, error %v", name, got, err)
		}
	}
}

// Whatever there is, parsers of JSON and of YAML read from the JSON what was in the YAML.
func TestJSONProperty(t *testing.T) {
	text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", "1", "1e3", "007", "true", "~", "<<", "2024-01-01", "\u0085", "\u2028 x", "a\r\nb", "\ufeff", "\x00\x7f", "$x", "#", "😀"}))
	var value func(depth int) *rapid.Generator[any]
	value = func(depth int) *rapid.Generator[any] {
		scalars := []*rapid.Generator[any]{
			text.AsAny(), rapid.Int64().AsAny(), rapid.Uint64().AsAny(), rapid.Bool().AsAny(), rapid.Just(any(nil)),
			rapid.Float64Range(-1e18, 1e18).AsAny(),
		}
		if depth > 0 {
			below := rapid.Deferred(func() *rapid.Generator[any] { return value(depth - 1) })
			scalars = append(scalars, rapid.SliceOfN(below, 0, 4).AsAny(), rapid.MapOfN(text, below, 0, 4).AsAny())
		}
		return rapid.OneOf(scalars...)
	}
	rapid.Check(t, func(t *rapid.T) {
		written, err := yaml.Marshal(map[string]any{"top": value(3).Draw(t, "value")})
		if err != nil {
			t.Skip(err)
		}
		var want any
		if err := yaml.Unmarshal(written, &want); err != nil {
			t.Skip(err)
		}
		made, err := JSON(written)
		if err != nil {
			t.Fatalf("%v in\n%s", err, written)
		}
		var got any
		if err := yaml.Unmarshal(made, &got); err != nil {
			t.Fatalf("as YAML: %v in\n%s", err, made)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("as YAML (-want +got):\n%s\n%s", diff, made)
		}
		var parsed any
		if err := json.Unmarshal(made, &parsed); err != nil {
			t.Fatalf("as JSON: %v in\n%s", err, made)
		}
		again, err := json.Marshal(parsed)
		if err != nil {
			t.Fatal(err)
		}
		straight, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var fromYAML any
		if err := json.Unmarshal(straight, &fromYAML); err != nil {
			t.Fatal(err)
		}
		if normal, _ := json.Marshal(fromYAML); !bytes.Equal(normal, again) {
			t.Fatalf("as JSON: got %s, want %s", again, normal)
		}
	})
}

// A mapping of 20,000 keys may be decoded by package yaml, which compares each with each. A larger one may not.
func TestCheckTextBoundsKeys(t *testing.T) {
	mapping := func(keys int) []byte {
		var b strings.Builder
		b.WriteString("a:\n")
		for i := range keys {
			fmt.Fprintf(&b, "  k%d: 1\n", i)
		}
		return []byte(b.String())
	}
	if err := CheckText(mapping(maxKeys)); err != nil {
		t.Errorf("%d keys: %v", maxKeys, err)
	}
	if err := CheckText(mapping(maxKeys + 1)); err == nil || err.Error() != "2:3: a mapping with more than 20000 keys begins here" {
		t.Errorf("%d keys: got %v", maxKeys+1, err)
	}
}
