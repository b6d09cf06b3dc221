package escape_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"text/template"
	"unicode/utf8"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tp0-lab/composer/internal/template/escape"
)

// execute rewrites and executes a template.
func execute(text string, data any) (string, error) {
	funcs := escape.Funcs()
	funcs["include"] = func(string, any) (escape.Structure, error) { return escape.Structure{}, nil }
	t, err := template.New("t").Option("missingkey=error").Funcs(funcs).Parse(text)
	if err != nil {
		return "", err
	}
	r, err := escape.Rewrite(t, funcs, map[string]string{"t": text}, escape.Compose)
	if err != nil {
		return "", err
	}
	steps := 0
	step := func(number int) (string, error) {
		if steps++; steps > 1000 {
			return "", r.Errorf(number, "this has no end")
		}
		return "", nil
	}
	r.Template.Funcs(template.FuncMap{escape.StepFunc: step, escape.EnterFunc: step})
	r.Template.Funcs(template.FuncMap{"include": func(name string, data any) (escape.Structure, error) {
		var b strings.Builder
		err := r.Template.ExecuteTemplate(&b, r.Include(name), data)
		return escape.Block(b.String()), err
	}})
	var b strings.Builder
	if err := r.Template.Execute(&b, data); err != nil {
		return "", r.Placed(err)
	}
	return b.String(), nil
}

// load reads a document as Compose does, with an environment in which nothing is set.
func load(text string) (*types.Project, error) {
	details := types.ConfigDetails{
		WorkingDir:  "/",
		ConfigFiles: []types.ConfigFile{{Filename: "compose.yaml", Content: []byte(text)}},
		Environment: types.Mapping{},
	}
	return loader.LoadWithContext(context.Background(), details, func(o *loader.Options) {
		o.SkipResolveEnvironment = true
		o.ResolvePaths = false
		o.SkipConsistencyCheck = true
		o.SetProjectName("unnamed", false)
	})
}

// entry is one entry of an environment in a template: the value A or B at a
// place, and what the container gets for it.
type entry struct {
	line string // %s is the entry's name
	want func(a, b string) string
	// list: it is an entry of the list form.
	list bool
	// any: the place takes every text that is UTF-8.
	any bool
}

func just(a, _ string) string { return a }

// places are the places of docs/templates.md at which an environment has values.
var places = []entry{
	{line: `%s: {{ .A }}`, want: just, any: true},
	{line: `%s:   {{ .A }}   # {{ .Word }}`, want: just, any: true},
	{line: `%s: {{ quote .A }}`, want: just, any: true},
	{line: `%s: {{ toYaml .A }}`, want: just, any: true},
	{line: `%s:{{ toYaml .A }}`, want: just, any: true},
	{line: `%s: {{ print .A .B }}`, want: func(a, b string) string { return a + b }, any: true},
	{line: `%s: "{{ .A }}"`, want: just, any: true},
	{line: `%s: "a {{ .A }}, {{ .B }}"`, want: func(a, b string) string { return "a " + a + ", " + b }, any: true},
	{line: `%s: "\\{{ .A }}\n$${{ .B }}"`, want: func(a, b string) string { return `\` + a + "\n$" + b }, any: true},
	{line: `%s: '{{ .A }}'`, want: just},
	{line: `%s: 'it''s {{ .A }} {{ .B }}'`, want: func(a, b string) string { return "it's " + a + " " + b }},
	{line: `%s: client{{ .A }}`, want: func(a, _ string) string { return "client" + a }},
	{line: `%s: {{ .A }}/agency-{{ .B }}.csv`, want: func(a, b string) string { return a + "/agency-" + b + ".csv" }},
	{line: `%s: {{ .A }}:latest`, want: func(a, _ string) string { return a + ":latest" }},
	{line: `%s: x/y:{{ .A }} {{ .B }} # it is {{ .Word }}`, want: func(a, b string) string { return "x/y:" + a + " " + b }},
	{line: `%s: ./${UNSET-}{{ .A }}`, want: func(a, _ string) string { return "./" + a }},
	{line: `%s: {{ if .Yes }}{{ .A }}{{ else }}"{{ .B }}"{{ end }}`, want: just, any: true},
	{line: `%s: "{{ range .List }}<{{ . }}{{ $.A }}>{{ end }}"`, want: func(a, _ string) string { return "<1" + a + "><2" + a + ">" }, any: true},
	{line: "%s: |\n        x{{ .A }}\n        {{ .B }}.", want: func(a, b string) string { return "x" + a + "\n" + b + ".\n" }},
	{line: "%s: |-\n        {{ .A }}.\n        {{- if .Yes }}\n        {{ .B }}.\n        {{- end }}", want: func(a, b string) string { return a + ".\n" + b + "." }},
	{line: "%s: |\n        {{ .A }}", want: func(a, _ string) string { return strings.TrimSuffix(a, "\n") + "\n" }},
	{line: "%s: |-\n        x\n        {{ .B }}\n        {{ .A }}", want: func(a, b string) string { return "x\n" + b + "\n" + a }},
	{line: "%s: |+\n        x\n        {{ .B }}\n        {{ .A }}", want: func(a, b string) string { return "x\n" + b + "\n" + a + "\n" }},
	{line: "%s: &anchor\n        {{ .A }}", want: just, any: true},
	{line: "%s: |4-\n        {{ .A }}.", want: func(a, _ string) string { return a + "." }},
	{line: "%s: >-\n        x{{ .A }}\n        y{{ .B }}.", want: func(a, b string) string { return "x" + a + " y" + b + "." }},
	{line: `- %s={{ .A }}`, want: just, list: true},
	{line: `- "%s={{ .A }}"`, want: just, list: true, any: true},
	{line: `- '%s={{ .A }}'`, want: just, list: true},
	{line: `- {{ printf "%s=%%s" .A }}`, want: just, list: true, any: true},
	{line: `- %s=a:{{ .A }}{{ .B }}`, want: func(a, b string) string { return "a:" + a + b }, list: true},
}

// document is a template with entries in two services, values as keys and in
// brackets, and the whole in branches and templates.
func document(entries []entry, noise string) string {
	var asMap, asList strings.Builder
	for i, e := range entries {
		line := fmt.Sprintf(strings.ReplaceAll(e.line, "\n        ", "\n          "), fmt.Sprintf("E%d", i))
		if e.list {
			asList.WriteString("\n      " + line)
		} else {
			asMap.WriteString("\n      " + line)
		}
	}
	return `{{ define "image" }}image: "x/{{ . }}"{{ end -}}
{{ define "map" }}
      LAST: {{ .A }}
{{- end -}}
services:
  one:
    {{ template "image" .Word }}
    environment:
      FIRST: "1"` + asMap.String() + `
{{- template "map" . }}` + noise + `
  two:
    {{ template "image" .Word }}
    environment:
      - "FIRST=1"` + asList.String() + `
x-keys: {before: 1, {{ .Key }}: {{ .A }}, "q{{ .Key }}": "{{ .A }}", list: [{{ .A }}, "{{ .B }}", {{ .A }}]}
x-more:
  {{ .Key }}: {{ .B }}
  "q{{ .Key }}": {{ .A }}
  {{- range $k, $v := .Map }}
  {{ $k }}:
    - {{ $v }}
  {{- end }}
  last: 1
`
}

// values are texts of which most are dangerous somewhere.
func values() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.String(),
		rapid.StringOf(rapid.SampledFrom([]rune("$\"'\\{}[]:-#&*!|>%@`, \n\t\r\x00\x7f\u0085\u00a0\u2028\u2029\ufeff\ufffd\ufffe€😀07exnoytf./~=<?_+"))),
		rapid.StringMatching(`[a-z0-9 :#.$-]{0,6}`),
		rapid.SampledFrom([]string{
			"1e3", "007", "0777", "1_000", "2024-01-01", "no", "22:22", "~", "null", "", " ", "0x1F", "0o17", ".inf", "-.INF", ".NaN", "<<", "=", "- a", "a: b", "a #b",
			"${HOME}", "$HOME", "$$", "$", "{{ .A }}", "---", "...", "\n", "a\n", "\na", "  a\n b", "a\r\nb", "\xff", "\xed\xa0\x80", "true", "Yes", "off", "12e03", "+1", "-", "?", "x:", ":", "!!int 5", "*a", "&a",
			strings.Repeat("long ", 300), strings.Repeat("l", 300),
		}),
	)
}

// noises are lines in service one that change nothing for the others, whatever they print.
var noises = []string{
	"",
	"\n{{- if .Yes }}\n    hostname: {{ .Word }}\n{{- end }}",
	"\n{{- range .List }}\n    # {{ . }}\n{{- end }}\n    hostname: h",
	"\n    labels:\n      {{- toYaml .Map | nindent 6 }}\n      more: {{ .A }}",
	"\n    labels: {{ toYaml .Map }}\n    hostname: {{ .Word }}",
	"\n    command: {{ if .Yes }}[a, {{ .A }}]{{ else }}b{{ end }}",
	"\n    command:\n    {{- range .List }}\n    - {{ $.A }}\n    {{- else }}\n    - none\n    {{- end }}",
	"\n    # {{ .Word }} {{ with .Word }}{{ . }}{{ end }}",
}

func propertyValuesStay(t *rapid.T) {
	entries := rapid.SliceOfN(rapid.SampledFrom(places), 1, 4).Draw(t, "entries")
	text := document(entries, rapid.SampledFrom(noises).Draw(t, "noise"))
	value := values()
	checkValuesStay(t, text, entries, value.Draw(t, "A"), value.Draw(t, "B"), value.Draw(t, "key"))
}

// checkValuesStay renders a document with values, and compares what Compose
// reads with what was meant. An error is right only where a place does not
// take all texts, or for a text that no place takes.
func checkValuesStay(t interface {
	Helper()
	Fatalf(string, ...any)
}, text string, entries []entry, a, b, key string,
) {
	t.Helper()
	// Keys that are there twice are the template's mistake.
	if slices.Contains([]string{"before", "list", "last", "n"}, key) || strings.HasPrefix(key, "m") || strings.HasPrefix(key, "q") {
		return
	}
	data := map[string]any{
		"A": a, "B": b, "Key": key, "Word": "word", "Yes": true, "List": []int{1, 2}, "Map": map[string]any{"m" + key: a, "n": b},
	}
	written, err := execute(text, data)
	if err != nil {
		if !errors.As(err, new(*escape.Error)) {
			t.Fatalf("an error without a place: %v\n%s", err, text)
		}
		takesAll := utf8.ValidString(a) && utf8.ValidString(b) && utf8.ValidString(key) && len(key) < 256
		if takesAll && !slices.ContainsFunc(entries, func(e entry) bool { return !e.any }) {
			t.Fatalf("A %q, B %q, key %q: %v\n%s", a, b, key, err, text)
		}
		return
	}
	project, err := load(written)
	if err != nil {
		t.Fatalf("A %q, B %q, key %q: %v\n%s\nof\n%s", a, b, key, err, written, text)
	}
	want := map[string]map[string]string{"one": {"FIRST": "1", "LAST": a}, "two": {"FIRST": "1"}}
	for i, e := range entries {
		service := "one"
		if e.list {
			service = "two"
		}
		want[service][fmt.Sprintf("E%d", i)] = e.want(a, b)
	}
	got := map[string]map[string]string{}
	for name, service := range project.Services {
		got[name] = map[string]string{}
		for variable, value := range service.Environment {
			if value == nil {
				t.Fatalf("%s has no value\n%s", variable, written)
			}
			got[name][variable] = *value
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("A %q, B %q: environments (-want +got):\n%s\n%s\nof\n%s", a, b, diff, written, text)
	}
	if got, want := slices.Sorted(maps.Keys(project.Extensions)), []string{"x-keys", "x-more"}; !slices.Equal(got, want) {
		t.Fatalf("top-level keys %q, want %q:\n%s", got, want, written)
	}
	wantKeys := map[string]any{
		"before": 1, key: a, "q" + key: a, "list": []any{a, b, a},
	}
	if diff := cmp.Diff(wantKeys, project.Extensions["x-keys"]); diff != "" {
		t.Fatalf("x-keys (-want +got):\n%s\n%s", diff, written)
	}
	wantMore := map[string]any{key: b, "q" + key: a, "m" + key: []any{a}, "n": []any{b}, "last": 1}
	if diff := cmp.Diff(wantMore, project.Extensions["x-more"]); diff != "" {
		t.Fatalf("x-more (-want +got):\n%s\n%s", diff, written)
	}
}

func TestValuesStay(t *testing.T) { rapid.Check(t, propertyValuesStay) }

func FuzzValuesStay(f *testing.F) { f.Fuzz(rapid.MakeFuzz(propertyValuesStay)) }

// FuzzText puts each text at each place.
func FuzzText(f *testing.F) {
	seeds := []string{"", "no", "1e3", "a: b", "# a", "$HOME", "a\nb", "\x00", "\u2028", "\ufeff", "ñ", "\xff", "'", `"`, `\`, "{}", "a b"}
	for i, seed := range seeds {
		f.Add(seed, seeds[(i+1)%len(seeds)])
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		for _, e := range places {
			checkValuesStay(t, document([]entry{e}, ""), []entry{e}, a, b, "key")
		}
	})
}
