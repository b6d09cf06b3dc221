// Package doctor examines whether a machine can render, build and start a lab. It changes nothing.
package doctor

import (
	"cmp"
	"context"
	"fmt"
	"go/version"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
)

// Status says how bad a finding is.
type Status string

// The statuses. A Problem keeps the lab from starting. A Warning does not.
const (
	OK      Status = "ok"
	Warning Status = "warning"
	Problem Status = "problem"
)

// Finding is the result of one check.
type Finding struct {
	Check  string `json:"check"`
	Status Status `json:"status"`
	Found  string `json:"found"`
	Next   string `json:"next"` // what the user can do, or ""
}

// Machine answers the questions of the checks. No function changes the machine.
type Machine struct {
	// Run runs a program and returns its stdout. The error wraps exec.ErrNotFound for a program that is not installed,
	// and context.DeadlineExceeded for one that takes too long. Any other error is the program's own message.
	Run func(ctx context.Context, name string, args ...string) (string, error)
	// ReadFile returns the content of a file.
	ReadFile func(name string) ([]byte, error)
	// Exists reports whether a file exists.
	Exists func(name string) bool
	// Writable returns an error if files cannot be created in a directory.
	Writable func(dir string) error
}

// Lab is the lab to start.
type Lab struct {
	Stage   string         // the stage's name and where it was chosen, for people
	Project *types.Project // of the Compose file, with paths as they are written; nil if Err is set
	Err     error          // why the Compose file cannot be rendered
	Next    string         // what the user can do about Err
	Bundle  string         // the directory of the templates; "" for the built-in lab
	Netcat  string         // the image that validar-echo-server.sh uses
	Go      string         // the oldest version of Go that builds the services, such as go1.26
}

// Examine runs all checks. limit is the longest time that each program of a check may take. Most programs run at the
// same time. If the Docker engine does not answer, the checks that need it are left out.
func Examine(ctx context.Context, m Machine, lab Lab, limit time.Duration) []Finding {
	e := examination{Machine: m, lab: lab, limit: limit, ctx: ctx}
	findings := []Finding{e.stage(), e.directory(), {"composer run", OK, "works without Docker", ""}}
	findings = append(findings, together(e.toolchain, e.docker)...)
	if lab.Project != nil {
		findings = append(findings, e.files(), e.bridge())
	}
	if !e.engine {
		return findings
	}
	checks := []func() []Finding{e.compose, e.buildx, e.images}
	if lab.Project != nil {
		checks = append(checks, e.networks, e.containers)
	}
	return append(findings, together(checks...)...)
}

type examination struct {
	Machine
	lab    Lab
	limit  time.Duration
	ctx    context.Context
	engine bool // Docker's engine answers
}

// together runs checks at the same time, and returns their findings in the order of the checks. It panics with the
// first panic of a check and its stack.
func together(checks ...func() []Finding) []Finding {
	findings, faults := make([][]Finding, len(checks)), make([]any, len(checks))
	var running sync.WaitGroup
	for i, check := range checks {
		running.Go(func() {
			defer func() {
				if fault := recover(); fault != nil {
					faults[i] = fmt.Sprintf("%v\n%s", fault, debug.Stack())
				}
			}()
			findings[i] = check()
		})
	}
	running.Wait()
	if fault := cmp.Or(faults...); fault != nil {
		panic(fault)
	}
	return slices.Concat(findings...)
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
		return Finding{"directory", Problem, fmt.Sprintf("files cannot be written here: %v", err), "go to a directory of your own, or print with `composer render`"}
	}
	return Finding{"directory", OK, "files can be written here", ""}
}

func (e *examination) toolchain() []Finding {
	const cost = "only `make build` and `make test` need it; generar-compose.sh builds in a container without it"
	out, err := e.ask("go", "version")
	if err != nil {
		return []Finding{{"go", Warning, e.why("go", err) + ": " + cost, "install Go from https://go.dev/dl"}}
	}
	has, _, _ := strings.Cut(strings.TrimPrefix(out, "go version "), " ")
	if version.IsValid(has) && version.Compare(has, e.lab.Go) < 0 {
		return []Finding{{"go", Warning, fmt.Sprintf("%s is older than %s, and will download that version", has, e.lab.Go), "install a newer one from https://go.dev/dl"}}
	}
	return []Finding{{"go", OK, has, ""}}
}
