// Package watch notices that files change, however editors change them.
package watch

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/tp0-lab/composer/internal/files"
)

// Changes come in bursts: an editor writes, renames and sets times. A burst is over when nothing has happened
// for quiet. After patience the files are looked at even if something still happens.
const (
	quiet    = 50 * time.Millisecond
	patience = 500 * time.Millisecond
)

// timestamps is the step of the coarsest modification times, those of FAT.
const timestamps = 2 * time.Second

// maxRead is how many bytes a watched file may have: no command reads a file of values or a template of more
// than 1 MiB. Larger files are all alike to a watch.
const maxRead = 2 << 20

// Set names the files to watch. They need not exist, now or later.
type Set struct {
	// Files are the paths of single files.
	Files []string
	// Dirs are directories. Their files whose names match one of Patterns (of filepath.Match) are watched.
	Dirs     []string
	Patterns []string
}

// Run calls changed once, and again each time that a file of the set has changed its content, appeared or
// vanished, until ctx ends. It waits for each call to return. The files that changed returns join the set. Changes to
// other files, even in the same directories, do not count. An error means that the system cannot watch.
func Run(ctx context.Context, s Set, changed func() (read []string)) error {
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return fmt.Errorf("watch: %w", err)
	}
	defer func() { _ = watcher.Close() }()
	w := &watch{set: s, watcher: watcher, armed: map[string]os.FileInfo{}}
	if err := w.look(changed); err != nil {
		return err
	}
	return settle(ctx, watcher.Events, watcher.Errors, func() error { return w.look(changed) })
}

// settle calls look after each burst of events, until ctx ends or look fails. An error of the watcher means
// lost events, so it counts as one.
func settle(ctx context.Context, events <-chan fsnotify.Event, lost <-chan error, look func() error) error {
	var calm, late <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-events:
			calm = time.After(quiet)
		case <-lost: //nolint:errcheck // lost events are looked for all the same
			calm = time.After(quiet)
		case <-calm:
			calm = nil
		case <-late:
			calm = nil
		}
		if calm != nil {
			if late == nil {
				late = time.After(patience)
			}
			continue
		}
		late = nil
		if err := look(); err != nil {
			return err
		}
	}
}

type watch struct {
	set     Set
	watcher *fsnotify.Watcher
	armed   map[string]os.FileInfo // the watched directories, as they were when the watch began
	seen    [sha256.Size]byte      // the fingerprint at the last call of changed
	called  bool
}

// look calls changed if the files differ from those that it saw last. The watch is armed before the files are
// read, so a later change is an event.
func (w *watch) look(changed func() (read []string)) error {
	if err := w.arm(); err != nil {
		return err
	}
	now := w.set.fingerprint()
	if w.called && now == w.seen {
		return nil
	}
	w.seen, w.called = now, true
	began := time.Now()
	joined, err := w.follow(changed())
	if err != nil || !modifiedSince(joined, began.Add(-timestamps)) {
		return err
	}
	return w.look(changed)
}

// follow adds files to the set, watches their directories, and returns those that are new. The fingerprint stays that of
// the set before, so that the next look leads to a call: a new file may have changed since it was read.
func (w *watch) follow(read []string) (joined []string, err error) {
	for _, f := range read {
		if !slices.Contains(w.set.Files, f) {
			w.set.Files, joined = append(slices.Clip(w.set.Files), f), append(joined, f)
		}
	}
	if len(joined) == 0 {
		return nil, nil
	}
	return joined, w.arm()
}

// modifiedSince reports whether a file was modified after t.
func modifiedSince(paths []string, t time.Time) bool {
	return slices.ContainsFunc(paths, func(path string) bool {
		info, err := os.Stat(path)
		return err == nil && info.ModTime().After(t)
	})
}

// arm watches the directories of the files, because editors replace files, and the directories above those,
// because directories are replaced, too.
func (w *watch) arm() error {
	wanted := map[string]bool{}
	for _, dir := range w.set.directories() {
		for _, d := range []string{dir, filepath.Dir(dir)} {
			wanted[files.NearestDirectory(d)] = true
		}
	}
	for dir := range w.armed {
		if !wanted[dir] {
			_ = w.watcher.Remove(dir) // it may be gone
			delete(w.armed, dir)
		}
	}
	list := w.watcher.WatchList()
	for dir := range wanted {
		info, err := os.Stat(dir)
		if err != nil {
			continue // it vanished just now, which is an event
		}
		if old := w.armed[dir]; old != nil && os.SameFile(old, info) && slices.Contains(list, dir) {
			continue
		}
		if err := w.watcher.Add(dir); err != nil && !os.IsNotExist(err) {
			return fmt.Errorf("watch %s: %w", dir, err)
		}
		w.armed[dir] = info
	}
	return nil
}

// directories returns the directories of the files and, where links lead to other directories, those as well.
func (s Set) directories() []string {
	var all []string
	for _, dir := range s.Dirs {
		all = append(all, absolute(dir))
	}
	for _, file := range s.Files {
		all = append(all, filepath.Dir(absolute(file)))
	}
	for _, path := range slices.Concat(s.files(), s.Dirs) {
		if target, err := filepath.EvalSymlinks(path); err == nil && target != path {
			all = append(all, filepath.Dir(absolute(target)))
		}
	}
	return all
}

// files returns the paths of Files, and of the files that Dirs have now.
func (s Set) files() []string {
	all := slices.Clone(s.Files)
	for _, dir := range s.Dirs {
		entries, _ := os.ReadDir(dir) // none while it is missing
		for _, e := range entries {
			matches := func(pattern string) bool {
				ok, err := filepath.Match(pattern, e.Name())
				return err == nil && ok
			}
			if slices.ContainsFunc(s.Patterns, matches) {
				all = append(all, filepath.Join(dir, e.Name()))
			}
		}
	}
	return all
}

func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

// fingerprint returns a digest of the names and contents of the files.
func (s Set) fingerprint() (sum [sha256.Size]byte) {
	all := sha256.New()
	for _, path := range s.files() {
		// A pipe or a device is not read: its content would be missing elsewhere.
		if content, err := files.ReadRegular(path, maxRead); err == nil {
			fmt.Fprintf(all, "%q %x\n", path, sha256.Sum256(content))
		}
	}
	all.Sum(sum[:0])
	return sum
}
