package store_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/tp0-lab/composer/internal/lab/lottery"
	"github.com/tp0-lab/composer/internal/lab/lottery/journal"
	"github.com/tp0-lab/composer/internal/lab/lottery/store"
	"github.com/tp0-lab/composer/internal/test/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t *testing.T, path string, wrap func(journal.DiskFile) journal.DiskFile) *store.Store {
	t.Helper()
	s, err := store.Open(context.Background(), path, store.Options{Encode: storetest.Encode, Files: journal.Options{Wrap: wrap}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestStoreAndLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bets.csv")
	s := open(t, path, nil)
	one, two := storetest.Batch(1, 0, 3), storetest.Batch(2, 0, 2)
	storetest.MustPut(t, s, 0, one)
	storetest.MustPut(t, s, 0, two)
	storetest.MustPut(t, s, 3, storetest.Batch(1, 3, 1))
	all := append(append(one, two...), storetest.Batch(1, 3, 1)...)
	storetest.FileIs(t, path, storetest.Records(all...))
	i := 0
	for b, err := range s.LoadBets() {
		if err != nil || b != all[i] {
			t.Fatalf("bet %d: %+v, %v", i, b, err)
		}
		i++
	}
	if i != len(all) {
		t.Errorf("%d bets of %d", i, len(all))
	}
	want := storetest.AccountOf(storetest.Batch(1, 0, 4)...)
	if got := s.Account(1); got != want {
		t.Errorf("account %+v, want %+v", got, want)
	}
	if got := s.Account(9); got != storetest.NoBets(9) {
		t.Errorf("account of nobody %+v", got)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatalf("again: %v", err)
	}
	if _, err := storetest.Put(s, 4, storetest.Batch(1, 4, 1)); !errors.Is(err, store.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	if _, err := os.Stat(path + ".journal"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the journal is still there: %v", err)
	}
	if got := open(t, path, nil).Account(1); got != want {
		t.Errorf("account from the file %+v, want %+v", got, want)
	}
}

func TestStorePosition(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "bets.csv"), nil)
	storetest.MustPut(t, s, 0, storetest.Batch(1, 0, 3))
	for _, position := range []int{0, 2, 4, 1 << 40} {
		if _, err := storetest.Put(s, position, storetest.Batch(1, position, 1)); !errors.Is(err, store.ErrPosition) {
			t.Errorf("position %d: %v", position, err)
		}
	}
	storetest.MustPut(t, s, 3, storetest.Batch(1, 3, 1))
}

func TestStoreReadsPythonsFile(t *testing.T) {
	data, err := os.ReadFile("../testdata/python.csv")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "bets.csv")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	s := open(t, path, nil)
	storetest.MustPut(t, s, 1, storetest.Batch(1, 1, 1))
	storetest.FileIs(t, path, append(data, storetest.Records(storetest.Bet(1, 1))...))
}

func TestStoreIsAlone(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "bets.csv")
	open(t, path, nil)
	link := filepath.Join(dir, "link.csv")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{path, link} {
		if _, err := store.Open(context.Background(), p, store.Options{Encode: storetest.Encode}); !errors.Is(err, journal.ErrLocked) {
			t.Errorf("second store at %s: %v", p, err)
		}
	}
}

func TestStoreThroughLink(t *testing.T) {
	dir := t.TempDir()
	target := filepath.Join(dir, "data")
	if err := os.Mkdir(target, 0o700); err != nil {
		t.Fatal(err)
	}
	target = filepath.Join(target, "real.csv")
	link := filepath.Join(dir, "bets.csv")
	if err := os.Symlink(target, link); err != nil {
		t.Fatal(err)
	}
	s := open(t, link, nil)
	storetest.MustPut(t, s, 0, storetest.Batch(1, 0, 1))
	storetest.FileIs(t, target, storetest.Records(storetest.Bet(1, 0)))
	if _, err := os.Stat(target + ".journal"); err != nil {
		t.Error(err)
	}
}

func TestOpenStoreErrors(t *testing.T) {
	dir := t.TempDir()
	bad := filepath.Join(dir, "bad.csv")
	if err := os.WriteFile(bad, []byte("1,a,b,3,2000-01-01,4\r\nhello\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(context.Background(), filepath.Join(dir, "none", "bets.csv"), store.Options{Encode: storetest.Encode}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing directory: %v", err)
	}
	var line *lottery.LineError
	if _, err := store.Open(context.Background(), bad, store.Options{Encode: storetest.Encode}); !errors.As(err, &line) || line.Line != 2 {
		t.Errorf("bad line: %v", err)
	}
	for _, path := range []string{dir, "/dev/null"} {
		if _, err := store.Open(context.Background(), path, store.Options{Encode: storetest.Encode}); err == nil {
			t.Errorf("%s is taken", path)
		}
	}
}

func TestBatchesNeverInterleave(t *testing.T) {
	const agencies, batches, size = 20, 30, 7
	path := filepath.Join(t.TempDir(), "bets.csv")
	s := open(t, path, nil)
	var wg sync.WaitGroup
	for a := range uint32(agencies) {
		wg.Go(func() {
			var tickets []*store.Ticket
			for i := range batches {
				ticket, err := storetest.Put(s, i*size, storetest.Batch(a+1, i*size, size))
				if err != nil {
					t.Error(err)
					return
				}
				tickets = append(tickets, ticket)
			}
			for _, ticket := range tickets {
				if err := ticket.Err(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	next := make(map[uint32]int)
	n := 0
	var agency uint32
	for b, err := range s.LoadBets() {
		if err != nil {
			t.Fatal(err)
		}
		if n%size == 0 {
			agency = b.Agency
		}
		if b.Agency != agency || b != storetest.Bet(agency, next[agency]) {
			t.Fatalf("bet %d is %+v, in a batch of agency %d", n, b, agency)
		}
		next[agency]++
		n++
	}
	if n != agencies*batches*size {
		t.Errorf("%d bets", n)
	}
	for a := range uint32(agencies) {
		if got, want := s.Account(a+1), storetest.AccountOf(storetest.Batch(a+1, 0, batches*size)...); got != want {
			t.Errorf("agency %d: %+v, want %+v", a+1, got, want)
		}
	}
}

// faulty is a file whose operations fail while the test says so.
// What a failed group's agencies have put behind it fails, too; what others
// have does not.
func TestStoreDoesNotAllocateForABet(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "bets.csv"), nil)
	const size = 500
	bets := storetest.Batch(1, 0, size)
	encoded := storetest.Records(bets...)
	at := uint64(0)
	n := testing.AllocsPerRun(20, func() {
		ticket, err := s.StoreBets(1, at, bets, encoded)
		if err != nil {
			t.Fatal(err)
		}
		if err := ticket.Err(); err != nil {
			t.Fatal(err)
		}
		at += size
	})
	// For the batch: the ticket, the group and its channel. Under the race detector a pool drops things at random, and a
	// buffer grows anew in a dozen steps.
	if n > size/10 {
		t.Errorf("%v allocations for a batch of %d bets", n, size)
	}
}

func BenchmarkStoreBets(b *testing.B) {
	s, err := store.Open(context.Background(), filepath.Join(b.TempDir(), "bets.csv"), store.Options{Encode: storetest.Encode})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	bets := storetest.Batch(3, 0, 140)
	encoded := storetest.Records(bets...)
	at, last := uint64(0), (*store.Ticket)(nil)
	b.ReportAllocs()
	for b.Loop() {
		if last, err = s.StoreBets(3, at, bets, encoded); err != nil {
			b.Fatal(err)
		}
		at += uint64(len(bets))
	}
	if err := last.Err(); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(at)/b.Elapsed().Seconds(), "bets/s")
}
