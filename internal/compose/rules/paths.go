package rules

import (
	"cmp"
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
	look := lookout{needs: r.needs, seen: make(map[string]string, len(order)), left: 1_000_000}
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
	if n >= exact {
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

// lookout looks for ways from one service to another.
type lookout struct {
	needs map[string][]need
	seen  map[string]string // services that were reached, by which dependency
	left  int               // dependencies that are still looked at
}

// implies returns the dependency of the same service that has it wait in any case, in the same way. It returns "" without
// one, or after too many dependencies.
func (l *lookout) implies(d dependency) string {
	clear(l.seen)
	var queue []string
	for _, n := range l.needs[d.service] {
		if n.name != d.name && l.seen[n.name] == "" {
			l.seen[n.name] = n.name
			queue = append(queue, n.name)
		}
	}
	for ; len(queue) > 0 && l.left > 0; queue = queue[1:] {
		for _, n := range l.needs[queue[0]] {
			l.left--
			first := l.seen[queue[0]]
			if n.name == d.name && n.condition == d.condition {
				return first
			}
			if l.seen[n.name] == "" {
				l.seen[n.name] = first
				queue = append(queue, n.name)
			}
		}
	}
	return ""
}
