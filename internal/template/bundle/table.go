package bundle

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tp0-lab/composer/internal/template/values"
	"github.com/tp0-lab/composer/internal/text"
)

// Limits of the table: names are looked up one by one, and each stage's values are merged over those of all
// stages that it extends.
const (
	maxKinds  = 100
	maxStages = 1000
	maxFirst  = 1_000_000_000
)

// readTable sets the fields of b to the content of the table of stages.
func (b *Bundle) readTable(table *values.Node) error {
	r := tableReader{}
	r.checkKeys(table, "", "default", "max_replicas", "kinds", "outputs", "stages")
	b.Default = r.text(table, "default")
	b.limits = r.limits(table)
	b.MaxReplicas = b.limits[b.Target.Name]
	for i, row := range r.rows(table, "kinds", maxKinds) {
		b.sources = append(b.sources, r.kind(i, row))
	}
	known := resolver{fail: r.fail}
	for _, source := range b.sources {
		known.add(source)
	}
	b.known = known.kinds
	if len(b.sources) == 0 {
		b.known, b.NoKinds = Kinds{All: []Kind{{Name: "client", Count: 5, First: 1, Before: "client"}}}, true
	}
	for i, row := range r.rows(table, "outputs", maxOutputs) {
		b.Outputs = append(b.Outputs, r.output(b, i, row))
	}
	for i, row := range r.rows(table, "stages", maxStages) {
		b.Stages = append(b.Stages, r.stage(b, i, row))
	}
	switch {
	case len(b.Stages) == 0:
		r.fail(table, "no stages")
	case b.Default == "":
		r.fail(table, "there is no default: write default: %s", b.Stages[0].Name)
	case !b.hasStage(b.Default):
		_, err := b.Stage(b.Default)
		r.fail(table.Fields["default"], "default: %v", err)
	}
	return r.err
}

func (r *tableReader) kind(i int, row *values.Node) kindSource {
	r.checkKeys(row, fmt.Sprintf("kind %d: ", i+1), "name", "kind", "count", "first", "rows")
	source := kindSource{at: row, kind: r.text(row, "kind"), name: r.text(row, "name"), first: 1, count: row.Fields["count"], rows: row.Fields["rows"]}
	if row.Fields["first"] != nil {
		source.first = r.number(row, "first")
	}
	if count := source.count; count != nil {
		if _, path := count.Scalar.(string); !path {
			r.number(row, "count")
		}
	}
	return source
}

func (r *tableReader) stage(b *Bundle, i int, row *values.Node) Stage {
	r.checkKeys(row, fmt.Sprintf("stage %d: ", i+1), "name", "extends", "summary", "base", "values")
	s := Stage{Name: r.text(row, "name"), Summary: r.text(row, "summary"), extends: r.text(row, "extends"), own: row.Fields["values"]}
	s.base = r.base(s.Name, row)
	switch {
	case s.Name == "":
		r.fail(row, "stage %d has no name", i+1)
	case b.hasStage(s.Name):
		r.fail(row, "stage %q is there twice", s.Name)
	case !isStageName(s.Name):
		r.fail(row, "stage %q: a name has letters, digits, '_', '.' and '-', the first a letter or digit", s.Name)
	case s.extends != "" && !b.hasStage(s.extends):
		r.fail(row.Fields["extends"], "stage %q extends %q, which is not a stage before it%s", s.Name, s.extends, text.DidYouMean(s.extends, b.stageNames()))
	case s.own != nil && s.own.Fields == nil:
		r.fail(s.own, "stage %q: its values are not a map", s.Name)
	}
	return s
}

// isStageName reports whether a stage can have that name, which stands as one word in a command line and in the
// comment at the top of a document.
func isStageName(name string) bool {
	const signs = "_.-"
	other := func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && !strings.ContainsRune(signs, r)
	}
	return name != "" && !strings.ContainsFunc(name, other) && !strings.ContainsAny(name[:1], signs)
}

// tableReader keeps the first error.
type tableReader struct{ err error }

func (r *tableReader) fail(n *values.Node, format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("%s: %s", n.Origin, fmt.Sprintf(format, args...))
	}
}

// checkKeys refuses a value that is not a map, and keys other than keys.
func (r *tableReader) checkKeys(n *values.Node, prefix string, keys ...string) {
	if n.Fields == nil {
		r.fail(n, "%swant a map with the keys %s", prefix, strings.Join(keys, ", "))
	}
	for _, key := range slices.Sorted(maps.Keys(n.Fields)) {
		if slices.Contains(keys, key) {
			continue
		}
		hint := "have " + strings.Join(keys, ", ")
		if near := text.Nearest(key, keys); near != "" {
			hint = "did you mean " + near + "?"
		}
		r.fail(n.Fields[key], "%sunknown key %s, %s", prefix, key, hint)
	}
}

func (r *tableReader) text(n *values.Node, key string) string {
	return scalar[string](r, n, key, "text; quotes make it so")
}

func (r *tableReader) number(n *values.Node, key string) int {
	return scalar[int](r, n, key, "a whole number")
}

// scalar returns the value of a key, which is of one type, or the zero value without one.
func scalar[T any](r *tableReader, n *values.Node, key, want string) (value T) {
	if field := n.Fields[key]; field != nil {
		var ok bool
		if value, ok = field.Scalar.(T); !ok {
			r.fail(field, "%s: want %s", key, want)
		}
	}
	return value
}

func (r *tableReader) rows(n *values.Node, key string, limit int) []*values.Node {
	field := n.Fields[key]
	if field == nil {
		return nil
	}
	if field.Items == nil {
		r.fail(field, "%s: want a list", key)
	}
	if len(field.Items) > limit {
		r.fail(field, "%s: there are %d, and at most %d are read", key, len(field.Items), limit)
		return nil
	}
	return field.Items
}
