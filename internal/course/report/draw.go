package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tp0-lab/composer/internal/text"
)

// Sizes of a picture, in CSS pixels. Text is 12 px, about 7 px a letter.
const (
	gutter      = 64  // for the times, left of the lanes
	serverLane  = 186 // labels are left of the lifeline, so that arrows come and go on the right
	serverLabel = 26  // letters
	clientLane  = 156 // labels are right of the lifeline
	clientLabel = 20
	besideLine  = 22 // free room on a lifeline's other side
	headHeight  = 44
	rowHeight   = 24
	detailRoom  = 14 // for a second line of text
	drawRoom    = 12 // for the band of a draw
	pauseRoom   = 24
	barLeast    = 18
)

// picture is a timeline in coordinates for the template.
type picture struct {
	ID            string
	Desc          []string // sentences
	Width, Height int
	Foot          int    // y where the lanes end
	Names         [2]int // y of the containers' names, above and below
	Lanes         []pictureLane
	Times         []pictureText
	Bands         []int // y of each draw
	Arrows        []pictureArrow
	Marks         []pictureMark
}

type pictureLane struct {
	X     int
	Name  string
	Left  bool     // labels are left of the lifeline
	Lives [][2]int // y of the container's first line and of its end
}

type pictureText struct {
	Y     int
	Text  string
	Pause bool
}

type pictureArrow struct {
	Path string // begins at the server, so that the dashes of several arrows coincide
	Back bool   // the head is at the server
	Sure bool
	Tip  string
}

type pictureMark struct {
	Kind          kind
	Failed        bool
	X, Y          int
	Bar           int // height, 0 for a single event
	Left          bool
	Label, Detail string
	Tip           string
}

// drawing turns lanes into x and rows into y.
type drawing struct {
	*timeline
	x, y []int
}

func (t *timeline) picture(id string) *picture {
	d := &drawing{timeline: t}
	p := &picture{ID: id, Desc: t.describe(), Width: d.columns()}
	d.rows(p)
	for i, l := range t.lanes {
		p.Lanes = append(p.Lanes, pictureLane{
			X: d.x[i], Name: shorten(visible(cmp.Or(l.name, "(no name)"), maxPageText), l.letters()), Left: l.server, Lives: d.lives(i, p.Foot-20),
		})
	}
	for _, m := range t.marks {
		if m.kind == drawKind {
			p.Bands = append(p.Bands, d.y[m.first])
		}
		p.Marks = append(p.Marks, d.mark(m))
	}
	// The most telling marks come last, and so on top.
	slices.SortStableFunc(p.Marks, func(a, b pictureMark) int { return cmp.Compare(a.weight(), b.weight()) })
	for _, a := range t.arrows {
		p.Arrows = append(p.Arrows, d.line(a))
	}
	return p
}

func (m pictureMark) weight() int {
	switch {
	case m.Failed:
		return 3
	case m.Bar == 0:
		return 2
	case m.Kind != plainKind && m.Kind != textKind:
		return 1
	}
	return 0
}

// letters returns the number of letters that fit beside a lifeline.
func (l lane) letters() int {
	if l.server {
		return serverLabel
	}
	return clientLabel
}

// columns places the lifelines and returns the width of the picture.
func (d *drawing) columns() int {
	x := gutter
	for _, l := range d.lanes {
		if l.server {
			d.x = append(d.x, x+serverLane)
			x += serverLane + besideLine
		} else {
			d.x = append(d.x, x+besideLine)
			x += besideLine + clientLane
		}
	}
	return x
}

// rows places the rows and the times beside them. A row is as high as its marks need.
func (d *drawing) rows(p *picture) {
	extra := make([]int, len(d.timeline.rows))
	for _, m := range d.marks {
		if m.detail(d.lanes[m.lane]) != "" {
			extra[m.first] = max(extra[m.first], detailRoom)
		}
		if m.kind == drawKind {
			extra[m.first] = max(extra[m.first], drawRoom)
		}
	}
	y := headHeight + 8
	var last time.Duration
	for i, at := range d.timeline.rows {
		if i > 0 {
			if gap := at.Sub(d.timeline.rows[i-1]); gap >= pause {
				p.Times = append(p.Times, pictureText{Y: y + pauseRoom/2, Text: seconds(gap) + " later", Pause: true})
				y += pauseRoom
			}
		}
		if slices.ContainsFunc(d.marks, func(m *mark) bool { return m.kind == drawKind && m.first == i }) {
			y += drawRoom
		}
		d.y = append(d.y, y+rowHeight/2)
		// The times of lines that were read late are left out: they would go backwards.
		if since := at.Sub(d.timeline.rows[0]); i == 0 || since >= last+10*time.Millisecond {
			p.Times = append(p.Times, pictureText{Y: y + rowHeight/2, Text: offset(at, d.timeline.rows[0])})
			last = since
		}
		y += rowHeight + extra[i]
	}
	p.Foot = y + 24
	p.Height = p.Foot + 12
	p.Names = [2]int{24, p.Foot + 4}
}

// lives returns the parts of a lane between a first line and an exit. A container that was restarted has several.
func (d *drawing) lives(lane, bottom int) [][2]int {
	var all [][2]int
	from := -1
	for _, m := range d.marks {
		if m.lane != lane {
			continue
		}
		if from < 0 {
			from = d.y[m.first]
		}
		if m.kind == exitKind {
			all = append(all, [2]int{from, d.y[m.end]})
			from = -1
		}
	}
	if from >= 0 {
		all = append(all, [2]int{from, bottom})
	}
	return all
}

func (d *drawing) mark(m *mark) pictureMark {
	l := d.lanes[m.lane]
	p := pictureMark{
		Kind: m.kind, Failed: m.failed, X: d.x[m.lane], Y: d.y[m.first], Left: l.server,
		Label: m.label(l.letters()), Detail: shorten(visible(m.detail(l), maxPageText), l.letters()), Tip: m.tip(l),
	}
	if m.lines > 1 {
		p.Bar = max(barLeast, d.y[m.end]-d.y[m.first]+8)
	}
	return p
}

// line draws an arrow just above the client's row, where there is no text, and bends it to the marks at its ends.
func (d *drawing) line(a arrow) pictureArrow {
	server, client := a.from, a.to
	if d.lanes[client.lane].server {
		server, client = client, server
	}
	sx, sy, cx, cy := d.x[server.lane], d.y[server.first], d.x[client.lane], d.y[client.first]
	if server.first < client.first && server.end >= client.first && client.kind == sendKind {
		sy = cy // somewhere into the bar
	}
	away := 1 // from the server to the client
	if cx < sx {
		away = -1
	}
	points := [][2]int{{sx + 9*away, sy}, {sx + 16*away, cy - 11}, {cx - 16*away, cy - 11}, {cx - 9*away, cy - 3}}
	var path strings.Builder
	for i, p := range points {
		fmt.Fprintf(&path, "%c%d %d", "ML"[min(i, 1)], p[0], p[1])
	}
	tip := d.lanes[a.from.lane].name + " → " + d.lanes[a.to.lane].name
	if a.sure {
		tip += ": both log " + a.from.shared(a.to)
	} else {
		tip += ": inferred from the order; the lines do not say it"
	}
	return pictureArrow{Path: path.String(), Back: a.from == client, Sure: a.sure, Tip: visible(tip, maxPageText)}
}

// shared returns the bet, message or answer that both marks name.
func (m *mark) shared(other *mark) string {
	i := slices.IndexFunc(m.pairs, func(pair string) bool { return slices.Contains(other.pairs, pair) })
	return m.pairs[i]
}

// count returns the number of lines that a mark's label shows.
func (m *mark) count() int {
	if m.done > 0 && !m.failed {
		return m.done // accept_connections is in_progress once more often
	}
	return m.lines
}

func (m *mark) label(letters int) string {
	action := visible(cmp.Or(m.action, "(no action)"), maxPageText)
	if n := m.count(); n > 1 {
		times := " ×" + text.Thousands(n)
		return shorten(action, letters-len(times)+1) + times
	}
	return shorten(action, letters)
}

func (m *mark) detail(l lane) string {
	one := m.lines == 1
	switch m.kind {
	case sendKind, storeKind:
		switch {
		case m.bets > 0:
			return plural(m.bets, "bet")
		case one && m.fields["dni"] != "":
			return "dni " + m.fields["dni"]
		}
	case answerKind:
		if winners, ok := m.number("cant_ganadores"); ok && one {
			text := plural(winners, "winner")
			if l.server && m.fields["agencia"] != "" {
				return "agency " + m.fields["agencia"] + ": " + text
			}
			return text
		}
	case finishKind:
		if m.fields["agencia"] != "" {
			return "agency " + m.fields["agencia"]
		}
	case signalKind:
		return m.fields["signal"]
	case echoKind:
		if one {
			return m.fields["msg"]
		}
	case textKind:
		if one {
			return strings.TrimSpace(m.from.Text)
		}
	}
	if m.failed {
		return cmp.Or(m.fields["error"], m.fields["reason"])
	}
	return ""
}

// tip returns the text that the page shows at the pointer.
func (m *mark) tip(l lane) string {
	text := visible(l.name+": "+m.from.Text, 300)
	if m.lines > 1 {
		text += fmt.Sprintf("\n… %s in %s, the last one:\n%s", plural(m.lines, "line"), seconds(m.to.At.Sub(m.from.At).Abs()), visible(m.to.Text, 300))
	}
	return text
}

// offset formats a time as the difference to the start.
func offset(at, start time.Time) string {
	d := at.Sub(start)
	if d < 0 {
		return "−" + seconds(-d)
	}
	return "+" + seconds(d)
}

func seconds(d time.Duration) string {
	switch s := d.Seconds(); {
	case d < 10*time.Second:
		return strconv.FormatFloat(math.Floor(s*100)/100, 'f', 2, 64) + " s"
	case d < 100*time.Second:
		return strconv.FormatFloat(math.Floor(s*10)/10, 'f', 1, 64) + " s"
	default:
		return text.Thousands(int(s)) + " s"
	}
}
