package cli

import (
	"bytes"
	"testing"
	"time"

	"github.com/tp0-lab/composer/internal/course/report"
	"github.com/tp0-lab/composer/internal/course/words"
)

// Below the line of a student, a line for each branch says that it lacks commits of a remote.
func TestClassProgress(t *testing.T) {
	r := report.Report{
		Duration: 20 * time.Second, Building: 5 * time.Second, Scenarios: []report.Scenario{{Stage: "ej5", Name: "bet", Status: report.Passed}},
		Branches: []report.Branch{{Stage: "ej5", Name: "ej5", Commit: "0123456789abcdef", Remote: "origin/ej5", Behind: 3}, {Stage: "ej6", Name: "ej6", Commit: "0123456789abcdef"}},
	}
	var out bytes.Buffer
	p := classProgress{lang: words.English, out: &Output{Writer: &out}, total: 2}
	p.ended(report.Student{Name: "Ana", Report: r})
	r.Branches = nil
	p.ended(report.Student{Name: "Luis", Report: r, Kept: true})
	want := "right     Ana (1 of 2; 20s, 5s of it to build images): 1 passed, 0 failed: none\n" +
		"          ej5 at 0123456789ab, which is 3 commits behind origin/ej5\n" +
		"right     Luis (2 of 2; kept: its commits are those of the last run): 1 passed, 0 failed: none\n"
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", &out, want)
	}
}
