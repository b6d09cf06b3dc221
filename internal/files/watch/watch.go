// Package watch notices that files change, however editors change them.
package watch

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/fsnotify/fsnotify"
)

// Changes come in bursts: an editor writes, renames and sets times. They are
// over when nothing has happened for quiet, and are looked at after patience
// even if something always happens.
const (
	quiet    = 50 * time.Millisecond
	patience = 500 * time.Millisecond
)

// maxRead is how many bytes of a file are compared. None that is read has more
// than a MiB.
const maxRead = 2 << 20

// Set is the files that are watched. They need not be there, now or always.
type Set struct {
	// Files are the paths of single ones.
	Files []string
	// Dirs are directories; of each the files whose names match one of Patterns, as
	// filepath.Match has it, are watched.
	Dirs     []string
	Patterns []string
}

// Run calls changed once, and then each time after a file of the set has got
// another content, appeared or vanished, until ctx ends. It waits for changed and
// never calls it twice at a time. Whatever is written elsewhere, even in the same
// directories, is no change. An error means that the system cannot watch.
func Run(ctx context.Context, s Set, changed func()) error {
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

// settle calls look after each burst of events, until ctx ends or look fails.
// Errors of the watcher (events that were lost) are as good as events.
func settle(ctx context.Context, events <-chan fsnotify.Event, lost <-chan error, look func() error) error {
	var calm, late <-chan time.Time
	for {
		over := false
		select {
		case <-ctx.Done():
			return nil
		case <-events:
		case <-lost: //nolint:errcheck // what is lost is looked for all the same
		case <-calm:
			over = true
		case <-late:
			over = true
		}
		if !over {
			calm = time.After(quiet)
			if late == nil {
				late = time.After(patience)
			}
			continue
		}
		calm, late = nil, nil
		if err := look(); err != nil {
			return err
		}
	}
}

type watch struct {
	set     Set
	watcher *fsnotify.Watcher
	armed   map[string]os.FileInfo // the directories that are watched, as they were then
	seen    [sha256.Size]byte      // of the files, when changed was last called
	called  bool
}

// look calls changed if the files are not as they were. What happens after it
// has begun is an event.
func (w *watch) look(changed func()) error {
	if err := w.arm(); err != nil {
		return err
	}
	now := w.set.fingerprint()
	if w.called && now == w.seen {
		return nil
	}
	w.seen, w.called = now, true
	changed()
	return nil
}

// arm watches the directories that the files are in, as files themselves are
// often replaced, and those above, as directories are, too.
func (w *watch) arm() error {
	wanted := map[string]bool{}
	for _, dir := range w.set.directories() {
		for _, d := range []string{dir, filepath.Dir(dir)} {
			wanted[existing(d)] = true
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
			continue // gone since, of which there is an event
		}
		if old := w.armed[dir]; old != nil && os.SameFile(old, info) && slices.Contains(list, dir) {
			continue
		}
		_ = w.watcher.Remove(dir) // another directory of that name
		if err := w.watcher.Add(dir); err != nil && !os.IsNotExist(err) {
			return fmt.Errorf("watch %s: %w", dir, err)
		}
		w.armed[dir] = info
	}
	return nil
}

// directories returns where the files are, and where they really are if links
// lead there.
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
	slices.Sort(all)
	return slices.Compact(all)
}

// files returns the paths of all files, those of the directories that are there.
func (s Set) files() []string {
	all := slices.Clone(s.Files)
	for _, dir := range s.Dirs {
		entries, err := os.ReadDir(dir)
		if err != nil {
			continue
		}
		for _, e := range entries {
			for _, pattern := range s.Patterns {
				if ok, err := filepath.Match(pattern, e.Name()); err == nil && ok {
					all = append(all, filepath.Join(dir, e.Name()))
					break
				}
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

// existing returns the directory or, while it is missing, the nearest one above
// it.
func existing(dir string) string {
	for {
		if info, err := os.Stat(dir); err == nil && info.IsDir() {
			return dir
		}
		above := filepath.Dir(dir)
		if above == dir {
			return dir
		}
		dir = above
	}
}

// fingerprint is another one for other contents or names.
func (s Set) fingerprint() (sum [sha256.Size]byte) {
	all := sha256.New()
	for _, path := range s.files() {
		fmt.Fprintf(all, "%q %x\n", path, content(path))
	}
	all.Sum(sum[:0])
	return sum
}

// content returns a digest of a file, and nothing for what is none, or cannot be
// read.
func content(path string) []byte {
	// Not opened before it is known: a pipe would wait for a writer.
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	digest := sha256.New()
	if _, err := io.CopyN(digest, f, maxRead); err != nil && !errors.Is(err, io.EOF) {
		return nil
	}
	return digest.Sum(nil)
}
