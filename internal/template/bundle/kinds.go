package bundle

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tp0-lab/composer/internal/template/values"
	"github.com/tp0-lab/composer/internal/text"
)

// Kinds are the kinds of replicas of a stage.
type Kinds struct {
	// All has the kinds in the table's order. In place of a kind with rows it has a kind for each row.
	All []Kind
	// tables are the kinds with rows.
	tables []kindTable
}

// kindTable is a kind with rows: those of Kinds.All from begin to end.
type kindTable struct {
	name       string
	begin, end int
}

// Named returns the kinds that a name stands for. The name of a kind with rows stands for all of its rows, which may be
// none; any other name stands for one kind. ok is false for an unknown name.
func (kinds Kinds) Named(name string) (of []Kind, ok bool) {
	for _, t := range kinds.tables {
		if t.name == name {
			return kinds.All[t.begin:t.end], true
		}
	}
	at := slices.IndexFunc(kinds.All, func(k Kind) bool { return k.Name == name })
	if at < 0 {
		return nil, false
	}
	return kinds.All[at : at+1], true
}

// Rows returns the kinds of the table, in its order. A kind with rows is one Kind, whose Count is the sum of its rows'
// counts.
func (kinds Kinds) Rows() []Kind {
	rows := make([]Kind, 0, len(kinds.All))
	tables := kinds.tables
	for i := 0; i <= len(kinds.All); i++ {
		for len(tables) > 0 && tables[0].begin == i {
			t := tables[0]
			sum := Kind{Name: t.name}
			for _, k := range kinds.All[t.begin:t.end] {
				sum.Count += k.Count
				sum.Given = sum.Given || k.Given
			}
			rows = append(rows, sum)
			tables = tables[1:]
			i = t.end
		}
		if i < len(kinds.All) {
			rows = append(rows, kinds.All[i])
		}
	}
	return rows
}

// First returns the name of the first kind of the table.
func (kinds Kinds) First() string {
	if len(kinds.tables) > 0 && kinds.tables[0].begin == 0 {
		return kinds.tables[0].name
	}
	return kinds.All[0].Name
}

// Names returns the names that Named knows.
func (kinds Kinds) Names() []string {
	var names []string
	for _, t := range kinds.tables {
		names = append(names, t.name)
	}
	for _, k := range kinds.All {
		names = append(names, k.Name)
	}
	return names
}

func (kinds Kinds) kind(name string) *Kind {
	for i := range kinds.All {
		if kinds.All[i].Name == name {
			return &kinds.All[i]
		}
	}
	return nil
}

// OfReplica returns the kind that can have a replica called name.
func (kinds Kinds) OfReplica(name string) (Kind, bool) {
	for _, k := range kinds.All {
		if _, ok := k.id(name); ok {
			return k, true
		}
	}
	return Kind{}, false
}

func (kinds Kinds) unknown(name string) string {
	names := kinds.Names()
	return fmt.Sprintf("unknown kind %q%s", name, cmp.Or(text.Suggestion(name, names), ": have "+strings.Join(names, ", ")))
}

// Kinds returns the kinds of a stage with their counts. It fails only if rows or counts come from the stage's values:
// its errors then are *values.Error, or wrap ErrUnknownStage or ErrCount.
func (b *Bundle) Kinds(stage string) (Kinds, error) {
	if !b.ofValues() {
		return b.known, nil
	}
	s, err := b.Stage(stage)
	if err != nil {
		return Kinds{}, err
	}
	merged, _ := b.Overlay.Over(b.merge(s))
	return b.kindsIn(merged)
}

// ofValues reports whether rows or counts come from values.
func (b *Bundle) ofValues() bool { return slices.ContainsFunc(b.sources, kindSource.ofValues) }

// kindsIn returns the kinds of a stage with those values.
func (b *Bundle) kindsIn(merged *values.Node) (Kinds, error) {
	if !b.ofValues() {
		return b.known, nil
	}
	var wrong values.Error
	r := resolver{from: merged, fail: func(n *values.Node, format string, args ...any) {
		wrong.Problems = append(wrong.Problems, values.Problem{Origin: n.Origin, What: fmt.Sprintf(format, args...)})
	}}
	for _, source := range b.sources {
		r.add(source)
	}
	if len(wrong.Problems) > 0 {
		return Kinds{}, &wrong
	}
	for _, c := range b.given {
		if err := c.apply(&r.kinds); err != nil {
			return Kinds{}, err
		}
	}
	return r.kinds, nil
}

// kindSource is a row of the table's kinds.
type kindSource struct {
	at         *values.Node
	kind, name string
	first      int
	count      *values.Node // nil, a number, or the path of a value
	rows       *values.Node // nil, a list, a map, or the path of a value
}

// ofValues reports whether the kind or its count comes from values.
func (s kindSource) ofValues() bool {
	if isPath(s.count) || isPath(s.rows) {
		return true
	}
	if s.rows == nil {
		return false
	}
	ofRow := func(row *values.Node) bool { return isPath(row.Fields["count"]) }
	return slices.ContainsFunc(append(s.rows.Items, entries(s.rows)...), ofRow)
}

// isPath reports whether n is the path of a value, and no number.
func isPath(n *values.Node) bool {
	if _, isText := n.Text(); !isText {
		return false
	}
	_, isNumber := wholeNumber(n)
	return !isNumber
}

// entries returns the values of a map in the order in which they were written.
func entries(of *values.Node) []*values.Node {
	all := make([]*values.Node, len(of.Keys))
	for i, key := range of.Keys {
		all[i] = of.Fields[key]
	}
	return all
}

// resolver makes kinds of the table's rows. from are the values, or nil: then what comes from values is left out.
type resolver struct {
	from  *values.Node
	kinds Kinds
	fail  func(n *values.Node, format string, args ...any)
}

// maxRows is the limit for all rows of kinds together.
const maxRows = 1000

func (r *resolver) add(s kindSource) {
	if s.rows == nil {
		kind, problem := newKind(s.kind, s.name)
		if problem != "" {
			r.fail(s.at, "%s", problem)
			return
		}
		kind.FromValues = isPath(s.count)
		r.put(s.at, kind, s, s.count)
		return
	}
	switch {
	case s.kind == "":
		r.fail(s.at, "name %q: a kind with rows wants a name of its own, as in kind: worker", s.name)
	case s.kind == allKinds || !isKindName(s.kind):
		_, problem := newKind(s.kind, s.kind+idPart)
		r.fail(s.at, "%s", problem)
	case r.has(s.kind):
		r.fail(s.at, "kind %q is there twice", s.kind)
	case len(nameFields(s.name)) == 0:
		r.fail(s.at, "name %q: want a field of the rows in it, as in {type}-{id}", s.name)
	default:
		table := kindTable{name: s.kind, begin: len(r.kinds.All)}
		r.addRows(s)
		table.end = len(r.kinds.All)
		r.kinds.tables = append(r.kinds.tables, table)
	}
}

func (r *resolver) addRows(s kindSource) {
	rows, ofValues := s.rows, isPath(s.rows)
	if ofValues {
		if rows = r.value(s.kind, "rows", s.rows); rows == nil {
			return
		}
	}
	all := rows.Items
	if rows.Fields != nil {
		all = entries(rows)
	}
	if rows.Items == nil && rows.Fields == nil {
		r.fail(rows, "kind %q: rows: want a list of rows, or a map of them", s.kind)
		return
	}
	if len(all)+len(r.kinds.All) > maxRows {
		r.fail(rows, "kind %q: rows: at most %d rows of all kinds are read", s.kind, maxRows)
		return
	}
	fields := nameFields(s.name)
	for i, row := range all {
		own, count := row, s.count
		if _, isCount := row.Scalar.(int); isCount && rows.Fields != nil {
			own, count = values.Map(row.Origin), row
		} else if row.Fields == nil && row.Items == nil && rows.Items != nil {
			own = values.Entry(fields[0], row)
		}
		if own.Fields == nil {
			r.fail(row, "kind %q: want a map of fields as a row, such as {%s: filter, count: 3}", s.kind, fields[0])
			continue
		}
		if rows.Fields != nil {
			own = values.Merge(values.Entry(fields[0], &values.Node{Origin: row.Origin, Scalar: rows.Keys[i]}), own)
		}
		if own.Fields["count"] != nil {
			count = own.Fields["count"]
		}
		name, ok := r.rowName(s, own, row)
		if !ok {
			continue
		}
		kind, problem := newKind("", name)
		if problem != "" {
			r.fail(row, "%s", problem)
			continue
		}
		kind.Table, kind.Row, kind.FromValues = s.kind, own, ofValues || isPath(count)
		if count == nil {
			count = &values.Node{Scalar: 1}
		}
		r.put(row, kind, s, count)
	}
}

// rowName returns the name of a kind with the fields of a row in it.
func (r *resolver) rowName(s kindSource, row, at *values.Node) (name string, ok bool) {
	name = s.name
	for _, field := range nameFields(s.name) {
		n := row.Fields[field]
		if n == nil {
			r.fail(at, "kind %q: the row has no %s, which its name %q wants: have %s", s.kind, field, s.name, strings.Join(row.Keys, ", "))
			return "", false
		}
		var part string
		switch v := n.Scalar.(type) {
		case string:
			part = v
		case int:
			part = strconv.Itoa(v)
		}
		if part == "" || strings.ContainsAny(part, "{}") {
			r.fail(n, "kind %q: %s: want text or a whole number, for the name %q", s.kind, field, s.name)
			return "", false
		}
		name = strings.ReplaceAll(name, "{"+field+"}", part)
	}
	return name, true
}

func (r *resolver) has(name string) bool {
	_, ok := r.kinds.Named(name)
	return ok
}

// put adds a kind, whose problems are about at.
func (r *resolver) put(at *values.Node, kind Kind, s kindSource, count *values.Node) {
	kind.First = s.first
	kind.Count = r.countOf(kind.Name, count)
	same := slices.IndexFunc(r.kinds.All, kind.sameNames)
	switch {
	case r.has(kind.Name) || kind.Name == s.kind && kind.Table != "":
		r.fail(at, "kind %q is there twice", kind.Name)
	case same >= 0:
		r.fail(at, "kind %q: its replicas have the names of those of kind %s", kind.Name, r.kinds.All[same].Name)
	case kind.First < 0 || kind.First > maxFirst:
		r.fail(at, "kind %q: first is %d; want a number from 0 to %d", kind.Name, kind.First, maxFirst)
	}
	r.kinds.All = append(r.kinds.All, kind)
}

// countOf returns the number of replicas: a number, or the value at a path, or the number of entries of the list or map
// there.
func (r *resolver) countOf(kind string, count *values.Node) int {
	if count == nil {
		return 0
	}
	at := count
	if isPath(count) {
		if count = r.value(kind, "count", count); count == nil {
			return 0
		}
	}
	if number, ok := wholeNumber(count); ok {
		if number < 0 {
			r.fail(count, "kind %q: there cannot be %d of it", kind, number)
		}
		return number
	}
	if count.Items == nil && count.Fields == nil {
		where := ""
		if count != at {
			where = fmt.Sprintf(" at %v", at.Scalar)
		}
		r.fail(count, "kind %q: count: want a whole number, or a list or map to count%s", kind, where)
	}
	return len(count.Items) + len(count.Fields)
}

// value returns the value at the path in n, or nil.
func (r *resolver) value(kind, key string, n *values.Node) *values.Node {
	if r.from == nil {
		return nil
	}
	path := n.Scalar.(string)
	found, err := r.from.At(path)
	if err != nil {
		r.fail(n, "kind %q: %s: want the path of a value, such as cluster.nodes, not %q", kind, key, path)
		return nil
	}
	if found == nil {
		r.fail(n, "kind %q: %s: there is no value %s%s", kind, key, path, text.Suggestion(path, r.from.Paths()))
	}
	return found
}
