package verify

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tp0-lab/composer/internal/course/report"
	"github.com/tp0-lab/composer/internal/course/words"
	"github.com/tp0-lab/composer/internal/lab/client"
	"github.com/tp0-lab/composer/internal/lab/local"
	"github.com/tp0-lab/composer/internal/lab/server"
	"github.com/tp0-lab/composer/internal/lab/service"
)

func TestMain(m *testing.M) {
	os.Setenv("GORACE", "atexit_sleep_ms=0") // the race detector has a program sleep a second before it exits
	if len(os.Args) > 1 && os.Args[1] == local.Argument {
		os.Exit(local.ServeAs(os.Args[2:], server.Run, prompt(client.Run)))
	}
	if len(os.Args) > 1 && strings.HasPrefix(os.Args[1], brokenPrefix) {
		os.Exit(serveBroken(strings.TrimPrefix(os.Args[1], brokenPrefix), os.Args[2:]))
	}
	code := m.Run()
	if program, err := composer(); err == nil {
		os.RemoveAll(filepath.Dir(program))
	}
	os.Exit(code)
}

// prompt ends a client soon after its last line: the stages let clients linger for
// people who follow the logs.
func prompt(run service.Run) service.Run { return with(run, "CLI_LINGER=100ms") }

// composer is built once for all that use its script.
var composer = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "verify-test-")
	if err != nil {
		return "", err
	}
	program := filepath.Join(dir, "composer")
	out, err := exec.Command("go", "build", "-o", program, "github.com/tp0-lab/composer/composer").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return program, nil
})

// run verifies with processes of this test binary.
func run(t *testing.T, o Options) report.Report {
	t.Helper()
	program, err := composer()
	if err == nil {
		var r report.Report
		o.Composer, o.Now = program, time.Now
		if r, err = Run(t.Context(), o); err == nil {
			return r
		}
	}
	t.Error(err) // maybe not in the test's own goroutine
	return report.Report{}
}

// This project does what its contract says, with processes for containers. A short
// run checks one scenario of a stage.
func TestThisProject(t *testing.T) {
	t.Parallel()
	o := Options{Slots: NewSlots(12), Patience: 3 * time.Minute} // other packages are tested at the same time
	if testing.Short() {
		o.Names = []string{"echo-1-by-1", "check-good-server", "sigterm-client", "single-bet-1", "partial-batch", "winners-of-3"}
	}
	chosen, err := Chosen(o)
	if err != nil {
		t.Fatal(err)
	}
	r := run(t, o)
	if len(r.Scenarios) != len(chosen) {
		t.Fatalf("%d of %d scenarios ran", len(r.Scenarios), len(chosen))
	}
	for i, s := range r.Scenarios {
		if skipped := s.Status == report.Skipped; s.Status == report.Unjudged || skipped != chosen[i].docker {
			t.Errorf("%s %s: %s %s", s.Stage, s.Name, s.Status, s.Reason)
		}
		if s.Status == report.Failed {
			t.Errorf("%s %s failed:", s.Stage, s.Name)
			writeProblems(t.Output(), s, words.English)
		}
		t.Logf("%s %s %s %v %s", s.Status, s.Stage, s.Name, s.Duration.Round(time.Millisecond), s.Reason)
	}
}
