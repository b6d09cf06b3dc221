package report

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tp0-lab/composer/internal/text"
)

// Limits of a picture.
const (
	maxLanes = 16
	maxRows  = 120
	pause    = time.Second           // like events so far apart make two marks
	together = 20 * time.Millisecond // the order of two containers' lines is uncertain within this time
)

// lane is a container.
type lane struct {
	name   string
	server bool
	number int // of a client, else 0
}

// mark is an event or a run of like events.
type mark struct {
	event
	lane       int // index of timeline.lanes
	first, end int // rows of its first and its last line
	lines      int
	done       int // lines with result: success
	bets       int // the sum of cantidad
	from, to   Line
	pairs      []string
}

// arrow goes from one mark to another.
type arrow struct {
	from, to *mark
	sure     bool // the lines name the same bet, message or agency
}

// timeline is the layout of a picture: marks in rows, in the order of the lines.
type timeline struct {
	lanes   []lane
	hidden  int // containers beyond maxLanes
	marks   []*mark
	rows    []time.Time // of each row's first line
	arrows  []arrow
	omitted int // lines beyond maxRows
}

// entry is a line of a lane.
type entry struct {
	event
	line Line
	lane int // index of timeline.lanes
	pair string
}

// newTimeline lays lines out in rows. For more than maxRows rows, it ignores pauses, then the differences of actions, and
// then omits the rest.
func newTimeline(lines []Line) *timeline {
	t := &timeline{}
	t.findLanes(lines)
	entries := t.inOrder(t.entries(lines))
	for _, coarse := range []int{0, 1, 2} {
		t.marks, t.rows, t.omitted = nil, nil, 0
		t.place(entries, coarse)
		if t.omitted == 0 {
			break
		}
	}
	t.findArrows()
	return t
}

func (t *timeline) entries(lines []Line) []entry {
	var all []entry
	for _, line := range lines {
		if i := slices.IndexFunc(t.lanes, func(l lane) bool { return l.name == line.Container }); i >= 0 {
			e := parse(line.Text)
			all = append(all, entry{event: e, line: line, lane: i, pair: e.pair(t.lanes[i])})
		}
	}
	return all
}

// inOrder puts a line of the server before the client's line that it causes, if it was read at most together later. The
// order of each container's lines stays.
func (t *timeline) inOrder(entries []entry) []entry {
	causes := map[string][]int{} // indices of the server's lines, in order, by pair
	for i, e := range entries {
		if t.lanes[e.lane].server && (e.kind == echoKind || e.kind == answerKind) && e.pair != "" {
			causes[e.pair] = append(causes[e.pair], i)
		}
		if t.lanes[e.lane].server && e.kind == drawKind {
			causes["draw"] = append(causes["draw"], i)
		}
	}
	cause := func(i int, of string) int {
		next, _ := slices.BinarySearch(causes[of], i)
		if next == len(causes[of]) || entries[causes[of][next]].line.At.Sub(entries[i].line.At) > together {
			return -1
		}
		return causes[of][next]
	}
	held := make([][]int, len(t.lanes)) // indices of waiting entries, by lane
	until := make([]int, len(t.lanes))  // index of the entry for which they wait
	out := make([]entry, 0, len(entries))
	for i, e := range entries {
		if t.lanes[e.lane].server {
			out = append(out, e)
			for l, waiting := range held {
				if len(waiting) > 0 && until[l] == i {
					for _, w := range waiting {
						out = append(out, entries[w])
					}
					held[l] = nil
				}
			}
			continue
		}
		if wait := max(cause(i, e.pair), cause(i, "draw")); len(held[e.lane]) == 0 && (e.kind == echoKind || e.kind == answerKind) && wait >= 0 {
			until[e.lane] = wait
		} else if len(held[e.lane]) == 0 {
			out = append(out, e)
			continue
		}
		held[e.lane] = append(held[e.lane], i)
	}
	return out
}

var clientName = text.LazyRegexp(`client[-_]?([0-9]{1,6})`)

func newLane(name string) lane {
	l := lane{name: name, server: strings.Contains(name, "server")}
	if m := clientName().FindStringSubmatch(name); m != nil && !l.server {
		l.number, _ = strconv.Atoi(m[1]) // digits only
	}
	return l
}

// findLanes puts the server first, then clients by number, then the others.
func (t *timeline) findLanes(lines []Line) {
	known := map[string]bool{}
	for _, l := range lines {
		if !known[l.Container] {
			known[l.Container] = true
			t.lanes = append(t.lanes, newLane(l.Container))
		}
	}
	rank := func(l lane) int {
		switch {
		case l.server:
			return 0
		case l.number > 0:
			return 1
		}
		return 2
	}
	slices.SortStableFunc(t.lanes, func(a, b lane) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.number, b.number), cmp.Compare(a.name, b.name))
	})
	t.hidden = max(0, len(t.lanes)-maxLanes)
	t.lanes = t.lanes[:min(len(t.lanes), maxLanes)]
}

// place makes the marks. A line joins a mark of like lines of its container since the last draw, signal or exit. Else it
// gets a mark in the last row, if the row has neither its lane nor its pair and is close in time, or in a new row.
func (t *timeline) place(entries []entry, coarse int) {
	open := make([]map[string]*mark, len(t.lanes))
	row := map[string]bool{} // lanes, by number, and pairs in the last row
	for _, e := range entries {
		key := e.like(coarse)
		m := open[e.lane][key]
		if m != nil && (coarse > 0 || e.line.At.Sub(m.to.At) < pause) {
			m.add(e)
			m.end = len(t.rows) - 1
			continue
		}
		if len(t.rows) == 0 || e.kind == drawKind || row["draw"] || row[strconv.Itoa(e.lane)] || row[e.pair] ||
			e.line.At.Sub(t.rows[len(t.rows)-1]).Abs() > together {
			if len(t.rows) == maxRows {
				t.omitted++
				continue
			}
			t.rows = append(t.rows, e.line.At)
			clear(row)
		}
		m = &mark{event: e.event, lane: e.lane, first: len(t.rows) - 1, end: len(t.rows) - 1, from: e.line}
		m.add(e)
		t.marks = append(t.marks, m)
		row[strconv.Itoa(e.lane)] = true
		if e.pair != "" {
			row[e.pair] = true
		}
		switch e.kind {
		case drawKind: // no container's marks go across a draw
			row["draw"] = true
			clear(open)
		case signalKind, exitKind:
			open[e.lane] = nil
		}
		if open[e.lane] == nil {
			open[e.lane] = map[string]*mark{}
		}
		open[e.lane][key] = m
	}
}

// like returns a key that events of the same mark share.
func (e entry) like(coarse int) string {
	switch {
	case e.kind == drawKind, e.kind == exitKind, e.kind == signalKind:
		return string(e.kind) + strconv.FormatBool(e.failed)
	case coarse == 2:
		return strconv.FormatBool(e.failed)
	case e.kind == finishKind:
		return e.line.Text
	}
	return e.action + strconv.FormatBool(e.failed)
}

func (m *mark) add(e entry) {
	m.lines++
	m.to = e.line
	if e.done {
		m.done++
	}
	if n, ok := e.number("cantidad"); ok {
		m.bets += n
	}
	if e.action != m.action {
		m.kind, m.action = plainKind, "other lines"
	}
	if e.pair != "" {
		m.pairs = append(m.pairs, e.pair)
	}
}

// findArrows connects marks of two sides: lines of the same pair, the bet from the side that was read first; a client's
// first batch and the server's next mark that stores bets; the last draw and an answer without a line of the server.
func (t *timeline) findArrows() {
	client := map[string]*mark{} // by pair
	for _, m := range t.marks {
		if !t.lanes[m.lane].server {
			for _, p := range m.pairs {
				client[p] = m
			}
		}
	}
	reached := map[*mark]bool{} // marks of clients
	linked := map[[2]*mark]bool{}
	for _, m := range t.marks {
		if !t.lanes[m.lane].server {
			continue
		}
		for _, p := range m.pairs {
			other := client[p]
			if other == nil || linked[[2]*mark{m, other}] {
				continue
			}
			linked[[2]*mark{m, other}] = true
			reached[other] = true
			a := arrow{from: m, to: other, sure: true}
			if m.kind == storeKind && other.first <= m.first {
				a.from, a.to = other, m
			}
			t.arrows = append(t.arrows, a)
		}
	}
	for _, m := range t.marks {
		if t.lanes[m.lane].server || reached[m] || m.failed {
			continue
		}
		var store, draw *mark // of the server: the next one that stores bets, and the last draw before
		for _, s := range t.marks {
			switch {
			case !t.lanes[s.lane].server:
			case s.kind == storeKind && s.end >= m.first && store == nil:
				store = s
			case s.kind == drawKind && s.first < m.first:
				draw = s
			}
		}
		switch {
		case m.kind == sendKind && store != nil:
			t.arrows = append(t.arrows, arrow{from: m, to: store})
		case m.kind == answerKind && draw != nil:
			t.arrows = append(t.arrows, arrow{from: draw, to: m})
		}
	}
}
