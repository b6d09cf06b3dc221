package report

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// The elements and attributes are those that Jenkins and GitLab read (https://github.com/testmoapp/junitxml). Both show
// only one failure of a test case, so one failure holds all problems.
type (
	junitSuites struct {
		XMLName xml.Name `xml:"testsuites"`
		Name    string   `xml:"name,attr"`
		junitCounts
		Suites []junitSuite `xml:"testsuite"`
	}
	junitCounts struct {
		Tests     int    `xml:"tests,attr"`
		Failures  int    `xml:"failures,attr"`
		Errors    int    `xml:"errors,attr"`
		Skipped   int    `xml:"skipped,attr"`
		Time      string `xml:"time,attr"` // seconds
		Timestamp string `xml:"timestamp,attr"`
	}
	junitSuite struct {
		Name string `xml:"name,attr"`
		junitCounts
		Properties []junitProperty `xml:"properties>property"`
		Cases      []junitCase     `xml:"testcase"`
	}
	junitProperty struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
	junitCase struct {
		Class   string        `xml:"classname,attr"`
		Name    string        `xml:"name,attr"`
		Time    string        `xml:"time,attr"`
		Failure *junitMessage `xml:"failure"`
		Error   *junitMessage `xml:"error"`
		Skipped *junitMessage `xml:"skipped"`
		Output  string        `xml:"system-out,omitempty"`
	}
	junitMessage struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr,omitempty"`
		Text    string `xml:",chardata"`
	}
)

// WriteJUnit writes the report as JUnit XML: a testsuite for each stage and a testcase for each scenario, with its log
// as system-out. It removes characters that XML 1.0 does not allow and writes at most MaxText bytes of a text and
// 10,000 lines of a scenario, the first and the last half.
func WriteJUnit(w io.Writer, r Report) error {
	suites := junitSuites{Name: "composer verify", junitCounts: newJUnitCounts(r.Scenarios, r)}
	suites.Time = junitTime(r.Duration)
	for _, st := range r.stages() {
		suite := junitSuite{
			Name: junitLine(st.name), junitCounts: newJUnitCounts(st.scenarios, r),
			Properties: []junitProperty{{"target", junitLine(r.Target)}, {"engine", junitLine(r.Engine)}, {"composer", junitLine(r.Composer)}},
		}
		for _, b := range r.Branches {
			if b.Stage == st.name {
				suite.Properties = append(suite.Properties, junitProperty{"branch", junitLine(b.Name)}, junitProperty{"commit", junitLine(b.Commit)})
			}
		}
		for _, s := range st.scenarios {
			suite.Cases = append(suite.Cases, newJUnitCase(s))
		}
		suites.Suites = append(suites.Suites, suite)
	}
	text, err := xml.MarshalIndent(suites, "", "  ")
	if err != nil {
		return fmt.Errorf("write JUnit report: %w", err)
	}
	// Attributes have no line breaks; in text, real ones are easier to read.
	text = bytes.ReplaceAll(text, []byte("&#xA;"), []byte("\n"))
	if _, err := fmt.Fprintf(w, "%s%s\n", xml.Header, text); err != nil {
		return fmt.Errorf("write JUnit report: %w", err)
	}
	return nil
}

func newJUnitCounts(scenarios []Scenario, r Report) junitCounts {
	part := Report{Scenarios: scenarios}
	var sum time.Duration
	for _, s := range scenarios {
		sum += s.Duration
	}
	return junitCounts{
		Tests: len(scenarios), Failures: part.Count(Failed), Errors: part.Count(Unjudged), Skipped: part.Count(Skipped) + part.Count(Unasked),
		Time: junitTime(sum), Timestamp: r.Started.UTC().Format("2006-01-02T15:04:05"),
	}
}

func newJUnitCase(s Scenario) junitCase {
	c := junitCase{
		Class: "verify." + junitLine(s.Stage), Name: junitLine(s.Name), Time: junitTime(s.Duration),
		Output: junitLines(s.Timeline, maxLines),
	}
	switch s.outcome() {
	case Failed:
		c.Failure = &junitMessage{Message: junitSummary(s.Problems), Type: "contract", Text: junitProblems(s)}
	case Unjudged:
		c.Error = &junitMessage{Message: junitLine("cannot be judged: " + s.Reason), Type: "unjudged"}
	case Unasked:
		c.Skipped = &junitMessage{Message: junitLine("not asked for: " + s.Reason)}
	case Skipped:
		c.Skipped = &junitMessage{Message: junitLine(s.Reason)}
	}
	return c
}

func junitSummary(problems []Problem) string {
	if len(problems) == 0 {
		return "failed"
	}
	text := "expected " + problems[0].Expected + "; seen " + problems[0].Seen
	if more := len(problems) - 1; more > 0 {
		text += "; and " + plural(more, "problem") + " more"
	}
	return junitLine(text)
}

func junitProblems(s Scenario) string {
	var b strings.Builder
	fmt.Fprintln(&b, junitLine(s.Title))
	for i, p := range s.Problems {
		if i == maxProblems {
			fmt.Fprintf(&b, "\n… %s more …\n", plural(len(s.Problems)-i, "problem"))
			break
		}
		fmt.Fprintf(&b, "\nexpected: %s\nseen:     %s\n", legal(cut(p.Expected, MaxText)), legal(cut(p.Seen, MaxText)))
		b.WriteString(junitLines(p.Around, maxAround))
	}
	return b.String()
}

// junitLines returns lines in the form of `docker compose logs`.
func junitLines(lines []Line, limit int) string {
	var b strings.Builder
	width := 0
	for _, l := range lines {
		width = max(width, min(len(l.Container), 20))
	}
	first, last, omitted := middle(lines, limit)
	for i, l := range slices.Concat(first, last) {
		if i == len(first) {
			fmt.Fprintf(&b, "… %s left out …\n", plural(omitted, "line"))
		}
		fmt.Fprintf(&b, "%s %-*s | %s\n", l.At.Format("15:04:05.000"), width, junitLine(l.Container), junitLine(l.Text))
	}
	return b.String()
}

// junitLine returns s as one line.
func junitLine(s string) string {
	return strings.NewReplacer("\n", `\n`, "\r", `\r`).Replace(legal(cut(s, MaxText)))
}

func junitTime(d time.Duration) string { return fmt.Sprintf("%.3f", d.Seconds()) }
