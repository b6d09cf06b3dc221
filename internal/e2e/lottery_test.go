//go:build e2e

package e2e

import (
	"bytes"
	"fmt"
	"strconv"
	"testing"

	"github.com/tp0-lab/composer/internal/dataset"
)

// agencies writes the files of agencies with that many bets and winners.
func (l *lab) agencies(bets, winners []int) {
	l.t.Helper()
	before := 0
	for i := range bets {
		var csv bytes.Buffer
		err := dataset.Generate(&csv, dataset.Options{Agency: uint32(i + 1), Bets: bets[i], Winners: winners[i], Seed: 1, Before: before})
		if err != nil {
			l.t.Fatal(err)
		}
		before += bets[i]
		l.write(fmt.Sprintf(".data/agency-%d.csv", i+1), csv.String())
	}
}

// allExited reports whether each client's end with code 0 was seen.
func (l *lab) allExited(seen []line) bool {
	for i := 1; i <= l.n; i++ {
		if count(seen, fmt.Sprintf("client%d", i), exited(0)) == 0 {
			return false
		}
	}
	return true
}

func noFailures(t *testing.T, seen []line) {
	t.Helper()
	if count(seen, "", "result: fail") > 0 {
		t.Errorf("something failed:\n%s", show(seen))
	}
}

func TestSingleBets(t *testing.T) {
	for _, n := range []int{1, 5} {
		t.Run(strconv.Itoa(n), func(t *testing.T) {
			l := newLab(t, "ej5", n)
			l.compose("up", "-d")
			seen := l.follow(l.allExited)
			for i := 1; i <= n; i++ {
				bet := fmt.Sprintf("| result: success | dni: 3090446%d | numero: 7574", i)
				if count(seen, fmt.Sprintf("client%d", i), "action: apuesta_enviada "+bet) != 1 || count(seen, "server", "action: apuesta_almacenada "+bet) != 1 {
					t.Errorf("want %s on both sides:\n%s", bet, show(seen))
				}
			}
			noFailures(t, seen)
		})
	}
}

func TestBatches(t *testing.T) {
	for _, tt := range []struct{ bets, max, full, last int }{{1, 10, 0, 1}, {95, 10, 9, 5}, {250, 10, 25, 0}, {30, 50, 0, 30}} {
		t.Run(fmt.Sprintf("%d_by_%d", tt.bets, tt.max), func(t *testing.T) {
			l := newLab(t, "ej6", 1)
			l.agencies([]int{tt.bets}, []int{0})
			l.write("services/client/config.yaml", clientConfig(clientKeys{5, "150ms", "INFO", tt.max}))
			l.compose("up", "-d")
			seen := l.follow(l.allExited)
			batch := func(n int) string { return fmt.Sprintf("action: apuesta_recibida | result: success | cantidad: %d", n) }
			full, last := 0, 0
			for _, s := range seen {
				switch {
				case s.source == "server" && s.has("apuesta_recibida") && lineEnds(s, batch(tt.max)):
					full++
				case s.source == "server" && s.has("apuesta_recibida") && lineEnds(s, batch(tt.last)):
					last++
				case s.has("apuesta_recibida"):
					t.Errorf("unexpected %q", s.text)
				}
			}
			if full != tt.full || last != min(tt.last, 1) {
				t.Errorf("%d full and %d last batches, want %d and %d:\n%s", full, last, tt.full, min(tt.last, 1), show(seen))
			}
			noFailures(t, seen)
		})
	}
}

func lineEnds(l line, text string) bool {
	return len(l.text) >= len(text) && l.text[len(l.text)-len(text):] == text
}

// In the followed logs a person sees every batch, then the draw, then the
// winners, then the ends; each time.
func TestDrawAsPeopleReadIt(t *testing.T) {
	for _, tt := range []struct {
		stage         string
		bets, winners []int
		rounds        int
	}{
		{"ej7", []int{20}, []int{1}, 1},
		{"ej7", []int{30, 20, 15}, []int{2, 0, 1}, 2},
		{"ej7", []int{12, 5, 20, 31, 10, 1}, []int{3, 0, 1, 2, 0, 1}, 1},
		{"ej8", []int{20}, []int{0}, 1},
		{"ej8", []int{30, 20, 15}, []int{2, 0, 1}, 10},
		{"ej8", []int{12, 5, 20, 31, 10, 1}, []int{3, 0, 1, 2, 0, 1}, 2},
	} {
		t.Run(fmt.Sprintf("%s_%d", tt.stage, len(tt.bets)), func(t *testing.T) {
			l := newLab(t, tt.stage, len(tt.bets))
			l.agencies(tt.bets, tt.winners)
			l.write("services/client/config.yaml", clientConfig(clientKeys{5, "150ms", "INFO", 10}))
			for range tt.rounds {
				l.compose("up", "-d")
				checkDraw(t, l.follow(l.allExited), tt.bets, tt.winners)
				l.compose("down", "-t", "2")
			}
		})
	}
}

// The same without pauses between batches, as the shipped config.yaml has it:
// then all that happens takes milliseconds.
func TestDrawWithoutPauses(t *testing.T) {
	bets, winners := []int{30, 20, 15}, []int{2, 0, 1}
	l := newLab(t, "ej8", len(bets))
	l.agencies(bets, winners)
	l.write("services/client/config.yaml", clientConfig(clientKeys{5, "150ms", "INFO", 10})+"  period: 0s\n")
	for range 5 {
		l.compose("up", "-d")
		checkDraw(t, l.follow(l.allExited), bets, winners)
		l.compose("down", "-t", "2")
	}
}

func checkDraw(t *testing.T, seen []line, bets, winners []int) {
	t.Helper()
	batches := 0
	for _, n := range bets {
		batches += (n + 9) / 10
	}
	received, drawn, asked := 0, 0, 0
	for _, s := range seen {
		switch {
		case s.source == "server" && s.has("action: apuesta_recibida | result: success"):
			received++
			if drawn > 0 {
				t.Errorf("a batch behind the draw")
			}
		case s.has("action: sorteo | result: success"):
			drawn++
		case s.has("action: consulta_ganadores"):
			asked++
			if drawn == 0 {
				t.Errorf("%s has its winners before the draw", s.source)
			}
		}
	}
	if received != batches || drawn != 1 || asked != len(bets) {
		t.Errorf("%d batches, %d draws, %d answers; want %d, 1, %d", received, drawn, asked, batches, len(bets))
	}
	for i, n := range winners {
		if client := fmt.Sprintf("client%d", i+1); count(seen, client, fmt.Sprintf("action: consulta_ganadores | result: success | cant_ganadores: %d", n)) != 1 {
			t.Errorf("%s: want %d winners", client, n)
		}
	}
	noFailures(t, seen)
	if t.Failed() {
		t.Log("\n" + show(seen))
	}
}
