package cli

import (
	"strings"
	"testing"
)

func TestDataSecrets(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, step := range []struct{ args, talk, err string }{
		{"secrets -n 2", ".data/secrets: secrets of 2 agencies, new master secret: 3 files written, 0 unchanged, 0 removed", ""},
		{"secrets", "kept master secret: 3 files written, 3 unchanged", ""},
		{"secrets --force -n 3 --kubernetes", "new master secret: 5 files written, 0 unchanged, 2 removed", ""},
		{"secrets -n 3 --tls", "kept master secret: 2 files written, 4 unchanged", ""},
		{"secrets -n 3 --tls", "kept master secret: 0 files written, 6 unchanged", ""},
		{"secrets -o . ", "", "other users of this machine can enter the directory"},
		{"secrets -n -1", "", "want 0 … 100000"},
		{"secrets extra", "", "takes flags only"},
	} {
		stdout, talk, err := runData(t, strings.Fields(step.args)...)
		message := ""
		if err != nil {
			message = err.Error()
		}
		if stdout != "" || !strings.Contains(talk, step.talk) || (err != nil) != (step.err != "") || !strings.Contains(message, step.err) {
			t.Errorf("data %s: %q, %q, error %v", step.args, stdout, talk, err)
		}
	}
}
