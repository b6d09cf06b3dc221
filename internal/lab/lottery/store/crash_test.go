package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tp0-lab/composer/internal/lab/lottery"
	"github.com/tp0-lab/composer/internal/lab/lottery/journal"
	"github.com/tp0-lab/composer/internal/lab/lottery/store"
	"github.com/tp0-lab/composer/internal/test/storetest"
)

// try is a batch that a test has put, and whether it was acknowledged.
type try struct {
	bets         []lottery.Bet
	acknowledged bool
}

// possible returns the contents of bets.csv after each of the tries, by the number of acknowledged bets
// in it: those that were, and perhaps one behind them that failed, but whole.
func possible(tries []try) map[string]int {
	contents := map[string]int{"": 0}
	var good []byte
	n := 0
	for _, y := range tries {
		with := append(bytes.Clone(good), storetest.Records(y.bets...)...)
		if y.acknowledged {
			good = with
			n += len(y.bets)
		}
		contents[string(with)] = n
	}
	return contents
}

// recovered opens what is left and returns how many acknowledged bets are in
// it: whole batches, and all that were acknowledged before the crash; then the
// store must take another.
func recovered(t storetest.Fatal, c storetest.Crash, dir string, tries []try) (bets int, err error) {
	path := filepath.Join(dir, "bets.csv")
	c.Leave(t, dir)
	s, err := store.Open(context.Background(), path, store.Options{Encode: storetest.Encode, Files: journal.Options{NoSync: true}})
	if err != nil {
		return 0, err
	}
	defer s.Close()
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v", err)
	}
	bets, ok := possible(tries)[string(got)]
	if !ok {
		t.Fatalf("not whole batches: %q", got)
	}
	if bets < c.Acknowledged {
		t.Fatalf("%d bets of %d that were acknowledged", bets, c.Acknowledged)
	}
	was, more := got, storetest.Bet(9, 0)
	ticket, err := storetest.Put(s, 0, []lottery.Bet{more})
	if err == nil {
		err = ticket.Err()
	}
	if err != nil {
		t.Fatalf("%v", err)
	}
	if got, _ := os.ReadFile(path); !bytes.Equal(got, append(was, storetest.Records(more)...)) {
		t.Fatalf("after another batch: %q", got)
	}
	return bets, nil
}

// record stores batches of such sizes, one a group.
func record(t storetest.Fatal, r *storetest.Disk, dir string, sizes []int) (tries []try) {
	s, err := store.Open(context.Background(), filepath.Join(dir, "bets.csv"), store.Options{Encode: storetest.Encode, Files: r.Options()})
	if err != nil {
		t.Fatalf("%v", err)
	}
	defer s.Close()
	position := 0
	for i, size := range sizes {
		bets := storetest.Batch(1, position, size)
		for j := range bets {
			bets[j].FirstName = fmt.Sprintf("Ana %d", i) // no two tries alike
		}
		ticket, err := storetest.Put(s, position, bets)
		if err != nil {
			t.Fatalf("%v", err)
		}
		ok := ticket.Err() == nil
		if ok {
			r.Add(storetest.Operation{Kind: "acknowledge", At: int64(size)})
			position += size
		}
		tries = append(tries, try{bets, ok})
	}
	return tries
}

func TestKilledAtEveryByte(t *testing.T) {
	var r storetest.Disk
	tries := record(t, &r, t.TempDir(), []int{2, 1, 3})
	dir := t.TempDir()
	seen := map[int]bool{}
	for n, o := range r.Done() {
		for bytes := range max(1, len(o.Data)) {
			if len(o.Data) > 4096 && bytes%997 != 0 {
				continue // the zeros of a new journal
			}
			bets, err := recovered(t, r.Killed(n, bytes), dir, tries)
			if err != nil {
				t.Fatalf("operation %d, byte %d: %v", n, bytes, err)
			}
			seen[bets] = true
		}
	}
	if len(seen) < 3 {
		t.Errorf("only %v bets were ever found", seen)
	}
}

func TestCrashes(t *testing.T) {
	storetest.ManyChecks(t)
	first, second := t.TempDir(), t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		storetest.Crash{}.Leave(t, first)
		r := storetest.Disk{Failing: rapid.MapOfN(rapid.IntRange(0, 40), rapid.IntRange(0, 200), 0, 4).Draw(t, "failing")}
		tries := record(t, &r, first, rapid.SliceOfN(rapid.IntRange(1, 5), 1, 6).Draw(t, "sizes"))
		c, _, _ := r.Crash(t)
		if _, err := recovered(t, c, second, tries); err != nil {
			t.Fatalf("%v", err)
		}
	})
}

// Without a journal the store cannot know that a line is torn: it refuses a line that is no record, and leaves it.
func TestTornLineWithoutJournal(t *testing.T) {
	whole := storetest.Records(storetest.Batch(1, 0, 3)...)
	path := filepath.Join(t.TempDir(), "bets.csv")
	for n := range whole {
		if err := os.WriteFile(path, whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := store.Open(context.Background(), path, store.Options{Encode: storetest.Encode, Files: journal.Options{NoSync: true}})
		storetest.FileIs(t, path, whole[:n])
		if err != nil {
			if line := new(lottery.LineError); !errors.As(err, &line) {
				t.Fatal(err)
			}
			continue
		}
		// Its last line is a record, with or without its line end; the next bet begins a line of its own.
		storetest.MustPut(t, s, 0, storetest.Batch(2, 0, 1))
		want := bytes.Clone(bytes.TrimRight(whole[:n], "\r\n"))
		if n > 0 {
			want = append(want, "\r\n"...)
		}
		storetest.FileIs(t, path, append(want, storetest.Records(storetest.Bet(2, 0))...))
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestJournalOfAnotherFile(t *testing.T) {
	var r storetest.Disk
	record(t, &r, t.TempDir(), []int{3, 3})
	left := r.Killed(len(r.Done())-1, 0).Files["bets.csv.journal"]
	for name, content := range map[string][]byte{"empty": nil, "shorter": storetest.Records(storetest.Batch(1, 0, 5)...), "longer": storetest.Records(storetest.Batch(1, 0, 100)...), "other": storetest.Records(storetest.Batch(2, 0, 6)...)} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "bets.csv")
			for file, content := range map[string][]byte{path: content, path + ".journal": left} {
				if err := os.WriteFile(file, content, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := store.Open(context.Background(), path, store.Options{Encode: storetest.Encode}); !errors.Is(err, journal.ErrDoubt) || !strings.Contains(err.Error(), "remove "+path+".journal") {
				t.Errorf("got %v", err)
			}
			storetest.FileIs(t, path, content)
			storetest.FileIs(t, path+".journal", left)
		})
	}
}
