package existing

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/tp0-lab/composer/internal/text"
)

// table is families that are rows of one kind: their services differ in a few values.
type table struct {
	kind, rows string // the names of the kind, and of the value with the rows
	name       string // with {type} and {id} in it
	of         []*family
	types      []string
	body       *tree
	fields     []string // the keys of the fields, and their values, by row
	values     map[string][]*yaml.Node
}

// mostFields is how many fields the rows of a table have at most: services that differ in more are not alike.
const mostFields = 8

// rowParts splits the name of a family into what a row has and what all rows share.
func (f *family) rowParts() (typ, shared string) {
	before, after, _ := strings.Cut(f.name, f.id())
	typ = strings.TrimRight(before, "-_.")
	return typ, before[len(typ):] + f.id() + after
}

var identifier = text.LazyRegexp(`^[a-z_][a-z0-9_]*$`)

// ref is how a template reads what a table of the data has of the family.
func (f *family) ref(data string) string {
	if identifier().MatchString(f.kind) {
		return "$." + data + "." + f.kind
	}
	return fmt.Sprintf("(index $.%s %q)", data, f.kind)
}

// tables finds families whose services are alike, and gives them the kinds of rows. The families have been unified before.
func (k *maker) tables() {
	for i, f := range k.families {
		if k.tableOf(f) != nil {
			continue
		}
		typ, shared := f.rowParts()
		t := &table{name: "{type}" + shared, of: []*family{f}, types: []string{typ}}
		for _, other := range k.families[i+1:] {
			more, own := other.rowParts()
			if own != shared || other.first != f.first || k.tableOf(other) != nil {
				continue
			}
			wider := *t
			wider.of, wider.types = append(slices.Clip(t.of), other), append(slices.Clip(t.types), more)
			if wider.merge(k.trees) {
				t = &wider
			}
		}
		if len(t.of) < 2 || !t.pays(k.trees) {
			continue
		}
		t.call(k)
		k.found = append(k.found, t)
	}
}

func (k *maker) tableOf(f *family) *table {
	for _, t := range k.found {
		if slices.Contains(t.of, f) {
			return t
		}
	}
	return nil
}

// call gives a table the name of its kind: what the names of its rows begin with, or worker.
func (t *table) call(k *maker) {
	common := strings.Trim(noName().ReplaceAllString(strings.ToLower(commonPrefix(t.types)), "_"), "_0123456789")
	if len(common) < 3 {
		common = "worker"
	}
	taken := func(name string) bool {
		return slices.ContainsFunc(k.families, func(f *family) bool { return f.kind == name }) || slices.Contains(t.types, name) ||
			slices.ContainsFunc(k.found, func(o *table) bool { return o.kind == name || o.rows == name })
	}
	for taken(common) || taken(common+"s") {
		common += "_kind"
	}
	t.kind, t.rows = common, common+"s"
	for i, f := range t.of {
		f.kind = t.types[i]
	}
}

// pays reports whether a table has fewer lines than its families.
func (t *table) pays(trees map[*family]*tree) bool {
	size := func(body *tree) int {
		var w writer
		w.items(&tree{kind: yaml.MappingNode, items: []item{{key: []part{{text: "x"}}, tree: body}}}, 2)
		return strings.Count(w.b.String(), "\n")
	}
	all := 0
	for _, f := range t.of {
		all += size(trees[f]) + 3
	}
	return t.merge(trees) && size(t.body)+len(t.of)+4 < all
}

// merge makes the body and the fields, or reports that the services are not alike.
func (t *table) merge(trees map[*family]*tree) bool {
	t.fields, t.values = nil, map[string][]*yaml.Node{}
	rows := make([]*tree, len(t.of))
	for i, f := range t.of {
		if len(f.order) > 0 || f.asksOthers || !f.named {
			return false
		}
		rows[i] = trees[f]
	}
	var ok bool
	t.body, ok = t.trees(rows, "value")
	return ok && len(t.fields) <= mostFields
}

// trees merges the values that rows have at one place.
func (t *table) trees(rows []*tree, key string) (*tree, bool) {
	first := *rows[0]
	for _, r := range rows {
		if r.kind != first.kind || r.value != "" || r.null != first.null || len(r.items) != len(first.items) {
			return t.whole(rows, key)
		}
	}
	if first.kind == yaml.ScalarNode {
		return t.scalars(rows, key)
	}
	first.items = slices.Clone(first.items)
	before := len(t.fields)
	for i := range first.items {
		own := make([]*tree, len(rows))
		name := key
		for j, r := range rows {
			one := r.items[i]
			if one.loop != nil || one.cond != first.items[i].cond || written(one.key) != written(first.items[i].key) {
				t.forget(before)
				return t.whole(rows, key)
			}
			own[j] = one.tree
		}
		switch {
		case first.kind == yaml.MappingNode:
			name = written(first.items[i].key)
		case len(own[0].parts) > 0:
			name, _, _ = strings.Cut(own[0].parts[0].text, "=")
		}
		made, ok := t.trees(own, name)
		if !ok {
			t.forget(before)
			return t.whole(rows, key)
		}
		first.items[i].tree = made
	}
	return &first, true
}

// forget takes fields back.
func (t *table) forget(before int) {
	for _, name := range t.fields[before:] {
		delete(t.values, name)
	}
	t.fields = t.fields[:before]
}

// scalars merges scalars: the types of the rows in them are an expression, and literals that differ are fields.
func (t *table) scalars(rows []*tree, key string) (*tree, bool) {
	all := make([][]part, len(rows))
	for i, r := range rows {
		all[i] = t.general(r.parts, i)
		if r.tag != rows[0].tag || len(all[i]) != len(all[0]) {
			return t.whole(rows, key)
		}
	}
	merged := *rows[0]
	merged.parts = nil
	before := len(t.fields)
	for at, p := range all[0] {
		texts := make([]string, len(rows))
		for i, parts := range all {
			if parts[at].expr != p.expr || parts[at].raw != p.raw {
				t.forget(before)
				return t.whole(rows, key)
			}
			texts[i] = parts[at].text
		}
		switch {
		case allSame(texts):
			merged.parts = append(merged.parts, p)
		case p.expr || p.raw:
			t.forget(before)
			return nil, false
		default:
			merged.parts = append(merged.parts, t.between(texts, key, merged.tag)...)
		}
	}
	return &merged, true
}

// general returns the parts of a scalar of a row, with what only this row has said of any row.
func (t *table) general(parts []part, row int) (made []part) {
	f, typ := t.of[row], t.types[row]
	own := strings.NewReplacer(f.ref("Counts"), ".Replicas", fmt.Sprintf("$.Names %q", f.kind), ".Names .Kind")
	for _, p := range parts {
		if p.expr || p.raw {
			p.text = own.Replace(p.text)
			made = append(made, p)
			continue
		}
		for i, piece := range strings.Split(p.text, typ) {
			if i > 0 {
				made = append(made, part{text: ".Row.type", expr: true})
			}
			made = append(made, part{text: piece})
		}
	}
	return made
}

// commonPrefix returns what all texts begin with.
func commonPrefix(texts []string) string {
	common := texts[0]
	for _, s := range texts {
		for !strings.HasPrefix(s, common) {
			common = common[:len(common)-1]
		}
	}
	return common
}

func allSame(texts []string) bool {
	return !slices.ContainsFunc(texts, func(s string) bool { return s != texts[0] })
}

// between returns the form of the texts of rows that differ in a part in the middle.
func (t *table) between(texts []string, key, tag string) []part {
	head, tail := commonPrefix(texts), texts[0]
	if tag != "!!str" {
		head = ""
	} else {
		head = head[:strings.LastIndexAny(head, "=/:. ,")+1] // whole words
	}
	for _, s := range texts {
		for !strings.HasSuffix(s[len(head):], tail) {
			tail = tail[1:]
		}
	}
	if at := strings.IndexAny(tail, "/:. ,"); at < 0 || tag != "!!str" {
		tail = ""
	} else {
		tail = tail[at:]
	}
	nodes := make([]*yaml.Node, len(texts))
	for i, s := range texts {
		nodes[i] = &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: s[len(head) : len(s)-len(tail)]}
	}
	return []part{{text: head}, {text: t.field(key, nodes), expr: true}, {text: tail}}
}

// whole makes a field of what rows have at one place, if no row has an expression there.
func (t *table) whole(rows []*tree, key string) (*tree, bool) {
	nodes := make([]*yaml.Node, len(rows))
	for i, r := range rows {
		if nodes[i] = r.node(); nodes[i] == nil {
			return nil, false
		}
	}
	expr := strings.TrimPrefix(t.field(key, nodes), "interpolate ")
	return &tree{kind: rows[0].kind, value: expr}, true
}

// node returns the value that a tree without expressions stands for, or nil.
func (t *tree) node() *yaml.Node {
	n := &yaml.Node{Kind: t.kind}
	if t.value != "" || hasExpr(t.parts) {
		return nil
	}
	if t.kind == yaml.ScalarNode {
		for _, p := range t.parts {
			n.Value += p.text
		}
		n.Tag = t.tag
		return n
	}
	n.Style = yaml.FlowStyle
	for _, i := range t.items {
		own := i.tree.node()
		if own == nil || i.loop != nil || i.cond != "" || hasExpr(i.key) {
			return nil
		}
		if t.kind == yaml.MappingNode {
			n.Content = append(n.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: i.key[0].text})
		}
		n.Content = append(n.Content, own)
	}
	return n
}

// field returns the expression of a field of the rows with those values.
func (t *table) field(key string, nodes []*yaml.Node) string {
	for _, name := range t.fields {
		if slices.EqualFunc(t.values[name], nodes, equal) {
			return t.fieldExpr(name)
		}
	}
	name := nameOf(key, t.values, "type", "count")
	t.values[name] = nodes
	t.fields = append(t.fields, name)
	return t.fieldExpr(name)
}

// fieldExpr returns the expression of a field. Variables of Compose in it stay variables.
func (t *table) fieldExpr(name string) string {
	if slices.ContainsFunc(t.values[name], func(n *yaml.Node) bool { return strings.Contains(n.Value, "$") }) {
		return "interpolate .Row." + name
	}
	return ".Row." + name
}

// row returns the values of a row.
func (t *table) row(i int) *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode, Style: yaml.FlowStyle}
	add := func(key string, value *yaml.Node) {
		n.Content = append(n.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: key}, value)
	}
	add("count", &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!int", Value: strconv.Itoa(t.of[i].count())})
	for _, name := range t.fields {
		add(name, t.values[name][i])
	}
	return n
}
