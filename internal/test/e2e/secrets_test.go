//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/tp0-lab/composer/internal/lab/secret"
)

// The files of `composer data secrets`, with their modes, are what the containers' user can read: the lab plays with
// secrets as without. A client with a file that only its owner may read says so.
func TestDrawWithSecrets(t *testing.T) {
	t.Setenv("COMPOSER_SET", "auth=true")
	bets, winners := []int{30, 20, 15}, []int{2, 0, 1}
	l := newLab(t, "ej8", len(bets))
	l.agencies(bets, winners)
	if _, err := secret.Write(l.path(".data/secrets"), secret.WriteOptions{Agencies: len(bets)}); err != nil {
		t.Fatal(err)
	}
	l.compose("up", "-d")
	seen := l.follow(l.allExited)
	checkDraw(t, seen, bets, winners)
	if count(seen, "server", "action: authentication") > 0 {
		t.Errorf("the server has no secret:\n%s", show(seen))
	}
	l.compose("down", "-t", "2")

	if err := os.Chmod(l.path(".data/secrets/agency-2.secret"), 0o400); err != nil {
		t.Fatal(err)
	}
	l.compose("up", "-d", "server", "client2")
	const refused = "error: read /run/secrets/agency-2: permission denied"
	seen = l.follow(func(seen []line) bool { return count(seen, "client2", "action: config | result: fail", refused) > 0 })
	for i := range bets {
		text, err := os.ReadFile(l.path(fmt.Sprintf(".data/secrets/agency-%d.secret", i+1)))
		if err != nil {
			t.Fatal(err)
		}
		if _, digits, _ := strings.Cut(strings.TrimSpace(string(text)), ":"); strings.Contains(show(seen), digits) {
			t.Error("a secret is in a log")
		}
	}
}
