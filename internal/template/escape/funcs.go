package escape

import (
	"fmt"
	"text/template"
)

// Funcs returns the functions by which a template says how a value is meant:
//
//	interpolate VALUE  Compose interpolates it: its $ is not doubled
//	quote VALUE        a string, in double quotes where it is all of a scalar, whatever it looks like
//	toYaml VALUE       a map, list or scalar as YAML, which fits itself to its place
//	raw TEXT           YAML as it is; only where a value or a line begins
//	indent N, nindent N, of TEXT or of what toYaml, include and raw make
func Funcs() template.FuncMap {
	return template.FuncMap{
		"interpolate": func(value any) (any, error) {
			return mark(value, func(m *marked) { m.interpolate = true })
		},
		"quote": func(value any) (any, error) {
			return mark(value, func(m *marked) { m.quote = true })
		},
		"toYaml": ToYAML,
		"raw":    func(text string) Structure { return Structure{text: text, raw: true} },
		"indent": func(n int, value any) (any, error) { return indented(n, "", value) },
		"nindent": func(n int, value any) (any, error) {
			return indented(n, "\n", value)
		},
	}
}

func mark(value any, set func(*marked)) (any, error) {
	if s, ok := value.(Structure); ok {
		value = s.text
	}
	c, problem := contentOf(value)
	if problem != "" {
		return nil, fmt.Errorf("%s", problem)
	}
	set(&c.marked)
	return c.marked, nil
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
	c, problem := contentOf(value)
	if problem != "" {
		return nil, fmt.Errorf("%s", problem)
	}
	c.text = before + indent(n, c.text)
	return c.marked, nil
}
