package report

import (
	"cmp"
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tp0-lab/composer/internal/course/words"
	"github.com/tp0-lab/composer/internal/text"
)

// Class holds the reports about the repositories of a class.
type Class struct {
	Composer string        // the version of composer
	Engine   string        // local or docker
	Started  time.Time     // when the run began
	Duration time.Duration // of the whole run
	Stages   []string      // that were asked for, in order
	Weights  Weights
	Students []Student      // in the order of the list
	Language words.Language // of the page and of the remarks
	// Separator is the character between the fields of the grades; 0 is a comma. With a semicolon, which spreadsheets
	// use that write a decimal comma, WriteGrades writes numbers with a decimal comma, and begins with a byte order
	// mark.
	Separator rune
}

// Weights has the points that each stage is worth.
type Weights map[string]float64

// Student is a repository of the class and the report about it.
type Student struct {
	Name   string // unique in its class
	Repo   string // the path of the repository
	Report Report // empty if Error is not
	Error  string // why nothing of the repository could be judged; "" if something was
	Page   string // the file of the page about the student, from the directory of the class page; "" without one
	Kept   bool   // the report is an earlier run's
}

// Verdict returns the verdict about the whole repository.
func (s Student) Verdict() Status {
	if s.Error != "" {
		return Unjudged
	}
	return s.Report.Verdict()
}

// Stage returns the report's scenarios of a stage as a report of its own.
func (s Student) Stage(name string) Report {
	part := Report{}
	for _, sc := range s.Report.Scenarios {
		if sc.Stage == name {
			part.Scenarios = append(part.Scenarios, sc)
		}
	}
	return part
}

// Points returns the sum of the weights of the stages in which the student is right. A stage that could not be judged
// counts nothing; unjudged lists these stages.
func (c Class) Points(s Student) (points float64, unjudged []string) {
	for _, stage := range c.Stages {
		switch s.Stage(stage).Verdict() {
		case Passed:
			points += c.Weights[stage]
		case Unjudged:
			unjudged = append(unjudged, stage)
		}
	}
	return round(points), unjudged
}

// MaxPoints returns the points of a student who is right in all stages.
func (c Class) MaxPoints() float64 {
	sum := 0.0
	for _, stage := range c.Stages {
		sum += c.Weights[stage]
	}
	return round(sum)
}

// round takes away what a sum of binary fractions has too much or too little: 0.1 and 0.2 are 0.3.
func round(x float64) float64 { return math.Round(x*1e9) / 1e9 }

// Verdict returns Failed if a student is wrong, else Unjudged if a student could not be judged or there is none, else
// Passed.
func (c Class) Verdict() Status {
	switch {
	case c.Count(Failed) > 0:
		return Failed
	case c.Count(Unjudged) > 0 || len(c.Students) == 0:
		return Unjudged
	}
	return Passed
}

// Count returns the number of students with a verdict.
func (c Class) Count(verdict Status) int {
	n := 0
	for _, s := range c.Students {
		if s.Verdict() == verdict {
			n++
		}
	}
	return n
}

// Failure is a problem that several students may share.
type Failure struct {
	Stage    string   `json:"stage"`
	Scenario string   `json:"scenario"`
	Expected string   `json:"expected"` // of the first problem
	Students []string `json:"students"` // in the order of the list
}

// Failures returns the first problem of each failed scenario, the most frequent first. Problems are alike if they differ
// in numbers only.
func (c Class) Failures() []Failure {
	failures := []Failure{}
	index := make(map[string]int)
	for _, s := range c.Students {
		for _, sc := range s.Report.Scenarios {
			if sc.outcome() != Failed || len(sc.Problems) == 0 {
				continue
			}
			expected := sc.Problems[0].Expected
			key := sc.Stage + "\n" + sc.Name + "\n" + text.WithoutNumbers(expected)
			i, ok := index[key]
			if !ok {
				i = len(failures)
				index[key] = i
				failures = append(failures, Failure{Stage: sc.Stage, Scenario: sc.Name, Expected: expected})
			}
			if !slices.Contains(failures[i].Students, s.Name) {
				failures[i].Students = append(failures[i].Students, s.Name)
			}
		}
	}
	slices.SortStableFunc(failures, func(a, b Failure) int {
		return cmp.Or(cmp.Compare(len(b.Students), len(a.Students)), cmp.Compare(a.Stage, b.Stage))
	})
	return failures
}

// WriteGrades writes a heading and a line for each student as CSV (RFC 4180, but lines end in LF): name, repository,
// the verdict about each stage, the points, the result of MaxPoints, and a remark for the teacher: why stages were not
// judged, and which branches lack commits of a remote's. A cell that a spreadsheet would take for a formula begins with
// an apostrophe.
func WriteGrades(w io.Writer, c Class) error {
	table, points := csv.NewWriter(w), number
	if c.Separator == ';' {
		table.Comma = ';'
		points = func(x float64) string { return strings.Replace(number(x), ".", ",", 1) }
		if _, err := io.WriteString(w, "\uFEFF"); err != nil {
			return fmt.Errorf("write grades: %w", err)
		}
	}
	_ = table.Write(slices.Concat([]string{"name", "repo"}, c.Stages, []string{"points", "of", "remark"})) // Flush keeps the error
	for _, s := range c.Students {
		sum, unjudged := c.Points(s)
		row := []string{cell(s.Name), cell(s.Repo)}
		for _, stage := range c.Stages {
			row = append(row, gradeWords[s.Stage(stage).Verdict()])
		}
		_ = table.Write(append(row, points(sum), points(c.MaxPoints()), cell(c.remark(s, unjudged))))
	}
	table.Flush()
	if err := table.Error(); err != nil {
		return fmt.Errorf("write grades: %w", err)
	}
	return nil
}

// remark says why stages were not judged, and which branches are behind a remote's.
func (c Class) remark(s Student, unjudged []string) string {
	var remarks []string
	if s.Error != "" {
		remarks = append(remarks, c.Language.ErrorText(s.Error))
	}
	for _, gap := range s.Report.Gaps() {
		stages := slices.DeleteFunc(slices.Clone(unjudged), func(stage string) bool {
			return !slices.ContainsFunc(gap.Names, func(name string) bool { return strings.HasPrefix(name, stage+" ") })
		})
		if len(stages) > 0 {
			remarks = append(remarks, strings.Join(stages, ", ")+": "+c.Language.Text(gap.Reason))
		}
	}
	for _, b := range s.Report.Behind() {
		remarks = append(remarks, c.Language.Text(b.String()))
	}
	return strings.Join(remarks, "; ")
}

var gradeWords = map[Status]string{Passed: "right", Failed: "wrong", Unjudged: "not judged"}

// cell keeps a spreadsheet from running a text of somebody else's as a formula.
func cell(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}

func number(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }

// The keys are those of docs/reports.md.
type (
	jsonClass struct {
		Composer        string        `json:"composer"`
		Engine          string        `json:"engine"`
		Started         time.Time     `json:"started"`
		DurationSeconds float64       `json:"duration_seconds"`
		Verdict         Status        `json:"verdict"`
		Weights         Weights       `json:"weights"`
		Students        []jsonStudent `json:"students"`
		Failures        []Failure     `json:"failures"`
	}
	jsonStudent struct {
		Name            string      `json:"name"`
		Repo            string      `json:"repo"`
		Page            string      `json:"page"`
		Error           string      `json:"error"`
		Verdict         Status      `json:"verdict"`
		Points          float64     `json:"points"`
		Of              float64     `json:"of"`
		DurationSeconds float64     `json:"duration_seconds"`
		BuildSeconds    float64     `json:"build_seconds"`
		Stages          []jsonStage `json:"stages"`
	}
	jsonStage struct {
		Stage    string `json:"stage"`
		Verdict  Status `json:"verdict"`
		Passed   int    `json:"passed"`
		Failed   int    `json:"failed"`
		Unjudged int    `json:"unjudged"`
		Skipped  int    `json:"skipped"`
		Branch   Branch `json:"branch"`
	}
)

// WriteClassJSON writes the results of a class as one JSON object with the keys of docs/reports.md.
func WriteClassJSON(w io.Writer, c Class) error {
	out := jsonClass{
		Composer: c.Composer, Engine: c.Engine, Started: c.Started, DurationSeconds: c.Duration.Seconds(), Verdict: c.Verdict(),
		Weights: c.Weights, Students: make([]jsonStudent, len(c.Students)), Failures: c.Failures(),
	}
	for i, f := range out.Failures {
		out.Failures[i].Expected = jsonText(f.Expected)
	}
	for i, s := range c.Students {
		points, _ := c.Points(s)
		st := jsonStudent{
			Name: jsonText(s.Name), Repo: jsonText(s.Repo), Page: s.Page, Error: jsonText(s.Error), Verdict: s.Verdict(), Points: points, Of: c.MaxPoints(),
			DurationSeconds: s.Report.Duration.Seconds(), BuildSeconds: s.Report.Building.Seconds(), Stages: make([]jsonStage, len(c.Stages)),
		}
		for j, stage := range c.Stages {
			part := s.Stage(stage)
			st.Stages[j] = jsonStage{
				Stage: stage, Verdict: part.Verdict(), Passed: part.Count(Passed), Failed: part.Count(Failed), Unjudged: part.Count(Unjudged),
				Skipped: part.Count(Skipped), Branch: s.Report.branch(stage),
			}
		}
		out.Students[i] = st
	}
	return writeJSON(w, out)
}

// branch returns the branch of a stage; the zero Branch if the report has none.
func (r Report) branch(stage string) Branch {
	for _, b := range r.Branches {
		if b.Stage == stage {
			return b
		}
	}
	return Branch{}
}
