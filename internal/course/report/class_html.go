package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"slices"
	"sync"

	"github.com/tp0-lab/composer/internal/course/words"
)

//go:embed class.css
var classCSS string

//go:embed class.js
var classJS string

//go:embed class.html.tmpl
var classText string

// classTemplate is parsed on first use. All texts of a class that the page shows go through visible.
var classTemplate = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("class").Funcs(pageFunctions).Funcs(languageFunctions(words.English)).Parse(classText))
})

type (
	classPage struct {
		Class
		CSS      template.CSS // our own files, no part of a report
		JS       template.JS
		Heading  string
		Statuses []Status
		Rows     []classRow
		Failures []classFailure
		Of       string
	}
	classRow struct {
		Student
		Rank   int // the place in the order of the page
		Points string
		Cells  []classCell
	}
	classCell struct {
		Report
		Stage string
		Rank  int // for sorting: wrong, not judged, right
		Text  string
	}
	classFailure struct {
		Failure
		Students []Student
	}
)

// ranked are the verdicts in order: what a teacher has to look at comes first.
var ranked = []Status{Failed, Unjudged, Passed}

func rank(verdict Status) int { return max(0, slices.Index(ranked, verdict)) }

// WriteClassHTML writes the results of a class as one page that loads nothing: a grid of students and stages, those who
// are wrong first, and the failures that students share. The page links to the students' pages. Its script sorts and
// filters the grid; without the script the grid is whole.
func WriteClassHTML(w io.Writer, c Class) error {
	if err := in(c.Language, classTemplate()).Execute(w, newClassPage(c)); err != nil {
		return fmt.Errorf("write the page of the class: %w", err)
	}
	return nil
}

func newClassPage(c Class) classPage {
	p := classPage{
		Class: c, CSS: template.CSS(pageCSS + classCSS), JS: template.JS(classJS), Statuses: ranked, Of: number(c.MaxPoints()),
		Heading: fmt.Sprintf("%d of %s right in all stages", c.Count(Passed), plural(len(c.Students), "student")),
	}
	students := slices.Clone(c.Students)
	slices.SortStableFunc(students, func(a, b Student) int { return rank(a.Verdict()) - rank(b.Verdict()) })
	for i, s := range students {
		points, _ := c.Points(s)
		row := classRow{Student: s, Rank: i, Points: number(points)}
		for _, stage := range c.Stages {
			row.Cells = append(row.Cells, newClassCell(stage, s.Stage(stage)))
		}
		p.Rows = append(p.Rows, row)
	}
	for _, f := range c.Failures() {
		cf := classFailure{Failure: f}
		for _, s := range c.Students {
			if slices.Contains(f.Students, s.Name) {
				cf.Students = append(cf.Students, s)
			}
		}
		p.Failures = append(p.Failures, cf)
	}
	return p
}

func newClassCell(stage string, part Report) classCell {
	verdict := part.Verdict()
	cell := classCell{Report: part, Stage: stage, Rank: rank(verdict)}
	switch judged := part.Count(Passed) + part.Count(Failed); verdict {
	case Failed:
		cell.Text = fmt.Sprintf("%d/%d", part.Count(Passed), judged)
	case Passed:
		cell.Text = number(float64(judged))
	}
	return cell
}
