package render

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tp0-lab/composer/internal/template/bundle"
)

// All places where no value can stand are reported together, and so are all values that cannot stand in their places.
func TestAllWrongPlaces(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"places", "a: {{ .Stage }}\nb: 1{{ if true }}{{ .Stage }}{{ end }}\nc: \"\\x{{ .Stage }}\"\nd:{{ range until 2 }}\n  - 2{{ if true }}{{ . }}{{ end }}{{ end }}\ne: ${X:-{{ .Stage }}}\n", `parse templates: 4 places are wrong:
  compose.yaml.tmpl:2:21: without quotes this may be read as a number, a date, or a word such as yes: write "1"
  compose.yaml.tmpl:3:10: a value cannot stand within an escape: the backslash before it wants more characters
  compose.yaml.tmpl:5:22: without quotes this may be read as a number, a date, or a word such as yes: write "2"
  compose.yaml.tmpl:6:12: a value cannot stand within an interpolation of Compose: write ${NAME} in braces before it, $$ for a dollar, or {{ interpolate (printf "${NAME:-%s}" .Value) }}`},
		{"one place", "a: \"\\x{{ .Stage }}\"\n", "parse templates: compose.yaml.tmpl:1:10: a value cannot stand within an escape: the backslash before it wants more characters"},
		{"places, and an error", "a: \"\\x{{ .Stage }}\"\nb: @x\n", `parse templates: 2 places are wrong:
  compose.yaml.tmpl:1:10: a value cannot stand within an escape: the backslash before it wants more characters
  compose.yaml.tmpl:2:4: a scalar without quotes cannot begin with '@': put it in quotes`},
		{"values", "a: x {{ .Values.bad }}\nb: y {{ .Values.bad }}\nc: {{ fromYaml \"null\" }}\nd: {{ .Values.bad }}\n", `render stage one: 3 places are wrong:
  compose.yaml.tmpl:1:9: "b: " has a ':', which is not safe in a scalar without quotes: write "x {{.Values.bad}}"
  compose.yaml.tmpl:2:9: "b: " has a ':', which is not safe in a scalar without quotes: write "y {{.Values.bad}}"
  compose.yaml.tmpl:3:7: <fromYaml "null">: there is no value (null): write (… | default VALUE), or {{ with … }} around what needs it`},
		{"values of replicas", "a:\n{{- range .Kinds.filter }}\n  - x {{ $.Values.bad }}\n  - '{{ if gt .ID 1 }}{{ $.Values.line }}{{ end }}'\n{{- end }}\n", `render stage one: 2 places are wrong:
  compose.yaml.tmpl:3:10: "b: " has a ':', which is not safe in a scalar without quotes: write "x {{$.Values.bad}}" (in filter1)
  compose.yaml.tmpl:4:26: "a\nb" has a line break, which single quotes cannot hold: write the scalar in double quotes (in filter2)`},
		{"alike replicas", "a:\n{{- range .Kinds.filter }}\n  - x {{ .Name }} {{ $.Values.bad }}\n{{- end }}\n", `render stage one: compose.yaml.tmpl:3:22: "b: " has a ':', which is not safe in a scalar without quotes: write "x {{.Name}} {{$.Values.bad}}" (in filter1)`},
		{"a value, and an error", "a: x {{ .Values.bad }}\nb: {{ .Values.none }}\n", `render stage one: 2 places are wrong:
  compose.yaml.tmpl:1:9: "b: " has a ':', which is not safe in a scalar without quotes: write "x {{.Values.bad}}"
  compose.yaml.tmpl:2:14: <.Values.none>: map has no entry for key "none": have bad, line, nothing; if it need not be there, write (get .Values "none")`},
	} {
		t.Run(test.name, func(t *testing.T) {
			fsys := kinds(test.text)
			fsys[bundle.StagesFile].Data = []byte("default: one\nkinds: [{name: filter, count: 3}]\nstages: [{name: one, values: {bad: 'b: ', line: \"a\\nb\", nothing: ''}}]")
			b, err := bundle.Open(fsys)
			if err != nil {
				t.Fatal(err)
			}
			e, err := New(b)
			if err == nil {
				_, err = e.Render("one", Counted)
			}
			if err == nil {
				t.Fatal("no error")
			}
			if diff := cmp.Diff(test.want, err.Error()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// More than twenty are counted.
func TestManyWrongPlaces(t *testing.T) {
	b, err := bundle.Open(kinds("a:\n" + strings.Repeat("  - \"\\x{{ .Stage }}\"\n", 30)))
	if err != nil {
		t.Fatal(err)
	}
	_, err = New(b)
	if err == nil || strings.Count(err.Error(), "\n") != 21 || !strings.HasSuffix(err.Error(), "\n  and 10 more") {
		t.Errorf("got %v", err)
	}
}
