package graph

import (
	"cmp"
	"slices"
)

// item is a card in a column, or a trunk that passes the column.
type item struct {
	service    *Service // nil for a trunk
	x, y, w, h int
	networks   []int
	order      float64
	in, out    []*link
	trunks     []*trunk // that leave the card, or the one that passes
}

// link is the part of a trunk between an item and one in the next column.
type link struct {
	from, to *item
	trunk    *trunk
	y        int      // where it comes to
	label    string   // at its end
	last     []string // labels of the services where it ends
}

// trunk is all arrows of a kind that leave a service. They begin as one line.
type trunk struct {
	Class  string
	Arrows []arrow

	kind     linkKind
	backward bool   // the service is built from those where the trunk ends
	first    string // label of the service
	passes   []*item
}

type arrow struct {
	Path, Head, Label string
	X, Y              int // of Label
	Tip               string
}

// columns returns a column for each layer, with the trunks that pass it, sorted so that few lines cross.
func (g *Graph) columns() [][]*item {
	var columns [][]*item
	items := map[*Service]*item{}
	for _, s := range g.Services {
		for len(columns) <= s.Layer {
			columns = append(columns, nil)
		}
		it := &item{service: s, networks: s.Networks}
		it.w, it.h = s.size()
		items[s] = it
		columns[s.Layer] = append(columns[s.Layer], it)
	}
	for _, s := range g.Services {
		for _, l := range s.Links {
			from, to := items[l.Service], items[s]
			backward := l.Service.Layer > s.Layer
			if backward {
				from, to = to, from
			}
			t := from.trunk(l.Kind, backward)
			at := from
			for i := range to.service.Layer - from.service.Layer - 1 {
				if i == len(t.passes) {
					pass := &item{h: passRoom, trunks: []*trunk{t}}
					join(at, pass, t)
					columns[from.service.Layer+1+i] = append(columns[from.service.Layer+1+i], pass)
					t.passes = append(t.passes, pass)
				}
				at = t.passes[i]
				at.in[0].last = append(at.in[0].last, to.service.Label)
			}
			last := join(at, to, t)
			last.label, last.last = l.Label, []string{to.service.Label}
		}
	}
	for _, it := range items {
		it.h = max(it.h, firstArrow+arrowGap*(max(len(it.in), len(it.trunks))-1)+8)
	}
	sortColumns(columns)
	return columns
}

// trunk returns the trunk of a kind that leaves the card.
func (it *item) trunk(kind linkKind, backward bool) *trunk {
	for _, t := range it.trunks {
		if t.kind == kind && t.backward == backward {
			return t
		}
	}
	t := &trunk{kind: kind, backward: backward, first: it.service.Label}
	it.trunks = append(it.trunks, t)
	return t
}

func join(from, to *item, t *trunk) *link {
	l := &link{from: from, to: to, trunk: t}
	from.out, to.in = append(from.out, l), append(to.in, l)
	return l
}

// sortColumns sorts the items of each column by the mean place of their neighbours, from left to right and back.
func sortColumns(columns [][]*item) {
	const sweeps = 7 // odd: the last one is from left to right
	for _, c := range columns {
		number(c)
	}
	for sweep := range sweeps {
		for i := range columns {
			c, mean := columns[i], (*item).meanIn
			if sweep%2 == 1 {
				c, mean = columns[len(columns)-1-i], (*item).meanOut
			}
			for _, it := range c {
				it.order = mean(it)
			}
			slices.SortStableFunc(c, func(a, b *item) int { return cmp.Compare(a.order, b.order) })
			number(c)
		}
	}
}

func number(column []*item) {
	for i, it := range column {
		it.order = (float64(i) + 0.5) / float64(len(column))
	}
}

func (it *item) meanIn() float64 { return it.mean(it.in, func(l *link) *item { return l.from }) }

func (it *item) meanOut() float64 { return it.mean(it.out, func(l *link) *item { return l.to }) }

// mean returns the mean order of the items at the other ends of the links, or the item's own without links.
func (it *item) mean(links []*link, other func(*link) *item) float64 {
	if len(links) == 0 {
		return it.order
	}
	sum := 0.0
	for _, l := range links {
		sum += other(l).order
	}
	return sum / float64(len(links))
}

// place sets the y of all items so that lines are as straight as their order allows. The least y is top. It returns the
// greatest end of an item.
func place(columns [][]*item, top int) (bottom int) {
	for _, c := range columns {
		y := 0
		for i, it := range c {
			if i > 0 {
				y += distance(c[i-1], it)
			}
			it.y = y
		}
		for _, it := range c {
			it.y -= y / 2
		}
	}
	const sweeps = 6
	for sweep := range sweeps {
		for i := range columns {
			c := columns[i]
			if sweep%2 == 1 {
				c = columns[len(columns)-1-i]
			}
			settle(c)
		}
	}
	least := 0
	for i, c := range columns {
		if i == 0 || c[0].y < least {
			least = c[0].y
		}
	}
	for _, c := range columns {
		for _, it := range c {
			it.y += top - least
			bottom = max(bottom, it.y+it.h)
		}
	}
	return bottom
}

// distance returns how far below a the item b begins at least, if it is the next one.
func distance(a, b *item) int {
	if a.service == nil && b.service == nil {
		return passRoom
	}
	return a.h + cardGap
}

// settle moves the items of a column as near to the mean of their neighbours as their distances allow. It joins items
// that would lie on one another in blocks, and moves these (the pool-adjacent-violators algorithm).
func settle(column []*item) {
	type block struct {
		y, weight float64 // y is that of its first item, with the offset of that item taken away
		first     int     // the index of the first item
	}
	var blocks []block
	offsets := make([]int, len(column))
	for i, it := range column {
		if i > 0 {
			offsets[i] = offsets[i-1] + distance(column[i-1], it)
		}
		y, weight := it.wish()
		blocks = append(blocks, block{y - float64(offsets[i]), weight, i})
		for n := len(blocks); n > 1 && blocks[n-2].y > blocks[n-1].y; n = len(blocks) {
			a, b := blocks[n-2], blocks[n-1]
			sum := a.weight + b.weight
			blocks = append(blocks[:n-2], block{(a.y*a.weight + b.y*b.weight) / sum, sum, a.first})
		}
	}
	for n, b := range blocks {
		end := len(column)
		if n+1 < len(blocks) {
			end = blocks[n+1].first
		}
		for i := b.first; i < end; i++ {
			column[i].y = int(b.y) + offsets[i]
		}
	}
}

// wish returns the y at which the lines of an item would be straight, and how much that matters.
func (it *item) wish() (y, weight float64) {
	for _, l := range it.in {
		y += float64(l.from.exit(l.trunk))
	}
	for _, l := range it.out {
		y += float64(l.to.y + l.to.enters())
	}
	n := len(it.in) + len(it.out)
	switch {
	case n == 0:
		return float64(it.y), 0.1
	case it.service == nil:
		return y/float64(n) - passRoom/2, 4
	}
	return y/float64(n) - firstArrow, 1
}

// exit returns the y at which a trunk leaves the item.
func (it *item) exit(t *trunk) int {
	return it.y + it.enters() + arrowGap*slices.Index(it.trunks, t)
}

// enters returns how far below its top the first line comes to the item.
func (it *item) enters() int {
	if it.service == nil {
		return passRoom / 2
	}
	return firstArrow
}
