package escape

import (
	"fmt"
	"text/template"
)

// Funcs returns the functions with which a template says how a value is written:
//
//	interpolate VALUE  its $ is not doubled, so Compose interpolates it; VALUE may be the result of toYaml
//	quote VALUE        a string, in double quotes where it is all of a scalar
//	toYaml VALUE       a map, list or scalar as YAML, indented for its place
//	raw TEXT           YAML as it is; only where a value or a line begins
//	indent N, nindent N, of TEXT or of the result of toYaml, include and raw
func Funcs() template.FuncMap {
	return template.FuncMap{
		"interpolate": func(value any) (any, error) {
			if s, ok := value.(Structure); ok && s.of != nil {
				return ToYAML(s.of.value, s.of.keys, YAML)
			}
			m, err := markable(value)
			m.interpolate = true
			return m, err
		},
		"quote": func(value any) (marked, error) {
			m, err := markable(value)
			m.quote = true
			return m, err
		},
		"toYaml":  func(value any) (Structure, error) { return ToYAML(value, SortedKeys, Compose) },
		"raw":     func(text string) Structure { return Structure{text: text, raw: true} },
		"indent":  func(n int, value any) (any, error) { return indented(n, "", value) },
		"nindent": func(n int, value any) (any, error) { return indented(n, "\n", value) },
	}
}

// markable returns a value, or the text of a structure, for a function that marks it.
func markable(value any) (marked, error) {
	if s, ok := value.(Structure); ok {
		value = s.text
	}
	m, err := contentOf(value)
	m.literal = false
	return m, err
}

// maxIndent is far more than a document needs.
const maxIndent = 1000

func indented(n int, before string, value any) (any, error) {
	if n < 0 || n > maxIndent {
		return nil, fmt.Errorf("cannot indent by %d: want 0 to %d", n, maxIndent)
	}
	if s, ok := value.(Structure); ok {
		if s.text != "" && (s.lines || s.raw) {
			s.text = before + indent(n, s.text)
		}
		return s, nil
	}
	m, err := markable(value)
	m.text = before + indent(n, m.text)
	return m, err
}
