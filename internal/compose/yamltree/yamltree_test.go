package yamltree_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v4"

	"github.com/tp0-lab/composer/internal/compose/yamltree"
)

func TestEntries(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"own keys first":                 {"x: &x {a: 1, b: 2}\nm: {<<: *x, c: 3, b: 4}", "c=3 b=4 a=1"},
		"a list: the first one wins":     {"x: &x {a: 1}\ny: &y {a: 2, b: 2}\nm: {<<: [*x, *y]}", "a=1 b=2"},
		"a merge in a merge":             {"x: &x {a: 1, b: 1}\ny: &y {<<: *x, a: 2}\nm: {<<: [*y, {b: 3, c: 3}]}", "a=2 b=1 c=3"},
		"a key by an alias":              {"x: &x {a: 1, b: 1}\nk: &k a\nm: {<<: *x, *k : 2}", "a=2 b=1"},
		"a key that is reset":            {"x: &x {a: 1, b: 1}\nm: {<<: *x, a: !reset null}", "a=1 b=1"},
		"a reset in a merge":             {"x: &x {a: 1, b: 1}\ny: &y {<<: *x, a: !reset null}\nm: {<<: *y}", "a=1 b=1"},
		"an anchor that contains itself": {"m: &m {<<: *m, a: 1}", "a=1"},
		"two that contain each other":    {"x: &x {a: 1, b: &y {<<: *x, c: 1}}\nm: {<<: [*y, *y]}", "c=1 a=1 b="},
		"no mapping":                     {"m: [a]", ""},
	} {
		var document yaml.Node
		if err := yaml.Unmarshal([]byte(c.text), &document); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var got []string
		for key, value := range yamltree.Entries(yamltree.Get(document.Content[0], "m")) {
			got = append(got, key.Value+"="+value.Value)
		}
		if diff := cmp.Diff(c.want, strings.Join(got, " ")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// Values that differ have texts that differ, whatever characters they have.
func TestLiteral(t *testing.T) {
	seen := map[string]string{}
	for _, text := range []string{"[x, y]", `["x\0!!str y"]`, `["x\0!!str 1 y"]`, "[[x], y]", "[[x, y]]", "{x: y}", "['1']", "[1]", "[]", "{}", `"{"`} {
		var document yaml.Node
		if err := yaml.Unmarshal([]byte(text), &document); err != nil {
			t.Fatal(err)
		}
		literal := yamltree.Literal(document.Content[0])
		if other, twice := seen[literal]; twice {
			t.Errorf("%s and %s are both %q", text, other, literal)
		}
		seen[literal] = text
	}
}
