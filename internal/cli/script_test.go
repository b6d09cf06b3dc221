package cli

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"composer": func() { os.Exit(Process()) }})
}

// TestScripts runs testdata/script/*.txtar. Beside the usual commands they have
//
//	exits CODE PROGRAM ARG…     it exits with that code
//	sentence                    the last stderr is one line that begins with "composer: ", the last stdout is empty
//	age FILE, aged FILE         make FILE old; it is still
//	eventually FILE TEXT        FILE has TEXT in it, now or within a minute
func TestScripts(t *testing.T) {
	then := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("GORACE", "atexit_sleep_ms=0") // or the race detector has each program sleep a second
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": func(ts *testscript.TestScript, neg bool, args []string) {
				if neg || len(args) < 2 {
					ts.Fatalf("usage: exits CODE PROGRAM ARG…")
				}
				got := 0
				if err := ts.Exec(args[1], args[2:]...); err != nil {
					var exited interface{ ExitCode() int }
					if !asExit(err, &exited) {
						ts.Fatalf("%v", err)
					}
					got = exited.ExitCode()
				}
				if strconv.Itoa(got) != args[0] {
					ts.Fatalf("exit code %d, want %s", got, args[0])
				}
			},
			"sentence": func(ts *testscript.TestScript, _ bool, _ []string) {
				stderr := ts.ReadFile("stderr")
				if !strings.HasPrefix(stderr, "composer: ") || strings.Count(stderr, "\n") != 1 || ts.ReadFile("stdout") != "" {
					ts.Fatalf("want one sentence on stderr and nothing on stdout, got\n%s\n%s", stderr, ts.ReadFile("stdout"))
				}
			},
			"age": func(ts *testscript.TestScript, _ bool, args []string) {
				ts.Check(os.Chtimes(ts.MkAbs(args[0]), then, then))
			},
			"eventually": func(ts *testscript.TestScript, _ bool, args []string) {
				deadline := time.Now().Add(time.Minute)
				for {
					text, err := os.ReadFile(ts.MkAbs(args[0]))
					if err == nil && strings.Contains(string(text), args[1]) {
						return
					}
					if time.Now().After(deadline) {
						ts.Fatalf("%s has no %q: %s, %v", args[0], args[1], text, err)
					}
					time.Sleep(5 * time.Millisecond)
				}
			},
			"aged": func(ts *testscript.TestScript, neg bool, args []string) {
				info, err := os.Stat(ts.MkAbs(args[0]))
				ts.Check(err)
				if info.ModTime().Equal(then) == neg {
					ts.Fatalf("%s is of %v", args[0], info.ModTime())
				}
			},
		},
	})
}

func asExit(err error, target *interface{ ExitCode() int }) bool {
	exited, ok := err.(interface{ ExitCode() int })
	*target = exited
	return ok
}
