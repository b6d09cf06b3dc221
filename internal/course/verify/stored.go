package verify

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tp0-lab/composer/internal/text"
)

// storedWell is stored, but once the records are on disk it also expects that nothing has failed: see nothingFailed.
func (t *trial) storedWell() {
	t.awaitStored(len(t.sent))
	t.nothingFailed()
	t.storedNow()
}

// stored expects each record that was sent to be on disk once, with the records of each agency in their order. It waits
// for the records, because a client may end before the server has read all of its bytes.
func (t *trial) stored() {
	t.awaitStored(len(t.sent))
	t.storedNow()
}

// storedNow is stored without the wait: it judges the records that are on disk now.
func (t *trial) storedNow() {
	once, under := "the bet that was sent, once", "the bet that was sent, under its agency"
	if n := len(t.sent); n != 1 {
		once, under = fmt.Sprintf("the %d bets that were sent, each once", n), fmt.Sprintf("the %d bets that were sent, each under its agency", n)
	}
	expected := "bets.csv holds " + once
	seen := ""
	if got, err := t.storedBets(); err != nil {
		seen = "it is no CSV file: " + err.Error()
	} else if difference := compare(byAgency(got), byAgency(t.sent)); difference != "" {
		seen = fmt.Sprintf("%d records; %s", len(got), difference)
		if compare(withoutAgencies(got), withoutAgencies(t.sent)) == "" {
			expected = "bets.csv holds " + under
		}
	}
	if seen != "" {
		t.problem(expected, seen, t.about(pattern{container: "server"}))
	}
}

// storedBets returns the records that are on disk now. The error says that the file is not CSV.
func (t *trial) storedBets() ([][]string, error) {
	file, err := t.lab.bets(t.ctx)
	if err != nil {
		t.unjudged("the server's bets.csv cannot be read: " + err.Error())
	}
	r := csv.NewReader(bytes.NewReader(file))
	r.FieldsPerRecord = -1
	return r.ReadAll()
}

// awaitStored waits until n records are on disk, and reports whether they are. It does not depend on the server's logs.
func (t *trial) awaitStored(n int) bool {
	return t.awaitRecords(func(got [][]string) bool { return len(got) >= n })
}

// awaitStoredOf is awaitStored for the records of the bets that of accepts: see countRecords.
func (t *trial) awaitStoredOf(n int, of func(record []string) bool) bool {
	return t.awaitRecords(func(got [][]string) bool { return t.countRecords(got, of) >= n })
}

func (t *trial) awaitRecords(enough func(got [][]string) bool) bool {
	limit := time.Now().Add(t.patience)
	for {
		// A record may be half written.
		if got, err := t.storedBets(); err == nil && enough(got) {
			return true
		}
		if time.Now().After(limit) || t.ctx.Err() != nil {
			return false
		}
		time.Sleep(startPoll)
	}
}

// recordsOf returns the records that were sent and that of accepts.
func (t *trial) recordsOf(of func(record []string) bool) [][]string {
	return slices.DeleteFunc(slices.Clone(t.sent), func(r []string) bool { return !of(r) })
}

// countStored returns how many records are on disk now of the bets that were sent and that of accepts: see
// countRecords.
func (t *trial) countStored(of func(record []string) bool) int {
	got, _ := t.storedBets() // a record may be half written
	return t.countRecords(got, of)
}

// countRecords returns how many records of got have the document of a bet that was sent and that of accepts. It does
// not compare agencies. A bet that is stored twice counts twice.
func (t *trial) countRecords(got [][]string, of func(record []string) bool) int {
	documents := make(map[string]bool)
	for _, r := range t.recordsOf(of) {
		documents[r[3]] = true
	}
	n := 0
	for _, r := range got {
		if len(r) > 3 && documents[r[3]] {
			n++
		}
	}
	return n
}

// recordsSeen describes records in a few words.
func recordsSeen(records [][]string) string {
	if len(records) == 0 {
		return "no record"
	}
	return fmt.Sprintf("%s, the first of which is %q", text.Plural(len(records), "record"), records[0])
}

// byAgency sorts records by their agency alone.
func byAgency(records [][]string) [][]string {
	sorted := slices.Clone(records)
	slices.SortStableFunc(sorted, func(a, b []string) int { return strings.Compare(a[0], b[0]) })
	return sorted
}

// withoutAgencies returns the rest of each record, sorted.
func withoutAgencies(records [][]string) [][]string {
	var rest [][]string
	for _, r := range records {
		rest = append(rest, r[1:])
	}
	slices.SortFunc(rest, slices.Compare)
	return rest
}

// compare describes the first difference. It returns "" if there is none.
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
