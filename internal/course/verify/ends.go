package verify

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// nothingFailed expects no line with result: fail. From ej5 on, a checkout may log result: fail for actions of its own,
// such as a question for winners that comes too early. So may this project if a client was held, because its server
// gives up a silent connection. Before ej7 it also expects the server not to have crashed. From ej7 on, nothingFailed
// does not judge how the server ends, because a server may have nothing more to do after the draw.
func (t *trial) nothingFailed() {
	if t.site.stage < "ej7" {
		if code, ok := t.ended("server", time.Second/4); ok && code != 0 {
			t.problem("the server serves on, or exits with code 0", "it exited with code "+strconv.Itoa(code), t.about(pattern{container: "server"}))
		}
	}
	failed := func(e entry) bool {
		return e.Result == "fail" && (t.site.ours && !t.held || t.site.stage < "ej5" || slices.Contains(courseActions, e.Action))
	}
	lines, _ := t.journal.snapshot()
	if i := slices.IndexFunc(lines, failed); i >= 0 {
		t.problem("no line with result: fail", lines[i].Container+": "+lines[i].Text, t.around(failed))
	}
}

// ended waits for the end of a service, up to a limit, and returns its exit code. ok is false if the service still
// runs. ended does not read the journal, which has the ends of containers only after all of them have ended.
func (t *trial) ended(service string, limit time.Duration) (code int, ok bool) {
	ctx, cancel := context.WithTimeout(t.ctx, limit)
	defer cancel()
	code, err := t.lab.exitCode(ctx, service)
	return code, err == nil
}

// courseActions are the actions of the course's text that must not fail. The course's consulta_ganadores may fail.
var courseActions = []string{"apuesta_enviada", "apuesta_almacenada", "apuesta_recibida", "sorteo"}

// exited expects services to end with a code.
func (t *trial) exited(code int, services ...string) {
	limit := time.Now().Add(t.limit)
	for _, s := range services {
		// All services share one limit. After it, settled is the time to ask for each exit code.
		ctx, cancel := context.WithTimeout(t.ctx, max(time.Until(limit), settled))
		got, err := t.lab.exitCode(ctx, s)
		cancel()
		expected := fmt.Sprintf("%s exits with code %d", s, code)
		switch {
		case errors.Is(err, context.DeadlineExceeded):
			t.problem(expected, fmt.Sprintf("it still runs after %v", t.limit), t.about(pattern{container: s}))
		case err != nil:
			t.unjudged("the exit code of " + s + " cannot be read: " + err.Error())
		case got != code:
			t.problem(expected, fmt.Sprintf("code %d", got), t.about(pattern{container: s}))
		}
	}
	if slices.Equal(services, t.clients()) {
		t.patience = max(settled, t.limit/5)
	}
	t.settle()
}
