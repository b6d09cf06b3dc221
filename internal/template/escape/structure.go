package escape

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// takesStructure reports whether YAML without quotes may stand at s.
func (s *site) takesStructure() bool { return (s.whole || s.glued) && !s.key }

// fit returns st as it is written at s: in the line or behind it, and indented to belong there.
func (s *site) fit(st Structure) (string, error) {
	space := ""
	if s.glued && !strings.HasPrefix(st.text, "\n") && st.text != "" {
		space = " "
	}
	switch {
	case st.raw, st.text == "":
		return space + st.text, nil
	case s.more != nil:
		return s.fitMore(st)
	case !st.lines && s.line:
		return "", fmt.Errorf("%s is not a map or list with something in it, so it cannot stand among lines: write it behind its key, or leave it out by {{ with … }}", shown(st.text))
	case !st.lines:
		return space + st.text, nil
	case s.flow:
		return "", errors.New("a map or list in lines cannot stand within brackets: write what is around it in lines too")
	case strings.HasPrefix(st.text, "\n"):
		return st.text, s.belongs(st.text)
	case s.column >= 0:
		return space + strings.ReplaceAll(st.text, "\n", "\n"+strings.Repeat(" ", s.column+len(space))), nil
	default:
		return indent(s.parent+2, "\n"+st.text), nil
	}
}

// fitMore is fit for a structure to which the next line of the template adds.
func (s *site) fitMore(st Structure) (string, error) {
	if text := strings.TrimLeft(st.text, "\n "); text == "{}" || text == "[]" {
		return "", nil // there are only the lines of the template
	}
	text := "\n" + indent(s.more.column, st.text)
	if strings.HasPrefix(st.text, "\n") {
		text = st.text
	}
	first := strings.TrimLeft(text[1:], " ")
	if dash := strings.HasPrefix(first, "- "); !st.lines || dash != s.more.dash || len(text)-1-len(first) != s.more.column {
		return "", s.more.wrong()
	}
	return text, nil
}

func (m *more) wrong() error {
	kind := "map"
	if m.dash {
		kind = "list"
	}
	return fmt.Errorf("the next line adds to this value, so it has to be a %s, in lines that are indented by %d", kind, m.column)
}

// belongs returns an error for lines that are not indented to belong to their key, or to stand at s.
func (s *site) belongs(lines string) error {
	for line := range strings.SplitSeq(lines, "\n") {
		text := strings.TrimLeft(line, " ")
		n := len(line) - len(text)
		switch {
		case text == "":
		case s.line && n > s.above:
			return errors.New(goesOn(n, s.above))
		case s.line:
			return nil // the first line decides
		case n < s.parent || n == s.parent && !strings.HasPrefix(text, "- "):
			return fmt.Errorf("lines indented by %d do not belong to a key indented by %d: use nindent %d, or leave it out", n, s.parent, s.parent+2)
		}
	}
	return nil
}

// goesOn says that lines are to the right of open, so they belong to the value above.
func goesOn(column, open int) string {
	return fmt.Sprintf("lines indented by %d would go on with the value above: use nindent %d, or less", column, max(open, 0))
}

// indent puts n spaces before each line of text that is not empty.
func indent(n int, text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if line != "" {
			lines[i] = strings.Repeat(" ", n) + line
		}
	}
	return strings.Join(lines, "\n")
}

// maxStructure is how many bytes the YAML of one value may have, and maxDepth how many maps and lists may be
// within one another.
const (
	maxStructure = 16 << 20
	maxDepth     = 100
)

// ToYAML returns value as YAML in block style for a file of a format: for Compose each $ is doubled, as at a value's
// place. keys returns the keys of a map in the order in which they are written. ToYAML fails for a value that YAML cannot
// hold, that is deeper than 100 levels, or longer than 16 MiB.
func ToYAML(value any, keys func(map[string]any) []string, format Format) (Structure, error) {
	e := emitter{keys: keys, dollars: format != Compose}
	if err := e.node(value, 0); err != nil {
		return Structure{}, fmt.Errorf("toYaml: %w", err)
	}
	text := e.out.String()
	return Structure{text: text[1:], lines: text[0] == '\n', of: &made{value, keys}}, nil
}

// made is the value that toYaml made a structure of, for interpolate.
type made struct {
	value any
	keys  func(map[string]any) []string
}

type emitter struct {
	out     strings.Builder
	keys    func(map[string]any) []string
	dollars bool // a $ is written as it is
}

// SortedKeys returns the keys of a map in order.
func SortedKeys(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }

// node writes a value behind a colon or dash: a scalar behind a space, a map or a list as lines at column.
func (e *emitter) node(value any, column int) error {
	v := reflect.ValueOf(value)
	for v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem()
	}
	text, err := "", error(nil)
	switch kind := v.Kind(); {
	case value == nil:
		text = "null"
	case kind == reflect.Map && v.Len() > 0:
		return e.mapping(v, column)
	case (kind == reflect.Slice || kind == reflect.Array) && v.Len() > 0:
		for i := 0; i < v.Len() && err == nil; i++ {
			err = e.entry("-", v.Index(i).Interface(), column)
		}
		return err
	case kind == reflect.Map:
		text = "{}"
	case kind == reflect.Slice || kind == reflect.Array:
		text = "[]"
	default:
		text, err = e.scalar(value, false)
	}
	e.out.WriteString(" " + text)
	return err
}

func (e *emitter) mapping(v reflect.Value, column int) error {
	entries := make(map[string]any, v.Len())
	for key, one := range v.Seq2() {
		entries[fmt.Sprint(key.Interface())] = one.Interface()
	}
	names := SortedKeys
	if m, ok := reflect.TypeAssert[map[string]any](v); ok {
		names, entries = e.keys, m
	}
	for _, name := range names(entries) {
		key, err := e.scalar(name, true)
		if err == nil {
			err = e.entry(key+":", entries[name], column)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// entry writes a line that begins with start, and the value behind that.
func (e *emitter) entry(start string, value any, column int) error {
	if column >= 2*maxDepth {
		return fmt.Errorf("the value is deeper than %d levels", maxDepth)
	}
	e.out.WriteString("\n" + strings.Repeat(" ", column) + start)
	if err := e.node(value, column+2); err != nil {
		return err
	}
	if e.out.Len() > maxStructure {
		return fmt.Errorf("the value is longer than %d MiB", maxStructure>>20)
	}
	return nil
}

// scalar returns a value as all of a scalar.
func (e *emitter) scalar(value any, key bool) (string, error) {
	return (&site{whole: true, key: key, dollars: e.dollars}).write(value)
}
