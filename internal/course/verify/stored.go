package verify

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"slices"
	"strings"
)

// stored expects each record that was sent to be on disk once, and those of an agency in their order.
func (t *trial) stored() {
	text, err := t.lab.bets(t.ctx)
	if err != nil {
		t.unjudged("the server's bets.csv cannot be read: " + err.Error())
	}
	expected := fmt.Sprintf("bets.csv holds the %d bets that were sent, each once", len(t.sent))
	seen := ""
	r := csv.NewReader(bytes.NewReader(text))
	r.FieldsPerRecord = -1
	if got, err := r.ReadAll(); err != nil {
		seen = "it is no CSV file: " + err.Error()
	} else if difference := compare(byAgency(got), byAgency(t.sent)); difference != "" {
		seen = fmt.Sprintf("%d records; %s", len(got), difference)
	}
	if seen != "" {
		t.problem(expected, seen, t.about(pattern{container: "server"}))
	}
}

// byAgency sorts records by their agency alone.
func byAgency(records [][]string) [][]string {
	sorted := slices.Clone(records)
	slices.SortStableFunc(sorted, func(a, b []string) int { return strings.Compare(a[0], b[0]) })
	return sorted
}

// compare describes the first difference, "" without one.
func compare(got, want [][]string) string {
	for i := range max(len(got), len(want)) {
		switch {
		case i >= len(got):
			return fmt.Sprintf("the first that is missing is %q", want[i])
		case i >= len(want):
			return fmt.Sprintf("the first too many is %q", got[i])
		case !slices.Equal(got[i], want[i]):
			return fmt.Sprintf("there is %q instead of %q", got[i], want[i])
		}
	}
	return ""
}
