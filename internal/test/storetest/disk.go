package storetest

import (
	"bytes"
	"errors"
	"flag"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"

	"pgregory.net/rapid"

	"github.com/tp0-lab/composer/internal/lab/lottery/journal"
)

// Fatal is a *testing.T or a *rapid.T.
type Fatal interface{ Fatalf(string, ...any) }

// Disk keeps what is done to the files of a directory, so that a test can stop the world at any point of it. The zero Disk
// is of an empty directory, and nothing fails.
type Disk struct {
	Failing map[int]int // the operation of that number fails, after so many bytes; set before the first

	initial map[string][]byte // the files before, by name
	dies    int               // the process dies in the operation of that number; 0: it does not
	die     func()            // is called then, in a goroutine of its own

	mu         sync.Mutex // guards the fields below
	operations []Operation
	dead       bool // what is done from now on is not done
}

// Operation is what was done to a file, or what a test has added.
type Operation struct {
	Kind string // write, truncate, sync, nothing; acknowledge and told, which a Crash counts
	File string
	At   int64 // the offset of a write, the size of a truncate, the number of bets of acknowledge
	Data []byte
}

// NewDisk returns the disk of a directory. Its operations of the numbers in failing fail after so many bytes. In the
// operation of number dies, the process dies, and die is called; 0 is none.
func NewDisk(dir string, failing map[int]int, dies int, die func()) (*Disk, error) {
	d := &Disk{initial: make(map[string][]byte), Failing: failing, dies: dies, die: die}
	files, err := os.ReadDir(dir)
	for _, f := range files {
		if err == nil {
			d.initial[f.Name()], err = os.ReadFile(filepath.Join(dir, f.Name()))
		}
	}
	return d, err
}

type recorded struct {
	journal.DiskFile
	to   *Disk
	name string
}

// Wrap is for journal.Options: what is done to the file is kept.
func (d *Disk) Wrap(f journal.DiskFile) journal.DiskFile {
	return &recorded{f, d, filepath.Base(f.Name())}
}

// Options returns the options of files on the disk.
func (d *Disk) Options() journal.Options {
	return journal.Options{Wrap: d.Wrap, SyncDir: func(string) error { return nil }}
}

// Add adds an operation. It returns how much of it is to be done, -1 for all.
func (d *Disk) Add(o Operation) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.dead {
		return 0
	}
	if d.dies > 0 && d.dies == len(d.operations) {
		d.dead = true
		d.operations = append(d.operations, o)
		go d.die()
		return 0
	}
	n, fails := d.Failing[len(d.operations)]
	switch {
	case !fails || o.Kind != "write" && o.Kind != "truncate" && o.Kind != "sync":
		n = -1
	case o.Kind == "write":
		n = min(n, len(o.Data))
		o.Data = o.Data[:n]
	default:
		n = 0
		o.Kind = "nothing" // the record must not say that it was done
	}
	d.operations = append(d.operations, o)
	return n
}

func (f *recorded) WriteAt(b []byte, at int64) (int, error) {
	if n := f.to.Add(Operation{"write", f.name, at, bytes.Clone(b)}); n >= 0 {
		_, _ = f.DiskFile.WriteAt(b[:n], at)
		return n, syscall.ENOSPC
	}
	return f.DiskFile.WriteAt(b, at)
}

func (f *recorded) Truncate(size int64) error {
	if f.to.Add(Operation{"truncate", f.name, size, nil}) >= 0 {
		return syscall.EIO
	}
	return f.DiskFile.Truncate(size)
}

func (f *recorded) Sync() error {
	if f.to.Add(Operation{Kind: "sync", File: f.name}) >= 0 {
		return syscall.EIO
	}
	return nil // the record is what counts
}

func apply(content []byte, o Operation) []byte {
	size := int(o.At)
	if o.Kind == "write" {
		size = max(len(content), size+len(o.Data))
	}
	for len(content) < size {
		content = append(content, 0)
	}
	content = content[:size]
	if o.Kind == "write" {
		copy(content[o.At:], o.Data)
	}
	return content
}

// Crash is what a crash leaves, and what had happened by then.
type Crash struct {
	Files        map[string][]byte // by name
	Acknowledged int               // bets
	Told         []string          // the files of all told
}

// Killed returns what is left if the process is killed in the n-th operation, after so many bytes of it.
func (d *Disk) Killed(n, bytes int) Crash {
	c := Crash{Files: maps.Clone(d.initial)}
	for i, o := range d.operations[:n+1] {
		if i == n {
			if o.Kind != "write" {
				break
			}
			o.Data = o.Data[:bytes]
		}
		c.do(o)
	}
	return c
}

func (c *Crash) do(o Operation) {
	if c.Files == nil {
		c.Files = make(map[string][]byte)
	}
	switch o.Kind {
	case "acknowledge":
		c.Acknowledged += int(o.At)
	case "told":
		c.Told = append(c.Told, o.File)
	case "write", "truncate":
		c.Files[o.File] = apply(c.Files[o.File], o)
	}
}

// Powerless returns what may be left if the power fails before the n-th operation: of what was not synced, any parts.
func (d *Disk) Powerless(draw func(label string, most int) int, n int) Crash {
	c := Crash{Files: maps.Clone(d.initial)}
	synced := map[string]int{}
	for i, o := range d.operations[:n] {
		if o.Kind == "sync" {
			synced[o.File] = i
		}
	}
	for i, o := range d.operations[:n] {
		if i >= synced[o.File] && (o.Kind == "write" || o.Kind == "truncate") {
			if draw("lost", 1) == 1 {
				continue
			}
			if o.Kind == "write" {
				from := draw("from", len(o.Data))
				to := from + draw("length", len(o.Data)-from)
				o.Data, o.At = o.Data[from:to], o.At+int64(from)
			}
		}
		c.do(o)
	}
	return c
}

// Crash draws what a crash leaves, and returns the operation in which it came: a kill after some byte of it, or the end of
// the power before it.
func (d *Disk) Crash(t *rapid.T) (c Crash, in Operation, kill bool) {
	n := rapid.IntRange(0, len(d.operations)-1).Draw(t, "operation")
	in = d.operations[n]
	if rapid.Bool().Draw(t, "kill") {
		return d.Killed(n, rapid.IntRange(0, len(in.Data)).Draw(t, "bytes")), in, true
	}
	return d.Powerless(func(label string, most int) int { return rapid.IntRange(0, most).Draw(t, label) }, n), in, false
}

// Leave makes a directory what the crash left.
func (c Crash) Leave(t Fatal, dir string) {
	for _, name := range []string{"bets.csv", "bets.csv.journal", "bets.csv.draw", "bets.csv.draw.journal"} {
		path := filepath.Join(dir, name)
		content, ok := c.Files[name]
		err := os.Remove(path)
		if ok {
			err = os.WriteFile(path, content, 0o600)
		}
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatalf("%v", err)
		}
	}
}

// Kill has the process die now, if it lives.
func (d *Disk) Kill() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.dead = true
}

// Dead reports whether the process has died.
func (d *Disk) Dead() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.dead
}

// Done returns the operations so far.
func (d *Disk) Done() []Operation {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.operations
}

// Leave writes to a new directory what the death has left: with power, all that was done and a part of the last
// operation; without, any parts of what was not synced.
func (d *Disk) Leave(dir string, power bool, random *rand.Rand) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := len(d.operations)
	inside := d.dies > 0 && n == d.dies+1 // the last operation was not finished
	var c Crash
	switch {
	case n == 0:
		c.Files = d.initial
	case power && inside:
		c = d.Killed(n-1, random.IntN(len(d.operations[n-1].Data)+1))
	case power:
		c = d.Killed(n-1, len(d.operations[n-1].Data))
	case inside:
		c = d.Powerless(func(_ string, most int) int { return random.IntN(most + 1) }, n-1)
	default:
		c = d.Powerless(func(_ string, most int) int { return random.IntN(most + 1) }, n)
	}
	for name, content := range c.Files {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// SetChecks has rapid check n times until the end of the test.
func SetChecks(t *testing.T, n int) {
	t.Helper()
	before := flag.Lookup("rapid.checks").Value.String()
	if err := flag.Set("rapid.checks", strconv.Itoa(n)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = flag.Set("rapid.checks", before) })
}

// ManyChecks has rapid check 25,000 times, and less in a short run.
func ManyChecks(t *testing.T) {
	t.Helper()
	if testing.Short() {
		SetChecks(t, 1000)
		return
	}
	SetChecks(t, 25_000)
}
