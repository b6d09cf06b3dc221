package lottery

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tp0-lab/composer/internal/lab/logline"
)

// lines is a log.
type lines struct {
	mu  sync.Mutex
	all []string
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, line, _ := strings.Cut(strings.TrimSuffix(string(b), "\n"), " action: ")
	l.all = append(l.all, line)
	return len(b), nil
}

// with returns the lines that begin so.
func (l *lines) with(prefix string) (found []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, line := range l.all {
		if strings.HasPrefix(line, prefix) {
			found = append(found, line)
		}
	}
	return found
}

// run runs one after the other.
func run(t *testing.T, steps ...error) {
	t.Helper()
	if err := errors.Join(steps...); err != nil {
		t.Fatal(err)
	}
}

// The file, or its directory, is taken away, emptied, changed or replaced while the store is open: nothing is
// acknowledged, and nothing of what is there is changed, until the stored bets are back.
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
				return errors.Join(os.WriteFile(path+".new", records(bet(2, 0), bet(2, 1)), 0o600), os.Rename(path+".new", path))
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
			run(t, os.Mkdir(dir, 0o700))
			path := filepath.Join(dir, "bets.csv")
			log := new(lines)
			s, err := OpenStore(t.Context(), path, Options{Encode: encode, Log: logline.New(log, slog.LevelDebug)})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			mustPut(t, s, 0, batch(1, 0, 2))
			stored := records(batch(1, 0, 2)...)
			fileIs(t, path, stored)
			time.Sleep(10 * time.Millisecond) // a change within the same tick of the clock is none
			run(t, tt.away(path))
			left, _ := os.ReadFile(path)
			for range 3 {
				ticket, err := put(s, 2, batch(1, 2, 1))
				if err != nil {
					t.Fatal(err)
				}
				if err := ticket.Err(); !errors.Is(err, ErrStorage) || !strings.Contains(err.Error(), tt.want) {
					t.Fatalf("got %v, want %s", err, tt.want)
				}
				if got, _ := os.ReadFile(path); !bytes.Equal(got, left) {
					t.Fatalf("%q is %q now", left, got)
				}
			}
			if l := log.with("storage_file | result: fail"); len(l) != 1 || !strings.Contains(l[0], tt.want) {
				t.Errorf("logged %q", l)
			}
			time.Sleep(10 * time.Millisecond)
			run(t, tt.back(path, stored))
			mustPut(t, s, 2, batch(1, 2, 1))
			mustPut(t, s, 3, batch(1, 3, 1))
			fileIs(t, path, records(batch(1, 0, 4)...))
			if l := log.with("storage_file | result: success"); len(l) != 1 {
				t.Errorf("logged %q", l)
			}
			run(t, s.Close())
			if got := open(t, path, nil).Account(1); got != accountOf(batch(1, 0, 4)...) {
				t.Errorf("account %+v", got)
			}
		})
	}
}

// An agency does not finish, and there is no draw, while its stored bets are not in their place.
func TestFinishWithoutTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bets.csv")
	draws := 0
	l, err := Open(t.Context(), path, 1, func(func(bool)) { draws++ }, Options{Encode: encode})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	mustPut(t, l.Store, 0, batch(1, 0, 2))
	stored := records(batch(1, 0, 2)...)
	account := l.Account(1)
	run(t, os.Remove(path))
	if err := l.Finish(1, account.Count, account.Checksum); !errors.Is(err, ErrStorage) || draws > 0 {
		t.Errorf("error %v, %d draws", err, draws)
	}
	run(t, os.WriteFile(path, stored, 0o600), l.Finish(1, account.Count, account.Checksum))
	if draws != 1 {
		t.Errorf("%d draws", draws)
	}
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
		var f faults
		s := open(t, path, f.wrap)
		if before > 0 {
			mustPut(t, s, 0, batch(1, 0, before))
		}
		gate, entered := make(chan struct{}), make(chan struct{})
		f.mu.Lock()
		f.gate, f.entered = gate, entered
		f.mu.Unlock()
		ticket, err := put(s, before, batch(1, before, 9))
		if err != nil {
			t.Fatal(err)
		}
		<-entered
		run(t, away(path))
		f.mu.Lock()
		f.gate = nil
		f.mu.Unlock()
		close(gate)
		if err := ticket.Err(); !errors.Is(err, ErrStorage) {
			t.Errorf("got %v", err)
		}
		if err := s.Close(); err == nil && (name == "deleted" || name == "emptied" && before > 0) {
			t.Error("a clean end without the file")
		}
	})
}

// Without its journal a store goes on, with a new one; a foreign file in the journal's place stays.
func TestJournalGone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bets.csv")
	s := open(t, path, nil)
	mustPut(t, s, 0, batch(1, 0, 2))
	run(t, os.Remove(path+journalSuffix))
	mustPut(t, s, 2, batch(1, 2, 1))
	if _, err := os.Stat(path + journalSuffix); err != nil {
		t.Error(err)
	}
	run(t, os.Remove(path+journalSuffix), os.WriteFile(path+journalSuffix, []byte("hello"), 0o600))
	ticket, err := put(s, 3, batch(1, 3, 1))
	if err != nil {
		t.Fatal(err)
	}
	if err := ticket.Err(); !errors.Is(err, ErrStorage) {
		t.Errorf("got %v", err)
	}
	fileIs(t, path+journalSuffix, []byte("hello"))
	run(t, os.Remove(path+journalSuffix))
	mustPut(t, s, 3, batch(1, 3, 1))
	run(t, os.Remove(path+journalSuffix), os.WriteFile(path+journalSuffix, []byte("hello"), 0o600), s.Close())
	fileIs(t, path+journalSuffix, []byte("hello"))
	fileIs(t, path, records(batch(1, 0, 4)...))
}

// The file of the draw is kept in the same way.
func TestDrawFileGone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bets.csv")
	l, draws := openLottery(t, path, 2, nil)
	run(t, finishAs(l, 1))
	stored, err := os.ReadFile(path + ".draw")
	run(t, err, os.WriteFile(path+".draw", []byte("hello\n"), 0o600))
	if err := finishAs(l, 2); !errors.Is(err, ErrStorage) || l.Finished(2) {
		t.Errorf("got %v", err)
	}
	fileIs(t, path+".draw", []byte("hello\n"))
	run(t, os.Remove(path+".draw"))
	if err := finishAs(l, 2); !errors.Is(err, ErrStorage) || l.Finished(2) || draws.Load() > 0 {
		t.Errorf("got %v", err)
	}
	run(t, os.WriteFile(path+".draw", stored, 0o600), finishAs(l, 2))
	if !isDrawn(l) || draws.Load() != 1 {
		t.Errorf("%d draws", draws.Load())
	}
	run(t, l.Close())
}

// A cut is told in a line of the log.
func TestCutIsTold(t *testing.T) {
	var r recorder
	r.record(t, t.TempDir(), []int{2, 3})
	last := 0 // the last write of a group
	for i, o := range r.operations {
		if o.kind == "write" && o.file == "bets.csv" {
			last = i
		}
	}
	dir := t.TempDir()
	r.killed(last, 30).leave(t, dir)
	log := new(lines)
	path := filepath.Join(dir, "bets.csv")
	s, err := OpenStore(t.Context(), path, Options{Encode: encode, Log: logline.New(log, slog.LevelDebug)})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	want := fmt.Sprintf("cut_storage | result: success | file: %s | bytes: 30 | content: unacknowledged group", path)
	if got := log.with("cut_storage"); len(got) != 1 || got[0] != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A long start says how far it is.
func TestProgress(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bets.csv")
	run(t, os.WriteFile(path, records(batch(1, 0, 100_000)...), 0o600))
	log := new(lines)
	s, err := OpenStore(t.Context(), path, Options{Encode: encode, Log: logline.New(log, slog.LevelDebug), progressStep: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if got := log.with("load_storage | result: in_progress"); len(got) != 3 || !strings.Contains(got[2], "bytes: 3276734 | of: 3377780") {
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
	content := records(batch(1, 0, 100_000)...)
	run(t, os.WriteFile(path, content, 0o600))
	ctx, cancel := context.WithCancel(t.Context())
	_, err := OpenStore(ctx, path, Options{Encode: encode, Log: logline.New(cancelling{cancel}, slog.LevelDebug), progressStep: 1 << 20})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	fileIs(t, path, content)
}
