package escape

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// takesStructure reports whether YAML that is not quoted may stand at s.
func (s *site) takesStructure() bool { return (s.whole || s.glued) && !s.key }

// fit returns st as it has to be written at s: in the line or behind it, and
// indented to belong there.
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
		return "", fmt.Errorf("a map or list in lines cannot stand within brackets: write what is around it in lines too")
	case strings.HasPrefix(st.text, "\n"):
		return st.text, s.belongs(st.text)
	case s.column >= 0:
		return space + strings.ReplaceAll(st.text, "\n", "\n"+strings.Repeat(" ", s.column+len(space))), nil
	default:
		return indent(s.parent+2, "\n"+st.text), nil
	}
}

// fitMore is fit for a structure that lines of the template go on with.
func (s *site) fitMore(st Structure) (string, error) {
	if text := strings.TrimLeft(st.text, "\n "); text == "{}" || text == "[]" {
		return "", nil // the lines are all of it
	}
	text := "\n" + indent(s.more.column, st.text)
	if strings.HasPrefix(st.text, "\n") {
		text = st.text
	}
	first := strings.TrimLeft(text[1:], " ")
	if dash := strings.HasPrefix(first, "- "); !st.lines || dash != s.more.dash || len(text)-1-len(first) != s.more.column {
		return "", errors.New(s.more.wants())
	}
	return text, nil
}

func (m *more) wants() string {
	kind := "map"
	if m.dash {
		kind = "list"
	}
	return fmt.Sprintf("the next line goes on with what is here: it has to be a %s, in lines that are indented by %d", kind, m.column)
}

// belongs returns an error if lines are not indented to belong to what is at s.
func (s *site) belongs(lines string) error {
	if s.line {
		first := strings.TrimLeft(lines, "\n")
		if n := len(first) - len(strings.TrimLeft(first, " ")); n > s.above {
			return errors.New(goesOn(n, s.above))
		}
		return nil
	}
	for line := range strings.SplitSeq(lines, "\n") {
		text := strings.TrimLeft(line, " ")
		if n := len(line) - len(text); text != "" && (n < s.parent || n == s.parent && !strings.HasPrefix(text, "- ")) {
			return fmt.Errorf("lines indented by %d do not belong to a key indented by %d: use nindent %d, or leave it out", n, s.parent, s.parent+2)
		}
	}
	return nil
}

// goesOn says that lines are more of a value above if they are to the right of open.
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

// maxStructure is how long the YAML of one value may be, in bytes, and
// maxDepth how many maps and lists may be within one another.
const (
	maxStructure = 16 << 20
	maxDepth     = 100
)

// ToYAML returns value as YAML in block style, keys in order, a $ doubled as
// at a value's place. It is an error for values that YAML cannot hold, deeper
// than 100 levels, or longer than 16 MiB.
func ToYAML(value any) (Structure, error) {
	e := emitter{}
	lines, err := e.node(value, 0)
	if err != nil {
		return Structure{}, fmt.Errorf("toYaml: %w", err)
	}
	return Structure{text: strings.TrimPrefix(e.out.String(), "\n"), lines: lines}, nil
}

type emitter struct{ out strings.Builder }

// node writes a value that stands at the end of a line: lines of their own,
// each at column, for what is not empty and no scalar.
func (e *emitter) node(value any, column int) (lines bool, err error) {
	if e.out.Len() > maxStructure || column > 2*maxDepth {
		return false, fmt.Errorf("the value is longer than %d MiB, or deeper than %d levels", maxStructure>>20, maxDepth)
	}
	v := reflect.ValueOf(value)
	for v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem()
	}
	switch {
	case value == nil:
		e.out.WriteString("null")
		return false, nil
	case v.Kind() == reflect.Map && v.Len() == 0:
		e.out.WriteString("{}")
		return false, nil
	case v.Kind() == reflect.Map:
		return true, e.mapping(v, column)
	case (v.Kind() == reflect.Slice || v.Kind() == reflect.Array) && v.Len() == 0:
		e.out.WriteString("[]")
		return false, nil
	case v.Kind() == reflect.Slice || v.Kind() == reflect.Array:
		return true, e.list(v, column)
	}
	text, err := scalarText(value, false)
	e.out.WriteString(text)
	return false, err
}

func (e *emitter) mapping(v reflect.Value, column int) error {
	entries := make(map[string]any, v.Len())
	for key, one := range v.Seq2() {
		entries[fmt.Sprint(key.Interface())] = one.Interface()
	}
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		key, err := scalarText(name, true)
		if err != nil {
			return err
		}
		e.out.WriteString("\n" + strings.Repeat(" ", column) + key + ":")
		if err := e.behind(entries[name], column); err != nil {
			return err
		}
	}
	return nil
}

func (e *emitter) list(v reflect.Value, column int) error {
	for i := range v.Len() {
		e.out.WriteString("\n" + strings.Repeat(" ", column) + "-")
		if err := e.behind(v.Index(i).Interface(), column); err != nil {
			return err
		}
	}
	return nil
}

// behind writes a value behind a colon or dash.
func (e *emitter) behind(value any, column int) error {
	var own emitter // to see whether it is one line
	lines, err := own.node(value, column+2)
	if err != nil {
		return err
	}
	if !lines {
		e.out.WriteByte(' ')
	}
	e.out.WriteString(own.out.String())
	if e.out.Len() > maxStructure {
		return fmt.Errorf("the value is longer than %d MiB", maxStructure>>20)
	}
	return nil
}

// scalarText returns a value as all of a scalar.
func scalarText(value any, key bool) (string, error) {
	s := site{whole: true, key: key}
	return s.write(value)
}
