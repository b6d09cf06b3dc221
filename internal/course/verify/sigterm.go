package verify

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tp0-lab/composer/internal/course/report"
)

func signalScenarios() []Scenario {
	stopping := func(silence bool, services ...string) func(*trial) {
		return func(t *trial) {
			t.configure(usualServer, clientKeys{500, "150ms", "DEBUG", 10, ""})
			t.begin(1)
			t.need(3, pattern{container: "client1", action: "receive_message"}, "client1 and the server talk")
			if silence {
				defer hold(t)()
				t.pause(time.Second) // after a second, the server has accepted the connection
			}
			t.stop(services...)
			if len(services) > 1 && !t.site.ours {
				eitherStopped(t, services...)
				return
			}
			stopped(t, services...)
		}
	}
	return []Scenario{
		{Stage: "ej4", Name: "sigterm-client", Title: "a client ends gracefully on SIGTERM", run: stopping(false, "client1")},
		{Stage: "ej4", Name: "sigterm-server", Title: "the server ends gracefully on SIGTERM while a client talks to it", run: stopping(false, "server")},
		{
			Stage: "ej4", Name: "sigterm-silent-peer", Beyond: "the course's clients are never silent",
			Title: "the server ends gracefully on SIGTERM, with a connection on which nothing is said", run: stopping(true, "server"),
		},
		{Stage: "ej4", Name: "sigterm-both", Title: "server and client end gracefully together", run: stopping(false, "server", "client1")},
		idleServer("ej4"), descriptorScenario("ej4"),
	}
}

// idleServer returns the scenario of SIGTERM to a server without clients.
func idleServer(stage string) Scenario {
	return Scenario{Stage: stage, Name: "sigterm-idle-server", Title: "a server without clients ends gracefully on SIGTERM", run: func(t *trial) {
		if stage >= "ej6" {
			t.agencies([]int{1}, []int{0}) // the Compose file mounts the agencies' files
		}
		startServer(t)
		t.pause(idleTime)
		t.stop("server")
		stopped(t, "server")
	}}
}

// idleTime is how long a server has had nothing to do when SIGTERM comes. A server that polls for clients may hang only
// after some polls.
const idleTime = 2 * time.Second

// whileSending returns the scenario of SIGTERM in the middle of a file.
func whileSending(stage string) Scenario {
	return Scenario{Stage: stage, Name: "sigterm-while-sending", Title: "on SIGTERM in the middle of a file, server and client end, and what the server has logged is on disk", run: func(t *trial) {
		blameHold(t, func() {
			holdFirst(t, []int{200, 1, 1, 1, 1}, []int{0, 0, 0, 0, 0})
			stopBoth(t)
			loggedIsStored(t)
		}, func() {
			t.configure(usualServer, clientKeys{5, "20ms", "INFO", 10, ""})
			t.agencies([]int{longFile, 1, 1, 1, 1}, []int{0, 0, 0, 0, 0})
			t.begin(5, "server")
			t.up("client1")
			stopMidway(t, line("server", "apuesta_recibida"))
			notWhole(t)
			loggedIsStored(t)
		})
	}}
}

// longFile is a number of bets. No client with the usual period sends so many within the ten seconds that Docker waits
// for its end.
const longFile = 20_000

// stopMidway stops server and client1 once a bet is on disk or a line matches p.
func stopMidway(t *trial, p pattern) {
	if !t.awaitStored(1) && !t.await(1, p) {
		t.unjudged(fmt.Sprintf("no bet of client1 is in bets.csv within %v, so it is not known when client1 is in the middle of its file", t.patience))
	}
	stopBoth(t)
}

// notWhole ends the scenario, unjudged, if client1's whole file is on disk. SIGTERM then came after the file, and
// sigterm-idle-server judges that case.
func notWhole(t *trial) {
	ofFirst := func(record []string) bool { return !notOfFirst(record) }
	if t.countStored(ofFirst) >= len(t.recordsOf(ofFirst)) {
		t.problems = nil
		t.unjudged("client1 sends its whole file before it can be stopped in the middle of it")
	}
}

// loggedIsStored expects the bets that the server has logged to be on disk.
func loggedIsStored(t *trial) {
	lines, _ := t.journal.snapshot()
	logged := 0
	for _, l := range filter(lines, line("server", "apuesta_recibida")) {
		n, _ := strconv.Atoi(l.Value("cantidad"))
		logged += n
	}
	if stored, err := t.storedBets(); err != nil || len(stored) < logged {
		t.problem(fmt.Sprintf("bets.csv holds the %d bets that the server logged as received, after SIGTERM", logged), recordsSeen(stored),
			t.about(line("server", "apuesta_recibida")))
	}
}

// blameHold runs held, which sends SIGTERM while a client is held. If in a checkout the only problems are services that
// had to be killed, blameHold runs free, which holds nobody, and only the problems of free count. The course allows
// that a server waits for the message that the relay holds, and the client for the answer to this message.
func blameHold(t *trial, held, free func()) {
	t.attempt(held)
	kills := slices.ContainsFunc(t.problems, isKill)
	others := slices.ContainsFunc(t.problems, func(p report.Problem) bool { return !isKill(p) })
	if t.site.ours || !kills || others {
		return
	}
	t.end()
	t.problems, t.status, t.reason, t.journal, t.sent = nil, "", "", newJournal(), nil
	t.attempt(free)
}

// wasKilled is the text of a problem about a service that did not end on SIGTERM.
const wasKilled = "it had to be killed"

func isKill(p report.Problem) bool { return p.Seen == wasKilled }

// stopBoth stops server and client1, and expects that neither had to be killed.
func stopBoth(t *trial) {
	t.stop("server", "client1")
	for _, s := range []string{"server", "client1"} {
		t.stopped(s)
	}
}

// eitherStopped expects one of the services to have ended well, and no service to have been killed. Like the course's
// public tests, it allows the other services to fail, because their connection was closed.
func eitherStopped(t *trial, services ...string) {
	well := false
	for _, s := range services {
		well = t.stopped(s) == 0 || well
	}
	if !well {
		t.problem("one of "+strings.Join(services, " and ")+" exits with code 0", "none does", t.about(pattern{}))
	}
}

// killed is the exit code after SIGKILL.
const killed = 128 + 9

// stopped expects services to have ended well. It expects the services of this project to have logged that.
func stopped(t *trial, services ...string) {
	t.exited(0, services...)
	if !t.site.ours {
		return // the course does not say which lines a checkout logs
	}
	for _, s := range services {
		kind := strings.TrimRight(s, "0123456789")
		t.wait(1, line(s, "receive_signal"))
		t.wait(1, line(s, "shutdown_"+kind))
		t.logged(1, line(s, "receive_signal"))
		t.logged(1, line(s, "shutdown_"+kind))
		if kind == "server" {
			t.logged(1, line(s, "close_server_socket"))
		}
	}
}
