package store_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"testing"

	"github.com/tp0-lab/composer/internal/lab/lottery"
	"github.com/tp0-lab/composer/internal/lab/lottery/journal"
	"github.com/tp0-lab/composer/internal/lab/lottery/store"
	"github.com/tp0-lab/composer/internal/test/storetest"
)

// The winners that are kept are those that LoadBets and HasWon find, whether the
// bets were stored in this life or an earlier one, and none of a failed batch.
func TestWinnersAreThoseOfTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bets.csv")
	text := "5,a,b,d1,2000-01-01,0007574\n" + "5,7574,b,d2,2000-01-01,75740\n" + "5,a,b,\"d\"\"3\",2000-01-01,\"7574\"\r\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	f := new(storetest.Faults)
	s, err := store.Open(context.Background(), path, store.Options{Draw: true, Encode: storetest.Encode, Files: journal.Options{Wrap: f.Wrap}})
	if err != nil {
		t.Fatal(err)
	}
	bets := storetest.Batch(3, 0, 50_000)
	const size = 1000
	failed := 0
	for at := 0; at < len(bets); {
		if failed == at/size/10 {
			f.Lock()
			f.Sync = errors.New("sync")
			f.Unlock()
		}
		ticket, err := storetest.Put(s, at, bets[at:at+size])
		if err != nil {
			t.Fatal(err)
		}
		if ticket.Err() != nil {
			failed++
			continue
		}
		at += size
	}
	want := map[uint32][]string{}
	for b, err := range s.LoadBets() {
		if err != nil {
			t.Fatal(err)
		}
		if lottery.HasWon(b) {
			want[b.Agency] = append(want[b.Agency], b.Document)
		}
	}
	if failed < 5 || len(want[3]) == 0 || !slices.Equal(want[5], []string{"d1", `d"3`}) {
		t.Fatalf("%d failed batches, winners %v", failed, want)
	}
	check := func() {
		t.Helper()
		for agency := range uint32(9) {
			if got, _, _ := s.Kept(agency + 1); !slices.Equal(got, want[agency+1]) {
				t.Errorf("agency %d: %v, want %v", agency+1, got, want[agency+1])
			}
		}
	}
	check()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err = store.Open(context.Background(), path, store.Options{Draw: true, Encode: storetest.Encode}); err != nil {
		t.Fatal(err)
	}
	check()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// allWinners returns the documents of all winners.
func allWinners(w *store.Winners) (all []string, err error) {
	for more := true; more; {
		var documents []string
		if documents, more, err = w.Next(nil); err != nil {
			return nil, err
		}
		all = append(all, documents...)
	}
	return all, nil
}

// Winners that are too many for the memory are read from the file again, all of them and in order; those of other
// agencies stay in memory. Of a file that has been changed since, the answer is an error.
func TestManyWinners(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bets.csv")
	s, err := store.Open(t.Context(), path, store.Options{Draw: true, Encode: storetest.Encode, Files: journal.Options{NoSync: true}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	const size = 1000
	var want []string
	storetest.MustPut(t, s, 0, storetest.Winning(2, "2", "22"))
	for at := 0; at*store.DocumentSize < 2*store.MaxKept; at += size {
		var documents []string
		for i := range size {
			documents = append(documents, strconv.Itoa(at+i))
		}
		want = append(want, documents...)
		storetest.MustPut(t, s, at, storetest.Winning(1, documents...))
	}
	one, dropped, kept := s.Kept(1)
	if _, other, _ := s.Kept(2); one != nil || !dropped || other || kept > store.MaxKept {
		t.Errorf("%d bytes are kept", kept)
	}
	for agency, want := range map[uint32][]string{1: want, 2: {"2", "22"}, 3: nil} {
		if got, err := allWinners(s.Winners(agency)); err != nil || !slices.Equal(got, want) {
			t.Errorf("agency %d: %d winners of %d, %v", agency, len(got), len(want), err)
		}
	}
	w := s.Winners(1)
	stop := make(chan struct{})
	close(stop)
	if _, _, err := w.Next(stop); !errors.Is(err, store.ErrStopped) {
		t.Errorf("stopped: %v", err)
	}
	content, err := os.ReadFile(path)
	storetest.Run(t, err, os.Truncate(path, int64(len(content)/2)))
	if _, err := allWinners(s.Winners(1)); !errors.Is(err, store.ErrStorage) {
		t.Errorf("of half the file: %v", err)
	}
	storetest.Run(t, os.WriteFile(path, content, 0o600), os.Remove(path))
}

func TestLimitOfBets(t *testing.T) {
	s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "bets.csv"), store.Options{Encode: storetest.Encode, MaxBets: 3, Files: journal.Options{NoSync: true}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	storetest.MustPut(t, s, 0, storetest.Batch(1, 0, 2))
	if _, err := storetest.Put(s, 2, storetest.Batch(1, 2, 2)); !errors.Is(err, store.ErrLimit) {
		t.Errorf("got %v", err)
	}
	storetest.MustPut(t, s, 2, storetest.Batch(1, 2, 1))
	storetest.MustPut(t, s, 0, storetest.Batch(2, 0, 3))
	for _, position := range []int{3, 1 << 40} {
		if _, err := storetest.Put(s, position, storetest.Batch(1, 3, 1)); !errors.Is(err, store.ErrLimit) {
			t.Errorf("position %d: got %v", position, err)
		}
	}
}

// winningBets is a bets.csv of n bets that all win.
type winningBets struct {
	n    int
	left []byte
}

func (w *winningBets) Read(p []byte) (int, error) {
	if len(w.left) == 0 {
		if w.n == 0 {
			return 0, io.EOF
		}
		w.left = fmt.Appendf(w.left[:0], "%d,Ana,Paz,%08d,2000-01-01,%d\r\n", w.n%5+1, w.n, lottery.WinningNumber)
		w.n--
	}
	n := copy(p, w.left)
	w.left = w.left[n:]
	return n, nil
}

// BenchmarkWinners opens a store of two million bets that all win. kept/limit is the memory that it has afterwards, as
// a part of MaxKept; B/bet is what was allocated on the way. `go test ./internal/lab/lottery/store -run '^$' -bench Winners`
func BenchmarkWinners(b *testing.B) {
	const bets = 2_000_000
	path := filepath.Join(b.TempDir(), "bets.csv")
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	_, err = io.Copy(f, bufio.NewReaderSize(&winningBets{n: bets}, 64<<10))
	if err := errors.Join(err, f.Close()); err != nil {
		b.Fatal(err)
	}
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before, most := heap(), 0.0
	b.ReportAllocs()
	for b.Loop() {
		s, err := store.Open(context.Background(), path, store.Options{Draw: true, Encode: storetest.Encode})
		if err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		if got := s.Account(1).Count; got != bets/5 {
			b.Fatalf("%d bets", got)
		}
		kept := float64(int64(heap()-before)) / store.MaxKept
		if most = max(most, kept); kept > 1.5 {
			b.Errorf("%.2f times the limit stay in memory", kept)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
	b.ReportMetric(most, "kept/limit")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/bets, "ns/bet")
}
