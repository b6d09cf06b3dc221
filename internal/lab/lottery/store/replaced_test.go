package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tp0-lab/composer/internal/lab/logline"
	"github.com/tp0-lab/composer/internal/lab/lottery/journal"
	"github.com/tp0-lab/composer/internal/lab/lottery/store"
	"github.com/tp0-lab/composer/internal/test/storetest"
)

// The file, or its directory, is taken away, emptied, changed or replaced while the store is open: nothing is
// acknowledged, and no file is changed, until the stored bets are back.
func TestFileGone(t *testing.T) {
	for name, tt := range map[string]struct {
		away func(path string) error
		back func(path string, stored []byte) error
		want string // in the error
	}{
		"deleted, written anew": {
			os.Remove,
			func(path string, stored []byte) error { return os.WriteFile(path, stored, 0o600) },
			"no such file",
		},
		"moved away and back": {
			func(path string) error { return os.Rename(path, path+".old") },
			func(path string, _ []byte) error { return os.Rename(path+".old", path) },
			"no such file",
		},
		"directory moved away and back": {
			func(path string) error { return os.Rename(filepath.Dir(path), filepath.Dir(path)+".old") },
			func(path string, _ []byte) error { return os.Rename(filepath.Dir(path)+".old", filepath.Dir(path)) },
			"no such file",
		},
		"directory deleted and made anew": {
			func(path string) error { return os.RemoveAll(filepath.Dir(path)) },
			func(path string, stored []byte) error {
				return errors.Join(os.Mkdir(filepath.Dir(path), 0o700), os.WriteFile(path, stored, 0o600))
			},
			"no such file",
		},
		"directory replaced by a copy, the journal with it": {
			func(path string) error { return os.Rename(filepath.Dir(path), filepath.Dir(path)+".old") },
			func(path string, _ []byte) error {
				return os.CopyFS(filepath.Dir(path), os.DirFS(filepath.Dir(path)+".old"))
			},
			"no such file",
		},
		"directory replaced by a link to a copy": {
			func(path string) error { return os.Rename(filepath.Dir(path), filepath.Dir(path)+".old") },
			func(path string, _ []byte) error {
				dir := filepath.Dir(path)
				return errors.Join(os.CopyFS(dir+".copy", os.DirFS(dir+".old")), os.Symlink(dir+".copy", dir))
			},
			"no such file",
		},
		"a link to itself": {
			func(path string) error { return errors.Join(os.Rename(path, path+".old"), os.Symlink(path, path)) },
			func(path string, _ []byte) error { return errors.Join(os.Remove(path), os.Rename(path+".old", path)) },
			"too many levels",
		},
		"a link to a device": {
			func(path string) error {
				return errors.Join(os.Rename(path, path+".old"), os.Symlink(os.DevNull, path))
			},
			func(path string, _ []byte) error { return errors.Join(os.Remove(path), os.Rename(path+".old", path)) },
			"not a regular file",
		},
		"replaced by another, and that by a copy": {
			func(path string) error {
				return errors.Join(os.WriteFile(path+".new", []byte("hello"), 0o600), os.Rename(path+".new", path))
			},
			func(path string, stored []byte) error {
				return errors.Join(os.WriteFile(path+".new", stored, 0o600), os.Rename(path+".new", path))
			},
			"not the file that was stored",
		},
		"replaced by other bets of the same length": {
			func(path string) error {
				return errors.Join(os.WriteFile(path+".new", storetest.Records(storetest.Bet(2, 0), storetest.Bet(2, 1)), 0o600), os.Rename(path+".new", path))
			},
			func(path string, stored []byte) error { return os.WriteFile(path, stored, 0o600) },
			"not the file that was stored",
		},
		"emptied, and filled again": {
			func(path string) error { return os.Truncate(path, 0) },
			func(path string, stored []byte) error { return os.WriteFile(path, stored, 0o600) },
			"has 0 bytes",
		},
		"cut": {
			func(path string) error { return os.Truncate(path, 10) },
			func(path string, stored []byte) error { return os.WriteFile(path, stored, 0o600) },
			"has 10 bytes",
		},
		"longer": {
			func(path string) error {
				f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
				_, err2 := f.WriteString("more")
				return errors.Join(err, err2, f.Close())
			},
			func(path string, stored []byte) error { return os.Truncate(path, int64(len(stored))) },
			"bytes, and",
		},
		"changed, as long as before": {
			func(path string) error {
				text, err := os.ReadFile(path)
				if err != nil {
					return err
				}
				text[len(text)/2] ^= 1
				return os.WriteFile(path, text, 0o600)
			},
			func(path string, stored []byte) error { return os.WriteFile(path, stored, 0o600) },
			"is not the file that was stored",
		},
		"a directory": {
			func(path string) error { return errors.Join(os.Rename(path, path+".old"), os.Mkdir(path, 0o700)) },
			func(path string, _ []byte) error { return errors.Join(os.Remove(path), os.Rename(path+".old", path)) },
			"is a directory",
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "data")
			storetest.Run(t, os.Mkdir(dir, 0o700))
			path := filepath.Join(dir, "bets.csv")
			log := new(storetest.Lines)
			s, err := store.Open(t.Context(), path, store.Options{Encode: storetest.Encode, Files: journal.Options{Log: logline.New(log, slog.LevelDebug)}})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			storetest.MustPut(t, s, 0, storetest.Batch(1, 0, 2))
			stored := storetest.Records(storetest.Batch(1, 0, 2)...)
			storetest.FileIs(t, path, stored)
			time.Sleep(10 * time.Millisecond) // a change within the same tick of the clock is none
			storetest.Run(t, tt.away(path))
			left, _ := os.ReadFile(path)
			for range 3 {
				ticket, err := storetest.Put(s, 2, storetest.Batch(1, 2, 1))
				if err != nil {
					t.Fatal(err)
				}
				if err := ticket.Err(); !errors.Is(err, store.ErrStorage) || !strings.Contains(err.Error(), tt.want) {
					t.Fatalf("got %v, want %s", err, tt.want)
				}
				if got, _ := os.ReadFile(path); !bytes.Equal(got, left) {
					t.Fatalf("%q is %q now", left, got)
				}
			}
			if l := log.With("storage_file | result: fail"); len(l) != 1 || !strings.Contains(l[0], tt.want) {
				t.Errorf("logged %q", l)
			}
			time.Sleep(10 * time.Millisecond)
			storetest.Run(t, tt.back(path, stored))
			storetest.MustPut(t, s, 2, storetest.Batch(1, 2, 1))
			storetest.MustPut(t, s, 3, storetest.Batch(1, 3, 1))
			storetest.FileIs(t, path, storetest.Records(storetest.Batch(1, 0, 4)...))
			if l := log.With("storage_file | result: success"); len(l) != 1 {
				t.Errorf("logged %q", l)
			}
			storetest.Run(t, s.Close())
			if got := open(t, path, nil).Account(1); got != storetest.AccountOf(storetest.Batch(1, 0, 4)...) {
				t.Errorf("account %+v", got)
			}
		})
	}
}

// Links and hard links that lead to the same file, another time and another mode are no change.
func TestFileInPlace(t *testing.T) {
	for name, change := range map[string]func(path string) error{
		"a hard link in its place": func(path string) error {
			return errors.Join(os.Link(path, path+".new"), os.Remove(path), os.Rename(path+".new", path))
		},
		"a link in its place": func(path string) error {
			return errors.Join(os.Rename(path, path+".old"), os.Symlink(path+".old", path))
		},
		"its directory a link": func(path string) error {
			dir := filepath.Dir(path)
			return errors.Join(os.Rename(dir, dir+".old"), os.Symlink(dir+".old", dir))
		},
		"another time": func(path string) error { return os.Chtimes(path, time.Unix(1, 0), time.Unix(1<<33, 0)) },
		"another mode": func(path string) error { return os.Chmod(path, 0o400) },
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "data", "bets.csv")
			storetest.Run(t, os.Mkdir(filepath.Dir(path), 0o700))
			log := new(storetest.Lines)
			s, err := store.Open(t.Context(), path, store.Options{Encode: storetest.Encode, Files: journal.Options{Log: logline.New(log, slog.LevelDebug)}})
			if err != nil {
				t.Fatal(err)
			}
			storetest.MustPut(t, s, 0, storetest.Batch(1, 0, 2))
			storetest.Run(t, change(path))
			storetest.MustPut(t, s, 2, storetest.Batch(1, 2, 1))
			storetest.FileIs(t, path, storetest.Records(storetest.Batch(1, 0, 3)...))
			storetest.Run(t, s.Close())
			if l := log.With("storage_file"); len(l) > 0 {
				t.Errorf("logged %q", l)
			}
		})
	}
}

// A link that leads to the file elsewhere leaves behind what lies beside it: nothing is acknowledged until it leads to
// where it did.
func TestLinkLeadsElsewhere(t *testing.T) {
	dir := t.TempDir()
	target, link, moved := filepath.Join(dir, "real.csv"), filepath.Join(dir, "bets.csv"), filepath.Join(dir, "moved", "real.csv")
	storetest.Run(t, os.Symlink(target, link), os.Mkdir(filepath.Dir(moved), 0o700))
	s := open(t, link, nil)
	storetest.MustPut(t, s, 0, storetest.Batch(1, 0, 2))
	storetest.Run(t, os.Rename(target, moved), os.Remove(link), os.Symlink(moved, link))
	refused := func(want string) {
		t.Helper()
		ticket, err := storetest.Put(s, 2, storetest.Batch(1, 2, 1))
		storetest.Run(t, err)
		if err := ticket.Err(); !errors.Is(err, store.ErrStorage) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	refused("no such file")
	storetest.Run(t, os.WriteFile(target, storetest.Records(storetest.Batch(1, 0, 2)...), 0o600)) // a copy
	refused("leads to another file than " + target)
	storetest.Run(t, os.Remove(link), os.Symlink(target, link))
	storetest.MustPut(t, s, 2, storetest.Batch(1, 2, 1))
	storetest.FileIs(t, target, storetest.Records(storetest.Batch(1, 0, 3)...))
	storetest.FileIs(t, moved, storetest.Records(storetest.Batch(1, 0, 2)...))
}

// The file is taken away in the middle of a group's fsync, after it was written, whether it is the first one or not.
func TestFileGoneDuringTheWrite(t *testing.T) {
	for name, away := range map[string]func(string) error{
		"deleted": os.Remove, "emptied": func(path string) error { return os.Truncate(path, 0) },
		"cut": func(path string) error { return os.Truncate(path, 55) },
	} {
		for _, before := range []int{0, 2} {
			testGoneDuringTheWrite(t, name, away, before)
		}
	}
}

func testGoneDuringTheWrite(t *testing.T, name string, away func(string) error, before int) {
	t.Helper()
	t.Run(fmt.Sprintf("%s after %d bets", name, before), func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "bets.csv")
		var f storetest.Faults
		s := open(t, path, f.Wrap)
		if before > 0 {
			storetest.MustPut(t, s, 0, storetest.Batch(1, 0, before))
		}
		gate, entered := make(chan struct{}), make(chan struct{})
		f.Lock()
		f.Gate, f.Entered = gate, entered
		f.Unlock()
		ticket, err := storetest.Put(s, before, storetest.Batch(1, before, 9))
		if err != nil {
			t.Fatal(err)
		}
		<-entered
		storetest.Run(t, away(path))
		f.Lock()
		f.Gate = nil
		f.Unlock()
		close(gate)
		if err := ticket.Err(); !errors.Is(err, store.ErrStorage) {
			t.Errorf("got %v", err)
		}
		if err := s.Close(); err == nil && (name == "deleted" || name == "emptied" && before > 0) {
			t.Error("a clean end without the file")
		}
	})
}

// Somebody else's bytes behind what was stored are not those of a group that failed: the file stays as it is, until a copy
// is in its place, with what the failed group has left or without.
func TestForeignBytesStay(t *testing.T) {
	for _, before := range []int{0, 2} {
		for _, left := range []int{0, 30, 1 << 20} {
			path := filepath.Join(t.TempDir(), "bets.csv")
			var f storetest.Faults
			s := open(t, path, f.Wrap)
			if before > 0 {
				storetest.MustPut(t, s, 0, storetest.Batch(1, 0, before))
			}
			stored, err := os.ReadFile(path)
			storetest.Run(t, err)
			f.Lock()
			f.Write, f.Short = syscall.ENOSPC, 40
			f.Truncate = syscall.EIO
			f.Unlock()
			put := func(want error) {
				t.Helper()
				ticket, err := storetest.Put(s, before, storetest.Batch(1, before, 9))
				storetest.Run(t, err)
				if err := ticket.Err(); !errors.Is(err, want) {
					t.Errorf("got %v, want %v", err, want)
				}
			}
			put(store.ErrStorage)
			failed := storetest.Records(storetest.Batch(1, before, 9)...)
			foreign := append(bytes.Clone(stored), "another file\n"...)
			storetest.Run(t, os.WriteFile(path+".new", foreign, 0o600), os.Rename(path+".new", path))
			put(store.ErrStorage)
			storetest.FileIs(t, path, foreign)
			good := append(bytes.Clone(stored), failed[:min(left, len(failed))]...)
			storetest.Run(t, os.WriteFile(path+".new", good, 0o600), os.Rename(path+".new", path))
			put(nil)
			storetest.FileIs(t, path, append(stored, failed...))
			storetest.Run(t, s.Close())
		}
	}
}

// Without its journal a store goes on, with a new one; a foreign file in the journal's place stays.
func TestJournalGone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bets.csv")
	s := open(t, path, nil)
	storetest.MustPut(t, s, 0, storetest.Batch(1, 0, 2))
	storetest.Run(t, os.Remove(path+journal.Suffix))
	storetest.MustPut(t, s, 2, storetest.Batch(1, 2, 1))
	if _, err := os.Stat(path + journal.Suffix); err != nil {
		t.Error(err)
	}
	storetest.Run(t, os.Remove(path+journal.Suffix), os.WriteFile(path+journal.Suffix, []byte("hello"), 0o600))
	ticket, err := storetest.Put(s, 3, storetest.Batch(1, 3, 1))
	if err != nil {
		t.Fatal(err)
	}
	if err := ticket.Err(); !errors.Is(err, store.ErrStorage) {
		t.Errorf("got %v", err)
	}
	storetest.FileIs(t, path+journal.Suffix, []byte("hello"))
	storetest.Run(t, os.Remove(path+journal.Suffix))
	storetest.MustPut(t, s, 3, storetest.Batch(1, 3, 1))
	// The journal of another time.
	old, err := os.ReadFile(path + journal.Suffix)
	storetest.Run(t, err)
	storetest.MustPut(t, s, 4, storetest.Batch(1, 4, 1))
	storetest.MustPut(t, s, 5, storetest.Batch(1, 5, 1))
	storetest.Run(t, os.Remove(path+journal.Suffix), os.WriteFile(path+journal.Suffix, old, 0o600))
	if ticket, err = storetest.Put(s, 6, storetest.Batch(1, 6, 1)); err != nil {
		t.Fatal(err)
	}
	if err := ticket.Err(); !errors.Is(err, journal.ErrDoubt) {
		t.Errorf("got %v", err)
	}
	storetest.FileIs(t, path+journal.Suffix, old)
	storetest.Run(t, os.Remove(path+journal.Suffix), os.WriteFile(path+journal.Suffix, []byte("hello"), 0o600), s.Close())
	storetest.FileIs(t, path+journal.Suffix, []byte("hello"))
	storetest.FileIs(t, path, storetest.Records(storetest.Batch(1, 0, 6)...))
}

// A cut is told in a line of the log.
func TestCutIsTold(t *testing.T) {
	var r storetest.Disk
	record(t, &r, t.TempDir(), []int{2, 3})
	last := 0 // the last write of a group
	for i, o := range r.Done() {
		if o.Kind == "write" && o.File == "bets.csv" {
			last = i
		}
	}
	dir := t.TempDir()
	r.Killed(last, 30).Leave(t, dir)
	log := new(storetest.Lines)
	path := filepath.Join(dir, "bets.csv")
	s, err := store.Open(t.Context(), path, store.Options{Encode: storetest.Encode, Files: journal.Options{Log: logline.New(log, slog.LevelDebug)}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	want := fmt.Sprintf("cut_storage | result: success | file: %s | bytes: 30 | content: unacknowledged group", path)
	if got := log.With("cut_storage"); len(got) != 1 || got[0] != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A long start says how far it is.
func TestProgress(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bets.csv")
	storetest.Run(t, os.WriteFile(path, storetest.Records(storetest.Batch(1, 0, 100_000)...), 0o600))
	log := new(storetest.Lines)
	s, err := store.Open(t.Context(), path, store.Options{Encode: storetest.Encode, Files: journal.Options{Log: logline.New(log, slog.LevelDebug), ProgressStep: 1 << 20}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if got := log.With("load_storage | result: in_progress"); len(got) != 3 || !strings.Contains(got[2], "bytes: 3276734 | of: 3377780") {
		t.Errorf("%q", got)
	}
}

// cancelling is a log that cancels at its first line.
type cancelling struct{ cancel func() }

func (c cancelling) Write(b []byte) (int, error) {
	c.cancel()
	return len(b), nil
}

// A start is stopped in the middle of a long file.
func TestStoppedWhileReading(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bets.csv")
	content := storetest.Records(storetest.Batch(1, 0, 100_000)...)
	storetest.Run(t, os.WriteFile(path, content, 0o600))
	ctx, cancel := context.WithCancel(t.Context())
	_, err := store.Open(ctx, path, store.Options{Encode: storetest.Encode, Files: journal.Options{Log: logline.New(cancelling{cancel}, slog.LevelDebug), ProgressStep: 1 << 20}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	storetest.FileIs(t, path, content)
}
