//go:build e2e

package e2e

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/tp0-lab/composer/internal/lab/dataset"
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
