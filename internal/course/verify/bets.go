package verify

import (
	"bytes"
	"encoding/binary"
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
	}, idleServer("ej5"), Scenario{
		Stage: "ej5", Name: "missing-variable", Beyond: "the course does not say what a client does whose bet lacks a field",
		Title: "a client whose bet lacks a field sends nothing, and fails",
		run: func(t *trial) {
			t.configure(usualServer, usualClient)
			t.variable("client1", "DOCUMENTO", "")
			t.begin(1)
			t.exited(1, "client1")
			if !t.site.ours { // how a client says so is everybody's own
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

// singleBets sends a bet of each of n clients, maybe cut into small pieces.
func singleBets(t *trial, n int, first, last string, cut bool) {
	client := usualClient
	if !t.site.ours {
		client.amount = 1 // the course's loop may send the bet anew
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
	}
	if !t.site.ours && !namesBets(t, n) {
		begin()
		ownBets(t, n)
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
	for i, record := range t.sent {
		t.wait(1, line(clientName(i+1), "apuesta_enviada", "dni", record[3], "numero", "7574"))
		t.wait(1, line("server", "apuesta_almacenada", "dni", record[3], "numero", "7574"))
	}
	t.logged(n, line("server", "apuesta_almacenada"))
	t.nothingFailed()
	t.stored()
}

// namesBets reports whether a checkout's Compose file gives its clients the bets in the variables that the course names as
// examples.
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

// ownBets expects the bets that a checkout's clients log to be those that the server logs and stores.
func ownBets(t *trial, n int) {
	stored, err := t.storedBets()
	if err != nil {
		t.fatal("bets.csv is a CSV file", err.Error())
	}
	for _, client := range t.clients() {
		sent := line(client, "apuesta_enviada")
		t.wait(1, sent)
		lines, _ := t.journal.snapshot()
		bet := filter(lines, sent)[0]
		dni, number := bet.Value("dni"), bet.Value("numero")
		t.wait(1, line("server", "apuesta_almacenada", "dni", dni, "numero", number))
		same := func(r []string) bool { return len(r) == 6 && r[3] == dni && r[5] == number }
		if !slices.ContainsFunc(stored, same) {
			t.problem(fmt.Sprintf("bets.csv holds the bet of %s with document %s and number %s", client, dni, number), recordsSeen(stored), t.about(sent))
		}
	}
	if len(stored) != n {
		t.problem("bets.csv holds "+text.Plural(n, "bet"), recordsSeen(stored), t.about(pattern{container: "server"}))
	}
	t.nothingFailed()
}

func batchScenarios() []Scenario {
	var all []Scenario
	for _, s := range []struct {
		name, title, beyond string
		bets, max           int
		want                []int // number of bets of each batch of this project
	}{
		{"one-bet", "a single bet is a batch", "", 1, 10, []int{1}},
		{"partial-batch", "95 bets in batches of at most 10: the last five are sent, too", "", 95, 10, []int{10, 10, 10, 10, 10, 10, 10, 10, 10, 5}},
		{"exact-batches", "50 bets in batches of at most 10: all are sent, once", "", 50, 10, []int{10, 10, 10, 10, 10}},
		{"less-than-a-batch", "30 bets in batches of at most 50", "", 30, 50, []int{30}},
		{"empty-file", "an agency without bets sends none, and does well", "the course's agencies all have bets", 0, 10, nil},
	} {
		all = append(all, Scenario{Stage: "ej6", Name: s.name, Title: s.title, Beyond: s.beyond, run: func(t *trial) {
			t.configure(usualServer, clientKeys{5, "20ms", "INFO", s.max, ""})
			t.agencies([]int{s.bets}, []int{0})
			t.begin(1)
			t.exited(0, "client1")
			batches(t, s.max, s.want)
			t.nothingFailed()
			t.stored()
		}})
	}
	return append(all,
		Scenario{
			Stage: "ej6", Name: "frame-limit",
			Title: "no batch needs more than 8 kB, and none has more on the wire if each is answered before the next (batch.maxAmount as shipped; this project's: far too large)",
			run: func(t *trial) {
				maxAmount := 100_000
				if !t.site.ours { // the course asks for a good default
					if maxAmount = t.site.maxAmount; maxAmount == 0 {
						t.fatal(t.site.clientConfig+" has batch.maxAmount", "it has not")
					}
				}
				keys := clientKeys{5, "20ms", "INFO", maxAmount, ""}
				t.configure(usualServer, keys)
				t.agencies([]int{1000}, []int{0})
				t.begin(1, "server")
				r := t.relayed(usualServer, keys, false)
				t.up("client1")
				t.exited(0, "client1")
				t.usedRelay(r)
				frames(t, r.carried())
				t.nothingFailed()
				t.stored()
			},
		},
		Scenario{
			Stage: "ej6", Name: "odd-names", Beyond: beyondDelimiters,
			Title: "commas, quotes, accents and equals signs in names arrive as they are",
			run: func(t *trial) {
				t.configure(usualServer, usualClient)
				t.agency(1, "\"Juana, María\",O'Higgins,20000001,1990-01-31,1\r\n"+
					"\"El \"\"Gato\"\"\",\"de la \"\"Ñ\"\", Peña\",20000002,1991-02-28,2\r\n"+
					"José|Ángel,Müller=Straße;x,20000003,1992-12-01,3\r\n"+
					"李,小龍,04000004,1993-11-27,7574\r\n")
				t.begin(1)
				t.exited(0, "client1")
				batches(t, 10, []int{4})
				t.nothingFailed()
				t.stored()
			},
		},
		Scenario{
			Stage: "ej6", Name: "short-reads",
			Title: "batches and answers that arrive byte by byte are whole",
			run: func(t *trial) {
				keys := clientKeys{5, "20ms", "INFO", 10, ""}
				t.configure(usualServer, keys)
				t.agencies([]int{95}, []int{0})
				t.begin(1, "server")
				r := t.relayed(usualServer, keys, true)
				t.up("client1")
				t.exited(0, "client1")
				t.usedRelay(r)
				t.nothingFailed()
				t.stored()
			},
		},
		idleServer("ej6"), whileSending("ej6"),
		Scenario{
			Stage: "ej6", Name: "three-agencies",
			Title: "the bets of three agencies are all on disk, each under its agency",
			run: func(t *trial) {
				t.configure(usualServer, clientKeys{5, "20ms", "INFO", 10, ""})
				t.agencies([]int{25, 10, 7}, []int{1, 0, 0})
				t.begin(3)
				t.exited(0, t.clients()...)
				batchesOfAtMost(t, 10)
				t.nothingFailed()
				t.stored()
			},
		},
	)
}

// batches expects this project's server to have received batches with these numbers of bets, and another's, batches of at
// most so many.
func batches(t *trial, most int, want []int) {
	if !t.site.ours { // the course limits the number of bets of a batch, no more
		batchesOfAtMost(t, most)
		return
	}
	received := line("server", "apuesta_recibida")
	t.await(len(want), received) // a missing batch is a difference below
	lines, _ := t.journal.snapshot()
	var got []string
	for _, l := range filter(lines, received) {
		got = append(got, l.Value("cantidad"))
	}
	var expected []string
	for _, n := range want {
		expected = append(expected, strconv.Itoa(n))
	}
	if a, b := strings.Join(expected, ", "), strings.Join(got, ", "); a != b {
		t.problem("batches of "+orNone(a)+" bets", "batches of "+orNone(b), t.about(received))
	}
}

// batchesOfAtMost expects the server to have logged batches of at most so many bets, which add up to those that were sent.
func batchesOfAtMost(t *trial, most int) {
	received := line("server", "apuesta_recibida")
	sum := func(lines []entry) (total int) {
		for _, l := range filter(lines, received) {
			n, _ := strconv.Atoi(l.Value("cantidad"))
			total += n
		}
		return total
	}
	t.journal.wait(t.ctx, t.patience, func(lines []entry) bool { return sum(lines) >= len(t.sent) })
	lines, _ := t.journal.snapshot()
	for _, l := range filter(lines, received) {
		if n, err := strconv.Atoi(l.Value("cantidad")); err != nil || n > most {
			t.problem("each batch has at most "+text.Plural(most, "bet"), l.Text, t.about(received))
			return
		}
	}
	if got := sum(lines); got != len(t.sent) {
		seen := fmt.Sprintf("%d in %s", got, text.Plural(count(lines, received), "line"))
		if got == 0 {
			seen = found(lines, received)
		}
		t.problem(fmt.Sprintf("the batches of %s add up to %s", received, text.Plural(len(t.sent), "bet")), seen, t.about(received))
	}
}

func orNone(s string) string {
	if s == "" {
		return "no"
	}
	return s
}

// leastOfBet is the least number of bytes of a bet besides its names and its document, in any protocol: three lengths
// or ends of texts, a date and a number.
const leastOfBet = 3 + 2 + 2

// frames expects that no batch needs more than 8192 bytes, in any protocol. Where the client waits for the answer to each
// batch, what it sends between two answers is a batch.
func frames(t *trial, links []link) {
	const limit = 8192
	received := line("server", "apuesta_recibida")
	all := func(lines []entry) bool {
		total := 0
		for _, l := range filter(lines, received) {
			n, _ := strconv.Atoi(l.Value("cantidad"))
			total += n
		}
		return total >= len(t.sent)
	}
	t.journal.wait(t.ctx, t.patience, all) // stored reports missing bets
	lines, _ := t.journal.snapshot()
	bursts := 0
	for _, l := range links {
		bursts += len(l.bursts)
	}
	for _, l := range links {
		if most := slices.Max(append(l.bursts, 0)); bursts >= count(lines, received) && most > limit {
			t.problem(fmt.Sprintf("no batch over %d bytes", limit), fmt.Sprintf("%d bytes on the wire between two answers", most), t.about(received))
			return
		}
	}
	at := 0
	for _, l := range filter(lines, received) {
		n, err := strconv.Atoi(l.Value("cantidad"))
		if err != nil || n < 1 || at+n > len(t.sent) {
			t.problem("batches that add up to what was sent", l.Text, t.about(received))
			return
		}
		size := 0
		for _, record := range t.sent[at : at+n] {
			size += len(record[1]) + len(record[2]) + len(record[3]) + leastOfBet
		}
		if size > limit {
			t.problem(fmt.Sprintf("no batch over %d bytes", limit), fmt.Sprintf("one of %d bets, with %d bytes at the least", n, size), t.about(received))
			return
		}
		at += n
	}
}

// drawScenarios returns the scenarios that ej7 and ej8 share.
func drawScenarios(stage string) []Scenario {
	return []Scenario{
		{Stage: stage, Name: "winners-of-3", Beyond: beyondFive, Title: "three agencies get their own winners after one draw; one has none", run: func(t *trial) {
			draw(t, []int{30, 20, 15}, []int{2, 0, 1})
		}},
		{Stage: stage, Name: "winners-of-5", Title: "five agencies get their own winners after one draw; two have none", run: func(t *trial) {
			draw(t, []int{12, 5, 20, 31, 1}, []int{3, 0, 1, 2, 0})
		}},
		{Stage: stage, Name: "no-answer-before-the-last", Title: "there is no draw and no answer while the last agency has not started, for ten seconds", run: lastAgency},
		{Stage: stage, Name: "only-own-winners", Title: "the server sends no agency the document of another's winner", run: ownWinners},
		{Stage: stage, Name: "short-reads", Title: "bets, notices and winners that arrive byte by byte are whole", run: func(t *trial) {
			relayedDraw(t, []int{12, 5, 20, 31, 1}, []int{3, 0, 1, 2, 0}, true)
		}},
		idleServer(stage), whileSending(stage),
	}
}

// relayedDraw is a draw whose bytes pass a relay.
func relayedDraw(t *trial, bets, winners []int, cut bool) *relay {
	keys := clientKeys{5, "20ms", "INFO", 10, ""}
	t.configure(usualServer, keys)
	t.agencies(bets, winners)
	t.begin(len(bets), "server")
	r := t.relayed(usualServer, keys, cut)
	t.up(t.clients()...)
	t.exited(0, t.clients()...)
	t.usedRelay(r)
	drawn(t, winners)
	return r
}

// ownWinners looks for the documents of other agencies' winners in what the server sends, as text or as numbers.
func ownWinners(t *trial) {
	r := relayedDraw(t, []int{12, 9, 20, 31, 6}, []int{3, 2, 1, 2, 1}, false)
	known := 0
	for _, l := range r.carried() {
		agency := ""
		for _, bet := range t.sent {
			if carries(l.sent, bet[3]) {
				agency = bet[0]
				known++
				break
			}
		}
		for _, bet := range t.sent {
			if agency != "" && bet[0] != agency && bet[5] == "7574" && carries(l.answered, bet[3]) {
				t.problem("agency "+agency+" is sent its own winners only", fmt.Sprintf("it is sent the document %s of a winner of agency %s", bet[3], bet[0]), nil)
				return
			}
		}
	}
	if known == 0 {
		t.unjudged("the clients send no document as text or as a number of four or eight bytes, so nothing can be looked for in the answers")
	}
}

// carries reports whether bytes hold a document, as text or as a number in either byte order.
func carries(b []byte, document string) bool {
	n, err := strconv.ParseUint(document, 10, 32)
	forms := [][]byte{[]byte(document)}
	if err == nil {
		forms = append(forms, binary.BigEndian.AppendUint32(nil, uint32(n)), binary.LittleEndian.AppendUint32(nil, uint32(n)))
	}
	return slices.ContainsFunc(forms, func(form []byte) bool { return bytes.Contains(b, form) })
}

// idleServer returns the scenario of SIGTERM to a server without clients.
func idleServer(stage string) Scenario {
	return Scenario{Stage: stage, Name: "sigterm-idle-server", Title: "a server without clients ends gracefully on SIGTERM", run: func(t *trial) {
		if stage >= "ej6" {
			t.agencies([]int{1}, []int{0}) // which the Compose file mounts
		}
		startServer(t)
		t.stop("server")
		stopped(t, "server")
	}}
}

// whileSending returns the scenario of SIGTERM in the middle of a file.
func whileSending(stage string) Scenario {
	return Scenario{Stage: stage, Name: "sigterm-while-sending", Title: "on SIGTERM in the middle of a file, server and client end, and what the server has logged is on disk", run: func(t *trial) {
		holdFirst(t, []int{200, 1, 1, 1, 1}, []int{0, 0, 0, 0, 0})
		t.stop("server", "client1")
		for _, s := range []string{"server", "client1"} {
			code, err := t.lab.exitCode(t.ctx, s)
			switch {
			case err != nil:
				t.unjudged("the exit code of " + s + " cannot be had: " + err.Error())
			case code == killed:
				t.problem(s+" ends on SIGTERM", "it had to be killed", t.about(pattern{container: s}))
			}
		}
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
	}}
}

// holdFirst starts the server and client1, which sends through a relay that holds it once the server has answered it.
func holdFirst(t *trial, bets, winners []int) *relay {
	keys := clientKeys{5, "20ms", "INFO", 10, ""}
	t.configure(usualServer, keys)
	t.agencies(bets, winners)
	t.begin(len(bets), "server")
	r := t.relayed(usualServer, keys, false)
	r.hold()
	t.held = true
	t.up("client1")
	for limit := time.Now().Add(t.patience); !r.holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(limit) || t.ctx.Err() != nil {
			t.usedRelay(r)
			t.unjudged(fmt.Sprintf("the server answers client1 nothing within %v, so it is not known when client1 is in the middle of its file", t.patience))
		}
	}
	t.journal.wait(t.ctx, time.Second, func([]entry) bool { return false }) // what it has sent is stored by then
	return r
}

func draw(t *trial, bets, winners []int) {
	t.configure(usualServer, usualClient)
	t.agencies(bets, winners)
	t.begin(len(bets))
	drawn(t, winners)
}

// drawn expects one draw, and each agency's winners after it.
func drawn(t *trial, winners []int) {
	t.exited(0, t.clients()...)
	t.wait(1, line("server", "sorteo"))
	t.logged(1, line("server", "sorteo"))
	answered(t, winners)
	afterwards(t)
	t.nothingFailed()
	t.stored()
}

// answered expects each agency to log its number of winners.
func answered(t *trial, winners []int) {
	for i, n := range winners {
		t.wait(1, line(clientName(i+1), "consulta_ganadores"))
		t.logged(1, line(clientName(i+1), "consulta_ganadores", "cant_ganadores", strconv.Itoa(n)))
	}
}

// afterwards expects no batch after the draw and no answer before it.
func afterwards(t *trial) {
	lines, _ := t.journal.snapshot()
	at := filter(lines, line("server", "sorteo"))
	if len(at) == 0 {
		return // drawn has reported it
	}
	drawn := false
	for _, l := range lines {
		switch {
		case l.Container == "server" && l.Action == "sorteo":
			drawn = true
		case drawn && l.Container == "server" && l.Action == "apuesta_recibida" && l.Result == "success":
			t.problem("no batch is stored after the draw", l.Text, t.about(line("server", "sorteo")))
			return
		case l.Action == "consulta_ganadores" && l.Result == "success" && l.Container != "server" && l.At.Before(at[0].At.Add(-t.lab.skew())):
			t.problem("no agency has its winners before the draw", fmt.Sprintf("%s has them %v before", l.Container, at[0].At.Sub(l.At)), t.about(pattern{action: "consulta_ganadores"}))
			return
		}
	}
}

// lastIsLate is how long the last agency lets the others wait. Some servers draw without it after a few seconds.
const lastIsLate = 10 * time.Second

// lastAgency starts the last agency only when the others wait for the draw.
func lastAgency(t *trial) {
	winners := []int{1, 0, 2, 0, 1}
	t.configure(usualServer, clientKeys{5, "50ms", "INFO", 10, ""})
	t.agencies([]int{10, 20, 15, 1, 2}, winners)
	t.begin(len(winners), "server", "client1", "client2", "client3", "client4")
	if !t.awaitStored(10 + 20 + 15 + 1) {
		t.unjudged(fmt.Sprintf("the bets of four agencies are not all in bets.csv within %v, while the fifth has not started", t.patience))
	}
	early := t.journal.wait(t.ctx, lastIsLate, func(lines []entry) bool {
		return count(lines, line("server", "sorteo"))+count(lines, pattern{action: "consulta_ganadores", result: "success"}) > 0
	})
	if early {
		t.problem("neither sorteo nor consulta_ganadores while client5 has not even started", "there is one", t.about(line("server", "sorteo")))
		return
	}
	t.up("client5")
	drawn(t, winners)
}

func parallelScenarios() []Scenario {
	return []Scenario{
		{Stage: "ej8", Name: "stalled-agency", Title: "while one agency is held in the middle of its file, the others' bets are stored", run: stalledAgency},
		{Stage: "ej8", Name: "restarted-server", Beyond: beyondRestart, Title: "a server that is killed and started again half-way loses nothing and stores nothing twice", run: restartedServer},
	}
}

func stalledAgency(t *trial) {
	winners := []int{1, 2, 0, 0, 1}
	const others = 30 + 20 + 1 + 2
	r := holdFirst(t, []int{200, 30, 20, 1, 2}, winners)
	before, err := t.storedBets()
	if err != nil {
		t.fatal("bets.csv is a CSV file", err.Error())
	}
	t.up("client2", "client3", "client4", "client5")
	t.patience = min(t.patience, meanwhile) // sooner than a server gives up a silent peer and serves the others
	if !t.awaitStored(len(before) + others) {
		after, _ := t.storedBets()
		clients := make(map[string]bool)
		for _, l := range r.carried() {
			clients[l.client] = true
		}
		if len(clients) < len(winners) {
			t.unjudged("not all of the other clients have connected while client1 is held")
		}
		t.problem(fmt.Sprintf("the %d bets of the other agencies are in bets.csv within %v, while client1 is held in the middle of its file", others, t.patience),
			fmt.Sprintf("%d of them", len(after)-len(before)), t.about(line("server", "apuesta_recibida")))
		return
	}
	t.logged(0, line("server", "sorteo"))
	r.release()
	t.patience = t.limit
	drawn(t, winners)
}

// meanwhile bounds the time of the others while an agency is stalled.
const meanwhile = 20 * time.Second

func restartedServer(t *trial) {
	winners := []int{2, 0, 1}
	received := line("server", "apuesta_recibida")
	for factor := 1; ; factor *= 10 {
		bets := []int{160 * factor, 140 * factor, 120 * factor}
		t.configure(usualServer, clientKeys{5, "100ms", "INFO", 10, ""})
		t.agencies(bets, winners)
		t.begin(len(winners))
		t.wait(9, received)
		t.interrupt("kill", "server")
		t.settle()
		lines, _ := t.journal.snapshot()
		if count(lines, line("server", "sorteo")) == 0 && count(lines, received) < len(t.sent)/10 {
			break // half-way
		}
		if factor == 100 {
			t.unjudged("the clients send all before the server can be killed")
		}
		t.end()
		t.journal, t.sent = newJournal(), nil
	}
	t.up("server")
	t.exited(0, t.clients()...)
	t.wait(1, line("server", "sorteo"))
	answered(t, winners)
	t.stored()
}
