package existing

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/tp0-lab/composer/internal/template/bundle"
	"github.com/tp0-lab/composer/internal/text"
)

// family is services whose names differ by a number that runs from the first to the last.
type family struct {
	kind  string
	first int
	width int // the digits that a number has at least
	names []string
	nodes []*yaml.Node
	// name is a row of the table of kinds, with {id} or {id:2} in it. named reports that the replicas of that row have the
	// names of the services.
	name  string
	named bool
	// values are the values that members have in place of an expression, by key and member.
	values map[string][]*yaml.Node
	order  []string // the keys of values
	// part reports that these are not all members, and skip is the number of those before the first.
	part bool
	skip int
	// asksOthers reports that a member looks at others, so that its own index has a name.
	asksOthers bool
}

// members returns a part of a family.
func (f *family) members(from, to int) *family {
	own := *f
	own.part, own.skip, own.first = true, from, f.first+from
	own.names = f.names[from:to]
	return &own
}

func (f *family) count() int { return len(f.names) }

// stem is the letters with which the names begin, in lower case.
func (f *family) stem() string { return strings.ToLower(strings.TrimRight(f.kind, "0123456789-_.")) }

var digits = text.LazyRegexp(`[0-9]+`)

// mask is a text without one of its numbers.
type mask struct{ before, after string }

// families finds the families among the services, in the order of their first members.
func families(services []entry, without map[string]bool) []*family {
	type member struct{ at, number, width int }
	groups := map[mask][]member{}
	var order []mask
	for i, s := range services {
		for _, at := range digits().FindAllStringIndex(s.key, -1) {
			m := mask{s.key[:at[0]], s.key[at[1]:]}
			number, err := strconv.Atoi(s.key[at[0]:at[1]])
			if err != nil {
				continue
			}
			if groups[m] == nil {
				order = append(order, m)
			}
			groups[m] = append(groups[m], member{i, number, at[1] - at[0]})
		}
	}
	unlike := map[mask]int{}
	for m, members := range groups {
		var nodes []*yaml.Node
		for _, one := range members {
			nodes = append(nodes, services[one.at].value)
		}
		unlike[m] = unlikeness(nodes)
	}
	// The members of a kind are alike, numbered at the end of their names, and many.
	slices.SortStableFunc(order, func(a, b mask) int {
		return cmp.Or(unlike[a]-unlike[b], len(a.after)-len(b.after), len(groups[b])-len(groups[a]))
	})
	taken := map[int]bool{}
	var all []*family
	positions := map[*family]int{}
	for _, m := range order {
		members := slices.DeleteFunc(slices.Clone(groups[m]), func(one member) bool { return taken[one.at] })
		slices.SortStableFunc(members, func(a, b member) int { return a.number - b.number })
		f := &family{values: map[string][]*yaml.Node{}}
		runs := len(members) > 1
		for i, one := range members {
			runs = runs && one.number == members[0].number+i
			if services[one.at].key[len(m.before)] == '0' && one.width > 1 {
				f.width = one.width
			}
			f.names, f.nodes = append(f.names, services[one.at].key), append(f.nodes, services[one.at].value)
		}
		if !runs || members[0].number > 1_000_000 || without[f.names[0]] {
			continue
		}
		f.first = members[0].number
		f.call(m, all)
		first := len(services)
		for _, one := range members {
			taken[one.at] = true
			first = min(first, one.at)
		}
		positions[f] = first
		all = append(all, f)
	}
	slices.SortFunc(all, func(a, b *family) int { return positions[a] - positions[b] })
	return all
}

// id is the part of the name for the number: {id}, or {id:2} if the names have zeros before it.
func (f *family) id() string {
	if f.width > 1 {
		return fmt.Sprintf("{id:%d}", f.width)
	}
	return "{id}"
}

// expression is the number as it stands in the names.
func (f *family) expression() string {
	if f.width > 1 {
		return fmt.Sprintf(`printf "%%0%dd" .ID`, f.width)
	}
	return ".ID"
}

// unlikeness says how much services differ but for numbers: the tenths of lines that one of two in turn lacks, at most.
func unlikeness(nodes []*yaml.Node) (most int) {
	var before map[string]int
	for i, n := range nodes {
		lines := map[string]int{}
		maskedLines(n, "", lines)
		if i > 0 {
			all, same := 0, 0
			for line, times := range lines {
				all += max(times, before[line])
				same += min(times, before[line])
			}
			for line, times := range before {
				if lines[line] == 0 {
					all += times
				}
			}
			most = max(most, 10*(all-same)/max(all, 1))
		}
		before = lines
	}
	return most
}

// maskedLines counts the scalars below a node, with their paths and without their numbers.
func maskedLines(n *yaml.Node, path string, lines map[string]int) {
	if n.Kind == yaml.ScalarNode {
		lines[path+" "+text.WithoutNumbers(n.Value)]++
	}
	for _, e := range entries(n) {
		maskedLines(e.value, path+"."+text.WithoutNumbers(e.key), lines)
	}
}

var noName = text.LazyRegexp(`[^a-z0-9_]+`)

// call gives a family the name of its kind: that of the services if a kind can have it.
func (f *family) call(m mask, others []*family) {
	plain := strings.Trim(noName().ReplaceAllString(strings.ToLower(m.before+m.after), "_"), "_0123456789")
	for _, name := range []string{m.before + f.id() + m.after, plain + "-{id}", "replica-{id}"} {
		for _, kind := range []string{plain, plain + "_kind", "replica"} {
			for slices.ContainsFunc(others, func(o *family) bool { return o.kind == kind || o.name == name }) {
				kind += "x"
				if name != m.before+f.id()+m.after {
					name = "x" + name
				}
			}
			table := stages([]*family{{kind: kind, name: name, first: f.first, names: f.names}})
			b, err := bundle.Open(filesystem(map[string][]byte{bundle.StagesFile: table}))
			if err != nil {
				continue
			}
			kinds, err := b.Kinds(b.Default)
			if err != nil {
				continue
			}
			f.kind, f.name, f.named = kind, name, true
			for i := range f.names {
				f.named = f.named && kinds.All[0].NameOf(f.first+i) == f.names[i]
			}
			return
		}
	}
}
