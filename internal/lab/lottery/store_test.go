package lottery

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// appendGood appends the record of a good bet.
func appendGood(dst []byte, b *Bet) []byte {
	record, err := AppendRecord(dst, b)
	if err != nil {
		panic(err)
	}
	return record
}

// encode stands in for the wire's encoding: any will do, if it tells bets apart.
func encode(dst []byte, b *Bet) []byte { return appendGood(dst, b) }

func bet(agency uint32, n int) Bet {
	return Bet{agency, "Ana", "Paz", strconv.Itoa(n), Date{2000, 1, 2}, uint32(n)}
}

func batch(agency uint32, position, n int) (bets []Bet) {
	for i := range n {
		bets = append(bets, bet(agency, position+i))
	}
	return bets
}

// put stores bets from position on, and returns the ticket.
func put(s *Store, position int, bets []Bet) (*Ticket, error) {
	var encoded []byte
	for i := range bets {
		encoded = encode(encoded, &bets[i])
	}
	return s.StoreBets(bets[0].Agency, uint64(position), bets, encoded)
}

// mustPut stores bets and waits for them.
func mustPut(t *testing.T, s *Store, position int, bets []Bet) {
	t.Helper()
	ticket, err := put(s, position, bets)
	if err != nil {
		t.Fatal(err)
	}
	if err := ticket.Err(); err != nil {
		t.Fatal(err)
	}
}

func records(bets ...Bet) (data []byte) {
	for i := range bets {
		data = appendGood(data, &bets[i])
	}
	return data
}

// accountOf returns the account of one agency with those bets, at least one.
func accountOf(bets ...Bet) Account {
	encoded := binary.BigEndian.AppendUint32(nil, bets[0].Agency)
	for i := range bets {
		encoded = encode(encoded, &bets[i])
	}
	return Account{uint64(len(bets)), crc32.Checksum(encoded, castagnoli)}
}

func open(t *testing.T, path string, wrap func(file) file) *Store {
	t.Helper()
	s, err := OpenStore(context.Background(), path, Options{Encode: encode, wrap: wrap})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func fileIs(t *testing.T, path string, want []byte) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Fatalf("%s holds %d bytes %.200q, want %d %.200q", path, len(got), got, len(want), want)
	}
}

func TestStoreAndLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bets.csv")
	s := open(t, path, nil)
	one, two := batch(1, 0, 3), batch(2, 0, 2)
	mustPut(t, s, 0, one)
	mustPut(t, s, 0, two)
	mustPut(t, s, 3, batch(1, 3, 1))
	all := append(append(one, two...), batch(1, 3, 1)...)
	fileIs(t, path, records(all...))
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
	want := accountOf(batch(1, 0, 4)...)
	if got := s.Account(1); got != want {
		t.Errorf("account %+v, want %+v", got, want)
	}
	if got := s.Account(9); got != noBets(9) {
		t.Errorf("account of nobody %+v", got)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatalf("again: %v", err)
	}
	if _, err := put(s, 4, batch(1, 4, 1)); !errors.Is(err, ErrClosed) {
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
	mustPut(t, s, 0, batch(1, 0, 3))
	for _, position := range []int{0, 2, 4, 1 << 40} {
		if _, err := put(s, position, batch(1, position, 1)); !errors.Is(err, ErrPosition) {
			t.Errorf("position %d: %v", position, err)
		}
	}
	mustPut(t, s, 3, batch(1, 3, 1))
}

func TestStoreReadsPythonsFile(t *testing.T) {
	data, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "bets.csv")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	s := open(t, path, nil)
	mustPut(t, s, 1, batch(1, 1, 1))
	fileIs(t, path, append(data, records(bet(1, 1))...))
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
		if _, err := OpenStore(context.Background(), p, Options{Encode: encode}); !errors.Is(err, ErrLocked) {
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
	mustPut(t, s, 0, batch(1, 0, 1))
	fileIs(t, target, records(bet(1, 0)))
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
	if _, err := OpenStore(context.Background(), filepath.Join(dir, "none", "bets.csv"), Options{Encode: encode}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing directory: %v", err)
	}
	var line *LineError
	if _, err := OpenStore(context.Background(), bad, Options{Encode: encode}); !errors.As(err, &line) || line.Line != 2 {
		t.Errorf("bad line: %v", err)
	}
	for _, path := range []string{dir, "/dev/null"} {
		if _, err := OpenStore(context.Background(), path, Options{Encode: encode}); err == nil {
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
			var tickets []*Ticket
			for i := range batches {
				ticket, err := put(s, i*size, batch(a+1, i*size, size))
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
		if b.Agency != agency || b != bet(agency, next[agency]) {
			t.Fatalf("bet %d is %+v, in a batch of agency %d", n, b, agency)
		}
		next[agency]++
		n++
	}
	if n != agencies*batches*size {
		t.Errorf("%d bets", n)
	}
	for a := range uint32(agencies) {
		if got, want := s.Account(a+1), accountOf(batch(a+1, 0, batches*size)...); got != want {
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
	bets := batch(1, 0, size)
	encoded := records(bets...)
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
	if n > 20 { // for the batch: the ticket, the group and its channel
		t.Errorf("%v allocations for a batch of %d bets", n, size)
	}
}

func BenchmarkStoreBets(b *testing.B) {
	s, err := OpenStore(context.Background(), filepath.Join(b.TempDir(), "bets.csv"), Options{Encode: encode})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	bets, _, _ := readAll(NewFileReader(strings.NewReader(sample(140)), "f", 3))
	encoded := records(bets...)
	at, last := uint64(0), (*Ticket)(nil)
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
