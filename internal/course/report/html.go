package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/tp0-lab/composer/internal/course/words"
	"github.com/tp0-lab/composer/internal/text"
)

//go:embed page.css
var pageCSS string

//go:embed page.html.tmpl
var pageText string

// pageFunctions are the functions of the pages' templates.
var pageFunctions = template.FuncMap{
	"visible": func(s string) string { return visible(s, maxPageText) },
	"symbol": func(s Status) string {
		return map[Status]string{Passed: "✓", Failed: "✕", Unjudged: "?", Skipped: "–", Unasked: "·"}[s]
	},
	"words": func(s Status) string { return verdicts[s] },
}

// pageTemplate is parsed on first use. All texts of a report that the page shows go through visible.
var pageTemplate = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("page").Funcs(pageFunctions).Funcs(languageFunctions(words.English)).Parse(pageText))
})

// in returns a copy of a template whose functions write a language.
func in(l words.Language, page *template.Template) *template.Template {
	return template.Must(page.Clone()).Funcs(languageFunctions(l))
}

func languageFunctions(l words.Language) template.FuncMap {
	return template.FuncMap{
		"t":    l.Text,
		"te":   l.ErrorText,
		"lang": l.Code,
		"date": func(at time.Time) string {
			if l == words.Spanish {
				return fmt.Sprintf("%d de %s de %s", at.Day(), l.Text(at.Month().String()), at.Format("2006, 15:04:05 MST"))
			}
			return at.Format("2 January 2006, 15:04:05 MST")
		},
		"seconds": func(d time.Duration) string { return numbersIn(l, seconds(d)) },
		"took":    func(d time.Duration) string { return took(l, d) },
	}
}

// took formats how long something took: two minutes and more in minutes and seconds.
func took(l words.Language, d time.Duration) string {
	if d < 2*time.Minute {
		return numbersIn(l, seconds(d))
	}
	s := int(d.Seconds())
	return numbersIn(l, fmt.Sprintf("%s min %d s", text.Thousands(s/60), s%60))
}

// numbersIn writes the English numbers of a text as a language does: Spanish has a comma before decimals.
func numbersIn(l words.Language, text string) string {
	if l == words.Spanish {
		return strings.NewReplacer(".", ",", ",", ".").Replace(text)
	}
	return text
}

// verdicts are the verdicts in words.
var verdicts = map[Status]string{
	Passed: "passed", Failed: "failed", Unjudged: "cannot be judged", Skipped: "skipped", Unasked: "not asked for",
}

type (
	document struct {
		Report
		CSS      template.CSS // our own file, no part of a report
		Heading  string
		Statuses []Status
		Missing  []Gap
		Stages   []pageStage
		Shapes   []pageShape
	}
	pageStage struct {
		Report    // of this stage
		Name, ID  string
		Branch    string // "" of this project
		Scenarios []pageScenario
	}
	pageScenario struct {
		Scenario
		ID           string
		Problems     []pageProblem
		MoreProblems int
		Story        []string
		Picture      *picture
		Log          pageLog
	}
	pageProblem struct {
		Problem
		Number int
		Around pageLog
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

// WriteHTML writes the report as one page that loads nothing: a grid of all scenarios, then the problems, the timeline as
// SVG and the log of each scenario. The page holds at most a thousand lines of a scenario, of at most 1 KiB each, and
// says how many it omits. A timeline holds at most 16 containers in 120 rows.
func WriteHTML(w io.Writer, r Report) error {
	if err := in(r.Language, pageTemplate()).Execute(w, newPage(r)); err != nil {
		return fmt.Errorf("write HTML report: %w", err)
	}
	return nil
}

func newPage(r Report) document {
	p := document{Report: r, CSS: template.CSS(pageCSS), Statuses: statuses, Missing: r.Gaps(), Shapes: shapes}
	failed, passed, total := r.Count(Failed), r.Count(Passed), len(r.Scenarios)
	switch {
	case failed > 0:
		p.Heading = fmt.Sprintf("%d of %s failed", failed, plural(total, "scenario"))
	case passed == 0:
		p.Heading = "Nothing was judged"
	case passed < total:
		p.Heading = plural(passed, "scenario") + " passed"
		for _, s := range []Status{Unjudged, Skipped, Unasked} {
			if n := r.Count(s); n > 0 {
				p.Heading += fmt.Sprintf(", %d %s", n, verdicts[s])
			}
		}
	case total == 1:
		p.Heading = "The one scenario passed"
	default:
		p.Heading = "All " + plural(total, "scenario") + " passed"
	}
	ids := identifiers{}
	for _, st := range r.stages() {
		ps := pageStage{Report: Report{Scenarios: st.scenarios}, Name: st.name, ID: ids.unique("stage-" + st.name)}
		for _, b := range r.Branches {
			if b.Stage == st.name {
				ps.Branch = b.describe(len(b.Commit))
			}
		}
		for _, s := range st.scenarios {
			ps.Scenarios = append(ps.Scenarios, newPageScenario(s, ids.unique(s.Stage+"-"+s.Name)))
		}
		p.Stages = append(p.Stages, ps)
	}
	return p
}

func newPageScenario(s Scenario, id string) pageScenario {
	s.Status = s.outcome()
	p := pageScenario{Scenario: s, ID: id, MoreProblems: max(0, len(s.Problems)-maxProblems)}
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
		p.Problems = append(p.Problems, pageProblem{problem, i + 1, newPageLog(problem.Around, start, maxAround)})
	}
	return p
}

func newPageLog(lines []Line, start time.Time, limit int) pageLog {
	convert := func(lines []Line) (out []pageLine) {
		for _, l := range lines {
			out = append(out, pageLine{offset(l.At, start), visible(l.Container, 64), visible(l.Text, maxPageText), parse(l.Text).failed})
		}
		return out
	}
	first, last, omitted := middle(lines, limit)
	return pageLog{First: convert(first), Last: convert(last), Omitted: omitted, Total: plural(len(lines), "line")}
}

// identifiers makes unique ids of elements from letters, digits and dashes.
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
