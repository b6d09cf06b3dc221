package yamltree

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// limit is how many bytes of JSON are made of that many bytes of YAML, whatever
// aliases stand for.
func limit(text int) int { return 16<<20 + 16*text }

// Parse returns the value of a text that is one YAML document, and can be followed
// to its end. Its errors begin with the line and column.
func Parse(text []byte) (*yaml.Node, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	var document, next yaml.Node
	switch err := decoder.Decode(&document); {
	case errors.Is(err, io.EOF):
		return nil, errors.New("1:1: there is no YAML document, only comments or nothing")
	case err != nil:
		return nil, syntaxError(text, err)
	}
	switch err := decoder.Decode(&next); {
	case errors.Is(err, io.EOF):
		if e := exceeds(document.Content[0], len(text)); e != nil {
			return nil, e
		}
		return document.Content[0], nil
	case err != nil:
		return nil, syntaxError(text, err)
	}
	return nil, at(&next, "a second document begins, and one is wanted")
}

func syntaxError(text []byte, err error) error {
	line, column, message := Syntax(text, err)
	return fmt.Errorf("%d:%d: %s", line, column, message)
}

func at(n *yaml.Node, format string, args ...any) error {
	return fmt.Errorf("%d:%d: %s", n.Line, n.Column, fmt.Sprintf(format, args...))
}

// JSON returns a YAML document as JSON that means the same, indented by two
// spaces, with a line break at the end. Keys keep their order; those that are
// merged come behind the own ones. Numbers are copied, digit by digit, where JSON
// can say them so; strings are escaped so that both parsers of JSON and parsers
// of YAML read them as they are. Its errors, for what JSON cannot say (two documents,
// tags such as !reset, infinity, an anchor that contains itself) and for aliases
// that make many times the text, have the line and column.
func JSON(text []byte) ([]byte, error) {
	root, err := Parse(text)
	if err != nil {
		return nil, err
	}
	w := jsonWriter{indent: "  ", limit: limit(len(text))}
	if err := w.value(root, "\n"); err != nil {
		return nil, err
	}
	return append(w.out, '\n'), nil
}

type jsonWriter struct {
	out    []byte
	indent string              // of a level; "" for all on one line
	limit  int                 // of out
	within map[*yaml.Node]bool // anchors that are being written
}

// value writes n; line is a line break with the indent of where it stands.
func (w *jsonWriter) value(n *yaml.Node, line string) error {
	if len(w.out) > w.limit {
		return at(n, "the aliases before it make more than %d MiB of JSON", w.limit>>20)
	}
	place := n
	n = Follow(n)
	if n.Anchor != "" {
		if w.within[n] {
			return at(place, "the anchor %s contains itself", n.Anchor)
		}
		if w.within == nil {
			w.within = map[*yaml.Node]bool{}
		}
		w.within[n] = true
		defer delete(w.within, n)
	}
	if err := known(n); err != nil {
		return err
	}
	switch n.Kind {
	case yaml.MappingNode:
		return w.mapping(n, line)
	case yaml.SequenceNode:
		return w.sequence(n, line)
	default:
		return w.scalar(n)
	}
}

// known refuses tags that are not those of JSON's values.
func known(n *yaml.Node) error {
	switch tag := n.ShortTag(); tag {
	case "!!map", "!!seq", "!!str", "!!int", "!!float", "!!bool", "!!null", "!!timestamp":
		return nil
	default:
		return at(n, "JSON has nothing for the tag %s", tag)
	}
}

func (w *jsonWriter) mapping(n *yaml.Node, line string) error {
	lines := make(map[string]int, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 { // what Entries follows and leaves out
		key := n.Content[i]
		if err := w.key(key, n.Content[i+1]); err != nil {
			return err
		}
		name := Follow(key).Value // 1 and "1" are one key of JSON
		if first, twice := lines[name]; twice && !IsMerge(key) {
			return at(key, "the key %q is in line %d already", name, first)
		}
		lines[name] = key.Line
	}
	inner, begin := w.deeper(line), byte('{')
	for key, value := range Entries(n) {
		w.out = append(w.out, begin)
		begin = ','
		w.out = append(w.out, inner...)
		w.text(key.Value)
		w.out = append(w.out, ':')
		if w.indent != "" {
			w.out = append(w.out, ' ')
		}
		if err := w.value(value, inner); err != nil {
			return err
		}
	}
	w.end(begin, '{', '}', line)
	return nil
}

func (w *jsonWriter) key(key, value *yaml.Node) error {
	if Follow(key).Kind != yaml.ScalarNode {
		return at(key, "a key of JSON is text")
	}
	if !IsMerge(key) {
		return known(Follow(value))
	}
	sources := []*yaml.Node{value}
	if list := Follow(value); list.Kind == yaml.SequenceNode {
		sources = list.Content
	}
	for _, source := range sources {
		m := Follow(source)
		if m.Kind != yaml.MappingNode {
			return at(source, "only mappings can be merged")
		}
		if w.within[m] {
			return at(source, "the anchor %s contains itself", m.Anchor)
		}
		if w.within == nil {
			w.within = map[*yaml.Node]bool{}
		}
		w.within[m] = true
		for i := 0; i+1 < len(m.Content); i += 2 {
			if err := w.key(m.Content[i], m.Content[i+1]); err != nil {
				return err
			}
		}
		delete(w.within, m)
	}
	return nil
}

func (w *jsonWriter) sequence(n *yaml.Node, line string) error {
	inner, begin := w.deeper(line), byte('[')
	for _, item := range n.Content {
		w.out = append(w.out, begin)
		begin = ','
		w.out = append(w.out, inner...)
		if err := w.value(item, inner); err != nil {
			return err
		}
	}
	w.end(begin, '[', ']', line)
	return nil
}

func (w *jsonWriter) deeper(line string) string {
	if w.indent == "" {
		return ""
	}
	return line + w.indent
}

// end closes a mapping or a sequence, of which next would be the next byte.
func (w *jsonWriter) end(next, opening, closing byte, line string) {
	if next == opening {
		w.out = append(w.out, opening, closing)
		return
	}
	w.out = append(append(w.out, line...), closing)
}

func (w *jsonWriter) scalar(n *yaml.Node) error {
	switch n.ShortTag() {
	case "!!null":
		w.out = append(w.out, "null"...)
	case "!!bool":
		text := strings.ToLower(n.Value)
		if text != "true" && text != "false" {
			return at(n, "%s is neither true nor false", n.Value)
		}
		w.out = append(w.out, text...)
	case "!!int", "!!float":
		text, err := number(n)
		if err != nil {
			return err
		}
		w.out = append(w.out, text...)
	default: // dates, too, which nobody means
		w.text(n.Value)
	}
	return nil
}

// number returns a number as JSON writes it: the same digits where they are
// JSON, and else the same value.
func number(n *yaml.Node) (string, error) {
	integer := n.ShortTag() == "!!int"
	if whole, isJSON := jsonNumber(n.Value); isJSON && whole == integer || isJSON && n.Style&yaml.TaggedStyle == 0 {
		return n.Value, nil
	}
	var value any
	if err := n.Decode(&value); err != nil {
		return "", at(n, "%s is no number", n.Value)
	}
	switch v := value.(type) {
	case int, int64, uint64:
		return fmt.Sprint(v), nil
	case float64:
		if math.IsInf(v, 0) || math.IsNaN(v) {
			return "", at(n, "JSON has no number for %s", n.Value)
		}
		return FormatFloat(v), nil
	default:
		return "", at(n, "%s is no number", n.Value)
	}
}

// jsonNumber reports whether text is a number of JSON, and one without fraction and exponent.
func jsonNumber(text string) (whole, ok bool) {
	rest := strings.TrimPrefix(text, "-")
	digits := func() (n int) {
		for n < len(rest) && rest[n] >= '0' && rest[n] <= '9' {
			n++
		}
		rest = rest[n:]
		return n
	}
	zero := strings.HasPrefix(rest, "0")
	if n := digits(); n == 0 || zero && n > 1 {
		return false, false
	}
	whole = rest == ""
	if strings.HasPrefix(rest, ".") {
		rest = rest[1:]
		if digits() == 0 {
			return false, false
		}
	}
	if rest != "" && (rest[0] == 'e' || rest[0] == 'E') {
		if rest = rest[1:]; rest != "" && (rest[0] == '+' || rest[0] == '-') {
			rest = rest[1:]
		}
		if digits() == 0 {
			return false, false
		}
	}
	return whole, rest == ""
}

// text writes a string. Beyond what JSON demands it escapes what YAML does not
// take as it is, or takes for a line break.
func (w *jsonWriter) text(s string) {
	const hex = "0123456789abcdef"
	w.out = append(w.out, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			w.out = append(w.out, '\\', byte(r))
		case r == '\n':
			w.out = append(w.out, `\n`...)
		case r == '\t':
			w.out = append(w.out, `\t`...)
		case r < ' ', r >= 0x7f && r < 0xa0, r == 0x2028, r == 0x2029, r == 0xfeff, r == 0xfffe, r == 0xffff:
			w.out = append(w.out, '\\', 'u', hex[r>>12], hex[r>>8&15], hex[r>>4&15], hex[r&15])
		default:
			w.out = utf8.AppendRune(w.out, r)
		}
	}
	w.out = append(w.out, '"')
}
