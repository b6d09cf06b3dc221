package journal_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tp0-lab/composer/internal/lab/lottery/journal"
	"github.com/tp0-lab/composer/internal/test/storetest"
)

// open opens a file and returns it with what was whole of it.
func open(t *testing.T, path string, o journal.Options) (*journal.File, []byte, error) {
	t.Helper()
	f, err := journal.Open(path, true, o)
	if err != nil {
		return nil, nil, err
	}
	var content []byte
	err = f.Load(t.Context(), func(r io.Reader) (err error) {
		content, err = io.ReadAll(r)
		return err
	})
	if err != nil {
		return nil, nil, errors.Join(err, f.Release())
	}
	f.Settle()
	return f, content, nil
}

// Whatever the bytes of a group mean, it is there as a whole or not at all after a kill at any byte of any operation, and
// there once it was appended.
func TestGroupsAreWhole(t *testing.T) {
	groups := []string{"one\n", "two, which is longer\n", "\x00\xff\n", "four\n"}
	var disk storetest.Disk
	f, _, err := open(t, filepath.Join(t.TempDir(), "bets.csv"), disk.Options())
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range groups {
		if err := f.Append([]byte(g)); err != nil {
			t.Fatal(err)
		}
		disk.Add(storetest.Operation{Kind: "acknowledge", At: 1})
	}
	storetest.Run(t, f.Close())
	dir := t.TempDir()
	path := filepath.Join(dir, "bets.csv")
	for n, o := range disk.Done() {
		for at := 0; at <= len(o.Data); at += max(1, len(o.Data)/50) {
			left := disk.Killed(n, at)
			left.Leave(t, dir)
			f, content, err := open(t, path, journal.Options{NoSync: true})
			if err != nil {
				t.Fatalf("operation %d, byte %d: %v", n, at, err)
			}
			whole := 0
			for whole < len(groups) && strings.HasPrefix(string(content), strings.Join(groups[:whole+1], "")) {
				whole++
			}
			if want := strings.Join(groups[:whole], ""); string(content) != want || whole < left.Acknowledged {
				t.Fatalf("operation %d, byte %d: %q, %d groups of %d", n, at, content, whole, left.Acknowledged)
			}
			storetest.Run(t, f.Append([]byte("more\n")), f.Close())
			storetest.FileIs(t, path, append(bytes.Clone(content), "more\n"...))
		}
	}
}

// SetTold outlives a kill, and goes with a clean end.
func TestTold(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bets.csv.draw")
	for _, clean := range []bool{false, true} {
		f, _, err := open(t, path, journal.Options{})
		if err != nil {
			t.Fatal(err)
		}
		storetest.Run(t, f.Append([]byte("drawn\n")))
		f.SetTold(true)
		if clean {
			err = f.Close()
		} else {
			err = f.Release()
		}
		storetest.Run(t, err)
		f, _, err = open(t, path, journal.Options{})
		if err != nil || f.Told() == clean {
			t.Errorf("after a clean end %v: told %v, %v", clean, f.Told(), err)
		}
		storetest.Run(t, f.Close())
	}
	if _, err := os.Stat(path + journal.Suffix); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the journal: %v", err)
	}
}

// Two have never the same file open.
func TestLocked(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bets.csv")
	f, _, err := open(t, path, journal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := open(t, path, journal.Options{}); !errors.Is(err, journal.ErrLocked) {
		t.Errorf("got %v", err)
	}
	storetest.Run(t, f.Close())
}
