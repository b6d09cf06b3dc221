package escape_test

import (
	"errors"
	"strings"
	"testing"
	"text/template"

	"github.com/compose-spec/compose-go/v2/dotenv"

	"github.com/tp0-lab/composer/internal/template/escape"
)

// env returns what Compose reads in the file of variables that a template makes with the value A.
func env(t *testing.T, text, a string) (written string, read map[string]string, err error) {
	t.Helper()
	funcs := escape.Funcs()
	parsed, err := template.New("t").Funcs(funcs).Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	r, err := escape.Rewrite(parsed, funcs, map[string]string{"t": text}, escape.Env)
	if err != nil {
		return "", nil, err
	}
	var b strings.Builder
	if err := r.Template.Funcs(template.FuncMap{escape.WriteFunc: func(number int, value any) (string, error) {
		s, wrong := r.Write(number, value)
		if wrong != nil {
			return "", wrong
		}
		return s, nil
	}}).Execute(&b, map[string]any{"A": a}); err != nil {
		t.Fatal(err)
	}
	made, err := escape.EnvText([]byte(b.String()))
	if err != nil {
		return "", nil, err
	}
	read, err = dotenv.ParseWithLookup(strings.NewReader(string(made)), func(string) (string, bool) { return "found", true })
	if err != nil {
		t.Fatalf("%v in\n%s", err, made)
	}
	return string(made), read, nil
}

// Compose reads each value as it is, wherever it stands.
func TestEnv(t *testing.T) {
	for _, value := range []string{"plain", "$HOME", "${HOME}", "a b", "it's", `say "no"`, "a #b", `back\slash`, "two\nlines", `it's $5 \"x`, "", " edge ", "`x`", "'$x'", "\ttab", "a=b", "ñ", "#"} {
		for text, want := range map[string]string{
			"X={{ .A }}\nY=2\n":               value,
			"X=a{{ .A }}b\nY=2\n":             "a" + value + "b",
			"X={{ .A }}-{{ .A }}\nY=2\n":      value + "-" + value,
			"X=\"{{ .A }}\"\nY=2\n":           value,
			"X=\"{{ .A }}\" # c\nY=2\n":       value,
			"X=\"\\\"{{ .A }}\"\nY=2\n":       `"` + value,
			"X=${Z}{{ .A }}\nY=2":             "found" + value,
			"# {{ len .A }}\nX={{ .A }}\nY=2": value,
			"export X={{ .A }}\nY=2":          value,
		} {
			written, read, err := env(t, text, value)
			if err != nil {
				t.Errorf("%q with %q: %v", text, value, err)
			} else if read["X"] != want || read["Y"] != "2" || len(read) != 2 {
				t.Errorf("%q with %q: %q, which Compose reads as %q, want %q", text, value, written, read, want)
			}
		}
	}
}

func TestEnvErrors(t *testing.T) {
	for _, test := range []struct {
		text, a string
		offset  int
		want    string
	}{
		{"A=1\nX='{{ .A }}'\n", "it's", 7, "\"it's\" has a quote or a line break"},
		{"A=1\n\nX='{{ .A }}'", "it's", 8, "\"it's\" has a quote or a line break"},
		{"{{ .A }}=1\n", "a b", 0, "want KEY=VALUE"},
		{"# {{ .A }}\n", "a\nb", 2, "want KEY=VALUE"},
		{"X=\"x\"{{ .A }}\n", "a b", 5, "write them around all of the value"},
		{"X='x'{{ .A }}\n", "a b", 5, "write them around all of the value"},
		{"X=\"{{ .A }}\"{{ .A }}\n", "a b", 3, "write them around all of the value"},
		{"X={{ .A }} # note\n", "$5", 2, "write them around all of the value"},
	} {
		_, _, err := env(t, test.text, test.a)
		wrong, ok := errors.AsType[*escape.EnvError](err)
		if !ok || wrong.Offset != test.offset || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: got %v, want %q at %d", test.text, err, test.want, test.offset)
		}
	}
	if written, _, err := env(t, "# {{ .A }}\nX='{{ .A }}'\n", "$5 $6"); err != nil || written != "# $5 $6\nX='$5 $6'\n" {
		t.Errorf("got %q, %v", written, err)
	}
}
