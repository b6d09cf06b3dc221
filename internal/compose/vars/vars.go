// Package vars reads the variables in Compose files: $NAME, ${NAME:-default} and the like. compose-go takes the empty
// string for a variable that is not set, and so cannot tell which values depend on it.
package vars

import (
	"bytes"
	"iter"
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
// a variable with neither, and known is false then. A dollar that begins no variable stays, and so does the beginning of
// a variable that Compose cannot read (see Broken). If lookup is nil, the environment is not known: variables have their
// defaults, and ${NAME+text} is not known.
func Fill(text string, lookup Lookup) (filled string, known bool) {
	if !strings.Contains(text, "$") {
		return text, true
	}
	out, known := fill(nil, parse(text, 0, 0), lookup)
	return string(out), known
}

// Known returns the text of a scalar with the values of its variables, as Fill writes it. It returns "" and false for a
// node that is missing, empty or no scalar, and for a text of which not all is known.
func Known(n *yaml.Node, lookup Lookup) (text string, ok bool) {
	n = yamltree.Follow(n)
	if n == nil || n.Kind != yaml.ScalarNode || n.Value == "" || yamltree.IsNull(n) {
		return "", false
	}
	if text, ok = Literal(n.Value); ok {
		return text, true
	}
	text, ok = Fill(n.Value, lookup)
	if !ok || strings.Contains(text, "$") { // a dollar is left, which begins no variable
		return "", false
	}
	return text, true
}

// fill appends the filled parts to out.
func fill(out []byte, parts []part, lookup Lookup) (_ []byte, known bool) {
	known = true
	for _, p := range parts {
		if p.variable == nil {
			out = append(out, p.literal...)
			continue
		}
		var sure bool
		out, sure = p.variable.fill(out, lookup)
		known = known && sure
	}
	return out, known
}

func (v *Variable) fill(out []byte, lookup Lookup) (_ []byte, known bool) {
	if v.broken || v.deep {
		return append(out, "${"...), true
	}
	value, set := "", false
	if lookup != nil {
		value, set = lookup(v.Name)
	}
	notEmpty := strings.HasPrefix(v.Operator, ":")
	present := set && (value != "" || !notEmpty)
	switch kind := strings.TrimPrefix(v.Operator, ":"); {
	case kind == "+" && lookup != nil && !present:
		return out, true
	case kind == "+" && present, kind == "-" && !present:
		return fill(out, v.argument, lookup)
	case present:
		return append(out, value...), true
	}
	return append(append(append(out, "${"...), v.Name...), '}'), false
}

// Broken returns the offset in bytes of the first variable of a text that Compose cannot read, or -1. Such a variable
// is a ${ without a name, with a name that neither an operator nor a brace follows, or without a closing brace in its
// line. A variable in more than MaxNested others counts, too. Broken also looks into the defaults of other variables,
// although Compose reads a default only if its variable is not set.
func Broken(text string) int {
	for v := range All(text) {
		if v.broken || v.deep {
			return v.At
		}
	}
	return -1
}

// Cost returns how many bytes compose-go looks at to fill in the variables of a text. For each variable it may look at
// the rest of the line. tooDeep reports that more than MaxNested variables are nested.
func Cost(text string) (bytes int, tooDeep bool) {
	for v := range All(text) {
		bytes += v.reach
		tooDeep = tooDeep || v.deep
	}
	return bytes, tooDeep
}

// All iterates over the variables of a text, broken ones included. The variables in the argument of another follow it.
func All(text string) iter.Seq[*Variable] {
	return func(yield func(*Variable) bool) {
		if strings.Contains(text, "$") {
			each(parse(text, 0, 0), yield)
		}
	}
}

func each(parts []part, yield func(*Variable) bool) bool {
	for _, p := range parts {
		if p.variable != nil && (!yield(p.variable) || !each(p.variable.argument, yield)) {
			return false
		}
	}
	return true
}

// RewriteDocuments calls edit for each YAML document of text, a document node, and returns the documents that edit returns as
// one text. It returns text itself, and false, if edit changes no document, if edit returns nil or an empty document,
// or if text is not YAML.
func RewriteDocuments(text []byte, edit func(document *yaml.Node) (edited *yaml.Node, changed bool)) (out []byte, changed bool) {
	var buffer bytes.Buffer
	encoder := yaml.NewEncoder(&buffer)
	for document, err := range yamltree.Documents(text) {
		if err != nil {
			return text, false // compose-go says why
		}
		edited, different := edit(document)
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
