package graph

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// branch is what leaves an item on one trunk for the next column: a line to the right, one up or down on a lane, and a
// line to each end.
type branch struct {
	from   *item
	trunk  *trunk
	y      int // where it leaves
	ends   []*link
	lo, hi int // the part of the lane that it needs
	lane   int // -1: all ends are straight on
}

// gap is the room between two columns.
type gap struct {
	branches []*branch
	lanes    int
	labels   int // the width of the longest label, in pixels
}

// manyBranches is the number of branches of a gap that can be told apart without colours and names.
const manyBranches = 6

// connect sets where links come to the items of a column, and returns the gap before the column.
func connect(column []*item) *gap {
	g := &gap{}
	of := map[*item]map[*trunk]*branch{}
	leaves := map[int]bool{}
	for _, it := range column {
		for _, l := range it.in {
			b := of[l.from][l.trunk]
			if b == nil {
				b = &branch{from: l.from, trunk: l.trunk, y: l.from.exit(l.trunk), lane: -1}
				if of[l.from] == nil {
					of[l.from] = map[*trunk]*branch{}
				}
				of[l.from][l.trunk] = b
				g.branches = append(g.branches, b)
				leaves[b.y] = true
			}
			b.ends = append(b.ends, l)
		}
	}
	for _, it := range column {
		it.receive(leaves)
	}
	for _, b := range g.branches {
		b.lo, b.hi = b.y, b.y
		for _, l := range b.ends {
			b.lo, b.hi = min(b.lo, l.y), max(b.hi, l.y)
		}
	}
	dense := len(g.branches) > manyBranches
	for _, it := range column {
		for _, l := range it.in {
			if dense && it.service != nil {
				l.label = strings.TrimSpace(shorten(l.trunk.first, 20) + " " + l.label)
			}
			g.labels = max(g.labels, int(float64(letters(l.label))*5.8))
		}
	}
	g.assignLanes()
	return g
}

// receive sets where the links come to the item: straight on if there is room, and else where no branch leaves, because
// two lines at one height would look like one.
func (it *item) receive(leaves map[int]bool) {
	slices.SortStableFunc(it.in, func(a, b *link) int { return cmp.Compare(a.from.exit(a.trunk), b.from.exit(b.trunk)) })
	y := it.y + it.enters()
	least := y - 8 // of the first one: a card can be some pixels lower than its neighbour
	for i, l := range it.in {
		straight := l.from.exit(l.trunk)
		last := it.y + it.h - 8 - arrowGap*(len(it.in)-1-i)
		switch {
		case it.service == nil:
			l.y = y
		case straight >= least && straight <= last:
			l.y = straight
		default:
			l.y = y
			for leaves[l.y] && l.y < y+6 {
				l.y += 2
			}
		}
		y = max(y, l.y) + arrowGap
		least = y
	}
}

// assignLanes gives each branch that is not straight a lane, so that few lines cross and none lie on one another.
func (g *gap) assignLanes() {
	var all []*branch
	for _, b := range g.branches {
		if b.lo < b.hi {
			all = append(all, b)
		}
	}
	// Lines that go down leave their lanes to the lower ones on the left, and lines that go up to the upper ones.
	slices.SortStableFunc(all, func(a, b *branch) int {
		downA, downB := a.hi-a.y >= a.y-a.lo, b.hi-b.y >= b.y-b.lo
		switch {
		case downA && downB:
			return cmp.Compare(b.y, a.y)
		case !downA && !downB:
			return cmp.Compare(a.y, b.y)
		}
		return cmp.Compare(a.lo+a.hi, b.lo+b.hi)
	})
	const mostSwapped = 200 // branches: each round compares all neighbours
	for changed, rounds := true, 0; changed && rounds < len(all) && len(all) <= mostSwapped; rounds++ {
		changed = false
		for i := 1; i < len(all); i++ {
			if crossings(all[i], all[i-1]) < crossings(all[i-1], all[i]) {
				all[i], all[i-1], changed = all[i-1], all[i], true
			}
		}
	}
	for i, b := range all {
		b.lane = 0
		for _, other := range all[:i] {
			if other.lane >= b.lane && other.lo <= b.hi+6 && b.lo <= other.hi+6 {
				b.lane = other.lane + 1
			}
		}
		g.lanes = max(g.lanes, b.lane+1)
	}
}

// crossings returns how often two branches cross if the lane of a is left of that of b. Lines that would lie on one
// another count as many crossings.
func crossings(a, b *branch) int {
	n := 0
	if b.y > a.lo && b.y < a.hi {
		n++
	}
	for _, l := range a.ends {
		switch {
		case l.y == b.y:
			n += 100
		case l.y > b.lo && l.y < b.hi:
			n++
		}
	}
	return n
}

// width returns the width of the gap in pixels.
func (g *gap) width() int { return max(edgeRoom, 2*laneGap+g.lanes*laneGap+g.labels+24) }

// draw adds the arrows of a gap, whose lanes begin at x, to their trunks.
func (g *gap) draw(x int) {
	for _, b := range g.branches {
		lane := x + laneGap*(b.lane+1)
		for _, l := range b.ends {
			b.trunk.Arrows = append(b.trunk.Arrows, l.arrow(b.from.x+b.from.w, b.y, lane))
		}
	}
}

// arrow returns a link as an arrow that leaves an item at x and y and goes up or down at lane.
func (l *link) arrow(x, y, lane int) arrow {
	const head = 7 // pixels
	a := arrow{Tip: l.trunk.tip(l.last)}
	end := l.to.x + l.to.w // behind a column that is passed
	if l.to.service != nil {
		end = l.to.x
		if a.Label = l.label; a.Label != "" {
			a.X, a.Y = end-10, l.y-4
			a.Tip += " (" + l.label + ")"
		}
	}
	switch {
	case l.trunk.kind == shares:
	case l.trunk.backward && l.from.service != nil:
		a.Head = fmt.Sprintf("M%d %dl8-4v8z", x, y)
		x += head
	case !l.trunk.backward && l.to.service != nil:
		a.Head = fmt.Sprintf("M%d %dl-8-4v8z", end, l.y)
		end -= head
	}
	if l.y == y {
		a.Path = fmt.Sprintf("M%d %dH%d", x, y, end)
		return a
	}
	r := min(6, max(l.y-y, y-l.y)/2)
	turn := r
	if l.y < y {
		turn = -r
	}
	a.Path = fmt.Sprintf("M%d %dH%dQ%d %d %d %dV%dQ%d %d %d %dH%d", x, y, lane-r, lane, y, lane, y+turn, l.y-turn, lane, l.y, lane+r, l.y, end)
	return a
}

// tip says in words what a trunk means for the services where it ends.
func (t *trunk) tip(last []string) string {
	others := strings.Join(last, ", ")
	switch {
	case t.kind == starts:
		return t.first + " starts before " + others
	case t.kind == shares:
		return others + " shares a namespace of " + t.first
	case t.backward:
		return t.first + " is built from " + others
	}
	return others + " is built from " + t.first
}
