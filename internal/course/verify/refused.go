package verify

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tp0-lab/composer/internal/text"
)

// The bad bet of a refused batch, and the only bet of the good batch after it. The birthdate of the bad bet does not
// exist, which the course's class Bet treats as an error. The names of these two bets are in no other bet, so a
// scenario can find them on the wire.
const (
	badName      = "Malapata"
	badDocument  = "20000303"
	goodName     = "Buenaventura"
	goodDocument = "20000306"
)

func refusedScenarios() []Scenario {
	return []Scenario{{
		Stage: "ej6", Name: "refused-batch",
		Title: "a batch with a bet whose birthdate does not exist is answered and logged as failed, unless the server stores all of it",
		run:   func(t *trial) { refused(t) },
	}, {
		Stage: "ej6", Name: "refused-batch-whole", Beyond: "the course does not say what is stored of a batch that fails",
		Title: "nothing is stored of a batch that fails",
		run: func(t *trial) {
			stored, failed := refused(t)
			if failed && len(stored) > 0 {
				t.problem("bets.csv holds nothing of the batch that failed", recordsSeen(stored), t.about(pattern{container: "server", action: "apuesta_recibida"}))
			}
		},
	}}
}

// refused sends a batch in which one bet is bad. It returns the records that are on disk after the batch, and whether
// the server has logged that the batch failed. If it failed, refused then sends the good batch of another agency: see
// refusedAudibly.
func refused(t *trial) (stored [][]string, failed bool) {
	const bets = 5
	keys := clientKeys{5, "20ms", "INFO", 10, ""}
	t.configure(usualServer, keys)
	t.agency(1, "Ana,Suárez,20000301,1990-01-01,1\n"+
		"Bruno,Paz,20000302,1990-01-02,2\n"+
		badName+",Ruiz,"+badDocument+",1999-13-45,3\n"+
		"Clara,Gil,20000304,1990-01-04,4\n"+
		"Dora,Ríos,20000305,1990-01-05,5\n")
	t.agency(2, goodName+",Sosa,"+goodDocument+",1990-01-06,6\n")
	t.begin(2, "server")
	r := t.relayed(usualServer, keys, false)
	t.up("client1")
	received := pattern{container: "server", action: "apuesta_recibida"}
	told := func(lines []entry) bool { return count(lines, received) > 0 }
	for begin := time.Now(); time.Since(begin) < t.patience && !t.journal.wait(t.ctx, time.Second/4, told); {
		if _, ended := t.ended("client1", time.Second/4); ended {
			break
		}
	}
	t.pause(time.Second) // after a second, the answer is sent and the bets are stored
	t.settle()
	stored, err := t.storedBets()
	if err != nil {
		t.fatal("bets.csv is a CSV file", err.Error())
	}
	links := r.carried()
	if !slices.ContainsFunc(links, func(l link) bool { return strings.Contains(string(l.sent), badName) }) {
		if !t.site.ours {
			t.skip("client1 sends no bet whose birthdate does not exist, so no batch has to be refused")
		}
		t.exited(1, "client1") // this project's client names the line
		t.wait(1, pattern{container: "client1", result: "fail"})
		return stored, false
	}
	refusedRightly(t, stored, bets, slices.ContainsFunc(links, func(l link) bool { return len(l.answered) > 0 }))
	lines, _ := t.journal.snapshot()
	received.result = "fail"
	if failed = count(lines, received) > 0; failed && len(t.problems) == 0 {
		refusedAudibly(t, r)
	}
	return stored, failed
}

// refusedAudibly sends the good batch of client2. If the server stores the good batch, refusedAudibly expects the
// server's answer to it to differ from the answer to client1's bad batch.
func refusedAudibly(t *trial, r *relay) {
	t.up("client2")
	stored := t.awaitRecords(func(got [][]string) bool {
		return slices.ContainsFunc(got, func(record []string) bool { return len(record) > 3 && record[3] == goodDocument })
	})
	if _, ended := t.ended("client2", t.patience); !stored || !ended {
		return // without a stored batch there is no answer to compare with
	}
	links := r.carried()
	if bad, good := answerTo(links, badName), answerTo(links, goodName); len(good) > 0 && bytes.Equal(bad, good) {
		t.problem("the answer to a batch that fails differs from the answer to a batch that is stored",
			fmt.Sprintf("both are the same %d bytes", len(good)), t.about(pattern{container: "server", action: "apuesta_recibida"}))
	}
}

// answerTo returns the bytes that the server has sent on the connections on which a client has sent a name. It does not
// use the addresses of clients, because the engine may give client2 the address of client1, which has ended.
func answerTo(links []link, name string) (answer []byte) {
	for _, l := range links {
		if bytes.Contains(l.sent, []byte(name)) {
			answer = append(answer, l.answered...)
		}
	}
	return answer
}

// refusedRightly expects a batch of the given number of bets, one of which is bad, to have failed or to be stored as a
// whole. If it failed, the server must have answered it, and confirmed no more bets than it has stored.
func refusedRightly(t *trial, stored [][]string, bets int, answered bool) {
	lines, _ := t.journal.snapshot()
	failed := pattern{container: "server", action: "apuesta_recibida", result: "fail"}
	confirmed := 0
	for _, l := range filter(lines, line("server", "apuesta_recibida")) {
		n, _ := strconv.Atoi(l.Value("cantidad"))
		confirmed += n
	}
	bad := slices.ContainsFunc(stored, func(r []string) bool { return len(r) > 3 && r[3] == badDocument })
	switch {
	case count(lines, failed) == 0 && bad && len(stored) == bets:
		return // this server accepts the bad bet
	case count(lines, failed) == 0:
		t.problem(fmt.Sprintf("%s, or all %s of the batch on disk", failed, text.Plural(bets, "bet")),
			found(lines, failed)+"; bets.csv holds "+recordsSeen(stored), t.about(failed))
	case confirmed > len(stored):
		t.problem("result: success of no more bets than are stored", fmt.Sprintf("%d confirmed; bets.csv holds %s", confirmed, recordsSeen(stored)), t.about(failed))
	case !answered:
		t.problem("the server answers the batch with an error", "it sends client1 nothing", t.about(failed))
	}
}
