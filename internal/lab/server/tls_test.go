package server_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tp0-lab/composer/internal/lab/secure"
)

// A client with another certificate, or another name, says so at its first attempt and ends: no other one would go better.
// So does one with TLS whose server has none.
func TestFalseServer(t *testing.T) {
	w := startWhole(t, true)
	other, _, err := secure.Make(time.Now(), "server")
	if err == nil {
		err = os.WriteFile(filepath.Join(w.dir, "other.crt"), other, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	plain := startWhole(t, false)
	for name, tt := range map[string]struct {
		w    *whole
		tls  []string
		want string
	}{
		"another certificate": {w, []string{"CLI_TLS_CA=/run/secrets/other.crt", "CLI_TLS_NAME=server"}, secure.ErrCertificate.Error()},
		"another name":        {w, []string{"CLI_TLS_CA=/run/secrets/server.crt"}, secure.ErrCertificate.Error()},
		"no TLS":              {plain, []string{"CLI_TLS_CA=/run/secrets/server.crt", "CLI_TLS_NAME=server"}, secure.ErrPlain.Error()},
	} {
		log, err := tt.w.play(1, append(tt.tls, "CLI_SECRET_FILE=/run/secrets/agency-1.secret")...)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", name, err)
		}
		if strings.Contains(log, "action: connect") || !strings.Contains(log, "result: fail | error: connect: TLS with") {
			t.Errorf("%s:\n%s", name, log)
		}
	}
}

// A certificate whose time is over is no secret: the server warns at its start, and a client ends at once and says why.
func TestExpiredCertificate(t *testing.T) {
	w := startWholeMade(t, true, time.Now().AddDate(-3, 0, 0))
	log, err := w.play(1, "CLI_TLS_CA=/run/secrets/server.crt", "CLI_TLS_NAME=server", "CLI_SECRET_FILE=/run/secrets/agency-1.secret")
	if !errors.Is(err, secure.ErrTime) || strings.Contains(log, "action: connect") {
		t.Errorf("the client: %v\n%s", err, log)
	}
	if !strings.Contains(w.log.String(), "WARNING  action: encryption | result: success | certificate: /run/secrets/server.crt | warning: the certificate is good from ") {
		t.Errorf("the server:\n%s", &w.log)
	}
}
