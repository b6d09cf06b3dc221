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
	edgeRoom   = 60 // for arrows between the columns, at least
	laneGap    = 9  // between lines that go up or down
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
	Key           string
	Cards         []card
	Trunks        []*trunk
	Dense         bool // trunks have colours
	Buses         []bus
	Rails         []rail
	Stubs         []stub
	Empty         bool
}

type card struct {
	X, Y, W, H int
	Name, Full string
	Many, Idle bool // several services; one that starts only if somebody asks for it
	Lines      []cardLine
}

type cardLine struct {
	Y          int
	Fit        int    // width of a text that fills the card, for fonts with wider letters; 0 for other texts
	Kind, Text string // image, port, bind or volume
	Full       string
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

// colours is the number of colours of networks, and edgeColours that of trunks.
const (
	colours     = 6
	edgeColours = 8
)

// layout returns the drawing of the graph: a column of cards for each layer, with the rails of its networks beside it.
func (g *Graph) layout() *drawing {
	d := &drawing{Title: g.Title, Desc: g.Describe(), Empty: len(g.Services) == 0}
	columns := g.columns()
	top := busY(len(g.Networks)) + 16
	bottom := place(columns, top)
	var gaps []*gap
	for _, c := range columns {
		gaps = append(gaps, connect(c))
	}
	right := make([]int, len(g.Networks))         // ends of the buses
	x, lanes := margin, make([]int, len(columns)) // where those before each column begin
	for i, c := range columns {
		if i > 0 {
			lanes[i] = x
			x += gaps[i].width()
		}
		x = d.addColumn(c, x, right)
	}
	d.Width = max(x+margin, 420)
	d.Height = max(bottom, top+20) + margin + legendRoom
	d.Legend, d.Key = d.Height-margin, g.key()
	d.Width = max(d.Width, 2*margin+letters(d.Key)*7)
	for n, network := range g.Networks {
		b := bus{n % colours, margin, cmp.Or(right[n], margin+40), busY(n), shorten(network.Name, 40), shorten(network.Detail, 60)}
		d.Width = max(d.Width, 2*margin+(letters(b.Name)+letters(b.Detail)+3)*7)
		d.Buses = append(d.Buses, b)
	}
	for i, c := range columns {
		gaps[i].draw(lanes[i])
		d.Dense = d.Dense || len(gaps[i].branches) > manyBranches
		for _, it := range c {
			if it.service != nil {
				d.Trunks = append(d.Trunks, it.trunks...)
			}
		}
	}
	for i, t := range d.Trunks {
		t.Class = []string{"starts", "shares", "builds"}[t.kind]
		if d.Dense {
			t.Class += fmt.Sprintf(" e%d", i%edgeColours)
		}
	}
	return d
}

// addColumn adds the cards of a column that begins at x, their stubs, and the rails of their networks. It notes in right
// the x of each rail, and returns where the column ends.
func (d *drawing) addColumn(column []*item, x int, right []int) int {
	width := 0
	lowest := map[int]int{} // y of the last stub of each network
	for _, it := range column {
		it.x = x
		width = max(width, it.w)
		for i, n := range it.networks {
			lowest[n] = it.stubY(i)
		}
	}
	rails := map[int]int{} // x of each network's rail
	for n := range right {
		if end, ok := lowest[n]; ok {
			rails[n] = x + width + railGap*(len(rails)+1)
			right[n] = rails[n]
			d.Rails = append(d.Rails, rail{n % colours, rails[n], busY(n), end})
		}
	}
	for _, it := range column {
		it.w = width
		for i, n := range it.networks {
			d.Stubs = append(d.Stubs, stub{n % colours, x + width, rails[n], it.stubY(i)})
		}
		if it.service != nil {
			d.Cards = append(d.Cards, it.card())
		}
	}
	return x + width + railGap*(len(rails)+1)
}

// key returns the meaning of the signs in the drawing.
func (g *Graph) key() string {
	signs := []string{"→ starts before"}
	add := func(sign string, used func(s *Service) bool) {
		if slices.ContainsFunc(g.Services, used) {
			signs = append(signs, sign)
		}
	}
	linked := func(kind linkKind) func(s *Service) bool {
		return func(s *Service) bool {
			return slices.ContainsFunc(s.Links, func(l Link) bool { return l.Kind == kind })
		}
	}
	add("thick line: shares a namespace", linked(shares))
	add("dashed arrow: its image is built from the other's", linked(builds))
	add("dashed card: starts only if asked for", func(s *Service) bool { return s.Idle })
	add("● is on the network", func(s *Service) bool { return len(s.Networks) > 0 })
	add("(ro) is mounted read-only", func(s *Service) bool { return slices.ContainsFunc(s.Mounts, func(m Mount) bool { return m.ReadOnly }) })
	return strings.Join(signs, " · ")
}

// busY returns the y of the bus of the network with index n.
func busY(n int) int { return margin + titleRoom + n*busRoom }

// stubY returns the y of the item's stub with index i.
func (it *item) stubY(i int) int { return it.y + it.h - stubRoom*(len(it.networks)-i) + stubRoom/2 - 4 }

// size returns the size of a service's card.
func (s *Service) size() (w, h int) {
	width := float64(letters(s.Label)) * nameLetter
	lines := s.lines()
	for _, line := range lines {
		width = max(width, wide(line.text)+2*letter)
	}
	w = min(max(int(width)+2*cardPad, leastCard), mostCard)
	return w, 8 + nameRoom + len(lines)*lineRoom + 6 + len(s.Networks)*stubRoom
}

func (it *item) card() card {
	s := it.service
	c := card{X: it.x, Y: it.y, W: it.w, H: it.h, Full: s.Label, Many: len(s.Names) > 1, Idle: s.Idle}
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
	for _, l := range s.lines() {
		shown := l.text
		if l.mount != nil {
			shown = l.mount.short(room)
		}
		add(l.kind, shown, l.text)
	}
	return c
}

// short returns a mount in at most so many letters, with a part of its source and of its target.
func (m Mount) short(most int) string {
	text := m.String()
	if letters(text) <= most {
		return text
	}
	rest := most - letters(Mount{Kind: m.Kind, ReadOnly: m.ReadOnly, Target: " "}.String()) + 1
	target := min(letters(m.Target), max(rest/2, rest-letters(m.Source)))
	m.Target = shorten(m.Target, target)
	m.Source = shorten(m.Source, rest-letters(m.Target))
	return m.String()
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
