package yamltree

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// MaxJSON returns how many bytes of JSON may be made of a YAML text of length bytes, aliases included.
func MaxJSON(length int) int { return 16<<20 + 16*length }

// Parse returns the value of a text that is one YAML document. Parse refuses documents that are nested deeper than
// MaxDepth, whose aliases exceed MaxAliased, or in which an anchor contains itself. It allows more than MaxValues
// values of the text itself. Errors begin with line:column.
func Parse(text []byte) (*yaml.Node, error) {
	var root *yaml.Node
	for document, err := range Documents(text) {
		switch {
		case err != nil:
			line, column, message := DescribeSyntaxError(text, err)
			return nil, fmt.Errorf("%d:%d: %s", line, column, message)
		case root != nil:
			return nil, at(document, "a second document begins, and one is wanted")
		}
		root = document.Content[0]
	}
	if root == nil {
		return nil, errors.New("1:1: there is no YAML document, only comments or nothing")
	}
	if err := CheckLimits(root, MaxValues+len(text)); err != nil {
		return nil, err
	}
	return root, nil
}

// at returns an error that begins with the line and column of a node.
func at(n *yaml.Node, format string, args ...any) error {
	return fmt.Errorf("%d:%d: %s", n.Line, n.Column, fmt.Sprintf(format, args...))
}

// JSON returns a YAML document as JSON with the same meaning, indented by two spaces, with a line break at its end.
// Keys keep their order, and merged keys follow the mapping's own. Numbers keep their digits where JSON allows it.
// Strings are escaped so that parsers of JSON and of YAML read the same text. JSON fails for a second document, tags
// such as !reset, a repeated key, infinity, and aliases that make more than MaxJSON bytes. Errors begin with
// line:column.
func JSON(text []byte) ([]byte, error) {
	root, err := Parse(text)
	if err != nil {
		return nil, err
	}
	line, err := CompactJSON(root, MaxJSON(len(text)))
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = json.Indent(&out, line, "", "  ")
	out.WriteByte('\n')
	return out.Bytes(), err
}

// CompactJSON returns a value of a document from Parse as JSON on one line. It fails if the value's JSON, when indented
// by two spaces, has more than limit bytes.
func CompactJSON(n *yaml.Node, limit int) ([]byte, error) {
	w := jsonWriter{limit: limit}
	err := w.value(n)
	return w.out, err
}

type jsonWriter struct {
	out    []byte
	depth  int // values around the one that is being written
	spaces int // that indenting out takes
	limit  int // of out and spaces
}

func (w *jsonWriter) value(n *yaml.Node) error {
	if w.spaces += 2 * w.depth; len(w.out)+w.spaces > w.limit {
		return at(n, "the aliases before it make more than %d MiB of JSON", w.limit>>20)
	}
	n = Follow(n)
	if err := checkTag(n); err != nil {
		return err
	}
	w.depth++
	defer func() { w.depth-- }()
	switch n.Kind {
	case yaml.MappingNode:
		return w.mapping(n)
	case yaml.SequenceNode:
		return w.sequence(n)
	default:
		return w.scalar(n)
	}
}

// HasJSON reports whether JSON can hold values with a tag, which is in its short form, such as !!str.
func HasJSON(tag string) bool {
	return slices.Contains([]string{"!!map", "!!seq", "!!str", "!!int", "!!float", "!!bool", "!!null", "!!timestamp", "!!merge"}, tag)
}

func checkTag(n *yaml.Node) error {
	if tag := n.ShortTag(); !HasJSON(tag) {
		return at(n, "JSON has nothing for the tag %s", tag)
	}
	return nil
}

func (w *jsonWriter) mapping(n *yaml.Node) error {
	for i := 0; i+1 < len(n.Content); i += 2 { // all keys, where Entries leaves some out
		if err := checkKey(n.Content[i], n.Content[i+1]); err != nil {
			return err
		}
	}
	for key, first := range RepeatedKeys(n) { // 1 and "1" are one key of JSON
		if !IsMerge(key) {
			return at(key, "the key %q is in line %d already", Follow(key).Value, first.Line)
		}
	}
	w.out = append(w.out, '{')
	comma := false
	for key, value := range Entries(n) {
		if comma {
			w.out = append(w.out, ',')
		}
		comma = true
		w.text(key.Value)
		w.out = append(w.out, ':')
		if err := w.value(value); err != nil {
			return err
		}
	}
	w.out = append(w.out, '}')
	return nil
}

// checkKey refuses a key that is not text, a value whose tag JSON has nothing for, and a merge of anything but such
// mappings.
func checkKey(key, value *yaml.Node) error {
	if Follow(key).Kind != yaml.ScalarNode {
		return at(key, "a key of JSON is text")
	}
	if !IsMerge(key) {
		return checkTag(Follow(value))
	}
	for _, source := range mergeSources(value) {
		merged := Follow(source)
		if merged.Kind != yaml.MappingNode {
			return at(source, "only mappings can be merged")
		}
		for i := 0; i+1 < len(merged.Content); i += 2 {
			if err := checkKey(merged.Content[i], merged.Content[i+1]); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *jsonWriter) sequence(n *yaml.Node) error {
	w.out = append(w.out, '[')
	for i, item := range n.Content {
		if i > 0 {
			w.out = append(w.out, ',')
		}
		if err := w.value(item); err != nil {
			return err
		}
	}
	w.out = append(w.out, ']')
	return nil
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
	default: // dates are text, too
		w.text(n.Value)
	}
	return nil
}

// number returns a number as JSON writes it: the same digits where they are JSON, and else the same value.
func number(n *yaml.Node) (string, error) {
	isJSON := strings.IndexAny(n.Value, "-0123456789") == 0 && json.Valid([]byte(n.Value))
	whole := !strings.ContainsAny(n.Value, ".eE")
	if isJSON && (n.Style&yaml.TaggedStyle == 0 || whole == (n.ShortTag() == "!!int")) {
		return n.Value, nil
	}
	var value any
	if err := n.Decode(&value); err != nil {
		return "", at(n, "%s is not a number", n.Value)
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
		return "", at(n, "%s is not a number", n.Value)
	}
}

// text writes a string. It escapes the characters that JSON demands, and those that YAML refuses or takes for line
// breaks.
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
