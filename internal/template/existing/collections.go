package existing

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// mapping unifies mappings.
func (k *maker) mapping(lists [][]entry, f *family, values bool) (items []item, ok bool) {
	seen := map[string]bool{}
	for i, list := range lists {
		for at, e := range list {
			if seen[e.key] {
				continue
			}
			nodes := make([]*yaml.Node, len(lists))
			var there []int
			for j, other := range lists {
				if own := slices.IndexFunc(other, func(o entry) bool { return o.key == e.key }); own >= 0 {
					nodes[j] = other[own].value
					there = append(there, j)
				}
			}
			if len(there) == len(lists) {
				seen[e.key] = true
				t, ok := k.unify(nodes, f, e.key, values)
				if !ok {
					return nil, false
				}
				items = append(items, item{key: []part{{text: e.key}}, tree: t})
				continue
			}
			if i == 0 { // perhaps each has a key of its own there
				if one, keys, ok := k.renamed(lists, at, f, values); ok {
					for _, key := range keys {
						seen[key] = true
					}
					items = append(items, one)
					continue
				}
			}
			if loops, ok := k.loops(lists, f, true); ok {
				return loops, true
			}
			seen[e.key] = true
			one, ok := k.sometimes(nodes, there, e.key, f, values)
			if !ok {
				return nil, false
			}
			items = append(items, one)
		}
	}
	return items, true
}

// renamed unifies the entries at an index, whose keys differ.
func (k *maker) renamed(lists [][]entry, at int, f *family, values bool) (one item, keys []string, ok bool) {
	var nodes []*yaml.Node
	for _, list := range lists {
		if at >= len(list) || len(list) != len(lists[0]) {
			return item{}, nil, false
		}
		keys, nodes = append(keys, list[at].key), append(nodes, list[at].value)
	}
	if one.key, ok = f.texts(keys); !ok || !hasExpr(one.key) {
		return item{}, nil, false
	}
	one.tree, ok = k.unify(nodes, f, "", values)
	return one, keys, ok
}

// sometimes returns an entry that only some members have: nodes has nil for the others.
func (k *maker) sometimes(nodes []*yaml.Node, there []int, key string, f *family, values bool) (one item, ok bool) {
	one.key = []part{{text: key}}
	n := len(nodes)
	from, to := there[0], there[len(there)-1]+1
	contiguous := to-from == len(there)
	switch {
	case !contiguous || f.part:
	case from == 0 && to == 1:
		one.cond = "eq .Index 0"
	case from == 1 && to == n:
		one.cond = "gt .Index 0"
	case from == n-1:
		one.cond = "eq .Index (sub .Replicas 1)"
	case from == 0 && to == n-1:
		one.cond = "lt .Index (sub .Replicas 1)"
	}
	if one.cond != "" {
		if one.tree, ok = k.unify(nodes[from:to], f.members(from, to), key, false); ok {
			return one, true
		}
		if loops, ok := k.loopsOf(nodes, from, to, f); ok {
			one.tree = loops
			return one, true
		}
	}
	one.tree, ok = k.value(nodes, f, key, values)
	if ok {
		one.cond = fmt.Sprintf("hasKey .Values.%s %q", f.kind, one.tree.value[strings.LastIndexByte(one.tree.value, '.')+1:])
	}
	return one, ok
}

// loopsOf is loops for a value that the first or the last member lacks, because its list would be empty.
func (k *maker) loopsOf(nodes []*yaml.Node, from, to int, f *family) (*tree, bool) {
	lists := make([][]entry, len(nodes))
	kind := nodes[from].Kind
	for i := from; i < to; i++ {
		if nodes[i].Kind != kind {
			return nil, false
		}
		lists[i] = entries(nodes[i])
	}
	items, ok := k.loops(lists, f, kind == yaml.MappingNode)
	return &tree{kind: kind, items: items}, ok
}

// loops unifies mappings or lists that name other members.
func (k *maker) loops(lists [][]entry, f *family, mapping bool) (items []item, ok bool) {
	head, loop, tail, ok := k.run(lists, f, mapping)
	if !ok {
		return nil, false
	}
	for _, side := range [][][]entry{head, tail} {
		if len(side[0]) > 0 {
			var more []item
			if mapping {
				more, ok = k.mapping(side, f, false)
			} else {
				more, ok = k.sequence(side, f, false)
			}
			if !ok {
				return nil, false
			}
			items = append(items, more...)
		}
		if loop.tree != nil {
			items = append(items, loop)
			loop = item{}
		}
	}
	return items, true
}

// sequence unifies lists.
func (k *maker) sequence(lists [][]entry, f *family, values bool) (items []item, ok bool) {
	same := !slices.ContainsFunc(lists, func(l []entry) bool { return len(l) != len(lists[0]) })
	each := func(values bool) ([]item, bool) {
		var items []item
		for at := range lists[0] {
			nodes := make([]*yaml.Node, len(lists))
			for i, list := range lists {
				nodes[i] = list[at].value
			}
			name, _, _ := strings.Cut(nodes[0].Value, "=")
			t, ok := k.unify(nodes, f, name, values)
			if !ok {
				return nil, false
			}
			items = append(items, item{tree: t})
		}
		return items, true
	}
	if same {
		if items, ok = each(false); ok {
			return items, true
		}
	}
	if items, ok = k.loops(lists, f, false); ok {
		return items, true
	}
	if same && values && len(lists[0]) > 1 {
		return each(true)
	}
	return k.longer(lists, f)
}

// longer unifies lists of which only that of the first member, or of the last, has more items at its end.
func (k *maker) longer(lists [][]entry, f *family) (items []item, ok bool) {
	n := len(lists)
	if n < 2 || f == nil || f.part {
		return nil, false
	}
	who, cond := 0, "eq .Index 0"
	if len(lists[0]) == len(lists[1]) {
		who, cond = n-1, "eq .Index (sub .Replicas 1)"
	}
	short := slices.Clone(lists)
	length := len(lists[(who+1)%n])
	if length == 0 || len(lists[who]) <= length {
		return nil, false
	}
	short[who] = lists[who][:length]
	if slices.ContainsFunc(short, func(l []entry) bool { return len(l) != length }) {
		return nil, false
	}
	if items, ok = k.sequence(short, f, false); !ok {
		return nil, false
	}
	for _, e := range lists[who][length:] {
		items = append(items, item{tree: k.literal(e.value, ""), cond: cond})
	}
	return items, true
}
