package lottery

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"pgregory.net/rapid"
)

// fatal is a *testing.T or a *rapid.T.
type fatal interface{ Fatalf(string, ...any) }

// recorder keeps what is done to the store's files, so that a test can stop
// the world at any point of it.
type recorder struct {
	initial map[string][]byte // the files before, by name

	mu         sync.Mutex
	operations []operation
	failing    map[int]int // the operation of that number fails, after so many bytes
	dies       int         // the process dies in the operation of that number; 0: it does not
	die        func()      // is called then, in a goroutine of its own
	dead       bool        // what is done from now on is not done
}

type operation struct {
	kind string // write, truncate, sync; or what a test has added
	file string
	at   int64
	data []byte
}

type recorded struct {
	file
	to   *recorder
	name string
}

func (r *recorder) wrap(f file) file {
	return &recorded{f, r, filepath.Base(f.(diskFile).Name())}
}

func (r *recorder) options() Options {
	return Options{Encode: encode, wrap: r.wrap, syncDir: func(string) error { return nil }}
}

// add returns how much of the operation is to be done, -1 for all.
func (r *recorder) add(o operation) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.dead {
		return 0
	}
	if r.dies > 0 && r.dies == len(r.operations) {
		r.dead = true
		r.operations = append(r.operations, o)
		go r.die()
		return 0
	}
	n, fails := r.failing[len(r.operations)]
	switch {
	case !fails || o.kind != "write" && o.kind != "truncate" && o.kind != "sync":
		n = -1
	case o.kind == "write":
		n = min(n, len(o.data))
		o.data = o.data[:n]
	default:
		n = 0
		o.kind = "nothing" // the record must not say that it was done
	}
	r.operations = append(r.operations, o)
	return n
}

func (f *recorded) WriteAt(b []byte, at int64) (int, error) {
	if n := f.to.add(operation{"write", f.name, at, bytes.Clone(b)}); n >= 0 {
		_, _ = f.file.WriteAt(b[:n], at)
		return n, syscall.ENOSPC
	}
	return f.file.WriteAt(b, at)
}

func (f *recorded) Truncate(size int64) error {
	if f.to.add(operation{"truncate", f.name, size, nil}) >= 0 {
		return syscall.EIO
	}
	return f.file.Truncate(size)
}

func (f *recorded) Sync() error {
	if f.to.add(operation{kind: "sync", file: f.name}) >= 0 {
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

// crash is what a crash leaves: the files by name, and what had happened by then.
type crash struct {
	files        map[string][]byte
	acknowledged int      // bets
	told         []string // what a test has added to the operations
}

// killed returns what is left if the process is killed in the n-th operation
// after so many bytes of it.
func (r *recorder) killed(n, bytes int) crash {
	c := crash{files: maps.Clone(r.initial)}
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
	if c.files == nil {
		c.files = make(map[string][]byte)
	}
	switch o.kind {
	case "acknowledge":
		c.acknowledged += int(o.at)
	case "told":
		c.told = append(c.told, o.file)
	case "write", "truncate":
		c.files[o.file] = apply(c.files[o.file], o)
	}
}

// drawn draws numbers from 0 to most.
func drawn(t *rapid.T) func(label string, most int) int {
	return func(label string, most int) int { return rapid.IntRange(0, most).Draw(t, label) }
}

// powerless returns what may be left if the power fails before the n-th
// operation: of what was not synced, any parts.
func (r *recorder) powerless(draw func(label string, most int) int, n int) crash {
	c := crash{files: maps.Clone(r.initial)}
	synced := map[string]int{}
	for i, o := range r.operations[:n] {
		if o.kind == "sync" {
			synced[o.file] = i
		}
	}
	for i, o := range r.operations[:n] {
		if i >= synced[o.file] && (o.kind == "write" || o.kind == "truncate") {
			if draw("lost", 1) == 1 {
				continue
			}
			if o.kind == "write" {
				from := draw("from", len(o.data))
				to := from + draw("length", len(o.data)-from)
				o.data, o.at = o.data[from:to], o.at+int64(from)
			}
		}
		c.do(o)
	}
	return c
}

// leave makes a directory what the crash left.
func (c crash) leave(t fatal, dir string) {
	for _, name := range []string{"bets.csv", "bets.csv.journal", "bets.csv.draw", "bets.csv.draw.journal"} {
		path := filepath.Join(dir, name)
		content, ok := c.files[name]
		err := os.Remove(path)
		if ok {
			err = os.WriteFile(path, content, 0o600)
		}
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatalf("%v", err)
		}
	}
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
	c.leave(t, dir)
	s, err := OpenStore(context.Background(), path, Options{Encode: encode, NoSync: true})
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
	s, err := OpenStore(context.Background(), filepath.Join(dir, "bets.csv"), r.options())
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

// manyChecks has rapid check 25,000 times, and less in a short run.
func manyChecks(t *testing.T) {
	t.Helper()
	if testing.Short() {
		SetChecks(t, 1000)
		return
	}
	SetChecks(t, 25_000)
}

func TestCrashes(t *testing.T) {
	manyChecks(t)
	first, second := t.TempDir(), t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		crash{}.leave(t, first)
		r := recorder{failing: rapid.MapOfN(rapid.IntRange(0, 40), rapid.IntRange(0, 200), 0, 4).Draw(t, "failing")}
		tries := r.record(t, first, rapid.SliceOfN(rapid.IntRange(1, 5), 1, 6).Draw(t, "sizes"))
		if _, err := r.crash(t).recovered(t, second, tries); err != nil {
			t.Fatalf("%v", err)
		}
	})
}

// crash draws what a crash leaves.
func (r *recorder) crash(t *rapid.T) crash {
	n := rapid.IntRange(0, len(r.operations)-1).Draw(t, "operation")
	if rapid.Bool().Draw(t, "kill") {
		return r.killed(n, rapid.IntRange(0, len(r.operations[n].data)).Draw(t, "bytes"))
	}
	return r.powerless(drawn(t), n)
}

// Without a journal nothing says that a line is torn: what is no record is refused and stays.
func TestTornLineWithoutJournal(t *testing.T) {
	whole := records(batch(1, 0, 3)...)
	path := filepath.Join(t.TempDir(), "bets.csv")
	for n := range whole {
		if err := os.WriteFile(path, whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := OpenStore(context.Background(), path, Options{Encode: encode, NoSync: true})
		fileIs(t, path, whole[:n])
		if err != nil {
			if line := new(LineError); !errors.As(err, &line) {
				t.Fatal(err)
			}
			continue
		}
		// Its last line is a record, with or without its line end; the next bet begins a line of its own.
		mustPut(t, s, 0, batch(2, 0, 1))
		want := bytes.Clone(bytes.TrimRight(whole[:n], "\r\n"))
		if n > 0 {
			want = append(want, "\r\n"...)
		}
		fileIs(t, path, append(want, records(bet(2, 0))...))
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestJournalOfAnotherFile(t *testing.T) {
	var r recorder
	r.record(t, t.TempDir(), []int{3, 3})
	left := r.killed(len(r.operations)-1, 0).files["bets.csv.journal"]
	for name, content := range map[string][]byte{"empty": nil, "shorter": records(batch(1, 0, 5)...), "longer": records(batch(1, 0, 100)...), "other": records(batch(2, 0, 6)...)} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "bets.csv")
			for file, content := range map[string][]byte{path: content, path + ".journal": left} {
				if err := os.WriteFile(file, content, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := OpenStore(context.Background(), path, Options{Encode: encode}); !errors.Is(err, errDoubt) || !strings.Contains(err.Error(), "remove "+path+".journal") {
				t.Errorf("got %v", err)
			}
			fileIs(t, path, content)
			fileIs(t, path+".journal", left)
		})
	}
}

const sorteo = "sorteo"

// recordDraw plays a lottery of two agencies: each stores batches of such sizes and finishes, and tries again what
// failed. It returns the bets that each agency has.
func (r *recorder) recordDraw(t fatal, dir string, sizes [2][]int) {
	l, err := Open(context.Background(), filepath.Join(dir, "bets.csv"), 2, func(tell func(bool)) {
		tell(true)
		r.add(operation{kind: "told", file: sorteo})
	}, r.options())
	if err != nil {
		t.Fatalf("%v", err)
	}
	defer l.Close()
	for i, sizes := range sizes {
		agency := uint32(i + 1)
		position := 0
		for _, size := range sizes {
			ticket, err := put(l.Store, position, batch(agency, position, size))
			if err == nil && ticket.Err() == nil {
				position += size
				r.add(operation{kind: "acknowledge", at: int64(size)})
			}
			if err := finishAs(l, agency); err == nil {
				r.add(operation{kind: "told", file: fmt.Sprintf("finished,%d,%d", agency, position)})
				break // most agencies have one batch
			}
		}
	}
	for i := range uint32(2) {
		if l.Finished(i+1) && isDrawn(l) {
			r.add(operation{kind: "told", file: "drawn"})
		}
	}
}

// The finishes and the draw survive as the bets do, and the draw is told once: it is told again after a crash only if
// the note could not be written or was lost with the power, and not told only if the crash came right between the note and the telling.
func TestDrawCrashes(t *testing.T) {
	manyChecks(t)
	first, second := t.TempDir(), t.TempDir()
	between := 0
	rapid.Check(t, func(t *rapid.T) {
		crash{}.leave(t, first)
		r := recorder{failing: rapid.MapOfN(rapid.IntRange(0, 60), rapid.IntRange(0, 60), 0, 4).Draw(t, "failing")}
		batches := rapid.SliceOfN(rapid.IntRange(1, 3), 1, 3)
		r.recordDraw(t, first, [2][]int{batches.Draw(t, "one"), batches.Draw(t, "two")})
		n := rapid.IntRange(0, len(r.operations)-1).Draw(t, "operation")
		kill := rapid.Bool().Draw(t, "kill")
		var c crash
		if kill {
			c = r.killed(n, rapid.IntRange(0, len(r.operations[n].data)).Draw(t, "bytes"))
		} else {
			c = r.powerless(drawn(t), n)
		}
		c.leave(t, second)
		told := 0
		l, err := Open(context.Background(), filepath.Join(second, "bets.csv"), 2, func(tell func(bool)) { tell(true); told++ }, Options{Encode: encode, NoSync: true})
		if err != nil {
			t.Fatalf("%v", err)
		}
		defer l.Close()
		if got := l.Account(1).Count + l.Account(2).Count; got < uint64(c.acknowledged) {
			t.Fatalf("%d bets of %d", got, c.acknowledged)
		}
		for _, what := range c.told {
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
		for i := range r.failing {
			failed = failed || i < len(r.operations) && r.operations[i].kind == "write" && r.operations[i].at == noteAt
		}
		inNote := n < len(r.operations) && (r.operations[n].file == sorteo || r.operations[n].kind == "write" && r.operations[n].at == noteAt)
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
