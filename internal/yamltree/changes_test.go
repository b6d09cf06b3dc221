package yamltree

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
