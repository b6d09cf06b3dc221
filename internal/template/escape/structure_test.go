package escape_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4" // the version that compose-go reads with
	"pgregory.net/rapid"
)

// fragments are what templates are made of in this test: most of what comes
// out is no YAML, or refused, and the rest is odd.
var fragments = []string{
	"a: ", "b:", "c: x", "- ", "-", "? ", ": ", "\n", "\n", "\n  ", "\n  ", "\n    ", "\n      ", " ", `"`, `"`, "'", "'", "#", " # ", "[", "]", "{", "}", ", ", ",",
	"x", "1", "n", "e3", "no", ":", "|", "|-\n  ", ">\n    ", "|2+\n   ", "a: |\n  ", "---\n", "\\", "&a ", "*a", "!t ", "%", "/", "=", "~", ".", "\t", "''", "\nd: \"", "\ne: ", "\nf:\n  - ",
	"{{ .A }}", "{{ .A }}", "{{ .A }}", "{{ .B }}", "{{ .B }}", "{{ .B }}", `{{ template "t" . }}`, `{{ template "u" . }}`, `{{ quote .A }}`,
	"{{ if .Yes }}", "{{ if .No }}", "{{ with .A }}", "{{ range .List }}", "{{ else }}", "{{ end }}", "{{ end }}", "{{ break }}", "{{ continue }}", "{{/* */}}", "{{- /* */ -}}", "{{ $x := .A }}", "{{ toYaml .A }}",
}

const tokenA, tokenB = "ValueA", "ValueB"

// parse returns the nodes of all documents in a text.
func parse(text string) ([]*yaml.Node, error) {
	var nodes []*yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader([]byte(text)))
	for {
		var n yaml.Node
		if err := decoder.Decode(&n); errors.Is(err, io.EOF) {
			return nodes, nil
		} else if err != nil {
			return nil, err
		}
		nodes = append(nodes, &n)
	}
}

// differs says where a document with values is other than the one with tokens,
// apart from the values.
func differs(want, got *yaml.Node, replace *strings.Replacer) string {
	value := replace.Replace(want.Value)
	same := value == got.Value
	if want.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 { // how line breaks at its end count is said by its header
		same = strings.TrimRight(value, "\n") == strings.TrimRight(got.Value, "\n")
	}
	if want.Kind != got.Kind || want.Tag != got.Tag || want.Anchor != got.Anchor || len(want.Content) != len(got.Content) || !same {
		return fmt.Sprintf("line %d: want %s %q, got %s %q", got.Line, want.Tag, value, got.Tag, got.Value)
	}
	for i, child := range want.Content {
		if d := differs(child, got.Content[i], replace); d != "" {
			return d
		}
	}
	return ""
}

// Whatever a template is, if it is accepted, and right with harmless values,
// then with others it is refused, or is the same document with those values.
func propertyStructureStays(t *rapid.T) {
	fragment := rapid.SampledFrom(fragments)
	text := `{{ define "t" }}` + strings.Join(rapid.SliceOfN(fragment, 0, 3).Draw(t, "t"), "") + `{{ end }}{{ define "u" }}` + strings.Join(rapid.SliceOfN(fragment, 1, 3).Draw(t, "u"), "") + `{{ end }}` +
		strings.Join(rapid.SliceOfN(fragment, 1, 12).Draw(t, "text"), "")
	data := func(a, b string) map[string]any {
		return map[string]any{"A": a, "B": b, "Yes": true, "No": false, "List": []int{1, 2}}
	}
	before, err := execute(text, data(tokenA, tokenB))
	if err != nil || !strings.Contains(before, tokenA) && !strings.Contains(before, tokenB) {
		return
	}
	want, err := parse(before)
	if err != nil {
		return
	}
	for range 5 {
		dollarless := values().Filter(func(s string) bool { return !strings.Contains(s, "$") })
		a, b := dollarless.Draw(t, "A"), dollarless.Draw(t, "B")
		if a == "" {
			continue // {{ with .A }} is something else then
		}
		after, err := execute(text, data(a, b))
		if err != nil {
			continue
		}
		got, err := parse(after)
		if err != nil {
			if strings.Contains(err.Error(), "already defined") {
				continue
			}
			t.Fatalf("%v: A %q, B %q\n%s\n-- with tokens:\n%s\n-- of:\n%s", err, a, b, after, before, text)
		}
		d := ""
		if len(want) != len(got) {
			d = "another number of documents"
		}
		for i := 0; d == "" && i < len(want); i++ {
			d = differs(want[i], got[i], strings.NewReplacer(tokenA, a, tokenB, b))
		}
		if d != "" {
			t.Fatalf("%s: A %q, B %q\n%s\n-- with tokens:\n%s\n-- of:\n%s", d, a, b, after, before, text)
		}
	}
}

func TestStructureStays(t *testing.T) { rapid.Check(t, propertyStructureStays) }

func FuzzStructureStays(f *testing.F) { f.Fuzz(rapid.MakeFuzz(propertyStructureStays)) }
