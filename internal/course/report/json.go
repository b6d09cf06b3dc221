package report

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
)

// The keys are those of docs/reports.md; new ones may come, none goes or changes its meaning.
type (
	jsonReport struct {
		Target          string         `json:"target"`
		Engine          string         `json:"engine"`
		Started         time.Time      `json:"started"`
		DurationSeconds float64        `json:"duration_seconds"`
		Passed          int            `json:"passed"`
		Failed          int            `json:"failed"`
		Skipped         int            `json:"skipped"`
		Scenarios       []jsonScenario `json:"scenarios"`
	}
	jsonScenario struct {
		Stage           string        `json:"stage"`
		Name            string        `json:"name"`
		Title           string        `json:"title"`
		Status          Status        `json:"status"`
		DurationSeconds float64       `json:"duration_seconds"`
		Problems        []jsonProblem `json:"problems"`
		ProblemsOmitted int           `json:"problems_omitted"`
		Reason          string        `json:"reason"`
		Timeline        []jsonLine    `json:"timeline"`
		LinesOmitted    int           `json:"lines_omitted"`
	}
	jsonProblem struct {
		Expected string     `json:"expected"`
		Seen     string     `json:"seen"`
		Around   []jsonLine `json:"around"`
	}
	jsonLine struct {
		At        time.Time `json:"at"`
		Container string    `json:"container"`
		Text      string    `json:"text"`
	}
)

// WriteJSON writes the report as one JSON object, whose keys docs/reports.md lists. Sizes are those of MaxText and
// MaxLines, and of a hundred problems; keys that end in omitted say how many there are beyond.
func WriteJSON(w io.Writer, r Report) error {
	out := jsonReport{
		Target: jsonText(r.Target), Engine: jsonText(r.Engine), Started: r.Started, DurationSeconds: r.Duration.Seconds(),
		Passed: r.Count(Passed), Failed: r.Count(Failed), Skipped: r.Count(Skipped),
		Scenarios: make([]jsonScenario, len(r.Scenarios)),
	}
	for i, s := range r.Scenarios {
		first, last, omitted := middle(s.Timeline, MaxLines)
		problems := s.Problems[:min(len(s.Problems), maxProblems)]
		out.Scenarios[i] = jsonScenario{
			Stage: jsonText(s.Stage), Name: jsonText(s.Name), Title: jsonText(s.Title), Status: s.outcome(),
			DurationSeconds: s.Duration.Seconds(),
			Problems:        make([]jsonProblem, len(problems)), ProblemsOmitted: len(s.Problems) - len(problems),
			Reason: jsonText(s.Reason), Timeline: append(jsonLines(first), jsonLines(last)...), LinesOmitted: omitted,
		}
		for j, p := range problems {
			first, last, _ := middle(p.Around, maxAround)
			out.Scenarios[i].Problems[j] = jsonProblem{
				Expected: jsonText(p.Expected), Seen: jsonText(p.Seen), Around: append(jsonLines(first), jsonLines(last)...),
			}
		}
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	if err := e.Encode(out); err != nil {
		return fmt.Errorf("write JSON report: %w", err)
	}
	return nil
}

// jsonLines is never nil: a list without elements is [] and not null.
func jsonLines(lines []Line) []jsonLine {
	out := make([]jsonLine, len(lines))
	for i, l := range lines {
		out[i] = jsonLine{At: l.At, Container: jsonText(l.Container), Text: jsonText(l.Text)}
	}
	return out
}

func jsonText(s string) string { return strings.ToValidUTF8(cut(s, MaxText), "\uFFFD") }
