package client

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tp0-lab/composer/internal/lab/config"
	"github.com/tp0-lab/composer/internal/lab/service"
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
		{"CLI_ID=1 CLI_TLS_NAME=server", "", "CLI_TLS_CA is not set: CLI_TLS_NAME is set"},
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

// The client has a secret of its own if it is given one, which is its own or the master secret.
func TestKey(t *testing.T) {
	const digits = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
	dir := t.TempDir()
	for name, text := range map[string]string{"3": "3:" + digits, "4": "3:" + digits, "master": digits + "\n", "wrong": "x"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		variables, wrong string
		none             bool
	}{
		{"CLI_ID=3 CLI_MODE=lottery", "", true},
		{"CLI_ID=3", "", true},
		{"CLI_ID=3 CLI_MODE=lottery CLI_SECRET=3:" + digits, "", false},
		{"CLI_INDEX=2 CLI_MODE=bet CLI_SECRET_FILE=/run/secrets/{id}", "", false},
		{"CLI_ID=7 CLI_MODE=batch CLI_SECRET_FILE=/run/secrets/master", "", false},
		{"CLI_ID=7 CLI_MODE=batch CLI_SECRET=3:" + digits, "CLI_SECRET: it is the secret of agency 3, not of agency 7", false},
		{"CLI_ID=4 CLI_MODE=batch CLI_SECRET_FILE=/run/secrets/{id}", "/run/secrets/4: it is the secret of agency 3, not of agency 4", false},
		{"CLI_ID=5 CLI_MODE=batch CLI_SECRET_FILE=/run/secrets/{id}", "/run/secrets/5: ", false},
		{"CLI_ID=5 CLI_MODE=batch CLI_SECRET_FILE=/run/secrets/wrong", "/run/secrets/wrong: ", false},
		{"CLI_ID=3 CLI_SECRET=3:" + digits, "nobody proves anything with CLI_MODE=echo", false},
	} {
		variables := test.variables + " NOMBRE=a APELLIDO=b DOCUMENTO=1 NACIMIENTO=2000-01-01 NUMERO=1"
		c, err := config.Parse[Config](config.Environ(strings.Fields(variables)))
		if err != nil {
			t.Fatalf("%s: %v", test.variables, err)
		}
		own, err := c.ownSecret(service.Machine{Root: t.TempDir(), Mounts: []service.Mount{{Target: "/run/secrets", Source: dir}}})
		switch {
		case test.wrong != "":
			if err == nil || !own.IsZero() || !strings.Contains(err.Error(), test.wrong) {
				t.Errorf("%s: got %v, want %s", test.variables, err, test.wrong)
			}
		case err != nil || own.IsZero() != test.none:
			t.Errorf("%s: no secret: %v, error %v", test.variables, own.IsZero(), err)
		}
	}
}
