package client

import (
	"strings"
	"testing"
	"time"

	"github.com/tp0-lab/composer/internal/lab/config"
)

// Only a client with winners to report has two things to be seen by those who
// follow the logs; it stays as long as the others.
func TestLingers(t *testing.T) {
	for mode, want := range map[Mode][2]time.Duration{
		ModeEcho: {0, 3}, ModeBet: {0, 3}, ModeBatch: {0, 3}, ModeLottery: {1, 2},
	} {
		before, after := Config{Mode: mode, Linger: 3}.lingers()
		if before != want[0] || after != want[1] {
			t.Errorf("%s: %v and %v, want %v", mode, before, after, want)
		}
	}
}

// A client has one number, from 1 or from 0, and its file has it, too.
func TestNumber(t *testing.T) {
	for _, test := range []struct{ variables, file, wrong string }{
		{"CLI_ID=3 CLI_AGENCY_FILE=/data/agency-{id}.csv", "/data/agency-3.csv", ""},
		{"CLI_INDEX=0", "agency.csv", ""},
		{"CLI_INDEX=7 CLI_AGENCY_FILE=http://h:8080/agency-{id}.csv", "http://h:8080/agency-8.csv", ""},
		{"", "", "CLI_ID is not set: want the client's number, from 1"},
		{"CLI_ID=1 CLI_INDEX=0", "", "CLI_ID is 1 already"},
		{"CLI_INDEX=-1", "", "want a whole number"},
		{"CLI_INDEX=4294967295", "", "4294967294"},
		{"CLI_ID=1 CLI_AGENCY_FILE=https://h/agency-{id}.csv", "", "want an http:// URL"},
	} {
		c, err := config.Parse[Config](config.Environ(strings.Fields(test.variables)))
		switch {
		case test.wrong == "" && (err != nil || c.agencyFile() != test.file):
			t.Errorf("%s: file %s, error %v, want %s", test.variables, c.agencyFile(), err, test.file)
		case test.wrong != "" && (err == nil || !strings.Contains(err.Error(), test.wrong)):
			t.Errorf("%s: got %v, want %s", test.variables, err, test.wrong)
		}
	}
}
