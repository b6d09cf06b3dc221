package cli

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tp0-lab/composer/internal/lab/secure"
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

// A certificate that a server cannot use is not taken for one that is there. It stays, because it may be somebody's own.
func TestDataSecretsWithBadCertificate(t *testing.T) {
	certificate, key, err := secure.Make(time.Now().AddDate(-3, 0, 0), "server")
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct{ certificate, key, err string }{
		"its time is over": {string(certificate), string(key), "the certificate is good from "},
		"damaged":          {"x", string(key), "server.crt and "},
		"without its key":  {string(certificate), "", "server.crt is there without server.key"},
	} {
		dir := filepath.Join(t.TempDir(), "secrets")
		err := errors.Join(os.Mkdir(dir, 0o700), os.WriteFile(filepath.Join(dir, "server.crt"), []byte(tt.certificate), 0o600))
		if tt.key != "" {
			err = errors.Join(err, os.WriteFile(filepath.Join(dir, "server.key"), []byte(tt.key), 0o600))
		}
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = runData(t, "secrets", "-n", "1", "--tls", "-o", dir)
		if err == nil || !strings.Contains(err.Error(), tt.err) || !strings.Contains(err.Error(), "away") {
			t.Errorf("%s: %v", name, err)
		}
		entries, err := os.ReadDir(dir)
		if err != nil || len(entries) > 2 {
			t.Errorf("%s: %v, error %v", name, entries, err)
		}
		if _, _, err := runData(t, "secrets", "-n", "1", "--tls", "--force", "-o", dir); err != nil {
			t.Errorf("%s, --force: %v", name, err)
		}
	}
}
