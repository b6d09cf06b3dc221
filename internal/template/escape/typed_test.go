package escape

import (
	"strings"
	"testing"

	v3 "go.yaml.in/yaml/v3"
	"go.yaml.in/yaml/v4"
	"pgregory.net/rapid"
)

// Forms of YAML 1.1 (yaml.org/type) and 1.2.2 (chapter 10) that are no strings,
// also those that the loader of Compose takes for strings.
const typedForms = `
~ null Null NULL true True TRUE false yes Yes no NO on off y Y n N << =
0 -0 +12 007 0o17 0x1F 0b1010_0111 1_000 190:20:30 22:22 -1:30
1.0 .5 1. 1e3 1E+3 -1.5e-3 6.8523015e+5 685_230.15 190:20:30.15 .inf -.Inf +.INF .nan .NaN .NAN 1e 12e03
2024-01-01 2001-12-14t21:59:43.10-05:00 2001-12-15T02:59:43.1Z
`

func TestTyped(t *testing.T) {
	for form := range strings.FieldsSeq(typedForms) {
		if !typed(form) || safePlain(form) {
			t.Errorf("%q is written without quotes", form)
		}
		// However it is cut in two, it is not proven to be a string.
		for i := 1; i < len(form); i++ {
			for _, parts := range [][]string{{"^" + form[:i]}, {form[i:]}, {form[i : i+1]}} {
				if provenString(parts) {
					t.Errorf("a scalar with %q in it may be %q", parts, form)
				}
			}
		}
	}
	for _, form := range []string{"", "2001-12-14 21:59:43.10 -5"} {
		if !typed(form) {
			t.Errorf("%q is not typed", form)
		}
	}
	for _, text := range []string{"server", "server:latest", "172.25.125.0/24", "./.data", "../x", "/", "2s", "a-b_c.d", "node", "nullable", "1.2.3-rc1", "localhost:5000/a/b:c"} {
		if !safePlain(text) {
			t.Errorf("%q is written in quotes", text)
		}
	}
	for _, text := range []string{".", "..", "...", "---", "-a", "a:", ":a", "a::b", "a b", "@a", "a#", "ñ", "a\n", strings.Repeat("a", 129)} {
		if safePlain(text) {
			t.Errorf("%q is written without quotes", text)
		}
	}
}

// What is written without quotes is read as that string.
func TestPlainIsAString(t *testing.T) {
	text := rapid.OneOf(rapid.StringMatching(`[a-zA-Z0-9_./+@:~=<-]{1,8}`), rapid.StringMatching(`[0-9][0-9eExXoObBaAfF_.:TZ+-]{0,9}`), rapid.StringMatching(`[nNyYtTfFoOuUlLrRsSeE.iIaA]{1,5}`))
	rapid.Check(t, func(t *rapid.T) {
		want := text.Draw(t, "text")
		if !safePlain(want) {
			return
		}
		for name, unmarshal := range map[string]func([]byte, any) error{
			"v3": v3.Unmarshal,
			"v4": yaml.Unmarshal,
		} {
			var lines struct{ Got any }
			if err := unmarshal([]byte("got: "+want), &lines); err != nil || lines.Got != want {
				t.Fatalf("%s reads %q as %#v, error %v", name, want, lines.Got, err)
			}
			var brackets struct{ Got []any }
			if err := unmarshal([]byte("{got: ["+want+"]}"), &brackets); err != nil || len(brackets.Got) != 1 || brackets.Got[0] != want {
				t.Fatalf("%s reads %q in brackets as %#v, error %v", name, want, brackets.Got, err)
			}
		}
	})
}
