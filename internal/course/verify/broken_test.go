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
	"github.com/tp0-lab/composer/internal/course/words"
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
	case "keeps-echo-connections":
		s, c = hoarder, client.Run
	case "server-ignores-sigterm":
		s, c = deaf(server.Run), client.Run
	case "server-ignores-sigterm-later":
		s, c = deafLater(server.Run), client.Run
	case "client-ignores-sigterm":
		s, c = server.Run, deaf(client.Run)
	case "ignores-its-file":
		s, c = server.Run, with(client.Run, "CLI_LOOP_AMOUNT=5")
	case "sends-one-too-few":
		s, c = server.Run, with(client.Run, "CLI_LOOP_AMOUNT=2")
	case "ignores-its-level":
		s, c = server.Run, with(client.Run, "CLI_LOG_LEVEL=DEBUG")
	case "ignores-its-period":
		s, c = server.Run, with(client.Run, "CLI_LOOP_PERIOD=10ms")
	case "server-ignores-its-level":
		s, c = with(server.Run, "LOGGING_LEVEL=INFO"), client.Run
	case "server-fails-on-sigterm":
		s, c = failing(server.Run), client.Run
	case "client-fails-on-sigterm":
		s, c = server.Run, failing(client.Run)
	case "sends-another-document":
		s, c = server.Run, with(client.Run, "DOCUMENTO=1")
	case "sends-another-number":
		s, c = server.Run, with(client.Run, "NUMERO=1")
	case "sends-another-name":
		s, c = server.Run, with(client.Run, "NOMBRE=Otra")
	case "sends-another-birthdate":
		s, c = server.Run, with(client.Run, "NACIMIENTO=2000-01-01")
	case "sends-as-another-agency":
		s, c = server.Run, with(client.Run, "CLI_ID=2")
	case "fails-after-all":
		s, c = server.Run, failing(client.Run)
	}
	return local.ServeAs(arguments, s, prompt(c))
}

func deaf(run service.Run) service.Run {
	return func(ctx context.Context, m service.Machine) error { return run(context.WithoutCancel(ctx), m) }
}

// deafLater runs a service that ignores SIGTERM once it has waited for a second.
func deafLater(run service.Run) service.Run {
	return func(ctx context.Context, m service.Machine) error {
		begin := time.Now()
		own, cancel := context.WithCancel(context.WithoutCancel(ctx))
		defer cancel()
		defer context.AfterFunc(ctx, func() {
			if time.Since(begin) < time.Second {
				cancel()
			}
		})()
		return run(own, m)
	}
}

// failing runs a service that ends with an error.
func failing(run service.Run) service.Run {
	return func(ctx context.Context, m service.Machine) error {
		return errors.Join(run(ctx, m), errors.New("for no reason"))
	}
}

func with(run service.Run, variable string) service.Run {
	return func(ctx context.Context, m service.Machine) error {
		name, _, _ := strings.Cut(variable, "=")
		m.Environ = slices.DeleteFunc(slices.Clone(m.Environ), func(v string) bool { return strings.HasPrefix(v, name+"=") })
		m.Environ = append(m.Environ, variable)
		return run(ctx, m)
	}
}

// mutant is a wrong service, the scenario that is meant for it, and what that says.
type mutant struct{ bug, stage, scenario, says, does string }

// mutants are listed in docs/verify.md.
var mutants = []mutant{
	{"echoes-wrongly", "ej1", "echo-unaltered", "comes back", "the server answers in capitals"},
	{"fails-after-all", "ej1", "echo-1-by-3", "client1 exits with code 0", "the client ends with code 1 after its last message"},
	{"sends-one-too-few", "ej1", "echo-1-by-3", "client1: action: receive_message", "the client sends one message less than `loop.amount`"},
	{"ignores-its-file", "ej2", "files-change-without-a-rebuild", "2 lines, client1: action: receive_message", "the client sends five messages whatever its file says"},
	{"ignores-its-level", "ej2", "files-change-without-a-rebuild", "log_level: INFO", "the client has its log level from elsewhere than its file"},
	{"ignores-its-period", "ej2", "files-change-without-a-rebuild", "loop_period: 100ms", "the client has its period from elsewhere than its file"},
	{"server-ignores-its-level", "ej2", "files-change-without-a-rebuild", "server: action: config", "the server has its log level from elsewhere than its file"},
	{"server-ignores-sigterm", "ej4", "sigterm-server", "within 5s of SIGTERM", "the server goes on after SIGTERM while a client talks to it"},
	{"server-ignores-sigterm", "ej4", "sigterm-idle-server", "server exits with code 0", "the server goes on after SIGTERM"},
	{"server-ignores-sigterm-later", "ej4", "sigterm-idle-server", "server exits with code 0", "the server goes on after SIGTERM once it has waited for a second"},
	{"client-ignores-sigterm", "ej4", "sigterm-client", "within 5s of SIGTERM", "the client goes on after SIGTERM"},
	{"client-ignores-sigterm", "ej4", "sigterm-both", "client1 exits with code 0", "the client goes on after SIGTERM to both"},
	{"server-fails-on-sigterm", "ej4", "sigterm-server", "server exits with code 0", "the server ends with code 1 on SIGTERM"},
	{"client-fails-on-sigterm", "ej4", "sigterm-client", "client1 exits with code 0", "the client ends with code 1 on SIGTERM"},
	{"keeps-echo-connections", "ej4", "descriptors", "20 more connections, which have all ended", "the echo server closes no connection"},
	{"sends-another-document", "ej5", "single-bet-1", "dni: 30904465", "the client sends another document"},
	{"sends-another-number", "ej5", "single-bet-1", "numero: 7574", "the client sends another number"},
	{"sends-another-name", "ej5", "single-bet-1", "the bet that was sent", "the client sends another name"},
	{"sends-another-birthdate", "ej5", "single-bet-1", "the bet that was sent", "the client sends another birthdate"},
	{"sends-as-another-agency", "ej5", "single-bet-1", "the bet that was sent, under its agency", "the client sends under another agency's number"},
	{"server-ignores-sigterm", "ej5", "sigterm-idle-server", "server exits with code 0", "the lottery goes on after SIGTERM"},
	{"confirms-before-it-stores", "ej5", "sigterm-after-a-bet", "logged, after SIGTERM", "the server confirms a bet that it will store later"},
	{"confirms-no-bet", "ej5", "short-reads", "sends client1 nothing", "the server confirms no bet, and the client waits for nothing"},
	{"keeps-connections", "ej5", "descriptors", "20 more connections, which have all ended", "the lottery closes no connection of a bet"},
	{"keeps-connections", "ej6", "descriptors", "20 more connections, which have all ended", "the lottery closes no connection of batches"},
	{"drops-bad-bets", "ej6", "refused-batch", "or all 5 bets of the batch on disk", "the server drops a bad bet and confirms the rest"},
	{"closes-on-a-bad-bet", "ej6", "refused-batch", "or all 5 bets of the batch on disk", "the server ends the connection at a bad bet"},
	{"refuses-without-an-answer", "ej6", "refused-batch", "answers the batch with an error", "the server logs that a batch failed and tells nobody"},
	{"confirms-what-it-refuses", "ej6", "refused-batch", "differs from the answer to a batch that is stored", "the server logs that a batch failed and answers as if it had stored it"},
	{"stores-half-of-a-refused-batch", "ej6", "refused-batch-whole", "nothing of the batch that failed", "the server stores the bets before the bad one of a batch that fails"},
	{"loses-the-last-batch", "ej6", "partial-batch", "the 95 bets that were sent, each once", "the client drops a batch that is not full"},
	{"splits-wrongly", "ej6", "exact-batches", "batches of 10, 10, 10, 10, 10 bets", "the client sends one bet too many in a batch"},
	{"ignores-the-frame-limit", "ej6", "frame-limit", "no batch over 8192 bytes", "a batch is as large as `batch.maxAmount` lets it be"},
	{"pads-its-messages", "ej6", "frame-limit", "bytes on the wire between two answers", "the protocol needs so many bytes that a batch of 100 bets is over 8 kB"},
	{"does-not-quote", "ej6", "odd-names", "the 4 bets that were sent, each once", "the server stores commas without quotes"},
	{"stores-twice", "ej6", "one-bet", "the bet that was sent, once", "the server stores each bet twice"},
	{"stores-one-too-few", "ej6", "partial-batch", "the 95 bets that were sent, each once", "the server drops the first bet of each batch"},
	{"counts-wrongly", "ej6", "exact-batches", "batches of 10, 10, 10, 10, 10 bets", "the server logs one bet too many"},
	{"logs-a-failure", "ej6", "one-bet", "no line with result: fail", "the server logs that a batch failed that it has stored"},
	{"ends-with-its-client", "ej6", "one-bet", "the server serves on", "the server ends with code 2 once a client has gone"},
	{"exits-1", "ej6", "one-bet", "client1 exits with code 0", "the client ends with code 1 after its file"},
	{"reads-once", "ej6", "short-reads", "the 95 bets that were sent, each once", "the server takes each read for a message"},
	{"confirms-before-it-stores", "ej6", "sigterm-while-sending", "that the server logged as received", "the server confirms a batch that it will store later"},
	{"mixes-agencies", "ej6", "three-agencies", "each under its agency", "the server stores all bets under agency 1"},
	{"broadcasts-all-winners", "ej7", "winners-of-3", "cant_ganadores: 0", "each agency gets the number of all winners"},
	{"sends-all-winners", "ej7", "only-own-winners", "of a winner of agency", "the server sends all winners to each agency, which logs its own"},
	{"answers-before-the-draw", "ej7", "no-answer-before-the-last", "neither sorteo nor consulta_ganadores", "the server answers at once"},
	{"draws-twice", "ej7", "winners-of-3", "1 line, server: action: sorteo", "the server logs two draws"},
	{"draws-early", "ej8", "no-answer-before-the-last", "neither sorteo nor consulta_ganadores", "the server draws when all but one have finished"},
	{"draws-without-the-last", "ej7", "no-answer-before-the-last", "neither sorteo nor consulta_ganadores", "the server waits eight seconds for the last agency"},
	{"forgets-a-winner", "ej8", "winners-of-5", "cant_ganadores: 3", "the server finds one winner too few"},
	{"confirms-before-it-stores", "ej8", "sigterm-while-sending", "that the server logged as received", "the parallel server confirms a batch that it will store later"},
	{"draws-without-the-last", "ej8", "stalled-agency", "0 lines, server: action: sorteo", "the server waits eight seconds for an agency that is held"},
	{"draws-early", "ej8", "stalled-agency", "0 lines, server: action: sorteo", "the server draws while the last of five agencies is held"},
	{"forgets-a-slow-agency", "ej8", "stalled-agency", "client1 exits with code 0", "the server never draws after an agency was held"},
	{"serves-one-at-a-time", "ej8", "stalled-agency", "while client1 is held", "the server serves one connection after the other"},
	{"starts-over-after-a-break", "ej8", "restarted-server", "the 420 bets that were sent, each once", "the client sends its file anew after a break"},
}

// Each broken service is caught by the scenario that is meant for it.
func TestBrokenServicesAreCaught(t *testing.T) {
	t.Parallel()
	tests := mutants
	if testing.Short() { // those that are caught without a wait in vain
		tests = slices.DeleteFunc(slices.Clone(tests), func(m mutant) bool {
			return !slices.Contains([]string{"fails-after-all", "loses-the-last-batch", "stores-twice", "broadcasts-all-winners"}, m.bug)
		})
	}
	results := atOnce(len(tests), func(i int) report.Report {
		m := tests[i]
		r := runWith(t, m.bug, m.stage, m.scenario, 10*time.Second)
		if len(r.Scenarios) == 1 && !strings.Contains(problemsOf(r.Scenarios[0]), m.says) { // a busy machine ends waits in vain
			r = runWith(t, m.bug, m.stage, m.scenario, time.Minute)
		}
		return r
	})
	for i, tt := range tests {
		t.Run(tt.bug+"/"+tt.scenario, func(t *testing.T) {
			r := only(t, results[i])
			if r.Status != report.Failed {
				t.Fatalf("%s: it is not caught: %s", r.Status, r.Reason)
			}
			if said := problemsOf(r); !strings.Contains(said, tt.says) {
				t.Errorf("want %q in\n%s", tt.says, said)
			}
		})
	}
}

func problemsOf(s report.Scenario) string {
	var said strings.Builder
	writeProblems(&said, s, words.English)
	return said.String()
}

// A lab of another make that does what the contract says passes; or the test
// above would prove little.
func TestAnotherLabPasses(t *testing.T) {
	t.Parallel()
	tests := []struct{ kind, stage, scenario string }{
		{"", "ej6", "partial-batch"},
		{"", "ej6", "frame-limit"},
		{"", "ej5", "single-bet-1"},
		{"", "ej5", "sigterm-after-a-bet"},
		{"", "ej5", "descriptors"},
		{"", "ej6", "descriptors"},
		{"", "ej6", "refused-batch"},
		{"", "ej6", "refused-batch-whole"},
		{"stores-bad-bets", "ej6", "refused-batch"},
		{"", "ej6", "odd-names"},
		{"", "ej6", "empty-file"},
		{"", "ej7", "winners-of-3"},
		{"", "ej7", "no-answer-before-the-last"},
		{"", "ej6", "short-reads"},
		{"", "ej6", "sigterm-while-sending"},
		{"", "ej7", "only-own-winners"},
		{"", "ej8", "short-reads"},
		{"", "ej8", "winners-of-5"},
		{"", "ej8", "stalled-agency"},
		{"hurries", "ej8", "stalled-agency"},
	}
	if testing.Short() {
		tests = tests[:1]
	}
	results := atOnce(len(tests), func(i int) report.Report {
		return runWith(t, tests[i].kind, tests[i].stage, tests[i].scenario, time.Minute)
	})
	for i, tt := range tests {
		t.Run(tt.kind+tt.stage+"/"+tt.scenario, func(t *testing.T) {
			if r := only(t, results[i]); r.Status != report.Passed {
				writeProblems(t.Output(), r, words.English)
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

func runWith(t *testing.T, bug, stage, scenario string, patience time.Duration) report.Report {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Error(err)
	}
	return run(t, Options{Stages: []string{stage}, Names: []string{scenario}, Service: []string{self, brokenPrefix + bug}, Patience: patience})
}

func only(t *testing.T, r report.Report) report.Scenario {
	t.Helper()
	if len(r.Scenarios) != 1 {
		t.Fatalf("%d scenarios", len(r.Scenarios))
	}
	return r.Scenarios[0]
}
