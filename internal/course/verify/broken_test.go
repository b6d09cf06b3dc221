package verify

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tp0-lab/composer/internal/course/report"
	"github.com/tp0-lab/composer/internal/lab/client"
	"github.com/tp0-lab/composer/internal/lab/local"
	"github.com/tp0-lab/composer/internal/lab/server"
	"github.com/tp0-lab/composer/internal/lab/service"
)

// The services that are wrong are chosen by what stands before the lab's
// arguments on the command line of this test binary.
const brokenPrefix = "broken:"

func serveBroken(bug string, arguments []string) int {
	s, c := naive{bug}.server, naive{bug}.client
	switch bug {
	case "echoes-wrongly":
		s, c = liar, client.Run
	case "server-ignores-sigterm":
		s, c = deaf(server.Run), client.Run
	case "client-ignores-sigterm":
		s, c = server.Run, deaf(client.Run)
	case "ignores-its-file":
		s, c = server.Run, with(client.Run, "CLI_LOOP_AMOUNT=5")
	case "sends-another-document":
		s, c = server.Run, with(client.Run, "DOCUMENTO=1")
	case "fails-after-all":
		s, c = server.Run, func(ctx context.Context, m service.Machine) error {
			return errors.Join(client.Run(ctx, m), errors.New("for no reason"))
		}
	}
	return local.ServeAs(arguments, s, prompt(c))
}

func deaf(run service.Run) service.Run {
	return func(ctx context.Context, m service.Machine) error { return run(context.WithoutCancel(ctx), m) }
}

func with(run service.Run, variable string) service.Run {
	return func(ctx context.Context, m service.Machine) error {
		name, _, _ := strings.Cut(variable, "=")
		m.Environ = slices.DeleteFunc(slices.Clone(m.Environ), func(v string) bool { return strings.HasPrefix(v, name+"=") })
		m.Environ = append(m.Environ, variable)
		return run(ctx, m)
	}
}

// Each broken service is caught by the scenario that is meant for it.
func TestBrokenServicesAreCaught(t *testing.T) {
	t.Parallel()
	type test struct{ bug, stage, scenario, says string }
	tests := []test{
		{"echoes-wrongly", "ej1", "echo-unaltered", "comes back"},
		{"fails-after-all", "ej1", "echo-1-by-3", "client1 exits with code 0"},
		{"ignores-its-file", "ej2", "files-change-without-a-rebuild", "2 lines, client1: action: receive_message"},
		{"server-ignores-sigterm", "ej4", "sigterm-server", "within 5s of SIGTERM"},
		{"server-ignores-sigterm", "ej4", "sigterm-idle-server", "server exits with code 0"},
		{"client-ignores-sigterm", "ej4", "sigterm-client", "within 5s of SIGTERM"},
		{"client-ignores-sigterm", "ej4", "sigterm-both", "client1 exits with code 0"},
		{"sends-another-document", "ej5", "single-bet-1", "dni: 30904465"},
		{"loses-the-last-batch", "ej6", "partial-batch", "the 95 bets that were sent, each once"},
		{"splits-wrongly", "ej6", "exact-batches", "batches of 10, 10, 10, 10, 10 bets"},
		{"ignores-the-frame-limit", "ej6", "frame-limit", "no batch over 8192 bytes"},
		{"does-not-quote", "ej6", "odd-names", "the 4 bets that were sent, each once"},
		{"stores-twice", "ej6", "one-bet", "the 1 bets that were sent, each once"},
		{"exits-1", "ej6", "one-bet", "client1 exits with code 0"},
		{"broadcasts-all-winners", "ej7", "winners-of-3", "cant_ganadores: 0"},
		{"answers-before-the-draw", "ej7", "no-answer-before-the-last", "neither sorteo nor consulta_ganadores"},
		{"draws-early", "ej8", "no-answer-before-the-last", "neither sorteo nor consulta_ganadores"},
		{"serves-one-at-a-time", "ej8", "stalled-agency", "apuesta_recibida"},
		{"starts-over-after-a-break", "ej8", "restarted-server", "the 420 bets that were sent, each once"},
	}
	if testing.Short() { // those that are caught without a wait in vain
		tests = slices.DeleteFunc(tests, func(tt test) bool {
			return !slices.Contains([]string{"fails-after-all", "loses-the-last-batch", "stores-twice", "broadcasts-all-winners"}, tt.bug)
		})
	}
	results := atOnce(len(tests), func(i int) report.Report { return runWith(t, tests[i].bug, tests[i].stage, tests[i].scenario) })
	for i, tt := range tests {
		t.Run(tt.bug+"/"+tt.scenario, func(t *testing.T) {
			r := only(t, results[i])
			if r.Status != report.Failed {
				t.Fatalf("%s: it is not caught", r.Status)
			}
			var said strings.Builder
			WriteProblems(&said, r)
			if !strings.Contains(said.String(), tt.says) {
				t.Errorf("want %q in\n%s", tt.says, said.String())
			}
		})
	}
}

// A lab of another make that does what the contract says passes; or the test
// above would prove little.
func TestAnotherLabPasses(t *testing.T) {
	t.Parallel()
	tests := []struct{ kind, stage, scenario string }{
		{"", "ej6", "partial-batch"},
		{"", "ej6", "frame-limit"},
		{"", "ej6", "odd-names"},
		{"", "ej6", "empty-file"},
		{"", "ej7", "winners-of-3"},
		{"", "ej7", "no-answer-before-the-last"},
		{"", "ej8", "winners-of-5"},
		{"", "ej8", "stalled-agency"},
		{"hurries", "ej8", "stalled-agency"},
	}
	if testing.Short() {
		tests = tests[:1]
	}
	results := atOnce(len(tests), func(i int) report.Report { return runWith(t, tests[i].kind, tests[i].stage, tests[i].scenario) })
	for i, tt := range tests {
		t.Run(tt.kind+tt.stage+"/"+tt.scenario, func(t *testing.T) {
			if r := only(t, results[i]); r.Status != report.Passed {
				WriteProblems(t.Output(), r)
				t.Error(r.Status)
			}
		})
	}
}

// atOnce calls f with 0 … n-1, some calls at once: they mostly wait.
func atOnce(n int, f func(i int) report.Report) []report.Report {
	results := make([]report.Report, n)
	var group sync.WaitGroup
	places := make(chan struct{}, 10)
	for i := range n {
		group.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			results[i] = f(i)
		})
	}
	group.Wait()
	return results
}

func runWith(t *testing.T, bug, stage, scenario string) report.Report {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Error(err)
	}
	return run(t, Options{Stages: []string{stage}, Names: []string{scenario}, Service: []string{self, brokenPrefix + bug}, Patience: 10 * time.Second})
}

func only(t *testing.T, r report.Report) report.Scenario {
	t.Helper()
	if len(r.Scenarios) != 1 {
		t.Fatalf("%d scenarios", len(r.Scenarios))
	}
	return r.Scenarios[0]
}
