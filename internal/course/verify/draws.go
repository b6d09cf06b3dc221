package verify

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

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
			pieces := func(cut bool) func() {
				return func() { relayedDraw(t, []int{12, 5, 20, 31, 1}, []int{3, 0, 1, 2, 0}, cut) }
			}
			blameCuts(t, pieces(true), pieces(false))
		}},
		idleServer(stage), whileSending(stage),
	}
}

// relayedDraw runs a draw whose bytes pass through a relay.
func relayedDraw(t *trial, bets, winners []int, cut bool) *relay {
	keys := clientKeys{5, "20ms", "INFO", 10, ""}
	t.configure(usualServer, keys)
	t.agencies(bets, winners)
	t.begin(len(bets), "server")
	r := t.relayed(usualServer, keys, cut)
	t.up(t.clients()...)
	t.exited(0, t.clients()...)
	t.usedRelay(r)
	if t.site.ours {
		drawn(t, winners)
		return r
	}
	answeredInAnyForm(t, winners)
	t.storedWell()
	return r
}

// answeredInAnyForm expects each agency of a checkout to log its number of winners, either as cant_ganadores or as the
// last number of the line. Only winners-of-5 judges the form of these lines and how many there are. Other scenarios
// accept any form, so that one fault is one failure.
func answeredInAnyForm(t *trial, winners []int) {
	for i, n := range winners {
		answer, want := line(clientName(i+1), "consulta_ganadores"), strconv.Itoa(n)
		says := func(l entry) bool { return l.Value("cant_ganadores") == want || lastNumber(l.Text) == want }
		t.wait(1, answer)
		if lines, _ := t.journal.snapshot(); !slices.ContainsFunc(filter(lines, answer), says) {
			t.problem(fmt.Sprintf("%s, in which the number of winners is %d", answer, n), found(lines, answer), t.about(answer))
		}
	}
}

// lastNumber returns the last number of a text, "" without one.
func lastNumber(text string) string {
	end := strings.LastIndexAny(text, "0123456789") + 1
	return text[strings.LastIndexFunc(text[:end], func(r rune) bool { return r < '0' || r > '9' })+1 : end]
}

// relayHides is why a draw through a relay may fail although the solution is right: all clients come from this machine's
// address.
const relayHides = "the draw fails through composer's relay even if whole messages are passed on, perhaps because clients are told apart by their address, which the relay hides; winners-of-5 judges the draw without it"

// blameCuts runs cut. If cut fails in a checkout after the containers have started, blameCuts also runs whole. The
// failure of cut counts only if whole does not fail; otherwise the scenario is unjudged.
func blameCuts(t *trial, cut, whole func()) {
	t.attempt(cut)
	if t.site.ours || len(t.problems) == 0 || t.status != "" || t.setup != "" {
		return
	}
	problems, journal := t.problems, t.journal
	t.end()
	t.problems, t.journal, t.sent = nil, newJournal(), nil
	t.attempt(whole)
	if len(t.problems) > 0 || t.status != "" {
		t.problems = nil
		t.unjudged(relayHides)
	}
	t.problems, t.journal = problems, journal
}

// attempt calls f in a goroutine of its own, which f may end, and waits for it.
func (t *trial) attempt(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer t.recover()
		f()
	}()
	<-done
}

// ownWinners looks for the documents of other agencies' winners in what the server sends, as text or as numbers.
func ownWinners(t *trial) {
	var r *relay
	t.attempt(func() { r = relayedDraw(t, []int{12, 9, 20, 31, 6}, []int{3, 2, 1, 2, 1}, false) })
	if !t.site.ours && len(t.problems) > 0 && t.setup == "" {
		t.problems = nil
		t.unjudged(relayHides)
	}
	if r == nil {
		return
	}
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
	t.storedWell()
}

// answered expects each agency to log its number of winners.
func answered(t *trial, winners []int) {
	for i, n := range winners {
		t.wait(1, line(clientName(i+1), "consulta_ganadores"))
		t.logged(1, line(clientName(i+1), "consulta_ganadores", "cant_ganadores", strconv.Itoa(n)))
	}
}

// afterwards expects no batch after the draw and no answer about winners before the draw.
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

// lastIsLate is how long the other agencies wait before the last agency starts. Some servers draw without the last
// agency after a few seconds.
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
	if t.site.ours {
		drawn(t, winners)
		return
	}
	t.exited(0, t.clients()...)
	for _, client := range t.clients() {
		t.wait(1, line(client, "consulta_ganadores")) // winners-of-5 judges the line's content
	}
}

func parallelScenarios() []Scenario {
	return []Scenario{
		{Stage: "ej8", Name: "stalled-agency", Title: "while one agency is held in the middle of its file, the others' bets are stored, and there is no draw for ten seconds", run: stalledAgency},
		{Stage: "ej8", Name: "restarted-server", Beyond: beyondRestart, Title: "a server that is killed and started again half-way loses nothing and stores nothing twice", run: restartedServer},
	}
}

func stalledAgency(t *trial) {
	winners := []int{1, 2, 0, 0, 1}
	r := holdFirst(t, []int{200, 30, 20, 1, 2}, winners)
	others := len(t.recordsOf(notOfFirst))
	t.up("client2", "client3", "client4", "client5")
	t.patience = min(t.patience, meanwhile) // a server may give up a silent peer later, and then serve the others
	if !t.awaitStoredOf(others, notOfFirst) {
		clients := make(map[string]bool)
		for _, l := range r.carried() {
			clients[l.client] = true
		}
		if len(clients) < len(winners) {
			t.unjudged("not all of the other clients have connected while client1 is held")
		}
		blameStall(t, r)
		return
	}
	draw := line("server", "sorteo")
	t.journal.wait(t.ctx, lastIsLate, func(lines []entry) bool { return count(lines, draw) > 0 })
	t.logged(0, draw)
	if len(t.problems) > 0 {
		return
	}
	r.release()
	t.patience = t.limit
	if t.site.ours {
		drawn(t, winners)
		return
	}
	drawnAfterRelease(t, r, func() { relayedDraw(t, []int{12, 5, 20, 31, 1}, []int{3, 0, 1, 2, 0}, false) })
}

// notOfFirst reports whether a record is of another agency than agency 1.
func notOfFirst(record []string) bool { return record[0] != "1" }

// blameStall blames a server that has stored too few bets of the other agencies while a client is held, if the server
// stores the rest once that client goes on. If the rest does not come either, the hold is not the cause, and the
// scenario is unjudged.
func blameStall(t *trial, r *relay) {
	others, seen := len(t.recordsOf(notOfFirst)), t.countStored(notOfFirst)
	patience, around := t.patience, t.about(line("server", "apuesta_recibida"))
	r.release()
	t.patience = t.limit
	if !t.site.ours && !t.awaitStoredOf(others, notOfFirst) {
		t.unjudged("the bets of the other agencies are not all in bets.csv after client1 goes on either, so the hold is not to blame; winners-of-5 judges that")
	}
	t.problem(fmt.Sprintf("the %d bets of the other agencies are in bets.csv within %v, while client1 is held in the middle of its file", others, patience),
		fmt.Sprintf("%d of them", seen), around)
}

// drawnAfterRelease expects a checkout's server to draw once the held agency goes on. A missing draw proves nothing in
// two cases. In the first, the held client or the server has ended the held connection: the course sets no time for
// that. In the second, whole fails too, which is a draw through a relay that holds nobody.
func drawnAfterRelease(t *trial, r *relay, whole func()) {
	draw := line("server", "sorteo")
	if r.gaveUpHeld() || t.await(1, draw) {
		return
	}
	lines, _ := t.journal.snapshot()
	seen, around, held := found(lines, draw), t.about(draw), t.journal
	t.end()
	t.journal, t.sent = newJournal(), nil
	t.attempt(whole)
	fails := len(t.problems) > 0 || t.status != ""
	t.problems, t.status, t.reason, t.journal = nil, "", "", held
	if !fails {
		t.problem("a draw once client1 goes on and has sent its file", seen, around)
	}
}

// meanwhile bounds the wait for the other agencies while one agency is held.
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
