package verify

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tp0-lab/composer/internal/course/report"
	"github.com/tp0-lab/composer/internal/lab/local"
)

func TestMain(m *testing.M) {
	os.Setenv("GORACE", "atexit_sleep_ms=0") // the race detector has a program sleep a second before it exits
	if len(os.Args) > 1 && os.Args[1] == local.Argument {
		os.Exit(local.Serve(os.Args[2:]))
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

// This project does what its contract says, with processes for containers.
func TestThisProject(t *testing.T) {
	r := run(t, Options{Parallel: 8})
	if len(r.Scenarios) != len(Scenarios()) {
		t.Errorf("%d of %d scenarios ran", len(r.Scenarios), len(Scenarios()))
	}
	for _, s := range r.Scenarios {
		i := slices.IndexFunc(Scenarios(), func(other Scenario) bool { return other.Stage == s.Stage && other.Name == s.Name })
		if skipped := s.Status == report.Skipped; skipped != Scenarios()[i].docker {
			t.Errorf("%s %s: %s %s", s.Stage, s.Name, s.Status, s.Reason)
		}
		if s.Status == report.Failed {
			t.Errorf("%s %s failed:", s.Stage, s.Name)
			WriteProblems(t.Output(), s)
		}
		t.Logf("%s %s %s %v %s", s.Status, s.Stage, s.Name, s.Duration.Round(time.Millisecond), s.Reason)
	}
}
