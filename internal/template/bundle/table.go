package bundle

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tp0-lab/composer/internal/template/values"
	"github.com/tp0-lab/composer/internal/text"
)

// The limits for the numbers of kinds and stages. Their cost grows faster than their number: names are compared one by
// one, and a stage's values are laid over those of all stages that it extends.
const (
	maxKinds  = 100
	maxStages = 1000
)

// readTable sets the fields of b that the table of stages holds.
func (b *Bundle) readTable(table *values.Node) error {
	r := tableReader{}
	r.known(table, "", "default", "max_replicas", "kinds", "stages")
	b.Default = r.text(table, "default")
	if b.MaxReplicas = r.number(table, "max_replicas"); b.MaxReplicas < 0 {
		r.fail(table.Fields["max_replicas"], "max_replicas is %d, and 0 is no limit", b.MaxReplicas)
	}
	for i, row := range r.rows(table, "kinds", maxKinds) {
		r.known(row, fmt.Sprintf("kind %d: ", i+1), "name", "count")
		kind := Kind{Name: r.text(row, "name"), Count: r.number(row, "count")}
		switch {
		case !isKind(kind.Name):
			r.fail(row, "kind %q: a name has lower-case letters, digits, '_' and '-'; the first and the last are letters", kind.Name)
		case slices.ContainsFunc(b.Kinds, func(k Kind) bool { return k.Name == kind.Name }):
			r.fail(row, "kind %q is there twice", kind.Name)
		case kind.Count < 0:
			r.fail(row, "kind %q: there cannot be %d of it", kind.Name, kind.Count)
		}
		b.Kinds = append(b.Kinds, kind)
	}
	if len(b.Kinds) == 0 {
		b.Kinds = []Kind{{Name: "client", Count: 5}}
	}
	for i, row := range r.rows(table, "stages", maxStages) {
		r.stage(b, i, row)
	}
	switch {
	case r.err != nil:
	case len(b.Stages) == 0:
		r.fail(table, "no stages")
	case !b.has(b.Default):
		r.fail(table, "the default %q is not a stage", b.Default)
	}
	return r.err
}

func (r *tableReader) stage(b *Bundle, i int, row *values.Node) {
	r.known(row, fmt.Sprintf("stage %d: ", i+1), "name", "extends", "summary", "values")
	s := Stage{Name: r.text(row, "name"), Summary: r.text(row, "summary")}
	switch {
	case s.Name == "":
		r.fail(row, "stage %d has no name", i+1)
	case b.has(s.Name):
		r.fail(row, "stage %q is there twice", s.Name)
	case !isName(s.Name):
		r.fail(row, "stage %q: a name has letters, digits, '_', '.' and '-', the first a letter or digit", s.Name)
	}
	if extends := r.text(row, "extends"); extends != "" {
		if s.below = extends; !b.has(extends) {
			r.fail(row.Fields["extends"], "stage %q extends %q, which is not one before it", s.Name, extends)
			return
		}
	}
	switch own := row.Fields["values"]; {
	case own == nil:
	case own.Fields == nil:
		r.fail(own, "stage %q: its values are no map", s.Name)
		return
	default:
		s.own = own
	}
	b.Stages = append(b.Stages, s)
}

// isName reports whether text can be the name of a stage: one word of a command line, of letters, digits and _.-
func isName(text string) bool {
	const signs = "_.-"
	other := func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && !strings.ContainsRune(signs, r)
	}
	return text != "" && !strings.ContainsFunc(text, other) && !strings.ContainsAny(text[:1], signs)
}

// tableReader reads fields of the table of stages, and keeps the first error.
type tableReader struct{ err error }

func (r *tableReader) fail(n *values.Node, format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("%s: %s", n.Origin, fmt.Sprintf(format, args...))
	}
}

// known refuses a node that is not a map, and keys of n that are not in keys.
func (r *tableReader) known(n *values.Node, what string, keys ...string) {
	if n.Fields == nil {
		r.fail(n, "%swant a map with the keys %s", what, strings.Join(keys, ", "))
	}
	for _, key := range slices.Sorted(maps.Keys(n.Fields)) {
		if slices.Contains(keys, key) {
			continue
		}
		hint := "have " + strings.Join(keys, ", ")
		if near := text.Nearest(key, keys); near != "" {
			hint = "did you mean " + near + "?"
		}
		r.fail(n.Fields[key], "%sunknown key %s, %s", what, key, hint)
	}
}

func (r *tableReader) text(n *values.Node, key string) string {
	field := n.Fields[key]
	if field == nil {
		return ""
	}
	text, ok := field.Scalar.(string)
	if !ok {
		r.fail(field, "%s: want text; quotes make it so", key)
	}
	return text
}

func (r *tableReader) number(n *values.Node, key string) int {
	field := n.Fields[key]
	if field == nil {
		return 0
	}
	number, ok := field.Scalar.(int)
	if !ok {
		r.fail(field, "%s: want a whole number", key)
	}
	return number
}

func (r *tableReader) rows(n *values.Node, key string, most int) []*values.Node {
	field := n.Fields[key]
	if field == nil {
		return nil
	}
	switch n := len(field.Items); {
	case field.Items == nil:
		r.fail(field, "%s: want a list", key)
	case n > most:
		r.fail(field, "%s: there are %d, and at most %d are read", key, n, most)
		return nil
	}
	return field.Items
}
