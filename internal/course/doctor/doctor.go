// Package doctor looks at a machine and says whether a lab can be rendered, built
// and started on it. It changes nothing.
package doctor

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
)

// Status says how bad a finding is.
type Status string

// The statuses. A warning costs something, which it says; a problem keeps the lab
// from starting.
const (
	OK      Status = "ok"
	Warning Status = "warning"
	Problem Status = "problem"
)

// Finding is what one check found.
type Finding struct {
	Check  string `json:"check"`
	Status Status `json:"status"`
	Found  string `json:"found"`
	Next   string `json:"next"` // what to do, or ""
}

// Machine is what is asked about the machine. None of it changes anything.
type Machine struct {
	// Run runs a program and returns what it printed on stdout. Where the program is
	// missing the error wraps exec.ErrNotFound; where it was not done in time,
	// context.DeadlineExceeded; and otherwise it says what the program said.
	Run func(ctx context.Context, name string, args ...string) (string, error)
	// ReadFile is os.ReadFile.
	ReadFile func(name string) ([]byte, error)
	// Exists reports whether there is a file.
	Exists func(name string) bool
	// Writable returns why files cannot be made in a directory, or nil.
	Writable func(dir string) error
	OS       string // as runtime.GOOS
}

// Lab is what is going to be started.
type Lab struct {
	Stage   string         // and where that is said, for people
	Project *types.Project // of the Compose file, with paths as they are written; nil if there is none
	Err     error          // why there is none
	Bundle  string         // the directory of its templates; "" is the built-in ones
	Next    string         // what to do about Err
	Netcat  string         // the image that validar-echo-server.sh takes
	GoVersion
}

// GoVersion is the oldest version of Go that builds the services, 1.26 being {1, 26}.
type GoVersion struct{ Major, Minor int }

// Examine checks all there is, in at most a few times limit, which is what each
// program that it asks is given.
func Examine(ctx context.Context, m Machine, lab Lab, limit time.Duration) []Finding {
	e := examination{Machine: m, lab: lab, limit: limit, ctx: ctx}
	toolchain := e.later(e.toolchain)
	docker := e.later(e.docker)
	findings := []Finding{e.stage(), e.directory(), e.local(), toolchain()[0]}
	findings = append(findings, docker()...)
	if lab.Project != nil {
		findings = append(findings, e.sources(), e.room())
	}
	if !e.engine {
		return findings
	}
	compose, buildx, images, networks, names := e.later(e.compose), e.later(e.buildx), e.later(e.images), e.later(e.networks), e.later(e.names)
	for _, found := range []func() []Finding{compose, buildx, images, networks, names} {
		findings = append(findings, found()...)
	}
	return findings
}

// Right reports whether there is no problem.
func Right(findings []Finding) bool {
	for _, f := range findings {
		if f.Status == Problem {
			return false
		}
	}
	return true
}

type examination struct {
	Machine
	lab    Lab
	limit  time.Duration
	ctx    context.Context
	engine bool // Docker's is there
}

// later runs a check beside others.
func (e *examination) later(check func() []Finding) func() []Finding {
	var found []Finding
	var done sync.WaitGroup
	done.Go(func() { found = check() })
	return func() []Finding {
		done.Wait()
		return found
	}
}

// ask runs a program with the limit.
func (e *examination) ask(name string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(e.ctx, e.limit)
	defer cancel()
	out, err := e.Run(ctx, name, args...)
	return strings.TrimSpace(out), err
}

func (e *examination) stage() Finding {
	if e.lab.Err != nil {
		return Finding{"stage", Problem, e.lab.Err.Error(), e.lab.Next}
	}
	return Finding{"stage", OK, e.lab.Stage, ""}
}

func (e *examination) directory() Finding {
	if err := e.Writable("."); err != nil {
		return Finding{"directory", Problem, fmt.Sprintf("nothing can be written here: %v", err), "go to a directory of your own, or print with `composer render`"}
	}
	return Finding{"directory", OK, "files can be written here", ""}
}

func (e *examination) local() Finding {
	if e.OS != "linux" {
		return Finding{"composer run", Warning, "works on Linux only, and this is " + e.OS, "use Docker: `make docker-compose-up`"}
	}
	return Finding{"composer run", OK, "works without Docker", ""}
}

func (e *examination) toolchain() []Finding {
	const cost = "needed for `make build` and `make test` only; generar-compose.sh builds in a container without it"
	want := e.lab.GoVersion
	out, err := e.ask("go", "version")
	if err != nil {
		return []Finding{{"go", Warning, e.why("go", err) + ": " + cost, "install Go from https://go.dev/dl"}}
	}
	words := strings.Fields(out)
	if len(words) < 3 {
		return []Finding{{"go", Warning, fmt.Sprintf("cannot tell the version from %q", out), ""}}
	}
	var has GoVersion
	if _, err := fmt.Sscanf(words[2], "go%d.%d", &has.Major, &has.Minor); err == nil &&
		(has.Major < want.Major || has.Major == want.Major && has.Minor < want.Minor) {
		return []Finding{{"go", Warning, fmt.Sprintf("%s is older than go%d.%d, and will want to download that", words[2], want.Major, want.Minor), "install a newer one from https://go.dev/dl"}}
	}
	return []Finding{{"go", OK, words[2], ""}}
}
