package verify

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/tp0-lab/composer/internal/test/golden"
)

// The page lists the scenarios and the mutants that there are.
func TestPageListsScenarios(t *testing.T) {
	const page = "../../../docs/verify.md"
	var scenarios, wrong strings.Builder
	scenarios.WriteString("| stage | scenario | shows that |\n|---|---|---|\n")
	for _, s := range Scenarios() {
		title := s.Title
		if s.Beyond != "" {
			title += " *(" + s.Beyond + ")*"
		}
		fmt.Fprintf(&scenarios, "| %s | `%s` | %s |\n", s.Stage, s.Name, title)
	}
	wrong.WriteString("| what is wrong | found by |\n|---|---|\n")
	for _, m := range mutants {
		fmt.Fprintf(&wrong, "| %s | %s `%s` |\n", m.does, m.stage, m.scenario)
	}
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	filled := string(text)
	for name, table := range map[string]string{"scenarios": scenarios.String(), "mutants": wrong.String()} {
		head, rest, _ := strings.Cut(filled, "<!-- "+name+" -->\n")
		_, tail, found := strings.Cut(rest, "<!-- end -->")
		if !found {
			t.Fatalf("%s has no place for the %s", page, name)
		}
		filled = head + "<!-- " + name + " -->\n" + table + "<!-- end -->" + tail
	}
	golden.Check(t, page, filled)
}
