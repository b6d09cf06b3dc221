package draw_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"

	"pgregory.net/rapid"

	"github.com/tp0-lab/composer/internal/lab/lottery/draw"
	"github.com/tp0-lab/composer/internal/lab/lottery/journal"
	"github.com/tp0-lab/composer/internal/lab/lottery/store"
	"github.com/tp0-lab/composer/internal/test/storetest"
)

const (
	sorteo = "sorteo"
	noteAt = 8192 // of the note in a journal
)

// recordDraw plays a lottery of two agencies: each stores batches of such sizes and finishes, and tries again what
// failed. It returns the bets that each agency has.
func recordDraw(t storetest.Fatal, r *storetest.Disk, dir string, sizes [2][]int) {
	l, err := draw.Open(context.Background(), filepath.Join(dir, "bets.csv"), 2, func(tell func(bool)) {
		tell(true)
		r.Add(storetest.Operation{Kind: "told", File: sorteo})
	}, store.Options{Encode: storetest.Encode, Files: r.Options()})
	if err != nil {
		t.Fatalf("%v", err)
	}
	defer l.Close()
	for i, sizes := range sizes {
		agency := uint32(i + 1)
		position := 0
		for _, size := range sizes {
			ticket, err := storetest.Put(l, position, storetest.Batch(agency, position, size))
			if err == nil && ticket.Err() == nil {
				position += size
				r.Add(storetest.Operation{Kind: "acknowledge", At: int64(size)})
			}
			if err := finishAs(l, agency); err == nil {
				r.Add(storetest.Operation{Kind: "told", File: fmt.Sprintf("finished,%d,%d", agency, position)})
				break // most agencies have one batch
			}
		}
	}
	for i := range uint32(2) {
		if l.Finished(i+1) && isDrawn(l) {
			r.Add(storetest.Operation{Kind: "told", File: "drawn"})
		}
	}
}

// The finishes and the draw survive as the bets do, and the draw is told once: it is told again after a crash only if
// the note could not be written or was lost with the power, and not told only if the crash came right between the note and the telling.
func TestDrawCrashes(t *testing.T) {
	storetest.ManyChecks(t)
	first, second := t.TempDir(), t.TempDir()
	between := 0
	rapid.Check(t, func(t *rapid.T) {
		storetest.Crash{}.Leave(t, first)
		r := storetest.Disk{Failing: rapid.MapOfN(rapid.IntRange(0, 60), rapid.IntRange(0, 60), 0, 4).Draw(t, "failing")}
		batches := rapid.SliceOfN(rapid.IntRange(1, 3), 1, 3)
		recordDraw(t, &r, first, [2][]int{batches.Draw(t, "one"), batches.Draw(t, "two")})
		c, in, kill := r.Crash(t)
		c.Leave(t, second)
		told := 0
		l, err := draw.Open(context.Background(), filepath.Join(second, "bets.csv"), 2, func(tell func(bool)) { tell(true); told++ }, store.Options{Encode: storetest.Encode, Files: journal.Options{NoSync: true}})
		if err != nil {
			t.Fatalf("%v", err)
		}
		defer l.Close()
		if got := l.Account(1).Count + l.Account(2).Count; got < uint64(c.Acknowledged) {
			t.Fatalf("%d bets of %d", got, c.Acknowledged)
		}
		for _, what := range c.Told {
			var agency uint32
			var bets uint64
			switch _, err := fmt.Sscanf(what, "finished,%d,%d", &agency, &bets); {
			case err == nil && (!l.Finished(agency) || l.Account(agency).Count != bets), what == "drawn" && !isDrawn(l):
				t.Fatalf("%s is forgotten", what)
			case what == sorteo:
				told++
			}
		}
		for agency := range uint32(2) {
			if err := finishAs(l, agency+1); err != nil {
				t.Fatalf("%v", err)
			}
		}
		failed := false // to write the note
		for i := range r.Failing {
			failed = failed || i < len(r.Done()) && r.Done()[i].Kind == "write" && r.Done()[i].At == noteAt
		}
		inNote := in.File == sorteo || in.Kind == "write" && in.At == noteAt
		switch {
		case told == 1:
		case told == 0 && inNote:
			between++
		case told == 2 && (!kill || failed):
		default:
			t.Fatalf("the draw was told %d times", told)
		}
	})
	t.Logf("%d crashes between the note and the telling", between)
}
