package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Sizes of a picture, in CSS pixels. Text is 12 px, of which a lane holds labelWidth letters.
const (
	gutter     = 72 // for the times, left of the lanes
	laneWidth  = 176
	labelWidth = 22
	headHeight = 44
	rowHeight  = 24
	detailRoom = 14 // for a second line of text
	drawRoom   = 12 // for the band of a draw
	pauseRoom  = 22
	barLeast   = 18
)

// picture is a timeline in coordinates, ready for the template.
type picture struct {
	ID, Desc      string
	Width, Height int
	Foot          int // y of the names below
	Lanes         []pictureLane
	Times         []pictureText
	Bands         []int // y of each draw
	Arrows        []pictureArrow
	Marks         []pictureMark
}

type pictureLane struct {
	X     int
	Name  string
	Role  string
	Lives [][2]int // y where the container begins to speak, and where it ended
}

type pictureText struct {
	Y     int
	Text  string
	Pause bool
}

type pictureArrow struct {
	X1, Y1, X2, Y2 int
	Sure           bool
	Tip            string
}

type pictureMark struct {
	Kind          kind
	Failed        bool
	X, Y          int
	Bar           int // height, 0 for a single event
	Label, Detail string
	Tip           string
}

// drawing turns rows into y.
type drawing struct {
	*timeline
	y []int
}

func (t *timeline) picture(id string) *picture {
	d := &drawing{timeline: t}
	p := &picture{ID: id, Desc: t.describe(), Width: gutter + laneWidth*len(t.lanes) + 8}
	d.rows(p)
	for i, l := range t.lanes {
		role := "other"
		switch {
		case l.server:
			role = "server"
		case l.number > 0:
			role = "client"
		}
		p.Lanes = append(p.Lanes, pictureLane{
			X: laneX(i), Name: shorten(visible(cmp.Or(l.name, "(no name)"), maxPageText), labelWidth), Role: role, Lives: d.lives(i, p.Foot-20),
		})
	}
	for _, m := range t.marks {
		if m.kind == drawKind {
			p.Bands = append(p.Bands, d.y[m.first])
		}
		p.Marks = append(p.Marks, d.mark(m))
	}
	for _, a := range t.arrows {
		p.Arrows = append(p.Arrows, d.line(a))
	}
	return p
}

func laneX(i int) int { return gutter + laneWidth*i + 14 }

// rows gives each row the height that its marks need.
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
	last := ""
	for i, at := range d.timeline.rows {
		if i > 0 {
			if gap := at.Sub(d.timeline.rows[i-1]); gap >= pause {
				p.Times = append(p.Times, pictureText{Y: y + 8, Text: seconds(gap) + " later", Pause: true})
				y += pauseRoom
			}
		}
		if slices.ContainsFunc(d.marks, func(m *mark) bool { return m.kind == drawKind && m.first == i }) {
			y += drawRoom
		}
		d.y = append(d.y, y+rowHeight/2)
		if text := offset(at, d.timeline.rows[0]); text != last {
			p.Times = append(p.Times, pictureText{Y: y + rowHeight/2, Text: text})
			last = text
		}
		y += rowHeight + extra[i]
	}
	p.Foot = y + 24
	p.Height = p.Foot + 12
}

// lives are the parts of a lane between first sign and exit; a container that was started anew has several.
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
		Kind: m.kind, Failed: m.failed, X: laneX(m.lane), Y: d.y[m.first],
		Label: m.label(), Detail: shorten(visible(m.detail(l), maxPageText), labelWidth), Tip: m.tip(l),
	}
	if m.lines > 1 {
		p.Bar = max(barLeast, d.y[m.end]-d.y[m.first]+8)
	}
	return p
}

// line goes downwards, never up: the log has an order, if only that of reading.
func (d *drawing) line(a arrow) pictureArrow {
	from, to := d.y[a.from.first], d.y[a.to.first]
	if to <= from {
		to = from + 7
	}
	p := pictureArrow{X1: laneX(a.from.lane), Y1: from, X2: laneX(a.to.lane), Y2: to, Sure: a.sure}
	toward := 8
	if p.X2 < p.X1 {
		toward = -8
	}
	p.X1 += toward
	p.X2 -= toward + toward/4
	names := d.lanes[a.from.lane].name + " → " + d.lanes[a.to.lane].name
	if a.sure {
		p.Tip = names + ": both lines name the same " + strings.SplitN(a.from.pairOf(a.to), " ", 2)[0]
	} else {
		p.Tip = names + ": inferred from the order; the lines do not say it"
	}
	p.Tip = visible(p.Tip, maxPageText)
	return p
}

// pairOf is what both marks name.
func (m *mark) pairOf(other *mark) string {
	for _, p := range m.pairs {
		if slices.Contains(other.pairs, p) {
			return p
		}
	}
	return "thing"
}

func (m *mark) count() int {
	if m.done > 0 && !m.failed {
		return m.done // accept_connections is in_progress once more often
	}
	return m.lines
}

func (m *mark) label() string {
	text := visible(cmp.Or(m.action, "(no action)"), maxPageText)
	if n := m.count(); n > 1 {
		times := " ×" + thousands(n)
		return shorten(text, labelWidth-len(times)+1) + times
	}
	return shorten(text, labelWidth)
}

func (m *mark) detail(l lane) string {
	one := m.lines == 1
	switch m.kind {
	case sendKind, storeKind:
		switch {
		case m.bets > 0:
			return plural(m.bets, "bet", "bets")
		case one && m.fields["dni"] != "":
			return "dni " + m.fields["dni"]
		}
	case answerKind:
		if winners, ok := m.number("cant_ganadores"); ok && one {
			text := plural(winners, "winner", "winners")
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

// tip is shown where the pointer rests.
func (m *mark) tip(l lane) string {
	text := visible(l.name+": "+m.from.Text, 300)
	if m.lines > 1 {
		text += fmt.Sprintf("\n… %s, the last one:\n%s", plural(m.lines, "line", "lines"), visible(m.to.Text, 300))
	}
	return text
}

// offset is when something was, counted from the start.
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
		return thousands(int(s)) + " s"
	}
}
