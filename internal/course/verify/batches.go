package verify

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tp0-lab/composer/internal/text"
)

func batchScenarios() []Scenario {
	return slices.Concat(batchSizes(), refusedScenarios(), []Scenario{
		descriptorScenario("ej6"), batchFrameLimit(), batchOddNames(), batchShortReads(), idleServer("ej6"), whileSending("ej6"), batchThreeAgencies(),
	})
}

// batchSizes are scenarios of one agency with files of different lengths.
func batchSizes() []Scenario {
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
			t.storedWell()
		}})
	}
	return all
}

func batchFrameLimit() Scenario {
	return Scenario{
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
			t.storedWell()
		},
	}
}

func batchOddNames() Scenario {
	return Scenario{
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
			t.storedWell()
		},
	}
}

func batchShortReads() Scenario {
	return Scenario{
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
			t.storedWell()
		},
	}
}

func batchThreeAgencies() Scenario {
	return Scenario{
		Stage: "ej6", Name: "three-agencies",
		Title: "the bets of three agencies are all on disk, each under its agency",
		run: func(t *trial) {
			t.configure(usualServer, clientKeys{5, "20ms", "INFO", 10, ""})
			t.agencies([]int{25, 10, 7}, []int{1, 0, 0})
			t.begin(3)
			t.exited(0, t.clients()...)
			batchesOfAtMost(t, 10)
			t.storedWell()
		},
	}
}

// batches expects this project's server to have received batches with exactly the numbers of bets in want. Of a
// checkout's server it expects batches of at most `most` bets.
func batches(t *trial, most int, want []int) {
	if !t.site.ours { // the course only limits the number of bets of a batch
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

// batchesOfAtMost expects the server to have logged batches of at most `most` bets, which add up to the number of bets
// that were sent.
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

// leastOfBet is how many bytes a bet needs at least in any protocol, besides the bytes of its names and its document:
// three lengths or ends of texts, a date and a number.
const leastOfBet = 3 + 2 + 2

// largestBurst returns the largest number of bytes that a client has sent between two answers. It returns 0 if these
// bytes may be several batches: if the client has waited for fewer answers than the server has logged batches, or if a
// log line may count several batches.
func largestBurst(links []link, batches int, lines []entry, s *site) int {
	bursts, most := 0, 0
	for _, l := range links {
		bursts += len(l.bursts)
		most = max(most, slices.Max(append(l.bursts, 0)))
	}
	several := func(l entry) bool {
		n, _ := strconv.Atoi(l.Value("cantidad"))
		return !s.ours && n > s.maxAmount
	}
	if bursts < batches || slices.ContainsFunc(lines, several) {
		return 0
	}
	return most
}

// frames expects that no batch needs more than 8192 bytes, in any protocol. If the client waits for the answer to each
// batch, the bytes that it sends between two answers are one batch.
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
	if most := largestBurst(links, count(lines, received), filter(lines, received), t.site); most > limit {
		t.problem(fmt.Sprintf("no batch over %d bytes", limit), fmt.Sprintf("%d bytes on the wire between two answers", most), t.about(received))
		return
	}
	at := 0
	for _, l := range filter(lines, received) {
		n, err := strconv.Atoi(l.Value("cantidad"))
		if !t.site.ours && n > t.site.maxAmount {
			t.unjudged(fmt.Sprintf("the server logs %d bets in a line although batch.maxAmount is %d, so its lines do not tell which bets are a batch", n, t.site.maxAmount))
		}
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
