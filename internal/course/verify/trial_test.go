package verify

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/tp0-lab/composer/internal/course/report"
)

// What proves nothing about a solution is no failure, and one cause is one failure.
func TestVerdicts(t *testing.T) {
	broken := errors.New("docker build: exit status 1\nsyntax error")
	trouble := errors.New("docker build: exit status 1\ndial tcp: lookup registry: no such host")
	fails := func(n int, err error) func(*trial) {
		return func(tr *trial) {
			tr.must("the images can be built", func() error {
				if n--; n < 0 {
					return nil
				}
				return err
			})
		}
	}
	inTurn := func(errs ...error) func(*trial) {
		return func(tr *trial) {
			tr.must("the containers start", func() error {
				err := errs[0]
				errs = errs[1:]
				return err
			})
		}
	}
	tests := []struct {
		name     string
		run      func(*trial)
		want     report.Status
		reason   string
		troubles int
	}{
		{"right", func(*trial) {}, report.Passed, "", 0},
		{"the solution's fault", fails(9, broken), report.Failed, "", 0},
		{"the same fault again", fails(9, broken), report.Skipped, "it follows from the failure of the solution's fault: the images can be built", 0},
		{"trouble that goes", fails(1, trouble), report.Passed, "", 1},
		{"trouble that stays", fails(9, trouble), report.Unjudged, "trouble with this machine or its engine keeps it from being shown that the images can be built: dial tcp: lookup registry: no such host", 0},
		{"other trouble after that", inTurn(errors.New("dial tcp: i/o timeout"), trouble), report.Unjudged, "trouble with this machine", 1},
		{"no verdict", func(tr *trial) { tr.unjudged("it is too\nquick") }, report.Unjudged, "it is too quick", 0},
		{"a fault before that", func(tr *trial) { tr.problem("a", "b", nil); tr.unjudged("it is too quick") }, report.Failed, "", 0},
		{"our own fault", func(*trial) { panic("oh") }, report.Unjudged, "composer itself is wrong: oh", 0},
	}
	s := checkout(t, "ej6", map[string]string{"server/Dockerfile": "FROM scratch\n"})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := runOne(t.Context(), Scenario{Stage: "ej6", Name: tt.name, run: tt.run}, nil, s, Options{Now: time.Now})
			if got.Status != tt.want || !strings.HasPrefix(got.Reason, tt.reason) || len(got.Troubles) != tt.troubles {
				t.Errorf("%s: %q, %q", got.Status, got.Reason, got.Troubles)
			}
			if wrong := len(got.Problems) > 0; wrong != (tt.want == report.Failed) {
				t.Errorf("problems: %v", got.Problems)
			}
		})
	}
}

// A service that has ended is not blamed for the time that Docker took to say so.
func TestExitCodeOf(t *testing.T) {
	tests := []struct {
		printed string
		code    int
		err     error
	}{
		{"0\n", 0, nil},
		{"137\n", 137, nil},
		{"0 false\n", 0, nil},
		{"1 false\n", 1, nil},
		{"0 true\n", 0, context.DeadlineExceeded},
	}
	for _, tt := range tests {
		if code, err := exitCodeOf(tt.printed, context.DeadlineExceeded); code != tt.code || !errors.Is(err, tt.err) {
			t.Errorf("%q: %d, %v", tt.printed, code, err)
		}
	}
}

func TestIsTrouble(t *testing.T) {
	missing := exec.Command("sh", "-c", "no-such-program-here").Run()
	wrong := exec.Command("sh", "-c", "exit 1").Run()
	tests := []struct {
		err  error
		want bool
	}{
		{nil, false},
		{fmt.Errorf("script: %w\nsyntax error", wrong), false},
		{fmt.Errorf("script: %w\nno-such-program-here: not found", missing), true},
		{fmt.Errorf("bash: %w", exec.ErrNotFound), true},
		{fmt.Errorf("docker: %w\nCannot connect to the Docker daemon at unix:///run", wrong), true},
		{fmt.Errorf("docker: %w\nGet https://x/v2/: net/http: TLS handshake timeout", wrong), true},
		{fmt.Errorf("docker: %w\nwrite /x: no space left on device", wrong), true},
		{fmt.Errorf("docker: %w\nPool overlaps with other one on this address space", wrong), true},
		{fmt.Errorf("docker: %w\nall predefined address pools have been fully subnetted", wrong), true},
		{fmt.Errorf("docker: %w\nnetwork tp0_net was found but has incorrect label com.docker.compose.network set to \"\"", wrong), true},
		{fmt.Errorf("docker: %w\nError response from daemon: network with name tp0_net already exists", wrong), true},
		{fmt.Errorf("docker: %w\nmain.go:3: undefined: x", wrong), false},
		{fmt.Errorf("docker: %w\npull access denied for mi-imagen", wrong), false},
	}
	for _, tt := range tests {
		if got := isTrouble(tt.err); got != tt.want {
			t.Errorf("%v: %v", tt.err, got)
		}
	}
}

// A line that is nearly right is quoted, with what it lacks.
func TestFound(t *testing.T) {
	j := newJournal()
	for _, l := range []report.Line{
		{Container: "client1", Text: "2026-01-01 00:00:00 INFO     action: consulta_ganadores | result: in_progress"},
		{Container: "client1", Text: "2026-01-01 00:00:00 INFO     action: consulta_ganadores | result: success | cant_ganadores 3"},
		{Container: "client1", Text: "2026-01-01 00:00:00 INFO     action: loop_finished | result: success"},
		{Container: "client2", Text: "2026-01-01 00:00:00 INFO     action: consulta_ganadores | result: success | cant_ganadores: 2"},
	} {
		j.add(l)
	}
	lines, _ := j.snapshot()
	tests := []struct {
		p    pattern
		want string
	}{
		{line("client1", "consulta_ganadores", "cant_ganadores", "3"), `0 lines; the nearest is "2026-01-01 00:00:00 INFO     action: consulta_ganadores | result: success | cant_ganadores 3", which lacks "cant_ganadores: 3"`},
		{line("client2", "consulta_ganadores", "cant_ganadores", "2"), "1 line"},
		{line("client1", "sorteo"), "0 lines"},
	}
	for _, tt := range tests {
		if got := found(lines, tt.p); got != tt.want {
			t.Errorf("got %s\nwant %s", got, tt.want)
		}
	}
}

// What fails through a relay that passes whole messages on is not the fault of cuts.
func TestBlameCuts(t *testing.T) {
	fails := func(tr *trial) func() { return func() { tr.problem("a", "b", nil); runtime.Goexit() } }
	works := func(*trial) func() { return func() {} }
	unbuilt := func(tr *trial) func() {
		return func() { tr.must("the images can be built", func() error { return errors.New("syntax error") }) }
	}
	tests := []struct {
		name       string
		ours       bool
		cut, whole func(*trial) func()
		want       report.Status
	}{
		{"right", false, works, fails, report.Passed},
		{"wrong when cut", false, fails, works, report.Failed},
		{"wrong either way", false, fails, fails, report.Unjudged},
		{"images that cannot be built", false, unbuilt, fails, report.Failed},
		{"this project", true, fails, fails, report.Failed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := checkout(t, "ej7", map[string]string{"server/Dockerfile": "FROM scratch\n"})
			run := func(tr *trial) {
				tr.site.ours = tt.ours
				blameCuts(tr, tt.cut(tr), tt.whole(tr))
			}
			got := runOne(t.Context(), Scenario{Stage: "ej7", Name: "x", run: run}, nil, s, Options{Now: time.Now})
			if got.Status != tt.want {
				t.Errorf("%s: %s", got.Status, got.Reason)
			}
		})
	}
}
