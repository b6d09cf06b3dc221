package lottery

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"pgregory.net/rapid"
)

// fatal is a *testing.T or a *rapid.T.
type fatal interface{ Fatalf(string, ...any) }

// recorder keeps what is done to the store's files, so that a test can stop
// the world at any point of it.
type recorder struct {
	operations []operation
	failing    map[int]int // the operation of that number fails, after so many bytes
}

type operation struct {
	kind    string // write, truncate, sync, acknowledge
	journal bool
	at      int64
	data    []byte
}

type recorded struct {
	file
	to      *recorder
	journal bool
}

func (r *recorder) wrap(f file) file {
	return &recorded{f, r, strings.HasSuffix(f.(diskFile).Name(), ".journal")}
}

// add returns how much of the operation is to be done, -1 for all.
func (r *recorder) add(o operation) int {
	n, fails := r.failing[len(r.operations)]
	if !fails || o.kind == "truncate" && n > 0 {
		n = -1
	}
	if n >= 0 && o.kind == "write" {
		n = min(n, len(o.data))
		o.data = o.data[:n]
	}
	r.operations = append(r.operations, o)
	return n
}

func (f *recorded) WriteAt(b []byte, at int64) (int, error) {
	if n := f.to.add(operation{"write", f.journal, at, bytes.Clone(b)}); n >= 0 {
		_, _ = f.file.WriteAt(b[:n], at)
		return n, syscall.ENOSPC
	}
	return f.file.WriteAt(b, at)
}

func (f *recorded) Truncate(size int64) error {
	if f.to.add(operation{"truncate", f.journal, size, nil}) >= 0 {
		// The record must not say that it was done.
		f.to.operations[len(f.to.operations)-1].kind = "nothing"
		return syscall.EIO
	}
	return f.file.Truncate(size)
}

func (f *recorded) Sync() error {
	if f.to.add(operation{kind: "sync", journal: f.journal}) >= 0 {
		f.to.operations[len(f.to.operations)-1].kind = "nothing"
		return syscall.EIO
	}
	return nil // the record is what counts
}

func apply(content []byte, o operation) []byte {
	size := int(o.at)
	if o.kind == "write" {
		size = max(len(content), size+len(o.data))
	}
	for len(content) < size {
		content = append(content, 0)
	}
	content = content[:size]
	if o.kind == "write" {
		copy(content[o.at:], o.data)
	}
	return content
}

// crash is what a crash leaves of the two files.
type crash struct {
	bets, journal []byte
	acknowledged  int // bets
}

// killed returns what is left if the process is killed in the n-th operation
// after so many bytes of it.
func (r *recorder) killed(n, bytes int) (c crash) {
	for i, o := range r.operations[:n+1] {
		if i == n {
			if o.kind != "write" {
				break
			}
			o.data = o.data[:bytes]
		}
		c.do(o)
	}
	return c
}

func (c *crash) do(o operation) {
	switch {
	case o.kind == "acknowledge":
		c.acknowledged += int(o.at)
	case o.kind != "write" && o.kind != "truncate":
	case o.journal:
		c.journal = apply(c.journal, o)
	default:
		c.bets = apply(c.bets, o)
	}
}

// powerless returns what may be left if the power fails before the n-th
// operation: of what was not synced, any parts.
func (r *recorder) powerless(t *rapid.T, n int) (c crash) {
	synced := map[bool]int{}
	for i, o := range r.operations[:n] {
		if o.kind == "sync" {
			synced[o.journal] = i
		}
	}
	for i, o := range r.operations[:n] {
		if i >= synced[o.journal] && o.kind != "acknowledge" {
			if rapid.Bool().Draw(t, "lost") {
				continue
			}
			if o.kind == "write" {
				from := rapid.IntRange(0, len(o.data)).Draw(t, "from")
				to := rapid.IntRange(from, len(o.data)).Draw(t, "to")
				o.data, o.at = o.data[from:to], o.at+int64(from)
			}
		}
		c.do(o)
	}
	return c
}

// try is a batch that a test has put, and whether it was acknowledged.
type try struct {
	bets         []Bet
	acknowledged bool
}

// possible returns the contents of bets.csv after each of the tries, by the number of acknowledged bets
// in it: those that were, and perhaps one behind them that failed, but whole.
func possible(tries []try) map[string]int {
	contents := map[string]int{"": 0}
	var good []byte
	n := 0
	for _, y := range tries {
		with := append(bytes.Clone(good), records(y.bets...)...)
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
func (c crash) recovered(t fatal, dir string, tries []try) (bets int, err error) {
	path := filepath.Join(dir, "bets.csv")
	for name, content := range map[string][]byte{path: c.bets, path + ".journal": c.journal} {
		if err := os.WriteFile(name, content, 0o600); err != nil {
			t.Fatalf("%v", err)
		}
	}
	if c.journal == nil {
		_ = os.Remove(path + ".journal")
	}
	s, err := OpenStore(path, Options{Encode: encode, NoSync: true})
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
	if bets < c.acknowledged {
		t.Fatalf("%d bets of %d that were acknowledged", bets, c.acknowledged)
	}
	was, more := got, bet(9, 0)
	ticket, err := put(s, 0, []Bet{more})
	if err == nil {
		err = ticket.Err()
	}
	if err != nil {
		t.Fatalf("%v", err)
	}
	if got, _ := os.ReadFile(path); !bytes.Equal(got, append(was, records(more)...)) {
		t.Fatalf("after another batch: %q", got)
	}
	return bets, nil
}

// record stores batches of such sizes, one a group.
func (r *recorder) record(t fatal, dir string, sizes []int) (tries []try) {
	s, err := OpenStore(filepath.Join(dir, "bets.csv"), Options{Encode: encode, wrap: r.wrap})
	if err != nil {
		t.Fatalf("%v", err)
	}
	defer s.Close()
	position := 0
	for i, size := range sizes {
		bets := batch(1, position, size)
		for j := range bets {
			bets[j].FirstName = fmt.Sprintf("Ana %d", i) // no two tries alike
		}
		ticket, err := put(s, position, bets)
		if err != nil {
			t.Fatalf("%v", err)
		}
		ok := ticket.Err() == nil
		if ok {
			r.operations = append(r.operations, operation{kind: "acknowledge", at: int64(size)})
			position += size
		}
		tries = append(tries, try{bets, ok})
	}
	return tries
}

func TestKilledAtEveryByte(t *testing.T) {
	var r recorder
	tries := r.record(t, t.TempDir(), []int{2, 1, 3})
	dir := t.TempDir()
	seen := map[int]bool{}
	for n, o := range r.operations {
		for bytes := range max(1, len(o.data)) {
			if len(o.data) > slotBlock && bytes%997 != 0 {
				continue // the zeros of a new journal
			}
			bets, err := r.killed(n, bytes).recovered(t, dir, tries)
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
	first, second := t.TempDir(), t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		for _, name := range []string{"bets.csv", "bets.csv.journal"} {
			_ = os.Remove(filepath.Join(first, name))
		}
		r := recorder{failing: rapid.MapOfN(rapid.IntRange(0, 30), rapid.IntRange(0, 200), 0, 4).Draw(t, "failing")}
		tries := r.record(t, first, rapid.SliceOfN(rapid.IntRange(1, 5), 1, 6).Draw(t, "sizes"))
		n := rapid.IntRange(0, len(r.operations)-1).Draw(t, "operation")
		if rapid.Bool().Draw(t, "kill") {
			c := r.killed(n, rapid.IntRange(0, len(r.operations[n].data)).Draw(t, "bytes"))
			if _, err := c.recovered(t, second, tries); err != nil {
				t.Fatalf("%v", err)
			}
			return
		}
		c := r.powerless(t, n)
		if _, err := c.recovered(t, second, tries); err != nil && len(r.failing) == 0 {
			t.Fatalf("%v", err)
		}
	})
}

// Without a journal a file is somebody else's: only a torn line goes.
func TestTornLine(t *testing.T) {
	whole := records(batch(1, 0, 3)...)
	lines := bytes.SplitAfter(whole, []byte("\n"))
	path := filepath.Join(t.TempDir(), "bets.csv")
	for n := range whole {
		if err := os.WriteFile(path, whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := OpenStore(path, Options{Encode: encode, NoSync: true})
		if err != nil {
			t.Fatal(err)
		}
		var want []byte
		for _, line := range lines {
			if len(want)+len(line) <= n {
				want = append(want, line...)
			}
		}
		fileIs(t, path, want)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// A journal says nothing of a file that somebody has put in its file's place.
func TestJournalOfAnotherFile(t *testing.T) {
	var r recorder
	r.record(t, t.TempDir(), []int{3, 3})
	left := r.killed(len(r.operations)-1, 0)
	path := filepath.Join(t.TempDir(), "bets.csv")
	if err := os.WriteFile(path+".journal", left.journal, 0o600); err != nil {
		t.Fatal(err)
	}
	s := open(t, path, nil) // a new one
	mustPut(t, s, 0, batch(1, 0, 1))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path+".journal", left.journal, 0o600); err != nil {
		t.Fatal(err)
	}
	long := records(batch(1, 0, 100)...)
	if err := os.WriteFile(path, long, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenStore(path, Options{Encode: encode}); err == nil || !strings.Contains(err.Error(), ".journal") {
		t.Errorf("got %v", err)
	}
	fileIs(t, path, long)
}
