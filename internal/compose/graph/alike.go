package graph

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/tp0-lab/composer/internal/text"
)

// tie is what a service has to do with the service called name.
type tie struct {
	kind  linkKind
	label string
	name  string
}

var conditions = map[string]string{
	types.ServiceConditionHealthy: "healthy", types.ServiceConditionCompletedSuccessfully: "done",
}

// ties returns what a service has to do with others, in the order of their names.
func ties(s types.ServiceConfig) []tie {
	var all []tie
	shared := map[string]bool{}
	for _, namespace := range []struct{ name, value string }{{"network", s.NetworkMode}, {"ipc", s.Ipc}, {"pid", s.Pid}, {"uts", s.Uts}, {"cgroup", s.Cgroup}} {
		if name, ok := strings.CutPrefix(namespace.value, types.ServicePrefix); ok {
			all = append(all, tie{shares, namespace.name, name})
			shared[name] = true
		}
	}
	if s.Build != nil {
		for _, source := range s.Build.AdditionalContexts {
			if name, ok := strings.CutPrefix(source, types.ServicePrefix); ok {
				all = append(all, tie{builds, "build", name})
			}
		}
	}
	for name, d := range s.DependsOn {
		if shared[name] && d.Restart && d.Condition == types.ServiceConditionStarted {
			continue // compose-go has added it
		}
		all = append(all, tie{starts, conditions[d.Condition], name})
	}
	slices.SortStableFunc(all, func(a, b tie) int {
		return cmp.Or(text.NaturalCompare(a.name, b.name), cmp.Compare(a.kind, b.kind), cmp.Compare(a.label, b.label))
	})
	return slices.Compact(all)
}

// classify returns a class for each service. Services of one class are drawn alike but for names and numbers, and have
// the same links to, and from, services of the same classes.
func classify(project *types.Project, names []string) map[string]int {
	exact := map[string]int{}
	for _, name := range names {
		exact[shape(project.Services[name], false)]++
	}
	classes, numbers := map[string]int{}, map[string]int{}
	for _, name := range names {
		key := shape(project.Services[name], false)
		if exact[key] < manyAlike {
			key = shape(project.Services[name], true)
		}
		if _, ok := numbers[key]; !ok {
			numbers[key] = len(numbers)
		}
		classes[name] = numbers[key]
	}
	ends := map[string][]tie{} // the ties of each service, and those of others to it
	for _, name := range names {
		for _, t := range ties(project.Services[name]) {
			ends[name] = append(ends[name], t)
			ends[t.name] = append(ends[t.name], tie{t.kind, "from " + t.label, name})
		}
	}
	refine(classes, names, ends)
	return classes
}

// refine makes classes finer until services of one class have the same ties to services of the same classes.
func refine(classes map[string]int, names []string, ends map[string][]tie) {
	r := refinement{classes: classes, members: map[int]int{}, common: map[int]string{}, key: func(name string) string {
		var own []string
		for _, t := range ends[name] {
			own = append(own, strconv.Itoa(classes[t.name])+" "+strconv.Itoa(int(t.kind))+t.label)
		}
		slices.Sort(own)
		return strings.Join(slices.Compact(own), "\n")
	}}
	for _, class := range classes {
		r.members[class]++
	}
	for touched := names; len(touched) > 0; {
		near := map[string]bool{}
		for _, name := range r.split(touched) {
			for _, t := range ends[name] {
				near[t.name] = true
			}
		}
		touched = slices.SortedFunc(maps.Keys(near), text.NaturalCompare)
	}
}

// refinement makes classes of names finer until all names of a class have the same key, which says of a name the classes
// of its neighbours.
type refinement struct {
	classes map[string]int
	members map[int]int    // how many names a class has
	common  map[int]string // the key of all names of a class, as of its last split
	key     func(name string) string
}

// split looks at the keys of names, which may have changed, and returns those names that are in a new class now.
func (r *refinement) split(touched []string) (moved []string) {
	type group struct {
		class int
		key   string
	}
	var order []group
	groups, seen := map[group][]string{}, map[int]int{}
	for _, name := range touched {
		class, in := r.classes[name]
		if !in {
			continue // a service that is not drawn
		}
		g := group{class, r.key(name)}
		if groups[g] == nil {
			order = append(order, g)
		}
		groups[g] = append(groups[g], name)
		seen[class]++
	}
	largest := map[int]group{}
	for _, g := range order {
		if stay, ok := largest[g.class]; !ok || len(groups[g]) > len(groups[stay]) {
			largest[g.class] = g
		}
	}
	for _, g := range order {
		switch {
		case seen[g.class] < r.members[g.class] && g.key == r.common[g.class]: // nothing has changed for them
			continue
		case seen[g.class] >= r.members[g.class] && g == largest[g.class]: // the others move
			r.common[g.class] = g.key
			continue
		}
		class := len(r.members)
		for _, name := range groups[g] {
			r.classes[name] = class
		}
		r.members[class], r.common[class] = len(groups[g]), g.key
		moved = append(moved, groups[g]...)
	}
	for _, g := range order { // after all decisions about the class
		if class := r.classes[groups[g][0]]; class != g.class {
			r.members[g.class] -= len(groups[g])
		}
	}
	return moved
}

// shape returns a text that is equal for services whose cards differ only in numbers, and, if masked, where they have
// their own names.
func shape(s types.ServiceConfig, masked bool) string {
	own := func(content string) string {
		if masked {
			return maskWord(content, s.Name)
		}
		return content
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%q %d %q", own(s.Image), s.GetScale(), slices.Sorted(slices.Values(s.Profiles)))
	if s.Build != nil && s.Image == "" {
		fmt.Fprintf(&b, " b%q", own(s.Build.Context))
	}
	if mode := s.NetworkMode; mode != "" && !strings.HasPrefix(mode, types.ServicePrefix) {
		fmt.Fprintf(&b, " m%q", mode)
	}
	for _, p := range joinRanges(s.Ports) {
		fmt.Fprintf(&b, " p%s", noDigits(portText(p)))
	}
	for _, m := range mounts(s) {
		fmt.Fprintf(&b, " %s%q %q %t", m.Kind, noDigits(own(m.Source)), own(m.Target), m.ReadOnly)
	}
	for _, n := range slices.Sorted(maps.Keys(s.Networks)) {
		fmt.Fprintf(&b, " n%q", n)
	}
	return b.String()
}

// maskWord replaces word in a text by a NUL, where neither a letter nor a digit is beside it.
func maskWord(content, word string) string {
	isWord := func(c byte) bool { return text.IsDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'z' || c >= 0x80 }
	var b strings.Builder
	for begin := 0; begin < len(content); {
		i := strings.Index(content[begin:], word)
		if i < 0 {
			b.WriteString(content[begin:])
			break
		}
		at, end := begin+i, begin+i+len(word)
		if at > 0 && isWord(content[at-1]) || end < len(content) && isWord(content[end]) {
			b.WriteString(content[begin : at+1])
			begin = at + 1
			continue
		}
		b.WriteString(content[begin:at] + "\x00")
		begin = end
	}
	return b.String()
}

// reach returns the services that those of from lead to.
func reach(next map[*Service][]*Service, from ...*Service) map[*Service]bool {
	all := map[*Service]bool{}
	var walk func(s *Service)
	walk = func(s *Service) {
		for _, other := range next[s] {
			if !all[other] {
				all[other] = true
				walk(other)
			}
		}
	}
	for _, s := range from {
		walk(s)
	}
	return all
}
