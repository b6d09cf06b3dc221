package store_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/tp0-lab/composer/internal/lab/lottery/store"
	"github.com/tp0-lab/composer/internal/test/storetest"
)

func TestStoreOutlivesFailures(t *testing.T) {
	for name, set := range map[string]func(*storetest.Faults){
		"disk full":                func(f *storetest.Faults) { f.Write, f.Short = syscall.ENOSPC, 10 },
		"disk full, nothing":       func(f *storetest.Faults) { f.Write = syscall.ENOSPC },
		"read-only":                func(f *storetest.Faults) { f.Write = syscall.EROFS },
		"write cut":                func(f *storetest.Faults) { f.Write, f.Short = syscall.EIO, 25 },
		"sync":                     func(f *storetest.Faults) { f.Sync = syscall.EIO },
		"write and truncate":       func(f *storetest.Faults) { f.Write, f.Short, f.Truncate = syscall.EIO, 40, syscall.EIO },
		"sync and truncate":        func(f *storetest.Faults) { f.Sync, f.Truncate = syscall.EIO, syscall.EIO },
		"whole write and truncate": func(f *storetest.Faults) { f.Write, f.Short, f.Truncate = syscall.EIO, 1<<20, syscall.EIO },
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "bets.csv")
			var f storetest.Faults
			s := open(t, path, f.Wrap)
			storetest.MustPut(t, s, 0, storetest.Batch(1, 0, 2))
			f.Lock()
			set(&f)
			f.Unlock()
			ticket, err := storetest.Put(s, 2, storetest.Batch(1, 2, 5))
			if err != nil {
				t.Fatal(err)
			}
			if err := ticket.Err(); !errors.Is(err, store.ErrStorage) {
				t.Fatalf("got %v", err)
			}
			if got, want := s.Account(1), storetest.AccountOf(storetest.Batch(1, 0, 2)...); got != want {
				t.Fatalf("account %+v, want %+v", got, want)
			}
			storetest.MustPut(t, s, 0, storetest.Batch(2, 0, 1))
			storetest.MustPut(t, s, 2, storetest.Batch(1, 2, 1))
			want := storetest.Records(storetest.Bet(1, 0), storetest.Bet(1, 1), storetest.Bet(2, 0), storetest.Bet(1, 2))
			storetest.FileIs(t, path, want)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			storetest.FileIs(t, path, want)
		})
	}
}

func TestFailureTakesWhatStandsOnIt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bets.csv")
	var f storetest.Faults
	s := open(t, path, f.Wrap)
	storetest.MustPut(t, s, 0, storetest.Batch(1, 0, 1))

	gate, entered := make(chan struct{}), make(chan struct{})
	f.Lock()
	f.Gate, f.Entered, f.Sync = gate, entered, syscall.EIO
	f.Unlock()
	failing, err := storetest.Put(s, 1, storetest.Batch(1, 1, 2))
	if err != nil {
		t.Fatal(err)
	}
	<-entered // the group of that batch alone is on its way
	behind, err1 := storetest.Put(s, 3, storetest.Batch(1, 3, 1))
	other, err2 := storetest.Put(s, 0, storetest.Batch(2, 0, 3))
	behind2, err3 := storetest.Put(s, 4, storetest.Batch(1, 4, 1))
	if err := errors.Join(err1, err2, err3); err != nil {
		t.Fatal(err)
	}
	f.Lock()
	f.Gate = nil
	f.Unlock()
	close(gate)
	for i, ticket := range []*store.Ticket{failing, behind, behind2} {
		if err := ticket.Err(); !errors.Is(err, store.ErrStorage) || !errors.Is(err, syscall.EIO) {
			t.Errorf("ticket %d: %v", i, err)
		}
	}
	if err := other.Err(); err != nil {
		t.Errorf("the other agency's: %v", err)
	}
	storetest.MustPut(t, s, 1, storetest.Batch(1, 1, 1))
	storetest.FileIs(t, path, storetest.Records(storetest.Bet(1, 0), storetest.Bet(2, 0), storetest.Bet(2, 1), storetest.Bet(2, 2), storetest.Bet(1, 1)))
}

func TestReadOnlyFile(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root writes anywhere")
	}
	path := filepath.Join(t.TempDir(), "bets.csv")
	if err := os.WriteFile(path, storetest.Records(storetest.Bet(1, 0)), 0o400); err != nil {
		t.Fatal(err)
	}
	s := open(t, path, nil)
	ticket, err := storetest.Put(s, 1, storetest.Batch(1, 1, 1))
	if err != nil {
		t.Fatal(err)
	}
	if err := ticket.Err(); !errors.Is(err, store.ErrStorage) {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	storetest.MustPut(t, s, 1, storetest.Batch(1, 1, 1))
	storetest.FileIs(t, path, storetest.Records(storetest.Bet(1, 0), storetest.Bet(1, 1)))
}

func TestBackpressure(t *testing.T) {
	f := storetest.Faults{Gate: make(chan struct{}), Entered: make(chan struct{}, 100)}
	s := open(t, filepath.Join(t.TempDir(), "bets.csv"), f.Wrap)
	big := storetest.Batch(1, 0, 1000)
	for i := range big {
		big[i].FirstName = strings.Repeat("x", 250)
	}
	full := store.MaxPending/len(storetest.Records(big...)) + 1 // batches that fill a buffer
	stored := make(chan int)
	go func() {
		defer close(stored)
		for i := range 4 * full {
			if _, err := storetest.Put(s, i*len(big), big); err != nil {
				t.Error(err)
			}
			stored <- i
		}
	}()
	// With the disk at a stand, one group on its way and one pending are taken.
	taken := 0
	<-f.Entered
	for s.PendingBytes() < store.MaxPending {
		<-stored
		taken++
	}
	if taken > 2*full {
		t.Errorf("%d batches are in memory", taken)
	}
	close(f.Gate)
	for range stored {
		taken++
	}
	if taken != 4*full {
		t.Errorf("%d batches taken", taken)
	}
}
