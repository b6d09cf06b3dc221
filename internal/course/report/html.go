package report

import (
	"cmp"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"strings"
	"sync"
	"time"
)

//go:embed page.css
var pageCSS string

//go:embed page.html.tmpl
var pageText string

// pageTemplate is parsed when it is needed first, not by each start of a program.
var pageTemplate = sync.OnceValue(func() *template.Template { return template.Must(template.New("page").Parse(pageText)) })

type (
	document struct {
		CSS                            template.CSS // our own file, never anything of a report
		Title, Target, Engine          string
		Failed                         bool
		Verdict, Started, StartedISO   string
		Took                           string
		Passes, Failures, Skips, Total int
		Stages                         []pageStage
		Shapes                         []pageShape
	}
	pageStage struct {
		Name, ID         string
		Passes, Failures int
		Skips, Total     int
		Scenarios        []pageScenario
	}
	pageScenario struct {
		ID, Name, Title string
		Status          Status
		Word, Symbol    string
		Took, Reason    string
		Problems        []pageProblem
		MoreProblems    int
		Story           []string
		Picture         *picture
		Log             pageLog
	}
	pageProblem struct {
		Number         int
		Expected, Seen string
		Around         pageLog
	}
	pageLog struct {
		First, Last []pageLine
		Omitted     int
		Total       string
	}
	pageLine struct {
		At, Container, Text string
		Failed              bool
	}
	pageShape struct {
		Kind   kind
		Failed bool
		Text   string
	}
)

var shapes = []pageShape{
	{storeKind, false, "bets sent or stored"},
	{drawKind, false, "the draw"},
	{answerKind, false, "an answer with winners"},
	{finishKind, false, "an agency is through"},
	{echoKind, false, "a message"},
	{plainKind, false, "any other action"},
	{textKind, false, "output of another format"},
	{signalKind, false, "a signal"},
	{exitKind, false, "ended well"},
	{exitKind, true, "ended with another code than 0"},
	{plainKind, true, "something failed"},
}

// WriteHTML writes the report as one page that loads nothing from anywhere: a grid of all scenarios, and for each one
// its problems, a timeline drawn as SVG, and its log. The page holds at most a thousand lines of a scenario, each of at
// most 1 KiB, and says how many it leaves out; a timeline holds at most 16 containers in 120 rows.
func WriteHTML(w io.Writer, r Report) error {
	if err := pageTemplate().Execute(w, newPage(r)); err != nil {
		return fmt.Errorf("write HTML report: %w", err)
	}
	return nil
}

func newPage(r Report) document {
	p := document{
		CSS: template.CSS(pageCSS), Target: visible(r.Target, maxPageText), Engine: visible(r.Engine, maxPageText),
		Failed: r.Failed(), Started: r.Started.Format("2 January 2006, 15:04:05 MST"), StartedISO: r.Started.Format(time.RFC3339),
		Took: seconds(r.Duration), Passes: r.Count(Passed), Failures: r.Count(Failed), Skips: r.Count(Skipped), Total: len(r.Scenarios),
		Shapes: shapes,
	}
	switch {
	case p.Failures > 0:
		p.Verdict = fmt.Sprintf("%d of %s failed", p.Failures, plural(p.Total, "scenario", "scenarios"))
	case p.Passes == 0:
		p.Verdict = "No scenario ran"
	case p.Skips > 0:
		p.Verdict = fmt.Sprintf("%s passed, %d skipped", plural(p.Passes, "scenario", "scenarios"), p.Skips)
	default:
		p.Verdict = "All " + plural(p.Total, "scenario", "scenarios") + " passed"
		if p.Total == 1 {
			p.Verdict = "The one scenario passed"
		}
	}
	p.Title = p.Verdict + " – composer verify"
	ids := identifiers{}
	for _, st := range r.stages() {
		part := Report{Scenarios: st.scenarios}
		ps := pageStage{
			Name: visible(st.name, maxPageText), ID: ids.unique("stage-" + st.name), Total: len(st.scenarios),
			Passes: part.Count(Passed), Failures: part.Count(Failed), Skips: part.Count(Skipped),
		}
		for _, s := range st.scenarios {
			ps.Scenarios = append(ps.Scenarios, newPageScenario(s, ids.unique(s.Stage+"-"+s.Name)))
		}
		p.Stages = append(p.Stages, ps)
	}
	return p
}

func newPageScenario(s Scenario, id string) pageScenario {
	p := pageScenario{
		ID: id, Name: visible(cmp.Or(s.Name, "(no name)"), maxPageText), Title: visible(s.Title, maxPageText),
		Status: s.outcome(), Took: seconds(s.Duration), Reason: visible(s.Reason, maxPageText),
	}
	switch p.Status {
	case Passed:
		p.Word, p.Symbol = "passed", "✓"
	case Failed:
		p.Word, p.Symbol = "failed", "✕"
	case Skipped:
		p.Word, p.Symbol = "skipped", "–"
	}
	var start time.Time
	if len(s.Timeline) > 0 {
		start = s.Timeline[0].At
		t := newTimeline(s.Timeline)
		p.Picture = t.picture(id)
		p.Story = t.story()
		p.Log = newPageLog(s.Timeline, start, maxPageLines)
	}
	for i, problem := range s.Problems[:min(len(s.Problems), maxProblems)] {
		if start.IsZero() && len(problem.Around) > 0 {
			start = problem.Around[0].At
		}
		p.Problems = append(p.Problems, pageProblem{
			Number: i + 1, Expected: visible(problem.Expected, maxPageText), Seen: visible(problem.Seen, maxPageText),
			Around: newPageLog(problem.Around, start, maxAround),
		})
	}
	p.MoreProblems = len(s.Problems) - len(p.Problems)
	return p
}

func newPageLog(lines []Line, start time.Time, limit int) pageLog {
	convert := func(lines []Line) []pageLine {
		out := make([]pageLine, len(lines))
		for i, l := range lines {
			out[i] = pageLine{offset(l.At, start), visible(l.Container, 64), visible(l.Text, maxPageText), parse(l.Text).failed}
		}
		return out
	}
	first, last, omitted := middle(lines, limit)
	return pageLog{First: convert(first), Last: convert(last), Omitted: omitted, Total: plural(len(lines), "line", "lines")}
}

// identifiers makes ids of elements: letters, digits and dashes, each once.
type identifiers map[string]bool

func (ids identifiers) unique(name string) string {
	id := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '-':
			return r
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		}
		return '-'
	}, cut(name, 80))
	for n := 2; ids[id]; n++ {
		if next := fmt.Sprintf("%s-%d", id, n); !ids[next] {
			id = next
		}
	}
	ids[id] = true
	return id
}
