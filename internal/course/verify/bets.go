package verify

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tp0-lab/composer/internal/text"
)

func betScenarios() []Scenario {
	var all []Scenario
	for _, n := range []int{1, 5} {
		all = append(all, Scenario{
			Stage: "ej5", Name: fmt.Sprintf("single-bet-%d", n),
			Title: fmt.Sprintf("the bet of %s is confirmed, logged on both sides, and on disk", text.Plural(n, "client")),
			run:   func(t *trial) { singleBets(t, n, "Tiago Nicolás", "Ñandú Müller", false) },
		})
	}
	return append(all, Scenario{
		Stage: "ej5", Name: "odd-names", Beyond: beyondDelimiters,
		Title: "commas, quotes and the like in a bet's names arrive as they are",
		run:   func(t *trial) { singleBets(t, 1, "Santiago Lionel=|;", "Lorca, \"Ñandú\"", false) },
	}, Scenario{
		Stage: "ej5", Name: "short-reads",
		Title: "a bet and its confirmation that arrive byte by byte are whole",
		run:   func(t *trial) { singleBets(t, 1, "Tiago Nicolás", "Ñandú Müller", true) },
	}, idleServer("ej5"), descriptorScenario("ej5"), Scenario{
		Stage: "ej5", Name: "sigterm-after-a-bet",
		Title: "on SIGTERM after the server has answered a bet, server and client end, and the bet that was confirmed is on disk",
		run:   confirmedBet,
	}, Scenario{
		Stage: "ej5", Name: "missing-variable", Beyond: "the course does not say what a client does whose bet lacks a field",
		Title: "a client whose bet lacks a field sends nothing, and fails",
		run: func(t *trial) {
			t.configure(usualServer, usualClient)
			t.variable("client1", "DOCUMENTO", "")
			t.begin(1)
			t.exited(1, "client1")
			if !t.site.ours { // the course does not say how a client reports it
				t.stored()
				return
			}
			t.wait(1, pattern{container: "client1", action: "config", result: "fail"})
			lines, _ := t.journal.snapshot()
			if !strings.Contains(filter(lines, pattern{container: "client1", result: "fail"})[0].Text, "DOCUMENTO") {
				t.problem("the client names DOCUMENTO", filter(lines, pattern{result: "fail"})[0].Text, t.about(pattern{container: "client1"}))
			}
			t.logged(0, line("server", "apuesta_almacenada"))
			t.stored()
		},
	})
}

// Reasons why the course does not ask for a scenario.
const (
	beyondDelimiters = "the course's files have neither commas nor quotes in names"
	beyondFive       = "the course has five agencies"
	beyondRestart    = "the course's servers need not survive"
)

// singleBets sends one bet of each of n clients. With cut, a relay passes the bytes on in small pieces.
func singleBets(t *trial, n int, first, last string, cut bool) {
	client := usualClient
	if !t.site.ours {
		client.amount = 1 // the loop of the course's client may send the bet again
	}
	t.configure(usualServer, client)
	begin := func() {
		if !cut {
			t.begin(n)
			t.exited(0, t.clients()...)
			return
		}
		t.begin(n, "server")
		r := t.relayed(usualServer, client, true)
		t.up(t.clients()...)
		t.exited(0, t.clients()...)
		t.usedRelay(r)
		if !slices.ContainsFunc(r.carried(), func(l link) bool { return len(l.answered) > 0 }) {
			t.problem("the server confirms the bet, which the client waits for", "the server sends client1 nothing", t.about(line("client1", "apuesta_enviada")))
		}
	}
	if !t.site.ours && !namesBets(t, n) {
		begin()
		ownBets(t, n, !cut) // single-bet-1 judges the agency
		return
	}
	for i := 1; i <= n; i++ {
		document := strconv.Itoa(30904464 + i)
		for name, value := range map[string]string{
			"NOMBRE": first, "APELLIDO": last, "DOCUMENTO": document, "NACIMIENTO": "1999-03-17", "NUMERO": "7574",
		} {
			t.variable(clientName(i), name, value)
		}
		t.sent = append(t.sent, []string{strconv.Itoa(i), first, last, document, "1999-03-17", "7574"})
	}
	begin()
	if cut && !t.site.ours { // single-bet-1 judges the lines
		t.stored()
		return
	}
	for i, record := range t.sent {
		t.wait(1, line(clientName(i+1), "apuesta_enviada", "dni", record[3], "numero", "7574"))
		t.wait(1, line("server", "apuesta_almacenada", "dni", record[3], "numero", "7574"))
	}
	t.logged(n, line("server", "apuesta_almacenada"))
	t.storedWell()
}

// confirmedBet stops both sides as soon as the server has answered the first bet.
func confirmedBet(t *trial) {
	blameHold(t, func() {
		t.configure(usualServer, usualClient)
		t.begin(1, "server")
		r := t.relayed(usualServer, usualClient, false)
		r.hold()
		t.held = true
		t.up("client1")
		t.untilHeld(r)
		ended := pattern{container: "client1", action: "apuesta_enviada"}
		t.journal.wait(t.ctx, time.Second, func(lines []entry) bool { return count(lines, ended) > 0 })
		stopBoth(t)
		confirmedIsStored(t)
	}, func() {
		t.configure(usualServer, usualClient)
		t.begin(1, "server")
		t.up("client1")
		stopMidway(t, line("client1", "apuesta_enviada"))
		confirmedIsStored(t)
	})
}

// confirmedIsStored expects each bet that the server or a client has logged to be on disk.
func confirmedIsStored(t *trial) {
	stored, err := t.storedBets()
	if err != nil {
		t.fatal("bets.csv is a CSV file", err.Error())
	}
	lines, _ := t.journal.snapshot()
	for _, p := range []pattern{line("client1", "apuesta_enviada"), line("server", "apuesta_almacenada")} {
		for _, l := range filter(lines, p) {
			dni := l.Value("dni")
			if !slices.ContainsFunc(stored, func(r []string) bool { return len(r) > 3 && r[3] == dni }) {
				t.problem(fmt.Sprintf("bets.csv holds the bet with document %s, which %s logged, after SIGTERM", dni, l.Container), recordsSeen(stored), t.about(p))
				return
			}
		}
	}
}

// namesBets reports whether a checkout's Compose file gives its clients their bets in the variables of the course's
// example (NOMBRE and so on).
func namesBets(t *trial, n int) bool {
	t.must("generar-compose.sh writes a Compose file for "+text.Plural(n, "client"), func() error { return t.site.generate(t.ctx, n) })
	for i := 1; i <= n; i++ {
		given := t.environment(clientName(i))
		for _, name := range []string{"NOMBRE", "APELLIDO", "DOCUMENTO", "NACIMIENTO", "NUMERO"} {
			if _, ok := given[name]; !ok {
				return false
			}
		}
	}
	return true
}

// ownBets expects the server of a checkout to log and store the bets that the clients log. With agencies set, it also
// expects each bet to be stored under its client's number.
func ownBets(t *trial, n int, agencies bool) {
	t.awaitStored(n) // a client may end before the server has stored its bet
	stored, err := t.storedBets()
	if err != nil {
		t.fatal("bets.csv is a CSV file", err.Error())
	}
	for i, client := range t.clients() {
		sent, agency := line(client, "apuesta_enviada"), strconv.Itoa(i+1)
		t.wait(1, sent)
		lines, _ := t.journal.snapshot()
		bet := filter(lines, sent)[0]
		dni, number := bet.Value("dni"), bet.Value("numero")
		t.wait(1, line("server", "apuesta_almacenada", "dni", dni, "numero", number))
		same := func(r []string) bool { return len(r) == 6 && r[3] == dni && r[5] == number }
		own := func(r []string) bool { return same(r) && r[0] == agency } // several clients may have the same bet
		at := slices.IndexFunc(stored, same)
		switch {
		case at < 0:
			t.problem(fmt.Sprintf("bets.csv holds the bet of %s with document %s and number %s", client, dni, number), recordsSeen(stored), t.about(sent))
		case agencies && !slices.ContainsFunc(stored, own):
			t.problem(fmt.Sprintf("bets.csv holds the bet of %s under agency %s", client, agency), "it is under agency "+strconv.Quote(stored[at][0]), t.about(sent))
		}
	}
	if len(stored) != n {
		t.problem("bets.csv holds "+text.Plural(n, "bet"), recordsSeen(stored), t.about(pattern{container: "server"}))
	}
	t.nothingFailed()
}
