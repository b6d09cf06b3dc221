package cli

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/tp0-lab/composer/internal/test/golden"
)

// TestTour runs testdata/tour.txtar and compares what it makes with docs/tour.md.
// Its commands are
//
//	say TEXT    a paragraph, or a title, of the page
//	show LINE   a command line, run by sh, and all that it prints
func TestTour(t *testing.T) {
	page := filepath.Join("..", "..", "docs", "tour.md")
	var made strings.Builder
	t.Run("script", func(t *testing.T) { // a group, since scripts run in parallel
		testscript.Run(t, testscript.Params{
			Files:               []string{filepath.Join("testdata", "tour.txtar")},
			RequireExplicitExec: true,
			Setup: func(env *testscript.Env) error {
				env.Setenv("GORACE", "atexit_sleep_ms=0")
				examples, err := filepath.Abs(filepath.Join("..", "..", "examples"))
				if err != nil {
					return err
				}
				return os.Symlink(examples, filepath.Join(env.WorkDir, "examples"))
			},
			Cmds: map[string]func(*testscript.TestScript, bool, []string){
				"say": func(_ *testscript.TestScript, _ bool, args []string) {
					fmt.Fprintf(&made, "%s\n\n", strings.Join(args, " "))
				},
				"show": func(ts *testscript.TestScript, _ bool, args []string) {
					line := strings.Join(args, " ")
					err := ts.Exec("sh", "-c", "exec 2>&1\n"+line)
					fmt.Fprintf(&made, "```console\n$ %s\n%s", line, ts.ReadFile("stdout"))
					if exited := new(exec.ExitError); errors.As(err, &exited) {
						fmt.Fprintf(&made, "(exit code %d)\n", exited.ExitCode())
					} else {
						ts.Check(err)
					}
					made.WriteString("```\n\n")
				},
			},
		})
	})
	golden.Check(t, page, strings.TrimRight(made.String(), "\n")+"\n")
}
