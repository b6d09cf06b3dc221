package lottery

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/tp0-lab/composer/internal/test/fifo"
)

type faulty struct {
	file
	faults *faults
}

type faults struct {
	mu       sync.Mutex
	short    int           // the next WriteAt writes so many bytes and fails
	write    error         // of that
	sync     error         // of the next Sync
	truncate error         // of the next Truncate
	gate     chan struct{} // Sync waits for it
	entered  chan struct{} // and says so
}

// wrap leaves journals alone: TestCrashes has faults in all files.
func (f *faults) wrap(inner file) file {
	if strings.HasSuffix(inner.(diskFile).Name(), journalSuffix) {
		return inner
	}
	return &faulty{inner, f}
}

func (f *faulty) WriteAt(b []byte, at int64) (int, error) {
	f.faults.mu.Lock()
	defer f.faults.mu.Unlock()
	if err := f.faults.write; err != nil {
		f.faults.write = nil
		n, _ := f.file.WriteAt(b[:min(f.faults.short, len(b))], at)
		return n, err
	}
	return f.file.WriteAt(b, at)
}

func (f *faulty) Truncate(size int64) error {
	f.faults.mu.Lock()
	defer f.faults.mu.Unlock()
	if err := f.faults.truncate; err != nil {
		f.faults.truncate = nil
		return err
	}
	return f.file.Truncate(size)
}

func (f *faulty) Sync() error {
	f.faults.mu.Lock()
	err, gate, entered := f.faults.sync, f.faults.gate, f.faults.entered
	f.faults.sync = nil
	f.faults.mu.Unlock()
	if gate != nil {
		entered <- struct{}{}
		<-gate
	}
	if err != nil {
		return err
	}
	return f.file.Sync()
}

func TestStoreOutlivesFailures(t *testing.T) {
	for name, set := range map[string]func(*faults){
		"disk full":                func(f *faults) { f.write, f.short = syscall.ENOSPC, 10 },
		"disk full, nothing":       func(f *faults) { f.write = syscall.ENOSPC },
		"read-only":                func(f *faults) { f.write = syscall.EROFS },
		"write cut":                func(f *faults) { f.write, f.short = syscall.EIO, 25 },
		"sync":                     func(f *faults) { f.sync = syscall.EIO },
		"write and truncate":       func(f *faults) { f.write, f.short, f.truncate = syscall.EIO, 40, syscall.EIO },
		"sync and truncate":        func(f *faults) { f.sync, f.truncate = syscall.EIO, syscall.EIO },
		"whole write and truncate": func(f *faults) { f.write, f.short, f.truncate = syscall.EIO, 1<<20, syscall.EIO },
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "bets.csv")
			var f faults
			s := open(t, path, f.wrap)
			mustPut(t, s, 0, batch(1, 0, 2))
			f.mu.Lock()
			set(&f)
			f.mu.Unlock()
			ticket, err := put(s, 2, batch(1, 2, 5))
			if err != nil {
				t.Fatal(err)
			}
			if err := ticket.Err(); !errors.Is(err, ErrStorage) {
				t.Fatalf("got %v", err)
			}
			if got, want := s.Account(1), accountOf(batch(1, 0, 2)...); got != want {
				t.Fatalf("account %+v, want %+v", got, want)
			}
			mustPut(t, s, 0, batch(2, 0, 1))
			mustPut(t, s, 2, batch(1, 2, 1))
			want := records(bet(1, 0), bet(1, 1), bet(2, 0), bet(1, 2))
			fileIs(t, path, want)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			fileIs(t, path, want)
		})
	}
}

func TestFailureTakesWhatStandsOnIt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bets.csv")
	var f faults
	s := open(t, path, f.wrap)
	mustPut(t, s, 0, batch(1, 0, 1))

	gate, entered := make(chan struct{}), make(chan struct{})
	f.mu.Lock()
	f.gate, f.entered, f.sync = gate, entered, syscall.EIO
	f.mu.Unlock()
	failing, err := put(s, 1, batch(1, 1, 2))
	if err != nil {
		t.Fatal(err)
	}
	<-entered // the group of that batch alone is on its way
	behind, err1 := put(s, 3, batch(1, 3, 1))
	other, err2 := put(s, 0, batch(2, 0, 3))
	behind2, err3 := put(s, 4, batch(1, 4, 1))
	if err := errors.Join(err1, err2, err3); err != nil {
		t.Fatal(err)
	}
	f.mu.Lock()
	f.gate = nil
	f.mu.Unlock()
	close(gate)
	for i, ticket := range []*Ticket{failing, behind, behind2} {
		if err := ticket.Err(); !errors.Is(err, ErrStorage) || !errors.Is(err, syscall.EIO) {
			t.Errorf("ticket %d: %v", i, err)
		}
	}
	if err := other.Err(); err != nil {
		t.Errorf("the other agency's: %v", err)
	}
	mustPut(t, s, 1, batch(1, 1, 1))
	fileIs(t, path, records(bet(1, 0), bet(2, 0), bet(2, 1), bet(2, 2), bet(1, 1)))
}

func TestReadOnlyFile(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root writes anywhere")
	}
	path := filepath.Join(t.TempDir(), "bets.csv")
	if err := os.WriteFile(path, records(bet(1, 0)), 0o400); err != nil {
		t.Fatal(err)
	}
	s := open(t, path, nil)
	ticket, err := put(s, 1, batch(1, 1, 1))
	if err != nil {
		t.Fatal(err)
	}
	if err := ticket.Err(); !errors.Is(err, ErrStorage) {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	mustPut(t, s, 1, batch(1, 1, 1))
	fileIs(t, path, records(bet(1, 0), bet(1, 1)))
}

func TestBackpressure(t *testing.T) {
	f := faults{gate: make(chan struct{}), entered: make(chan struct{}, 100)}
	s := open(t, filepath.Join(t.TempDir(), "bets.csv"), f.wrap)
	big := batch(1, 0, 1000)
	for i := range big {
		big[i].FirstName = strings.Repeat("x", 250)
	}
	full := MaxPending/len(records(big...)) + 1 // batches that fill a buffer
	stored := make(chan int)
	go func() {
		defer close(stored)
		for i := range 4 * full {
			if _, err := put(s, i*len(big), big); err != nil {
				t.Error(err)
			}
			stored <- i
		}
	}()
	// With the disk at a stand, one group on its way and one pending are taken.
	taken := 0
	<-f.entered
	for s.pendingBytes() < MaxPending {
		<-stored
		taken++
	}
	if taken > 2*full {
		t.Errorf("%d batches are in memory", taken)
	}
	close(f.gate)
	for range stored {
		taken++
	}
	if taken != 4*full {
		t.Errorf("%d batches taken", taken)
	}
}

func (s *Store) pendingBytes() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.pending.records)
}

// A file that is no regular file, or no file of a central, is refused with a sentence and stays what it is.
func TestForeignFiles(t *testing.T) {
	for _, suffix := range []string{"", ".journal", ".draw", ".draw.journal"} {
		for _, content := range []string{"8 bytes.", "8 bytes\n", "hello\nworld\n", "\x00\x01", strings.Repeat("x", journalSize), slotMagic} {
			dir := t.TempDir()
			path := filepath.Join(dir, "bets.csv")
			if err := os.WriteFile(path+suffix, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			l, err := Open(t.Context(), path, 1, func(func(bool)) {}, Options{Encode: encode})
			if err == nil {
				if err := l.Close(); err != nil {
					t.Error(err)
				}
				if suffix != ".journal" && suffix != ".draw.journal" || !torn([]byte(content), newJournal(0)) {
					t.Errorf("%q in %s is taken", content, suffix)
				}
				continue
			}
			if !strings.Contains(err.Error(), path) {
				t.Errorf("%v", err)
			}
			fileIs(t, path+suffix, []byte(content))
		}
		for name, make := range map[string]func(string) error{
			"directory": func(p string) error { return os.Mkdir(p, 0o700) },
			"pipe":      func(p string) error { fifo.Make(t, p); return nil },
			"device":    func(p string) error { return os.Symlink("/dev/zero", p) },
		} {
			path := filepath.Join(t.TempDir(), "bets.csv")
			if err := make(path + suffix); err != nil {
				t.Fatal(err)
			}
			if _, err := Open(t.Context(), path, 1, func(func(bool)) {}, Options{Encode: encode}); err == nil || !strings.Contains(err.Error(), path) {
				t.Errorf("%s as %s: %v", name, suffix, err)
			}
		}
	}
}
