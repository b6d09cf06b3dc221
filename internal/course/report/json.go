package report

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"
)

// The keys are those of docs/reports.md. Keys may be added; none is removed or changes its meaning.
type (
	jsonReport struct {
		Target          string         `json:"target"`
		Composer        string         `json:"composer"`
		Branches        []Branch       `json:"branches"`
		Engine          string         `json:"engine"`
		Beyond          bool           `json:"beyond"`
		Started         time.Time      `json:"started"`
		DurationSeconds float64        `json:"duration_seconds"`
		BuildSeconds    float64        `json:"build_seconds"`
		Passed          int            `json:"passed"`
		Failed          int            `json:"failed"`
		Skipped         int            `json:"skipped"`
		Unjudged        int            `json:"unjudged"`
		Unasked         int            `json:"unasked"`
		Verdict         Status         `json:"verdict"`
		Gaps            []Gap          `json:"gaps"`
		Scenarios       []jsonScenario `json:"scenarios"`
	}
	jsonScenario struct {
		Stage           string    `json:"stage"`
		Name            string    `json:"name"`
		Title           string    `json:"title"`
		Status          Status    `json:"status"`
		DurationSeconds float64   `json:"duration_seconds"`
		Problems        []Problem `json:"problems"`
		ProblemsOmitted int       `json:"problems_omitted"`
		Reason          string    `json:"reason"`
		Troubles        []string  `json:"troubles"`
		Timeline        []Line    `json:"timeline"`
		LinesOmitted    int       `json:"lines_omitted"`
	}
)

// WriteJSON writes the report as one JSON object with the keys of docs/reports.md. It writes at most MaxText bytes of a
// text, 10,000 lines of a scenario (the first and the last half) and a hundred problems; keys that end in omitted hold
// the numbers of omitted ones.
func WriteJSON(w io.Writer, r Report) error {
	out := jsonReport{
		Target: jsonText(r.Target), Composer: jsonText(r.Composer), Branches: append([]Branch{}, r.Branches...), Engine: jsonText(r.Engine), Beyond: r.Beyond, Started: r.Started, DurationSeconds: r.Duration.Seconds(),
		BuildSeconds: r.Building.Seconds(), Passed: r.Count(Passed), Failed: r.Count(Failed), Skipped: r.Count(Skipped), Unjudged: r.Count(Unjudged), Unasked: r.Count(Unasked),
		Verdict: r.Verdict(), Gaps: jsonGaps(r.Gaps()),
		Scenarios: make([]jsonScenario, len(r.Scenarios)),
	}
	for i, s := range r.Scenarios {
		problems := s.Problems[:min(len(s.Problems), maxProblems)]
		timeline, omitted := jsonLines(s.Timeline, maxLines)
		out.Scenarios[i] = jsonScenario{
			Stage: jsonText(s.Stage), Name: jsonText(s.Name), Title: jsonText(s.Title), Status: s.outcome(),
			DurationSeconds: s.Duration.Seconds(),
			Problems:        make([]Problem, len(problems)), ProblemsOmitted: len(s.Problems) - len(problems),
			Reason: jsonText(s.Reason), Troubles: jsonTexts(s.Troubles), Timeline: timeline, LinesOmitted: omitted,
		}
		for j, p := range problems {
			around, _ := jsonLines(p.Around, maxAround)
			out.Scenarios[i].Problems[j] = Problem{Expected: jsonText(p.Expected), Seen: jsonText(p.Seen), Around: around}
		}
	}
	return writeJSON(w, out)
}

func writeJSON(w io.Writer, report any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	if err := e.Encode(report); err != nil {
		return fmt.Errorf("write JSON report: %w", err)
	}
	return nil
}

// ReadJSON reads a report that WriteJSON wrote. The lines and texts that WriteJSON omitted are missing.
func ReadJSON(from io.Reader) (Report, error) {
	var in jsonReport
	if err := json.NewDecoder(from).Decode(&in); err != nil {
		return Report{}, fmt.Errorf("read JSON report: %w", err)
	}
	return in.report(), nil
}

// report returns the JSON as a Report.
func (r jsonReport) report() Report {
	out := Report{
		Target: r.Target, Composer: r.Composer, Branches: slices.Clip(r.Branches), Engine: r.Engine, Beyond: r.Beyond, Started: r.Started,
		Duration: fromSeconds(r.DurationSeconds), Building: fromSeconds(r.BuildSeconds), Scenarios: make([]Scenario, len(r.Scenarios)),
	}
	for i, s := range r.Scenarios {
		out.Scenarios[i] = Scenario{s.Stage, s.Name, s.Title, s.Status, fromSeconds(s.DurationSeconds), s.Problems, s.Reason, s.Troubles, s.Timeline}
	}
	return out
}

func fromSeconds(s float64) time.Duration { return time.Duration(math.Round(s * float64(time.Second))) }

// jsonLines returns at most limit lines, never nil: an empty list is [] and not null.
func jsonLines(lines []Line, limit int) (out []Line, omitted int) {
	first, last, omitted := middle(lines, limit)
	out = append(append([]Line{}, first...), last...)
	for i, l := range out {
		out[i].Container, out[i].Text = jsonText(l.Container), jsonText(l.Text)
	}
	return out, omitted
}

func jsonGaps(gaps []Gap) []Gap {
	for i, g := range gaps {
		gaps[i] = Gap{jsonText(g.Reason), jsonTexts(g.Names)}
	}
	return gaps
}

// jsonTexts returns a list that is never nil.
func jsonTexts(texts []string) []string {
	out := make([]string, len(texts))
	for i, s := range texts {
		out[i] = jsonText(s)
	}
	return out
}

func jsonText(s string) string { return strings.ToValidUTF8(cut(s, MaxText), "\uFFFD") }
