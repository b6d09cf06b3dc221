package graph

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Sizes in CSS pixels. Text is 12 px high and about 6.6 px wide a letter, names 14 px and 8.
const (
	margin     = 24
	titleRoom  = 48
	busRoom    = 26 // between the networks at the top
	cardPad    = 14
	nameRoom   = 24
	lineRoom   = 18
	stubRoom   = 16 // of each network, at a card's foot
	cardGap    = 22
	railGap    = 14 // between networks beside a column
	edgeRoom   = 84 // for arrows between the columns
	letter     = 6.6
	nameLetter = 8.2
	leastCard  = 150
	mostCard   = 400
	passRoom   = 10 // for an arrow that passes a column
	firstArrow = 20 // from a card's top to where the first arrow comes
	arrowGap   = 18 // to the next one, with the words at it
	legendRoom = 28 // at the foot
)

// drawing is a graph in coordinates, ready for the template.
type drawing struct {
	Title, Desc   string
	Width, Height int
	Legend        int // its y
	Cards         []card
	Arrows        []arrow
	Buses         []bus
	Rails         []rail
	Stubs         []stub
	Empty         bool
}

type card struct {
	X, Y, W, H int
	Name, Full string
	Many       bool // several services
	Lines      []cardLine
}

type cardLine struct {
	Y          int
	Fit        int    // width of a text that fills the card, for fonts with wider letters; 0 for other texts
	Kind, Text string // image, port, bind or volume
	Full       string
}

type arrow struct {
	Path, Until string
	X, Y        int  // of Until
	Head        bool // false for an arrow that goes on to the next column
	Tip         string
}

// A bus is the line of a network at the top, a rail its line beside a column, and a stub the line from a card to a rail.
type (
	bus struct {
		Colour, X1, X2, Y int
		Name, Detail      string
	}
	rail struct{ Colour, X, Y1, Y2 int }
	stub struct{ Colour, X1, X2, Y int }
)

// colours is the number of colours of networks.
const colours = 6

// item is a card in a column, or an arrow that passes the column.
type item struct {
	service    *Service // nil for an arrow
	x, y, w, h int
	networks   []int
	order      float64
	from       []*link
}

// link is the part of an arrow between an item and one in the column before.
type link struct {
	from  *item
	until string
	first string   // label of the service where the arrow begins
	last  []string // labels of the services where it ends
}

// layout returns the drawing of the graph: a column of cards for each layer, with the rails of its networks beside it.
func (g *Graph) layout() *drawing {
	d := &drawing{Title: g.Title, Desc: g.Describe(), Empty: len(g.Services) == 0}
	columns := g.columns()
	top := busY(len(g.Networks)) + 16
	height := 0
	for _, c := range columns {
		height = max(height, columnHeight(c))
	}
	right := make([]int, len(g.Networks)) // ends of the buses
	x := margin
	for _, c := range columns {
		width, y := 0, top+(height-columnHeight(c))/2
		lowest := map[int]int{} // y of the last stub of each network
		for _, it := range c {
			it.x, it.y = x, y
			y += it.h + cardGap
			width = max(width, it.w)
			for i, n := range it.networks {
				lowest[n] = it.stubY(i)
			}
		}
		rails := map[int]int{} // x of each network's rail
		for n := range g.Networks {
			if end, ok := lowest[n]; ok {
				rails[n] = x + width + railGap*(len(rails)+1)
				right[n] = rails[n]
				d.Rails = append(d.Rails, rail{n % colours, rails[n], busY(n), end})
			}
		}
		for _, it := range c {
			it.w = width
			for i, n := range it.networks {
				d.Stubs = append(d.Stubs, stub{n % colours, x + width, rails[n], it.stubY(i)})
			}
			if it.service != nil {
				d.Cards = append(d.Cards, it.card())
			}
		}
		x += width + railGap*(len(rails)+1) + edgeRoom
	}
	d.Width = max(x-edgeRoom+margin, 420)
	d.Height = top + max(height, 20) + margin + legendRoom
	d.Legend = d.Height - margin
	for n, network := range g.Networks {
		b := bus{n % colours, margin, cmp.Or(right[n], margin+40), busY(n), shorten(network.Name, 40), shorten(network.Detail, 60)}
		d.Width = max(d.Width, 2*margin+(letters(b.Name)+letters(b.Detail)+3)*7)
		d.Buses = append(d.Buses, b)
	}
	for _, c := range columns {
		for _, it := range c {
			d.arrows(it)
		}
	}
	return d
}

// busY returns the y of the bus of the network with index n.
func busY(n int) int { return margin + titleRoom + n*busRoom }

// stubY returns the y of the item's stub with index i.
func (it *item) stubY(i int) int { return it.y + it.h - stubRoom*(len(it.networks)-i) + stubRoom/2 - 4 }

func columnHeight(column []*item) int {
	sum := -cardGap
	for _, it := range column {
		sum += it.h + cardGap
	}
	return sum
}

// columns returns a column for each layer, with the arrows that pass it, sorted by the places where its arrows begin.
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
	passes := map[*Service][]*item{} // of each service, one for each column after its own
	for _, s := range g.Services {
		for _, n := range s.Needs {
			from := items[n.Service]
			for i := range s.Layer - n.Service.Layer - 1 {
				if i == len(passes[n.Service]) {
					pass := &item{h: passRoom, from: []*link{{from: from, first: n.Service.Label}}}
					columns[n.Service.Layer+1+i] = append(columns[n.Service.Layer+1+i], pass)
					passes[n.Service] = append(passes[n.Service], pass)
				}
				from = passes[n.Service][i]
				from.from[0].last = append(from.from[0].last, s.Label)
			}
			items[s].from = append(items[s].from, &link{from, n.Until, n.Service.Label, []string{s.Label}})
		}
		items[s].h = max(items[s].h, firstArrow+arrowGap*(len(s.Needs)-1)+8)
	}
	for _, c := range columns {
		for i, it := range c {
			it.order = float64(i) / 1000
			for _, l := range it.from {
				it.order += l.from.order / float64(len(it.from))
			}
		}
		slices.SortStableFunc(c, func(a, b *item) int { return cmp.Compare(a.order, b.order) })
		for i, it := range c {
			it.order = float64(i)
		}
	}
	return columns
}

// size returns the size of a service's card.
func (s *Service) size() (w, h int) {
	width := float64(letters(s.Label)) * nameLetter
	lines := s.lines()
	for _, line := range lines {
		width = max(width, wide(line)+2*letter)
	}
	w = min(max(int(width)+2*cardPad, leastCard), mostCard)
	return w, 8 + nameRoom + len(lines)*lineRoom + 6 + len(s.Networks)*stubRoom
}

func (it *item) card() card {
	s := it.service
	c := card{X: it.x, Y: it.y, W: it.w, H: it.h, Full: s.Label, Many: len(s.Names) > 1}
	c.Name = shorten(s.Label, int(float64(it.w-2*cardPad)/nameLetter)+1)
	y := it.y + 8 + nameRoom
	room := int(float64(it.w-2*cardPad)/letter) - 1
	add := func(kind, text, full string) {
		line := cardLine{Y: y + 9, Kind: kind, Text: shorten(text, room), Full: full}
		if line.Text != full || int(wide(text)) > it.w-2*cardPad {
			line.Fit = int(float64(letters(line.Text)) * letter) // in a wider font the text would leave the card
		}
		c.Lines = append(c.Lines, line)
		y += lineRoom
	}
	if s.Image != "" {
		add("image", s.Image, s.Image)
	}
	for _, p := range s.Ports {
		add("port", "port "+p, "port "+p)
	}
	for _, m := range s.Mounts {
		kind := "bind"
		if m.Volume {
			kind = "volume"
		}
		add(kind, m.short(room), m.String())
	}
	return c
}

// short returns a mount in at most so many letters, with a part of its source and of its target.
func (m Mount) short(most int) string {
	text := m.String()
	if letters(text) <= most {
		return text
	}
	rest := most - letters(Mount{ReadOnly: m.ReadOnly}.String())
	target := min(letters(m.Target), max(rest/2, rest-letters(m.Source)))
	m.Target = shorten(m.Target, target)
	m.Source = shorten(m.Source, rest-letters(m.Target))
	return m.String()
}

// arrows draws the arrows that end at an item, in the order of their beginnings from top to bottom.
func (d *drawing) arrows(it *item) {
	slices.SortStableFunc(it.from, func(a, b *link) int { return cmp.Compare(a.from.y, b.from.y) })
	for i, l := range it.from {
		fromX, fromY := l.from.x+l.from.w, l.from.y+firstArrow
		if l.from.service == nil {
			fromY = l.from.y + passRoom/2
		}
		end, y, rest := it.x, it.y+it.h/2, fmt.Sprintf("H%d", it.x+it.w)
		if it.service != nil {
			end, y, rest = it.x-7, it.y+firstArrow+i*arrowGap, "" // the head is 7 wide
		}
		half := max((end-fromX)/2, 20)
		a := arrow{
			Path: fmt.Sprintf("M%d %dC%d %d %d %d %d %d%s", fromX, fromY, fromX+half, fromY, end-half, y, end, y, rest),
			Head: it.service != nil, Tip: l.first + " starts before " + strings.Join(l.last, ", "),
		}
		if l.until != "" {
			a.Until, a.X, a.Y = l.until, it.x-10, y-5
			a.Tip += ", which waits until it is " + l.until
		}
		d.Arrows = append(d.Arrows, a)
	}
}

// letters returns the width of a text in letters. A letter of East Asia counts as two.
func letters(text string) int {
	n := 0
	for _, r := range text {
		n++
		if r >= 0x1100 && (r <= 0x115f || r >= 0x2e80 && r <= 0xd7a3 || r >= 0xf900 && r <= 0xfaff || r >= 0xfe30 && r <= 0xff60 || r >= 0x1f300) {
			n++
		}
	}
	return n
}

// wide returns the width of a text in pixels. Capitals, such as those of variables, are wider than other letters.
func wide(text string) float64 {
	capitals := 0
	for _, r := range text {
		if 'A' <= r && r <= 'Z' {
			capitals++
		}
	}
	return float64(letters(text))*letter + 2*float64(capitals)
}

// shorten returns a text, or its beginning and its end with "…" between them, in at most so many letters.
func shorten(text string, most int) string {
	if letters(text) <= most {
		return text
	}
	runes := []rune(text)
	head, tail := most/2, max(most-most/2-1, 0)
	for head+tail > 0 {
		if short := string(runes[:min(head, len(runes))]) + "…" + string(runes[max(len(runes)-tail, 0):]); letters(short) <= most {
			return short
		}
		if head > tail {
			head--
		} else {
			tail--
		}
	}
	return "…"
}
