package verify

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/tp0-lab/composer/internal/test/golden"
)

// The page lists the scenarios that there are.
func TestPageListsScenarios(t *testing.T) {
	const page, begin, end = "../../../docs/verify.md", "<!-- scenarios -->\n", "<!-- end -->"
	var table strings.Builder
	table.WriteString("| stage | scenario | shows that |\n|---|---|---|\n")
	for _, s := range Scenarios() {
		title := s.Title
		if s.Beyond != "" {
			title += " *(" + s.Beyond + ")*"
		}
		fmt.Fprintf(&table, "| %s | `%s` | %s |\n", s.Stage, s.Name, title)
	}
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, _ := strings.Cut(string(text), begin)
	_, tail, found := strings.Cut(rest, end)
	if !found {
		t.Fatalf("%s has no place for the table", page)
	}
	golden.Check(t, page, head+begin+table.String()+end+tail)
}
