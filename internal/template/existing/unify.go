package existing

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/tp0-lab/composer/internal/text"
)

// tree is a value of the template.
type tree struct {
	kind  yaml.Kind
	style yaml.Style
	null  bool
	tag   string // of a scalar
	parts []part // of a scalar
	items []item // of a mapping or a list
	value string // the value of a replica, in place of all else
	// above, beside and below are comments: above its key or dash, in its line, and behind all of it.
	above, beside, below string
}

// item is an entry of a mapping or a list.
type item struct {
	key  []part
	tree *tree
	cond string // it is there if this is true
	// loop: there is one for each member of a list.
	loop *listed
}

// maker makes the template.
type maker struct {
	families []*family
	trees    map[*family]*tree // the bodies of the services of families
	found    []*table
	me       *family            // that is unified
	called   map[string]*family // by identities
}

// literal returns a value that is the same for all, as far as it names no members of families.
func (k *maker) literal(n *yaml.Node, key string) *tree {
	t := &tree{kind: n.Kind, style: n.Style, tag: n.ShortTag(), null: n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null"}
	t.above, t.beside, t.below = n.HeadComment, n.LineComment, n.FootComment
	switch n.Kind {
	case yaml.MappingNode:
		t.items = k.literalItems(clustered(entries(n)), true)
	case yaml.SequenceNode:
		t.items = k.literalItems(entries(n), false)
	default:
		t.parts = k.scalar([]string{n.Value}, nil, key)
	}
	return t
}

// clustered puts entries whose keys differ by numbers beside each other, in the order of the numbers.
func clustered(list []entry) []entry {
	rank := map[string]int{}
	mask := func(e entry) string { return text.WithoutNumbers(e.key) }
	for i, e := range list {
		if _, ok := rank[mask(e)]; !ok {
			rank[mask(e)] = i
		}
	}
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b entry) int {
		return cmp.Or(rank[mask(a)]-rank[mask(b)], len(a.key)-len(b.key), strings.Compare(a.key, b.key))
	})
	return list
}

func (k *maker) literalItems(list []entry, mapping bool) []item {
	if before, loop, after, ok := k.run([][]entry{list}, nil, mapping); ok {
		items := append(k.literalItems(before[0], mapping), loop)
		return append(items, k.literalItems(after[0], mapping)...)
	}
	var items []item
	for _, e := range list {
		one := item{tree: k.literal(e.value, e.key)}
		if mapping {
			one.key = []part{{text: e.key}}
		}
		items = append(items, one)
	}
	return items
}

// run finds the members of a family in lists, one for each member of me or a single one. It returns what is before and behind
// them in each.
func (k *maker) run(lists [][]entry, me *family, mapping bool) (head [][]entry, loop item, tail [][]entry, ok bool) {
	for _, l := range k.kindsOfLists(me, keysAndTexts(lists)) {
		if me == nil && len(lists[0]) < l.of.count() {
			continue
		}
		for first := 0; first < len(lists[0]) || me != nil && first < 3; first++ {
			loop, ok := k.runAt(lists, first, l, mapping)
			if !ok {
				continue
			}
			for i, list := range lists {
				n := len(l.mode.of(i, l.of.count()))
				head, tail = append(head, list[:first]), append(tail, list[first+n:])
			}
			return head, loop, tail, true
		}
	}
	return nil, item{}, nil, false
}

// goesOn reports whether the text beside one about a member of a family goes on with the family: both differ by their
// numbers alone, and the other names no member of another family.
func (k *maker) goesOn(f *family, own, beside string) bool {
	return own != beside && text.WithoutNumbers(own) == text.WithoutNumbers(beside) && !k.namesOther(f, beside)
}

// namesOther reports whether a text names a member of another family than f.
func (k *maker) namesOther(f *family, text string) bool {
	names := func(of *family) bool {
		return slices.ContainsFunc(of.names, func(name string) bool { return strings.Contains(text, name) })
	}
	return !names(f) && slices.ContainsFunc(k.families, names)
}

// keysAndTexts returns the keys and scalars of lists.
func keysAndTexts(lists [][]entry) string {
	var b strings.Builder
	for _, list := range lists {
		for _, e := range list {
			b.WriteString(e.key + " " + e.value.Value + " ")
		}
	}
	return b.String()
}

func (k *maker) runAt(lists [][]entry, first int, l listed, mapping bool) (loop item, ok bool) {
	rest := -1
	for i, list := range lists {
		more := len(list) - first - len(l.mode.of(i, l.of.count()))
		if more < 0 || len(lists) > 1 && rest >= 0 && more != rest {
			return item{}, false
		}
		rest = more
		if end := first + len(l.mode.of(i, l.of.count())); l.mode == all && len(lists) == 1 && end > first {
			text := func(e entry) string { return e.key + " " + e.value.Value }
			own := text(list[first])
			if end < len(list) && k.goesOn(l.of, own, text(list[end])) || first > 0 && k.goesOn(l.of, own, text(list[first-1])) {
				return item{}, false // it is about more members than these
			}
		}
	}
	found, ok := samples(l, len(lists), func(i, at int) entry { return lists[i][first+at] },
		func(a, b entry) bool { return a.key == b.key && equal(a.value, b.value) })
	if !ok {
		return item{}, false
	}
	var names []string
	var nodes []*yaml.Node
	for _, e := range found {
		names, nodes = append(names, e.key), append(nodes, e.value)
		if !mapping {
			names[len(names)-1] = e.value.Value
		}
	}
	if !k.about(l.of, names) || !mapping && nodes[0].Kind != yaml.ScalarNode && allEqual(nodes) {
		return item{}, false
	}
	loop = item{loop: &l}
	if mapping {
		if loop.key, ok = l.sampled.texts(names); !ok || !hasExpr(loop.key) {
			return item{}, false
		}
	} else if allEqual(nodes) {
		return item{}, false
	}
	loop.tree, ok = k.unify(nodes, l.sampled, "", false)
	if ok && l.mode != all {
		l.of.asksOthers = true
	}
	return loop, ok
}

func hasExpr(parts []part) bool {
	return slices.ContainsFunc(parts, func(p part) bool { return p.expr || p.raw })
}

// unify returns a value that the members of a family have. If some of it is no expression, it is a value of its own for
// each replica if values is true, and else ok is false.
func (k *maker) unify(nodes []*yaml.Node, f *family, key string, values bool) (t *tree, ok bool) {
	if allEqual(nodes) {
		return k.literal(nodes[0], key), true
	}
	first := nodes[0]
	if slices.ContainsFunc(nodes, func(n *yaml.Node) bool {
		return n.Kind != first.Kind || n.Kind == yaml.ScalarNode && n.ShortTag() != first.ShortTag()
	}) {
		return k.value(nodes, f, key, values)
	}
	t = &tree{kind: first.Kind, style: first.Style, tag: first.ShortTag(), above: first.HeadComment, beside: first.LineComment, below: first.FootComment}
	lists, texts := make([][]entry, len(nodes)), make([]string, len(nodes))
	for i, n := range nodes {
		lists[i], texts[i] = entries(n), n.Value
	}
	switch first.Kind {
	case yaml.MappingNode:
		t.items, ok = k.mapping(lists, f, values)
	case yaml.SequenceNode:
		t.items, ok = k.sequence(lists, f, values)
	default:
		t.parts = k.scalar(texts, f, key)
		ok = t.parts != nil
	}
	if !ok {
		return k.value(nodes, f, key, values)
	}
	return t, true
}

// value makes a value for each replica.
func (k *maker) value(nodes []*yaml.Node, f *family, key string, values bool) (*tree, bool) {
	if !values || f.part {
		return nil, false
	}
	name := nameOf(key, f.values)
	f.values[name] = make([]*yaml.Node, len(nodes))
	for i, n := range nodes {
		f.values[name][i] = uncommented(n)
	}
	f.order = append(f.order, name)
	return &tree{value: fmt.Sprintf(".Values.%s.%s", f.kind, name)}, true
}

// nameOf makes a new name for values from a key, which is neither taken nor reserved.
func nameOf(key string, taken map[string][]*yaml.Node, reserved ...string) string {
	name := strings.Trim(noName().ReplaceAllString(strings.ToLower(key), "_"), "_")
	if name == "" || text.IsDigit(name[0]) || slices.Contains(reserved, name) {
		name = "value_" + name
	}
	for plain, i := name, 2; taken[name] != nil; i++ {
		name = fmt.Sprintf("%s_%d", plain, i)
	}
	return name
}

var words = text.LazyRegexp(`\s+|\S+`)

// scalar returns the parts of texts, one for each member of f, or a single one. It returns nil if they are no expression.
func (k *maker) scalar(texts []string, f *family, key string) (parts []part) {
	split := make([][]string, len(texts))
	for i, s := range texts {
		split[i] = words().FindAllString(s, -1)
		if len(split[i]) != len(split[0]) {
			parts, _ = k.list(texts, f)
			return parts
		}
	}
	parts = []part{}
	for at, word := range split[0] {
		own := make([]string, len(texts))
		for i := range texts {
			own[i] = split[i][at]
		}
		if at > 1 {
			key = split[0][at-2]
		}
		if name, _, pair := strings.Cut(word, "="); pair {
			key = name
		}
		more, ok := k.word(own, f, key)
		if !ok {
			if parts, ok = k.list(texts, f); ok {
				return parts
			}
			return nil
		}
		parts = append(parts, more...)
	}
	if len(split[0]) > 2 && !hasExpr(parts) {
		if more, ok := k.list(texts, f); ok {
			return more
		}
	}
	return joined(parts)
}

func (k *maker) word(texts []string, f *family, key string) ([]part, bool) {
	if allSame(texts) {
		if parts, ok := k.list(texts[:1], nil); ok {
			return parts, true
		}
		if parts, ok := k.countedBehind(texts[0], key); ok {
			return parts, true
		}
		return k.counted(texts[0], key), true
	}
	if f == nil {
		return nil, false
	}
	if parts, ok := f.texts(texts); ok {
		return parts, true
	}
	return k.list(texts, f)
}

var (
	countKey  = text.LazyRegexp(`(?i)count|total|num|amount|size|replicas|clients|agenc|peers|nodes|workers|shards|expect|partitions|members|brokers|factor|instances`)
	noCount   = text.LazyRegexp(`(?i)second|minute|timeout|interval|retries|attempts|misses|port|size|bytes`)
	quorumKey = text.LazyRegexp(`(?i)quorum|majority`)
	trailing  = text.LazyRegexp(`^(|.*[=:])([0-9]+)$`)
)

// counted writes a number that is most likely the number of members of a family, by the name of its key, as that.
func (k *maker) counted(word, key string) []part {
	found := trailing().FindStringSubmatch(word)
	if found == nil {
		return []part{{text: word}}
	}
	n, err := strconv.Atoi(found[2])
	if err != nil || strconv.Itoa(n) != found[2] {
		return []part{{text: word}}
	}
	expr := func(f *family) string {
		switch {
		case quorumKey().MatchString(key) && n == f.count()/2+1:
			return fmt.Sprintf("add 1 (div %s 2)", f.ref("Counts"))
		case n == f.count() && (countKey().MatchString(key) || f.words(key) > 0 && strings.HasSuffix(strings.ToLower(key), "s") && !noCount().MatchString(key)):
			return f.ref("Counts")
		}
		return ""
	}
	fits := slices.DeleteFunc(slices.Clone(k.families), func(f *family) bool { return expr(f) == "" })
	slices.SortStableFunc(fits, func(a, b *family) int { return b.words(key) - a.words(key) })
	switch {
	case len(fits) == 0:
		return []part{{text: word}}
	case len(fits) == 1, fits[0].words(key) > fits[1].words(key):
	case k.me != nil && expr(k.me) != "" && k.me.words(key) == fits[0].words(key): // it is most likely its own
		fits[0] = k.me
	default:
		return []part{{text: word}}
	}
	return []part{{text: found[1]}, {text: expr(fits[0]), expr: true}}
}
