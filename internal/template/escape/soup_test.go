package escape_test

import (
	"errors"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/template"
	yaml3 "go.yaml.in/yaml/v3"
	yaml4 "go.yaml.in/yaml/v4"
	"pgregory.net/rapid"

	"github.com/tp0-lab/composer/internal/template/escape"
)

// pieces are what random templates are made of: signs of YAML, text, values, and
// what text/template does with them.
var pieces = []string{
	" ", " ", "  ", "   ", "    ", "\n", "\n", "\n  ", "\n    ", "\n- ", "\n  - ", "\n      ", "\n   ", "\n\n", "\t",
	"a: ", "b: ", "\nc: ", "\nd:", "\n  e: ", "\n  f: ", "\n  g:", "\n    h: ", "- ", "-", ": ", ":", ", ", ",", "[", "]", "{", "}",
	`"`, `"`, "'", "'", "''", `\`, `\\`, `\n`, `\x`, "4", "|", ">", "|-", "|+", ">-", "|2", "|\n  ", "|-\n    ", ">\n  ", "#", " # ", " #", "$", "$$", "${X-", "$X", "}",
	"&i ", "*i", "!!str ", "!t ", "? ", "---\n", "--- ", "\n...\n", "%", "@", "~", "x", "word", "no", "1", "0x", "1e", ".", "./", "=", "<<: ", "<<", "é",
	"{{ .A }}", "{{ .A }}", "{{ .A }}", "{{ .A }}", "{{ .A }}", "{{ .N }}", "{{ .N }}", "{{ quote .N }}", "{{ .B }}", "{{ .B }}", "{{ .B }}", "{{ quote .A }}", "{{ interpolate .Word }}",
	"{{- .A }}", "{{ .A -}}", " {{- /* x */ -}} ", "{{ $v := 1 }}",
	"{{ if .Yes }}", "{{ if .No }}", "{{- if .Yes }}", "{{- if .No }}", "{{ else }}", "{{- else }}", "{{ end }}", "{{ end }}", "{{ end }}", "{{- end }}", "{{- end }}", "{{- end }}",
	"{{ range .List }}", "{{- range .List }}", "{{ range .Empty }}", "{{ range $.List }}{{ $.A }}", "{{ break }}", "{{ continue }}", "{{ with .Word }}",
	"{{ toYaml .Map }}", "{{- toYaml .Map | nindent 2 }}", "{{- toYaml .Map | nindent 4 }}", "\n  {{- toYaml .Map | nindent 2 }}", "\n{{- toYaml .Map | nindent 0 }}", "\n{{ toYaml .Map | indent 2 }}", "{{ toYaml .Texts }}", "{{ toYaml .A }}", `{{ template "part" $ }}`, `{{ template "lines" $ }}`, `{{ include "lines" $ }}`, `{{ include "lines" $ | nindent 4 }}`,
	"{{ (toYaml .Map) }}", "{{ $y := toYaml .Map }}{{ $y }}", "{{ print $.A $.B }}", "{{ $.A }}", "{{ $.B }}",
}

const defined = `{{ define "part" }}{{ .A }}-x{{ end }}{{ define "lines" }}p: {{ .A }}
q: "{{ .B }}"{{ end }}`

// soup is random templates, most of which are refused, or no YAML.
func soup() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		parts := rapid.SliceOfN(rapid.SampledFrom(pieces), 1, 14).Draw(t, "pieces")
		text := strings.Join(parts, "")
		open := strings.Count(text, "{{ if") + strings.Count(text, "{{- if") + strings.Count(text, "{{ range") + strings.Count(text, "{{- range") + strings.Count(text, "{{ with") - strings.Count(text, "end }}")
		if open > 0 {
			text += strings.Repeat("{{ end }}", open)
		}
		return defined + text
	})
}

// marks are values that are strings wherever they stand.
const (
	markA, markB = "QzAzQ", "QzBzQ"
	markN        = 987654321
)

func soupData(a, b string, n int, no bool) map[string]any {
	return map[string]any{
		"A": a, "B": b, "N": n, "Word": "word", "Yes": !no, "No": no, "List": []int{1, 2}, "Empty": []int{},
		"Map": map[string]any{"m": a, "n": []any{b, n, map[string]any{"o": a}}}, "Texts": []any{a, b},
	}
}

var numbers = []int{0, 7, -1, 8080, 1 << 62, -1 << 62}

// readers are those of composer's values, and of Compose.
var readers = map[string]func([]byte, any) error{"yaml v3": yaml3.Unmarshal, "yaml v4": yaml4.Unmarshal}

// meant replaces the marks in what was read by the values, and follows
// interpolations outside of keys.
func meant(v any, swap func(string) string) (any, error) {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[any]any, len(v))
		for key, one := range v {
			out[key] = one
		}
		return meant(out, swap)
	case map[any]any:
		out := map[any]any{}
		for key, one := range v {
			m, err := meant(one, swap)
			if err != nil {
				return nil, err
			}
			if text, ok := key.(string); ok {
				key = swap(text)
			}
			out[key] = m
		}
		return out, nil
	case []any:
		out := make([]any, len(v))
		for i := range v {
			var err error
			if out[i], err = meant(v[i], swap); err != nil {
				return nil, err
			}
		}
		return out, nil
	case string:
		text, err := template.Substitute(v, func(name string) (string, bool) { return "<" + name + ">", true })
		return swap(text), err
	case int:
		n, err := strconv.Atoi(swap(strconv.Itoa(v)))
		return n, err
	default:
		return v, nil
	}
}

// What a random template means with values is what it means with marks in their
// places, or it is refused: no text of a value becomes structure, or is lost.
func propertySoup(t *rapid.T) {
	checkSoup(t, soup().Draw(t, "template"), values().Draw(t, "A"), values().Draw(t, "B"), rapid.SampledFrom(numbers).Draw(t, "N"), rapid.Bool().Draw(t, "no"))
}

// checkSoup reports whether there was something to compare.
func checkSoup(t interface {
	Helper()
	Fatalf(string, ...any)
}, text, a, b string, n int, no bool,
) (compared bool) {
	t.Helper()
	plain, err := execute(text, soupData(markA, markB, markN, no))
	if err != nil || !strings.Contains(plain, markA) && !strings.Contains(plain, markB) && !strings.Contains(plain, strconv.Itoa(markN)) {
		return false
	}
	written, err := execute(text, soupData(a, b, n, no))
	if err != nil {
		if !errors.As(err, new(*escape.Error)) {
			t.Fatalf("an error without a place: %v\n%s", err, text)
		}
		return false
	}
	swap := strings.NewReplacer(markA, a, markB, b, strconv.Itoa(markN), strconv.Itoa(n)).Replace
	for name, read := range readers {
		fail := func(format string, args ...any) {
			t.Helper()
			t.Fatalf("%s: "+format+"\ntemplate   %q\nwith marks %q\nwritten    %q", append(append([]any{name}, args...), text, plain, written)...)
		}
		var before, after any
		if err := read([]byte(plain), &before); err != nil {
			continue // the template is no YAML
		}
		if err := read([]byte(written), &after); err != nil {
			if !allowed(err, text) {
				fail("%v", err)
			}
			continue
		}
		want, err := meant(before, swap)
		if err != nil {
			continue // the template has an interpolation that is none
		}
		got, err := meant(after, func(s string) string { return s })
		if err != nil {
			fail("%v", err)
		}
		if !reflect.DeepEqual(want, got) {
			fail("want %#v\ngot  %#v", want, got)
		}
		compared = true
	}
	return compared
}

// allowed reports whether an error of YAML is the template's fault: keys that
// are the same only for some values, and tabs that indent.
func allowed(err error, text string) bool {
	message := err.Error()
	return strings.Contains(message, "already defined") || strings.Contains(text, "\t") && strings.Contains(message, "cannot start any token")
}

func TestSoup(t *testing.T) {
	compared := 0
	rapid.Check(t, func(t *rapid.T) {
		for range 20 { // one in ten says something
			if checkSoup(t, soup().Draw(t, "template"), values().Draw(t, "A"), values().Draw(t, "B"), rapid.SampledFrom(numbers).Draw(t, "N"), rapid.Bool().Draw(t, "no")) {
				compared++
			}
		}
	})
	if compared == 0 {
		t.Error("no template was good enough to compare anything")
	}
}

func FuzzSoup(f *testing.F) { f.Fuzz(rapid.MakeFuzz(propertySoup)) }
