package watch

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fsnotify/fsnotify"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func try(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// A burst is looked at once, when it is over.
func TestBurst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		events, lost := make(chan fsnotify.Event), make(chan error)
		begin := time.Now()
		var looks []time.Duration
		ended := make(chan error)
		go func() {
			ended <- settle(ctx, events, lost, func() error {
				looks = append(looks, time.Since(begin))
				return nil
			})
		}()
		burst := func(n int) {
			for range n {
				events <- fsnotify.Event{}
				time.Sleep(quiet / 2)
			}
		}
		burst(3)
		time.Sleep(time.Hour)
		lost <- fsnotify.ErrEventOverflow
		time.Sleep(time.Hour)
		quietly := time.Since(begin)
		burst(30)
		cancel()
		try(t, <-ended)
		want := []time.Duration{2*quiet/2 + quiet, 3*quiet/2 + time.Hour + quiet, quietly + patience}
		if len(looks) != len(want) {
			t.Fatalf("looks at %v, want %v", looks, want)
		}
		for i := range want {
			if looks[i] != want[i] {
				t.Errorf("look %d at %v, want %v", i, looks[i], want[i])
			}
		}
	})
}

func TestLookFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		events := make(chan fsnotify.Event, 1)
		events <- fsnotify.Event{}
		broken := errors.New("broken")
		if err := settle(t.Context(), events, nil, func() error { return broken }); !errors.Is(err, broken) {
			t.Errorf("got %v", err)
		}
	})
}

// watched runs a watch of the set. Each change is sent, with what read returns
// in that moment.
func watched(t *testing.T, s Set, read func() string) <-chan string {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	changes, ended := make(chan string, 1000), make(chan error, 1)
	go func() { ended <- Run(ctx, s, func() []string { changes <- read(); return nil }) }()
	t.Cleanup(func() {
		cancel()
		try(t, <-ended)
	})
	return changes
}

// until waits for a change after which there is what is wanted: changes may be
// noticed half-way, but never not at all.
func until(t *testing.T, changes <-chan string, want string) {
	t.Helper()
	deadline := time.After(30 * time.Second)
	last := "nothing"
	for {
		select {
		case last = <-changes:
			if last == want {
				return
			}
		case <-deadline:
			t.Fatalf("no change to %q, the last was to %q", want, last)
		}
	}
}

func reader(path string) func() string {
	return func() string {
		text, err := os.ReadFile(path)
		if err != nil {
			return "none"
		}
		return string(text)
	}
}

// The ways in which editors and people change a file.
func TestFile(t *testing.T) {
	top := t.TempDir()
	dir := filepath.Join(top, "dir")
	path := filepath.Join(dir, "file")
	try(t, os.Mkdir(dir, 0o755))
	write(t, path, "first")
	changes := watched(t, Set{Files: []string{path}}, reader(path))
	until(t, changes, "first")
	write(t, path, "in place")
	until(t, changes, "in place")
	for i := range 3 { // by rename, again and again
		text := "renamed " + strconv.Itoa(i)
		write(t, filepath.Join(dir, ".file.swp"), text)
		try(t, os.Rename(filepath.Join(dir, ".file.swp"), path))
		until(t, changes, text)
	}
	// The old one is moved away first.
	try(t, os.Rename(path, path+"~"))
	write(t, path, "with a backup")
	until(t, changes, "with a backup")
	try(t, os.Remove(path))
	until(t, changes, "none")
	write(t, path, "back")
	until(t, changes, "back")
	// The directory goes, and comes back, twice.
	for i := range 2 {
		try(t, os.RemoveAll(dir))
		until(t, changes, "none")
		try(t, os.Mkdir(dir, 0o755))
		text := "back with its directory " + strconv.Itoa(i)
		write(t, path, text)
		until(t, changes, text)
	}
	// Another directory takes its place.
	other := filepath.Join(top, "other")
	try(t, os.Mkdir(other, 0o755))
	write(t, filepath.Join(other, "file"), "of the other")
	try(t, os.Rename(dir, filepath.Join(top, "old")))
	try(t, os.Rename(other, dir))
	until(t, changes, "of the other")
	write(t, path, "in the other")
	until(t, changes, "in the other")
}

// Another directory takes the place of the one above the file's: the file's directory keeps its name, and is
// another one all the same.
func TestReplacedAbove(t *testing.T) {
	top := t.TempDir()
	for _, name := range []string{"above", "other"} {
		try(t, os.MkdirAll(filepath.Join(top, name, "dir"), 0o755))
		write(t, filepath.Join(top, name, "dir", "file"), name)
	}
	path := filepath.Join(top, "above", "dir", "file")
	changes := watched(t, Set{Files: []string{path}}, reader(path))
	until(t, changes, "above")
	try(t, os.Rename(filepath.Join(top, "above"), filepath.Join(top, "old")))
	try(t, os.Rename(filepath.Join(top, "other"), filepath.Join(top, "above")))
	until(t, changes, "other")
	write(t, path, "in the other")
	until(t, changes, "in the other")
}

func TestLinks(t *testing.T) {
	top := t.TempDir()
	for _, name := range []string{"a", "b", "c"} {
		try(t, os.MkdirAll(filepath.Join(top, name, "deep"), 0o755))
		write(t, filepath.Join(top, name, "deep", "file"), name)
	}
	path := filepath.Join(top, "c", "link")
	try(t, os.Symlink(filepath.Join(top, "a", "deep", "file"), path))
	changes := watched(t, Set{Files: []string{path}}, reader(path))
	until(t, changes, "a")
	write(t, filepath.Join(top, "a", "deep", "file"), "a changed")
	until(t, changes, "a changed")
	try(t, os.Remove(path))
	try(t, os.Symlink(filepath.Join(top, "b", "deep", "file"), path))
	until(t, changes, "b")
	write(t, filepath.Join(top, "b", "deep", "file"), "b changed")
	until(t, changes, "b changed")
}

// Files of a directory come and go; others in it, or elsewhere, are nothing.
func TestDirectory(t *testing.T) {
	dir := t.TempDir()
	bundle := filepath.Join(dir, "bundle")
	names := func() string {
		all, _ := filepath.Glob(filepath.Join(bundle, "*.tmpl"))
		return strconv.Itoa(len(all))
	}
	changes := watched(t, Set{Dirs: []string{bundle}, Patterns: []string{"*.tmpl"}}, names)
	until(t, changes, "0")
	try(t, os.Mkdir(bundle, 0o755))
	write(t, filepath.Join(bundle, "a.tmpl"), "a")
	until(t, changes, "1")
	write(t, filepath.Join(bundle, "b.tmpl"), "b")
	until(t, changes, "2")
	// None of these is a change, but they are events.
	for range 20 {
		write(t, filepath.Join(bundle, "other"), "x")
		write(t, filepath.Join(dir, "outside"), "x")
		write(t, filepath.Join(bundle, "a.tmpl"), "a")
	}
	try(t, os.Remove(filepath.Join(bundle, "b.tmpl")))
	until(t, changes, "1")
}

// What others write in the same directory is an event and no change.
func TestNoChange(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "file"), "same")
	watcher, err := fsnotify.NewWatcher()
	try(t, err)
	defer watcher.Close()
	calls := 0
	w := &watch{set: Set{Files: []string{filepath.Join(dir, "file")}}, watcher: watcher, armed: map[string]os.FileInfo{}}
	for _, step := range []struct {
		name, text string
		want       int
	}{{"file", "same", 1}, {"file", "same", 1}, {"other", "x", 1}, {"file", "else", 2}, {"file", "", 3}, {"file", "", 3}} {
		write(t, filepath.Join(dir, step.name), step.text)
		try(t, w.look(func() []string { calls++; return nil }))
		if calls != step.want {
			t.Errorf("with %q in %s there are %d calls, want %d", step.text, step.name, calls, step.want)
		}
	}
	try(t, os.Remove(filepath.Join(dir, "file")))
	try(t, w.look(func() []string { calls++; return nil }))
	if calls != 4 {
		t.Error("an empty file and none are the same")
	}
}

// Nothing is read of what is no file, which could take for ever.
func TestDirectoryInAFilesPlace(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	try(t, os.Mkdir(path, 0o755))
	changes := watched(t, Set{Files: []string{path}}, reader(path))
	until(t, changes, "none")
	try(t, os.Remove(path))
	write(t, path, "a file")
	until(t, changes, "a file")
}

// A file that changes after it was read, and before it is watched, is read again.
func TestChangeBeforeJoining(t *testing.T) {
	path := filepath.Join(t.TempDir(), "joins")
	try(t, os.WriteFile(path, []byte("a"), 0o600))
	ctx, cancel := context.WithCancel(t.Context())
	changes, ended := make(chan string, 1000), make(chan error, 1)
	go func() {
		write := sync.OnceFunc(func() { try(t, os.WriteFile(path, []byte("b"), 0o600)) })
		ended <- Run(ctx, Set{Files: []string{filepath.Join(t.TempDir(), "start")}}, func() []string {
			changes <- reader(path)()
			write()
			return []string{path}
		})
	}()
	t.Cleanup(func() {
		cancel()
		try(t, <-ended)
	})
	until(t, changes, "b")
}

// A file that the call has read joins the set.
func TestFilesThatJoin(t *testing.T) {
	dir := t.TempDir()
	first, later := filepath.Join(dir, "first"), filepath.Join(dir, "more", "later")
	try(t, errors.Join(os.Mkdir(filepath.Dir(later), 0o700), os.WriteFile(first, []byte("a"), 0o600), os.WriteFile(later, []byte("b"), 0o600)))
	ctx, cancel := context.WithCancel(t.Context())
	changes, ended := make(chan string, 1000), make(chan error, 1)
	go func() {
		ended <- Run(ctx, Set{Files: []string{first}}, func() []string {
			changes <- reader(first)() + reader(later)()
			return []string{later, first}
		})
	}()
	t.Cleanup(func() {
		cancel()
		try(t, <-ended)
	})
	until(t, changes, "ab")
	try(t, os.WriteFile(later, []byte("c"), 0o600))
	until(t, changes, "ac")
	try(t, os.WriteFile(later, []byte("d"), 0o600))
	until(t, changes, "ad")
	try(t, os.WriteFile(first, []byte("x"), 0o600))
	until(t, changes, "xd")
}
