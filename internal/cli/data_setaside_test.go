package cli

import (
	"errors"
	"os"
	"strings"
	"testing"
)

func TestDataSetAside(t *testing.T) {
	t.Chdir(t.TempDir())
	const one, two = "1,Ana,Paz,1,2000-01-02,3\r\n", "2,Ana,Paz,1,2000-01-02,3\r\n"
	if err := errors.Join(os.WriteFile("bets.csv", []byte(one+two+one), 0o600), os.WriteFile("bad.csv", []byte("?\n"), 0o600)); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct{ args, talk, err string }{
		{"set-aside 1", "bets.csv.agency-1: 2 bets of agency 1, which bets.csv does not have anymore", ""},
		{"set-aside 1", "", "bets.csv.agency-1: file already exists: name another file with -o"},
		{"set-aside -o other.csv 1", "", "bets.csv has no bets of agency 1"},
		{"set-aside --storage none.csv 1", "", "none.csv: no such file or directory"},
		{"set-aside --storage bad.csv 1", "", "bad.csv:1: "},
		{"set-aside", "", "want the number of one agency"},
		{"set-aside 0", "", `"0" is no agency's number`},
		{"set-aside 1 2", "", "want the number of one agency"},
	} {
		_, talk, err := runData(t, strings.Fields(step.args)...)
		message := ""
		if err != nil {
			message = err.Error()
		}
		if !strings.Contains(talk, step.talk) || (err != nil) != (step.err != "") || !strings.Contains(message, step.err) {
			t.Errorf("data %s: %q, error %v, want %q, %q", step.args, talk, err, step.talk, step.err)
		}
	}
	for name, want := range map[string]string{"bets.csv": two, "bets.csv.agency-1": one + one} {
		if got, err := os.ReadFile(name); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}
