package lottery

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
	"strings"
	"testing"
)

// The winners that are kept are those that LoadBets and HasWon find, whether the
// bets were stored in this life or an earlier one, and none of a failed batch.
func TestWinnersAreThoseOfTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bets.csv")
	text := "5,a,b,d1,2000-01-01,0007574\n" + "5,7574,b,d2,2000-01-01,75740\n" + "5,a,b,\"d\"\"3\",2000-01-01,\"7574\"\r\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	f := new(faults)
	l, err := Open(context.Background(), path, 9, func(func(bool)) {}, Options{Encode: encode, wrap: f.wrap})
	if err != nil {
		t.Fatal(err)
	}
	bets, _, _ := readAll(NewFileReader(strings.NewReader(sample(50000)), "f", 3))
	const size = 1000
	failed := 0
	for at := 0; at < len(bets); {
		if failed == at/size/10 {
			f.mu.Lock()
			f.sync = errors.New("sync")
			f.mu.Unlock()
		}
		ticket, err := put(l.Store, at, bets[at:at+size])
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
	for b, err := range l.LoadBets() {
		if err != nil {
			t.Fatal(err)
		}
		if HasWon(b) {
			want[b.Agency] = append(want[b.Agency], b.Document)
		}
	}
	if failed < 5 || len(want[3]) == 0 || !slices.Equal(want[5], []string{"d1", `d"3`}) {
		t.Fatalf("%d failed batches, winners %v", failed, want)
	}
	check := func() {
		t.Helper()
		for agency := range uint32(9) {
			if got := l.account(agency + 1).winners.documents; !slices.Equal(got, want[agency+1]) {
				t.Errorf("agency %d: %v, want %v", agency+1, got, want[agency+1])
			}
		}
	}
	check()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if l, err = Open(context.Background(), path, 9, func(func(bool)) {}, Options{Encode: encode}); err != nil {
		t.Fatal(err)
	}
	check()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

// Winners that are too many for the memory are read from the file again, all of them and in order; those of other
// agencies stay in memory. Of a file that has been changed since, the answer is an error.
func TestManyWinners(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bets.csv")
	l, err := Open(t.Context(), path, 3, func(func(bool)) {}, Options{Encode: encode, NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	const size = 1000
	var want []string
	mustPut(t, l.Store, 0, winning(2, "2", "22"))
	for at := 0; at*documentSize < 2*MaxKept; at += size {
		var documents []string
		for i := range size {
			documents = append(documents, strconv.Itoa(at+i))
		}
		want = append(want, documents...)
		mustPut(t, l.Store, at, winning(1, documents...))
	}
	run(t, finishAs(l, 1), finishAs(l, 2), finishAs(l, 3))
	if l.kept > MaxKept || l.account(1).winners.documents != nil || l.account(2).winners.dropped {
		t.Errorf("%d bytes are kept", l.kept)
	}
	for agency, want := range map[uint32][]string{1: want, 2: {"2", "22"}, 3: nil} {
		if got, err := allWinners(l, agency); err != nil || !slices.Equal(got, want) {
			t.Errorf("agency %d: %d winners of %d, %v", agency, len(got), len(want), err)
		}
	}
	w, err := l.Winners(1)
	run(t, err)
	stop := make(chan struct{})
	close(stop)
	if _, _, err := w.Next(stop); !errors.Is(err, errStopped) {
		t.Errorf("stopped: %v", err)
	}
	content, err := os.ReadFile(path)
	run(t, err, os.Truncate(path, int64(len(content)/2)))
	if _, err := allWinners(l, 1); !errors.Is(err, ErrStorage) {
		t.Errorf("of half the file: %v", err)
	}
	run(t, os.WriteFile(path, content, 0o600), os.Remove(path))
}

func TestLimitOfBets(t *testing.T) {
	s, err := OpenStore(t.Context(), filepath.Join(t.TempDir(), "bets.csv"), Options{Encode: encode, NoSync: true, MaxBets: 3})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	mustPut(t, s, 0, batch(1, 0, 2))
	if _, err := put(s, 2, batch(1, 2, 2)); !errors.Is(err, ErrLimit) {
		t.Errorf("got %v", err)
	}
	mustPut(t, s, 2, batch(1, 2, 1))
	mustPut(t, s, 0, batch(2, 0, 3))
	for _, position := range []int{3, 1 << 40} {
		if _, err := put(s, position, batch(1, 3, 1)); !errors.Is(err, ErrLimit) {
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
		w.left = fmt.Appendf(w.left[:0], "%d,Ana,Paz,%08d,2000-01-01,%d\r\n", w.n%5+1, w.n, WinningNumber)
		w.n--
	}
	n := copy(p, w.left)
	w.left = w.left[n:]
	return n, nil
}

// BenchmarkWinners opens a lottery of two million bets that all win. kept/limit is the memory that it has afterwards, as
// a part of MaxKept; B/bet is what was allocated on the way. `go test ./internal/lab/lottery -run '^$' -bench Winners`
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
		l, err := Open(context.Background(), path, 5, func(func(bool)) {}, Options{Encode: encode})
		if err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		if got := l.Account(1).Count; got != bets/5 {
			b.Fatalf("%d bets", got)
		}
		kept := float64(int64(heap()-before)) / MaxKept
		if most = max(most, kept); kept > 1.5 {
			b.Errorf("%.2f times the limit stay in memory", kept)
		}
		if err := l.Close(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
	b.ReportMetric(most, "kept/limit")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/bets, "ns/bet")
}
