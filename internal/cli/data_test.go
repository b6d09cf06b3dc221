package cli

import (
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/tp0-lab/composer/internal/lab/dataset"
)

// runData runs `composer data` with these arguments, and returns the error without its last line break.
func runData(t *testing.T, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	code, stdout, stderr := composer(t, append([]string{"data"}, args...)...)
	if code != exitOK {
		before, text, _ := strings.Cut("\n"+stderr, "\ncomposer: ")
		return stdout, before, errors.New(strings.TrimSuffix(text, "\n"))
	}
	return stdout, stderr, nil
}

func TestDataCommands(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, step := range []struct {
		args                string
		stdout, stderr, err string // parts of them; "" is none at all
	}{
		{"extract none.zip", "", "", "none.zip: no such file"},
		{"generate --bets 20,0,3 --winners 4,0,1 --seed 1", "", ".data/dataset.zip: 23 bets of 3 agencies, 5 of them winners", ""},
		{"generate --bets 20,0,3", "", "", ".data/dataset.zip already exists: --force replaces it"},
		{"generate --bets 20,0,3 --winners 4,0,1 --seed 1 --force -o .data", "", ".data: 23 bets of 3", ""},
		{"extract", "", "3 agency files in .data: 0 written, 3 unchanged, 0 kept", ""},
		{"extract -o other .data/dataset.zip", "", "3 agency files in other: 3 written, 0 unchanged, 0 kept", ""},
		{"extract -k -o other .data/dataset.zip", "", "0 written, 0 unchanged, 3 kept", ""},
		{"check", ".data/agency-2.csv: 0 bets, 0 winners, 0 bytes, 0 bad lines", "", ""},
		{"check other/agency-3.csv", "other/agency-3.csv: 3 bets, 1 winner", "", ""},
		{"check none", "", "", "check none: no such file or directory"},
		{"extract none", "", "", "extract none: no such file or directory"},
		{"generate extra", "", "", `takes flags only, not "extra"`},
		{"generate --agencies 0", "", "", "--agencies 0: want 1 or more"},
		{"generate --bets 1,x", "", "", `--bets "1,x": want whole numbers from 0, not "x"`},
		{"generate --bets 1,-2", "", "", `not "-2"`},
		{"generate --bets 1,2 --agencies 3", "", "", "2 numbers of bets for 3 agencies"},
		{"generate --bets 1 --winners 2", "", "", "agency 1: 2 winners of 1 bets"},
		{"generate --output=", "", "", "--output wants a value"},
		{"extract a b", "", "", "takes one archive: have 2"},
		{"extract --max-file 0", "", "", "--max-file 0: want 1 …"},
		{"check --limit -1", "", "", "--limit -1: want 0 or more"},
	} {
		stdout, stderr, err := runData(t, strings.Fields(step.args)...)
		text := ""
		if err != nil {
			text = err.Error()
		}
		for what, part := range map[string][2]string{"stdout": {stdout, step.stdout}, "stderr": {stderr, step.stderr}, "error": {text, step.err}} {
			if !strings.Contains(part[0], part[1]) || (part[0] == "") != (part[1] == "") {
				t.Errorf("data %s: %s %q, want %q", step.args, what, part[0], part[1])
			}
		}
	}
}

func TestDataCheckReports(t *testing.T) {
	t.Chdir(t.TempDir())
	const content = "A,B,1,2000-01-01,7574\nA,B,1,2000-02-30,7574\nA,B,1,2000-01-01,7574\nx\nx\n"
	if err := os.WriteFile("agency-1.csv", []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	stdout, _, err := runData(t, "check", "--limit", "2", "agency-1.csv")
	if err == nil || err.Error() != "data check: 3 bad lines" {
		t.Errorf("error %v", err)
	}
	lines := strings.SplitAfter(stdout, "\n")
	for i, want := range []string{
		`agency-1.csv:2: birthdate "2000-02-30"`,
		"agency-1.csv:4: ",
		"agency-1.csv: 1 more bad lines\n",
		`agency-1.csv:3: warning: document "1" bets on 7574 again`,
		"agency-1.csv: 2 bets, 2 winners, 70 bytes, 3 bad lines\n",
	} {
		if i >= len(lines) || !strings.HasPrefix(lines[i], want) {
			t.Errorf("line %d of %q: want %q", i+1, stdout, want)
		}
	}

	stdout, _, err = runData(t, "check", "--json", "agency-1.csv")
	var report struct {
		Files []dataset.Report
		OK    *bool
	}
	in := json.NewDecoder(strings.NewReader(stdout))
	in.DisallowUnknownFields()
	if decodeErr := in.Decode(&report); decodeErr != nil {
		t.Fatal(decodeErr)
	}
	if err == nil || report.OK == nil || *report.OK || len(report.Files) != 1 || report.Files[0].Bad != 3 {
		t.Errorf("%s: error %v", stdout, err)
	}
}

// No bar for a file.
func TestProgressBar(t *testing.T) {
	file, err := os.Create(t.TempDir() + "/file")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if progress, _ := progressBar(FileOutput(file)); progress != nil {
		t.Error("a bar for a file")
	}
}
