package lottery

import (
	"context"
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// Disk is a recorder for tests from outside: the files of a store in a directory, which may lose power.
type Disk struct{ recorder }

// NewDisk returns the disk of a directory. Its operations of the numbers in failing fail after so many bytes. In the
// operation of number dies, the process dies, and die is called; 0 is none.
func NewDisk(dir string, failing map[int]int, dies int, die func()) (*Disk, error) {
	d := &Disk{recorder{initial: make(map[string][]byte), failing: failing, dies: dies, die: die}}
	files, err := os.ReadDir(dir)
	for _, f := range files {
		if err == nil {
			d.initial[f.Name()], err = os.ReadFile(filepath.Join(dir, f.Name()))
		}
	}
	return d, err
}

// Open opens a lottery with its files on the disk.
func (d *Disk) Open(ctx context.Context, path string, agencies uint32, onDraw func(tell func(told bool)), o Options) (*Lottery, error) {
	o.wrap, o.syncDir = d.wrap, func(string) error { return nil }
	return Open(ctx, path, agencies, onDraw, o)
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

// Operations returns the number of operations so far.
func (d *Disk) Operations() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.operations)
}

// Leave writes to a new directory what the death has left: with power, all that was done and a part of the last
// operation; without, any parts of what was not synced.
func (d *Disk) Leave(dir string, power bool, random *rand.Rand) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := len(d.operations)
	inside := d.dies > 0 && n == d.dies+1 // the last operation was not finished
	var c crash
	switch {
	case n == 0:
		c.files = d.initial
	case power && inside:
		c = d.killed(n-1, random.IntN(len(d.operations[n-1].data)+1))
	case power:
		c = d.killed(n-1, len(d.operations[n-1].data))
	case inside:
		c = d.powerless(func(_ string, most int) int { return random.IntN(most + 1) }, n-1)
	default:
		c = d.powerless(func(_ string, most int) int { return random.IntN(most + 1) }, n)
	}
	for name, content := range c.files {
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
