package server

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tp0-lab/composer/internal/lab/config"
	"github.com/tp0-lab/composer/internal/lab/service"
)

// The server takes the master secret only, and only where agencies are asked for theirs.
func TestMaster(t *testing.T) {
	const digits = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
	dir := t.TempDir()
	for name, text := range map[string]string{"agency": "3:" + digits, "master": digits + "\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		variables, wrong string
		none             bool
	}{
		{"", "", true},
		{"SERVER_MODE=lottery", "", true},
		{"SERVER_MODE=lottery SERVER_SECRET=" + digits, "", false},
		{"SERVER_MODE=lottery SERVER_SECRET_FILE=/run/secrets/master", "", false},
		{"SERVER_MODE=lottery SERVER_SECRET=3:" + digits, "it is the secret of one agency", false},
		{"SERVER_MODE=lottery SERVER_SECRET_FILE=/run/secrets/agency", "/run/secrets/agency: it is the secret of one agency", false},
		{"SERVER_MODE=lottery SERVER_SECRET_FILE=/run/secrets/none", "/run/secrets/none: ", false},
		{"SERVER_SECRET=" + digits, "nobody proves anything with SERVER_MODE=echo", false},
	} {
		c, err := config.Parse[Config](config.Environ(strings.Fields(test.variables)))
		if err == nil {
			c.Secret, err = c.master(service.Machine{Root: t.TempDir(), Mounts: []service.Mount{{Target: "/run/secrets", Source: dir}}})
		}
		switch {
		case test.wrong != "":
			if err == nil || !strings.Contains(err.Error(), test.wrong) || strings.Contains(err.Error(), digits) {
				t.Errorf("%s: got %v, want %s", test.variables, err, test.wrong)
			}
		case err != nil || c.Secret.IsZero() != test.none:
			t.Errorf("%s: no secret: %v, error %v", test.variables, c.Secret.IsZero(), err)
		}
	}
}

// While an agency waits for the draw it holds a connection, so there is one for each and some more.
func TestConnectionsForEachAgency(t *testing.T) {
	for variables, want := range map[string]int{
		"": 10_000, "SERVER_AGENCIES=5 SERVER_MAX_CONNECTIONS=3": 105, "SERVER_AGENCIES=100000": 100_100, "SERVER_MAX_CONNECTIONS=0 SERVER_AGENCIES=5": 0,
	} {
		c, err := config.Parse[Config](config.Environ(strings.Fields(variables)))
		if err != nil {
			t.Fatal(err)
		}
		if got := c.connections(); got != want {
			t.Errorf("%q: %d connections, want %d", variables, got, want)
		}
	}
}
