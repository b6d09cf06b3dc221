package diff

import (
	"strings"
	"testing"
)

func TestChanges(t *testing.T) {
	for _, test := range []struct{ name, before, after, want string }{
		{"nothing", "a: 1\nb: [1, {c: d}]", "# other\nb: [1, {\"c\": 'd'}]\na: 1", ``},
		{"a value", "a: {b: 1}", "a: {b: 2}", `a.b 1 -> 2`},
		{"its type", "a: 1", `a: "1"`, `a 1 -> "1"`},
		{"its kind", "a: [1]", `a: {b: 1}`, `a [1] -> {"b":1}`},
		{"more and less", "x: 1\na: {b: 1}\nc: {d: {e: 1}}", "c: {d: {e: 1, f: {g: 2}}}\na: {b: 1}", `x 1 -> ; c.d.f  -> {"g":2}`},
		{"null is not nothing", "a: 1", "a: 1\nb:", `b  -> null`},
		{"lists", "a: [1, 2]\nb: [1]", "a: [1, 3]\nb: [1, 2]", `a[1] 2 -> 3; b[1]  -> 2`},
		{"shorter lists", "a: [1, 2]", "a: []", `a[0] 1 -> ; a[1] 2 -> `},
		{"odd keys", `{"a.b": {"[0]": 1}}`, `{"a.b": {"[0]": 2}}`, `a\.b.\[0] 1 -> 2`},
		{"aliases", "a: &x {b: 1}\nc: *x", "a: {b: 1}\nc: {b: 2}", `c.b 1 -> 2`},
		{"all", "1", "[1]", ` 1 -> [1]`},
		{"the same tags", "a: !override [1]\nb: !reset null\nc: !x {d: !y 1}", "a: !override [2]\nb: !reset null\nc: !x {d: !y 2}", `a[0] 1 -> 2; c.d 1 -> 2`},
		{"another tag", "a: !override [1]\nb: 1", "a: [1]\nb: !reset 1", `a {"!override":[1]} -> [1]; b 1 -> {"!reset":1}`},
		{"a tag more", "a: 1", "a: 1\nb: !reset null", `b  -> {"!reset":null}`},
		{"tags of YAML's own", "a: !!binary YQ==\nb: !!set {x, y}", "a: !!binary Yg==\nb: !!set {y, x}", `a "YQ==" -> "Yg=="`},
		{"tags of aliases and merges", "x: &x !a {b: 1}\ny: *x\nz: {<<: *x}", "x: !a {b: 1}\ny: {b: 1}\nz: {b: 1}", `y {"!a":{"b":1}} -> {"b":1}`},
	} {
		changes, err := Changes(Text{"old", test.before}, Text{"new", test.after})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, c := range changes {
			got = append(got, c.Path+" "+string(c.Old)+" -> "+string(c.New))
		}
		if text := strings.Join(got, "; "); text != test.want {
			t.Errorf("%s: got %s, want %s", test.name, text, test.want)
		}
	}
}

// What would take endless time is an error.
func TestChangesAreBounded(t *testing.T) {
	long := "? " + strings.Repeat("k", 100_000) + "\n: ["
	for _, test := range []struct{ name, before, after, want string }{
		{"depth", "1", strings.Repeat("[", 5000) + strings.Repeat("]", 5000), "new:1:202: values are nested more than 200 deep here"},
		{"a long path, again and again", long + strings.Repeat("1, ", 10_000) + "]", long + strings.Repeat("2, ", 10_000) + "]", "old and new: the differences are longer than 19 MiB"},
		{"an anchor in itself", "a: &a [*a]", "a: &a [*a]", `old:1:4: anchor "a" contains itself`},
	} {
		_, err := Changes(Text{"old", test.before}, Text{"new", test.after})
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %s", test.name, err, test.want)
		}
	}
}
