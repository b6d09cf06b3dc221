package report

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// What a picture holds at most.
const (
	maxLanes = 16
	maxRows  = 120
	pause    = time.Second           // like events so far apart are two marks
	together = 20 * time.Millisecond // so close, the order of two containers' lines says nothing
)

// lane is one container.
type lane struct {
	name   string
	server bool
	number int // of a client, else 0
}

// mark is one event, or a run of like ones.
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

// timeline is the layout of a picture: marks in rows, from above to below in the order of the lines.
type timeline struct {
	lanes   []lane
	hidden  int // containers beyond maxLanes
	marks   []*mark
	rows    []time.Time // of each row's first line
	arrows  []arrow
	omitted int // lines beyond maxRows
}

// newTimeline lays the lines out. Where they would take more than maxRows rows, it looks away from pauses, then from
// what the actions are, and then it leaves the rest out.
func newTimeline(lines []Line) *timeline {
	var t *timeline
	for _, coarse := range []int{0, 1, 2} {
		t = &timeline{}
		t.findLanes(lines)
		t.place(lines, coarse)
		if t.omitted == 0 {
			break
		}
	}
	t.findArrows()
	return t
}

var clientName = regexp.MustCompile(`client[-_]?([0-9]{1,6})`)

func laneOf(name string) lane {
	l := lane{name: name, server: strings.Contains(name, "server")}
	if m := clientName.FindStringSubmatch(name); m != nil && !l.server {
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
			t.lanes = append(t.lanes, laneOf(l.Container))
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
	slices.SortFunc(t.lanes, func(a, b lane) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.number, b.number), cmp.Compare(a.name, b.name))
	})
	t.hidden = max(0, len(t.lanes)-maxLanes)
	t.lanes = t.lanes[:min(len(t.lanes), maxLanes)]
}

// place makes the marks. A line joins the mark of the like lines before it, of the same container, back to the last
// draw, signal or exit; else it gets a mark of its own, in the row that is being filled where that is honest.
func (t *timeline) place(lines []Line, coarse int) {
	index := map[string]int{}
	for i, l := range t.lanes {
		index[l.name] = i
	}
	open := make([]map[string]*mark, len(t.lanes))
	taken := map[int]bool{} // lanes with a mark in the last row
	for _, line := range lines {
		i, shown := index[line.Container]
		if !shown {
			continue
		}
		e := parse(line.Text)
		key := e.like(line.Text, coarse)
		if m := open[i][key]; m != nil && (coarse > 0 || line.At.Sub(m.to.At) < pause) {
			m.add(e, line, t.lanes[i])
			m.end = len(t.rows) - 1
			continue
		}
		if len(t.rows) == 0 || taken[i] || !t.shares(e, line) {
			if len(t.rows) == maxRows {
				t.omitted++
				continue
			}
			t.rows = append(t.rows, line.At)
			clear(taken)
		}
		m := &mark{event: e, lane: i, first: len(t.rows) - 1, end: len(t.rows) - 1, from: line}
		m.add(e, line, t.lanes[i])
		t.marks = append(t.marks, m)
		taken[i] = true
		switch e.kind {
		case drawKind: // what comes before a draw and what comes after it are two things, for everybody
			clear(open)
			for i := range t.lanes {
				taken[i] = true
			}
		case signalKind, exitKind:
			open[i] = nil
		}
		if open[i] == nil {
			open[i] = map[string]*mark{}
		}
		open[i][key] = m
	}
}

// like names the events that make one mark.
func (e event) like(text string, coarse int) string {
	switch {
	case e.kind == drawKind, e.kind == exitKind, e.kind == signalKind:
		return string(e.kind) + strconv.FormatBool(e.failed)
	case coarse == 2:
		return strconv.FormatBool(e.failed)
	case e.kind == finishKind:
		return text
	}
	return e.action + strconv.FormatBool(e.failed)
}

// shares tells whether a line may begin in the last row.
func (t *timeline) shares(e event, line Line) bool {
	return e.kind != drawKind && line.At.Sub(t.rows[len(t.rows)-1]).Abs() <= together
}

func (m *mark) add(e event, line Line, l lane) {
	m.lines++
	m.to = line
	if e.done {
		m.done++
	}
	if n, ok := e.number("cantidad"); ok {
		m.bets += n
	}
	if e.action != m.action {
		m.kind, m.action = plainKind, "other lines"
	}
	if p := e.pair(l); p != "" {
		m.pairs = append(m.pairs, p)
	}
}

// findArrows draws what the log tells of two sides: lines that name the same thing, from the one that was read first;
// a client's first batch to where the server stores; the last draw to an answer whose server line is missing.
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
			if other.first < m.first || other.first == m.first && other.kind == sendKind {
				a.from, a.to = other, m
			}
			t.arrows = append(t.arrows, a)
		}
	}
	for _, m := range t.marks {
		if t.lanes[m.lane].server || reached[m] || m.failed {
			continue
		}
		switch m.kind {
		case sendKind:
			t.arrow(m, t.find(func(s *mark) bool { return s.kind == storeKind && s.end >= m.first }))
		case answerKind:
			var draw *mark
			for _, s := range t.marks {
				if s.kind == drawKind && t.lanes[s.lane].server && s.first < m.first {
					draw = s
				}
			}
			t.arrow(draw, m)
		}
	}
}

// find returns the server's first such mark.
func (t *timeline) find(is func(*mark) bool) *mark {
	for _, m := range t.marks {
		if t.lanes[m.lane].server && is(m) {
			return m
		}
	}
	return nil
}

func (t *timeline) arrow(from, to *mark) {
	if from != nil && to != nil {
		t.arrows = append(t.arrows, arrow{from: from, to: to})
	}
}
