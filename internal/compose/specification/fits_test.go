package specification

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/schema"
	"go.yaml.in/yaml/v4"
	"pgregory.net/rapid"
)

// understood are the keywords that Fits knows, and annotations, true.
var understood = map[string]bool{
	"$ref": false, "type": false, "properties": false, "patternProperties": false, "additionalProperties": false, "unevaluatedProperties": false,
	"required": false, "items": false, "uniqueItems": false, "allOf": false, "anyOf": false, "oneOf": false, "enum": false, "pattern": false,
	"minimum": false, "maximum": false, "$defs": false,
	"$schema": true, "$id": true, "title": true, "description": true, "deprecated": true, "default": true,
}

// A keyword that Fits does not know would be one that it does not check.
func TestKeywords(t *testing.T) {
	var walk func(path string, schema any)
	walk = func(path string, schema any) {
		p, ok := schema.(map[string]any)
		if !ok {
			return
		}
		if ref, _ := p["$ref"].(string); ref != "" && file().parts("$defs")[strings.TrimPrefix(ref, "#/$defs/")] == nil {
			t.Errorf("%s: a $ref of another form: %s", path, ref)
		}
		if p["unevaluatedProperties"] != nil && (p["oneOf"] != nil || p["anyOf"] != nil) {
			t.Errorf("%s: unevaluatedProperties beside alternatives", path)
		}
		for keyword, value := range p {
			if _, ok := understood[keyword]; !ok {
				t.Errorf("%s: unknown keyword %q", path, keyword)
			}
			switch keyword {
			case "properties", "patternProperties", "$defs":
				for name, each := range value.(map[string]any) {
					walk(path+"."+name, each)
				}
			case "allOf", "anyOf", "oneOf":
				for _, each := range value.([]any) {
					walk(path+"."+keyword, each)
				}
			case "items", "additionalProperties", "unevaluatedProperties":
				walk(path+"."+keyword, value)
			}
		}
	}
	walk("", map[string]any(file()))
}

// drawer makes values that mostly keep to a schema.
type drawer struct {
	*rapid.T
	depth int
}

func (d drawer) chance(percent int) bool {
	return rapid.IntRange(1, 100).Draw(d.T, "percent") <= percent
}

func pick[V any](d drawer, from []V) V { return rapid.SampledFrom(from).Draw(d.T, "pick") }

var scalars = []any{
	"a", "b", "", "1", "true", "x_1", "$A", "${A:-a}", "always", "every_3d", "service_started", "2020-01-02", 0, 1, -2000, 5000, 1.0, 1.5, true, false, nil,
}

func (d drawer) value(s any) any {
	p, ok := s.(map[string]any)
	if !ok || d.depth > 6 || d.chance(3) {
		return d.any()
	}
	d.depth++
	if target := part(p).target(); target != nil {
		return d.value(map[string]any(target))
	}
	for _, keyword := range []string{"oneOf", "anyOf"} {
		if parts := part(p).list(keyword); parts != nil {
			return d.value(pick(d, parts))
		}
	}
	if words := part(p).list("enum"); words != nil {
		return pick(d, words)
	}
	kind, _ := p["type"].(string)
	if kinds := part(p).list("type"); kinds != nil {
		kind = pick(d, kinds).(string)
	}
	switch {
	case kind == "array":
		var list []any
		for range rapid.IntRange(0, 3).Draw(d.T, "length") {
			list = append(list, d.value(p["items"]))
		}
		return list
	case kind == "object" || p["allOf"] != nil:
		return d.mapping(p)
	}
	return pick(d, scalars)
}

func (d drawer) mapping(p map[string]any) map[string]any {
	m := map[string]any{}
	properties := maps.Clone(part(p).parts("properties"))
	for _, each := range part(p).list("allOf") {
		if properties == nil {
			properties = part{}
		}
		maps.Copy(properties, part(each.(map[string]any)).target().parts("properties"))
	}
	for _, name := range part(p).list("required") {
		if name := name.(string); properties[name] != nil && !d.chance(3) {
			m[name] = d.value(properties[name])
		}
	}
	names := append(slices.Sorted(maps.Keys(properties)), "x-a", "other", "a.b", "A B")
	for range rapid.IntRange(0, 4).Draw(d.T, "keys") {
		name := pick(d, names)
		own := properties[name]
		for _, each := range part(p).parts("patternProperties") {
			if own == nil && len(properties) == 0 {
				own = each
			}
		}
		if own != nil || d.chance(5) {
			m[name] = d.value(own)
		}
	}
	return m
}

func (d drawer) any() any {
	switch rapid.IntRange(0, 5).Draw(d.T, "kind") {
	case 0:
		return map[string]any{"a": pick(d, scalars)}
	case 1:
		return []any{pick(d, scalars), pick(d, scalars)}
	default:
		return pick(d, scalars)
	}
}

// document draws a Compose file, and tells what Fits and compose-go's schema find in it.
func document(t *rapid.T) (text []byte, v validator, got bool, want error) {
	text, err := yaml.Marshal(drawer{T: t}.mapping(file()))
	if err != nil {
		t.Fatal(err)
	}
	var n yaml.Node
	var decoded map[string]any
	if yaml.Unmarshal(text, &n) != nil || yaml.Unmarshal(text, &decoded) != nil {
		t.Fatalf("cannot be read:\n%s", text)
	}
	want = schema.Validate(decoded)
	got = v.fits(file(), n.Content[0])
	return text, v, got, want
}

// Fits agrees with compose-go's schema wherever it is sure.
func TestAgreement(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		if text, v, got, want := document(t); !v.unsure && got != (want == nil) {
			t.Fatalf("got %v, compose-go: %v\n%s", got, want, text)
		}
	})
}

// Documents that are nearly all right, or all wrong, would say little. These have fixed seeds, so that no bad luck fails the test.
func TestDocumentsOfBothKinds(t *testing.T) {
	const all = 200
	sure, right := 0, 0
	found := rapid.Custom(func(t *rapid.T) [2]bool {
		_, v, _, want := document(t)
		return [2]bool{!v.unsure, want == nil}
	})
	for seed := range all {
		each := found.Example(seed)
		if each[0] {
			sure++
		}
		if each[1] {
			right++
		}
	}
	if right < all/4 || right > all*9/10 || sure < all/2 {
		t.Errorf("of %d documents, %d are right, and of %d Fits is sure", all, right, sure)
	}
}

func TestFits(t *testing.T) {
	fill := func(text string) (string, bool) {
		return strings.ReplaceAll(text, "$A", "a"), !strings.Contains(text, "$B")
	}
	for text, want := range map[string][2]bool{ // with the texts as they are, and filled in
		"services: {a: {image: x, ports: [80, '90'], environment: {A: 1}, networks: {b: {}}, x-a: 4}}\nnetworks: {b: }": {true, true},
		"x-a: &a {image: x}\nservices: {a: {<<: *a, command: *b}}\nx-b: &b [x]\n":                                       {},
		"x-a: &a {image: x}\nservices: {a: {<<: *a, privileged: true}}\n":                                               {true, true},
		"services: {a: {imgae: x}}":                             {false, false},
		"services: {a: {image: 2020-01-02}}":                    {false, false},
		"services: {a: {cap_add: [A, $A, a]}}":                  {true, false},
		"services: {a: {cap_add: [A, $B]}}":                     {true, false},
		"services: {a: {environment: {A: $B}}}":                 {true, true},
		"services: {a: {oom_score_adj: '5000'}}":                {true, false},
		"services: {a: {pull_policy: $A}}":                      {false, false},
		"services: {a: {expose: [80, 80]}}":                     {false, false},
		"services: {a: {expose: [0x50, 80]}}":                   {false, false},
		"services: {a: {extra_hosts: {a: [b, b]}, scale: 1.0}}": {false, false},
	} {
		var n yaml.Node
		if err := yaml.Unmarshal([]byte(text), &n); err != nil {
			if want == ([2]bool{}) {
				continue
			}
			t.Fatal(err)
		}
		if got := [2]bool{Fits(n.Content[0], nil), Fits(n.Content[0], fill)}; got != want {
			t.Errorf("%s: got %v, want %v", text, got, want)
		}
	}
}

func TestIsServiceKey(t *testing.T) {
	for key, want := range map[string]bool{"image": true, "deploy": true, "x-a": true, "imgae": false, "services": false} {
		if got := IsServiceKey(key); got != want {
			t.Errorf("%s: got %v, want %v", key, got, want)
		}
	}
}
