package rules

import (
	"cmp"
	"math"
	"slices"
	"strconv"
)

// maxPaths is how many paths of dependencies Compose walks in about three seconds, for each of the several times that
// `docker compose up` does.
const maxPaths = 4_000_000

// dependency is a service that another one waits for.
type dependency struct {
	service string
	need
	paths float64 // that lead through it
}

// checkPaths warns of so many paths of dependencies that Compose, which walks all of them, does not come to an end. It
// takes time in proportion to the number of dependencies. There must be no circle.
func (r references) checkPaths() {
	order := r.order()
	below, above := map[string]float64{}, map[string]float64{} // paths that begin, and that end, at a service
	total := 0.0
	for _, name := range order {
		below[name]++
		for _, n := range r.needs[name] {
			below[name] += below[n.name]
		}
		total += below[name]
	}
	if total <= maxPaths {
		return
	}
	for _, name := range slices.Backward(order) {
		above[name]++
		for _, n := range r.needs[name] {
			above[n.name] += above[name]
		}
	}
	var all []dependency
	for _, name := range order {
		for _, n := range r.needs[name] {
			all = append(all, dependency{name, n, above[name] * below[n.name]})
		}
	}
	slices.SortStableFunc(all, func(a, b dependency) int { return cmp.Compare(b.paths, a.paths) })
	const told = "Compose walks each path of dependencies, and there are %s of them, so `docker compose up` takes minutes, or never ends: "
	look := newLookout(order, r.needs)
	for _, d := range all {
		if other := look.implies(d); other != "" {
			r.reportAt(manyPaths, d.at.node, append([]string{"services", d.service}, d.at.path...),
				told+"leave out dependencies that others imply, such as that of %s on %s, which it waits for by %s", number(total), d.service, d.name, other)
			return
		}
	}
	r.reportAt(manyPaths, all[0].at.node, append([]string{"services", all[0].service}, all[0].at.path...),
		told+"let fewer services wait for each other; most paths lead from %s to %s", number(total), all[0].service, all[0].name)
}

// number writes a whole number, or a large one by its size.
func number(n float64) string {
	const exact = 1 << 53
	switch {
	case math.IsInf(n, 1):
		return "more than 1e+308"
	case n >= exact:
		return "about " + strconv.FormatFloat(n, 'g', 2, 64)
	}
	return strconv.FormatFloat(n, 'f', -1, 64)
}

// order returns the services, each behind those that it waits for.
func (r references) order() (order []string) {
	seen := map[string]bool{}
	var visit func(name string)
	visit = func(name string) {
		seen[name] = true
		for _, n := range r.needs[name] {
			if !seen[n.name] {
				visit(n.name)
			}
		}
		order = append(order, name)
	}
	for _, s := range r.project.Services {
		if !seen[s.Name] {
			visit(s.Name)
		}
	}
	return order
}

// lookout looks for ways from one service to another. Services are their indices in an order in which each is behind those
// that it waits for.
type lookout struct {
	order []string
	index map[string]int
	needs [][]edge
	by    []int // by which dependency a service was reached, 0 for none
	left  int   // dependencies that are still looked at
}

// edge is a service that another one waits for.
type edge struct {
	to        int
	condition string
}

func newLookout(order []string, needs map[string][]need) *lookout {
	l := &lookout{order: order, index: make(map[string]int, len(order)), by: make([]int, len(order)), left: 1_000_000}
	for i, name := range order {
		l.index[name] = i
		edges := make([]edge, 0, len(needs[name]))
		for _, n := range needs[name] {
			edges = append(edges, edge{l.index[n.name], n.condition})
		}
		l.needs = append(l.needs, edges)
	}
	return l
}

// implies returns the dependency of the same service that has it wait in any case, in the same way. It returns "" without
// one, or after too many dependencies.
func (l *lookout) implies(d dependency) string {
	clear(l.by)
	target := l.index[d.name]
	var queue []int
	reach := func(to, by int) {
		if l.by[to] == 0 && to > target { // those before the target lead nowhere near it
			l.by[to] = by
			queue = append(queue, to)
		}
	}
	for _, e := range l.needs[l.index[d.service]] {
		reach(e.to, e.to+1)
	}
	for ; len(queue) > 0 && l.left > 0; queue = queue[1:] {
		for _, e := range l.needs[queue[0]] {
			l.left--
			if e.to == target && e.condition == d.condition {
				return l.order[l.by[queue[0]]-1]
			}
			reach(e.to, l.by[queue[0]])
		}
	}
	return ""
}
