// Package vars reads the variables in Compose files: $NAME, ${NAME:-default} and the like. compose-go takes the empty
// string for a variable that is not set, and so cannot tell which values depend on it.
package vars

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"go.yaml.in/yaml/v4" // the version that compose-go reads with

	"github.com/tp0-lab/composer/internal/compose/yamltree"
)

// Lookup returns the value of a variable, and false if the variable is not set.
type Lookup func(name string) (value string, ok bool)

// Literal returns a text without variables as Compose reads it, with $ for each $$. It returns false for a text that
// has a single dollar.
func Literal(text string) (string, bool) {
	parts := strings.Split(text, "$$")
	for _, part := range parts {
		if strings.Contains(part, "$") {
			return "", false
		}
	}
	return strings.Join(parts, "$"), true
}

// Fill returns text with the values of its variables, or their defaults, and with $ for each $$. It writes ${NAME} for
// a variable with neither, and known is false then. A dollar that begins no variable stays. If lookup is nil, the
// environment is not known: variables have their defaults, and ${NAME+text} is not known.
func Fill(text string, lookup Lookup) (filled string, known bool) {
	if !strings.Contains(text, "$") {
		return text, true
	}
	f := filler{rest: text, lookup: lookup}
	known, _ = f.fill(0)
	return string(f.out), known
}

// Known returns the text of a scalar with the values of its variables, as Fill writes it. It returns "" and false for a
// node that is missing, empty or no scalar, and for a text of which not all is known.
func Known(n *yaml.Node, lookup Lookup) (text string, ok bool) {
	n = yamltree.Follow(n)
	if n == nil || n.Kind != yaml.ScalarNode || n.Value == "" || yamltree.IsNull(n) {
		return "", false
	}
	if text, ok = Fill(n.Value, lookup); !ok {
		return "", false
	}
	return text, true
}

// maxNested is how many variables can stand in the defaults of one another. Those in deeper ones are taken for text.
const maxNested = 50

type filler struct {
	rest   string // not read yet
	out    []byte
	lookup Lookup
}

// fill appends the filled rest to out. In the braces of a variable (nested > 0), it stops behind the closing brace,
// and returns whether there was one.
func (f *filler) fill(nested int) (known, closed bool) {
	known = true
	for open := 0; f.rest != ""; {
		switch c := f.rest[0]; {
		case c == '$':
			known = f.dollar(nested) && known
			continue
		case c == '{':
			open++
		case c == '}' && nested > 0 && open == 0:
			f.rest = f.rest[1:]
			return known, true
		case c == '}':
			open--
		}
		f.copy(1)
	}
	return known, false
}

// copy moves n bytes from rest to out.
func (f *filler) copy(n int) {
	f.out, f.rest = append(f.out, f.rest[:n]...), f.rest[n:]
}

// dollar fills in what the dollar at the beginning of rest begins.
func (f *filler) dollar(nested int) (known bool) {
	if strings.HasPrefix(f.rest, "$$") {
		f.rest = f.rest[1:]
		f.copy(1)
		return true
	}
	after, braced := strings.CutPrefix(f.rest[1:], "{")
	name := nameAt(after)
	if name == "" || braced && nested == maxNested {
		f.copy(1)
		return true
	}
	after = after[len(name):]
	if !braced {
		f.rest = after
		return f.variable(name, "", nil, true)
	}
	operator := operatorAt(after)
	if operator == "" && !strings.HasPrefix(after, "}") {
		f.copy(1)
		return true
	}
	begin := len(f.out)
	f.copy(len("${") + len(name) + len(operator))
	argument := len(f.out)
	known, closed := f.fill(nested + 1)
	if !closed {
		return known
	}
	text := f.out[argument:]
	f.out = f.out[:begin]
	return f.variable(name, operator, text, known)
}

// variable appends the value of ${NAME operator text}. known says whether all of text is.
func (f *filler) variable(name, operator string, text []byte, known bool) bool {
	value, set := "", false
	if f.lookup != nil {
		value, set = f.lookup(name)
	}
	if strings.HasPrefix(operator, ":") {
		set = set && value != ""
	}
	switch kind := strings.TrimPrefix(operator, ":"); {
	case kind == "+" && f.lookup != nil && !set:
		return true
	case kind == "+" && set, kind == "-" && !set:
		f.out = append(f.out, text...)
		return known
	case set:
		f.out = append(f.out, value...)
		return true
	}
	f.out = append(f.out, "${"+name+"}"...)
	return false
}

func nameAt(text string) string {
	end := 0
	for end < len(text) && (isLetter(text[end]) || end > 0 && '0' <= text[end] && text[end] <= '9') {
		end++
	}
	return text[:end]
}

func isLetter(c byte) bool { return c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }

func operatorAt(text string) string {
	for _, operator := range []string{":-", "-", ":?", "?", ":+", "+"} {
		if strings.HasPrefix(text, operator) {
			return operator
		}
	}
	return ""
}

// Rewrite returns the YAML documents of text as edit returns them, each a document node. It returns text itself, and
// false, if edit changes none, if edit returns nil or an empty document, or if text is not YAML or has no variables.
func Rewrite(text []byte, edit func(document *yaml.Node) (edited *yaml.Node, changed bool)) (out []byte, changed bool) {
	if _, literal := Literal(string(text)); literal {
		return text, false
	}
	var buffer bytes.Buffer
	decoder, encoder := yaml.NewDecoder(bytes.NewReader(text)), yaml.NewEncoder(&buffer)
	for {
		var document yaml.Node
		err := decoder.Decode(&document)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return text, false // compose-go says why
		}
		edited, different := edit(&document)
		if edited == nil || len(edited.Content) == 0 || encoder.Encode(edited) != nil {
			return text, false
		}
		changed = changed || different
	}
	if encoder.Close() != nil || !changed {
		return text, false
	}
	return buffer.Bytes(), true
}
