package deliver

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/storage/filesystem/dotgit"

	"github.com/tp0-lab/composer/internal/lab/retry"
)

// branch returns the commit of a branch, "" if there is no such branch.
func (r *repository) branch(name plumbing.ReferenceName) (string, error) {
	ref, err := r.Reference(name, false)
	if errors.Is(err, plumbing.ErrReferenceNotFound) || errors.Is(err, dotgit.ErrEmptyRefFile) { // a full disk, or a machine that stopped, leaves those
		return "", nil
	}
	if err != nil {
		// A folder of branches; inTheWay names one of them.
		if info, statErr := os.Stat(filepath.Join(r.common, filepath.FromSlash(name.String()))); statErr == nil && info.IsDir() {
			return "", nil
		}
		return "", fmt.Errorf("read the branch %s: %w", name.Short(), err)
	}
	if ref.Type() == plumbing.SymbolicReference {
		return "", fmt.Errorf("branch %s %w: it is another name of %s", name.Short(), ErrInTheWay, ref.Target().Short())
	}
	return ref.Hash().String(), nil
}

// inTheWay returns a branch that is a folder of ref's, or in a folder of its
// name: git keeps branches as files. It is "" if there is none.
func (r *repository) inTheWay(ref string) (string, error) {
	for above := path.Dir(ref); above != headsDir; above = path.Dir(above) {
		name := plumbing.ReferenceName(above)
		if found, err := r.branch(name); err != nil || found != "" {
			return name.Short(), err
		}
	}
	below := ""
	see := func(name string) {
		if strings.HasPrefix(name, ref+"/") && !strings.HasSuffix(name, lockSuffix) {
			below = plumbing.ReferenceName(name).Short()
		}
	}
	packed, err := os.ReadFile(filepath.Join(r.common, "packed-refs"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	for line := range strings.Lines(string(packed)) {
		_, name, _ := strings.Cut(strings.TrimSpace(line), " ")
		see(name)
	}
	err = fs.WalkDir(os.DirFS(r.common), ref, func(name string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			see(name)
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	})
	return below, err
}

// checkedOut returns the branches, by full name, that a work tree of the
// repository is on, or in the middle of rebasing or bisecting, and where that
// is.
func (r *repository) checkedOut() (map[string]string, error) {
	taken := map[string]string{}
	dirs, err := filepath.Glob(filepath.Join(escape(r.common), "worktrees", "*"))
	if err != nil {
		return nil, err
	}
	if !r.bare {
		dirs = append(dirs, r.common)
	}
	for _, dir := range dirs {
		where := r.main
		if text, err := os.ReadFile(filepath.Join(dir, "gitdir")); err == nil {
			where = filepath.Dir(strings.TrimSpace(string(text)))
		}
		for _, name := range []string{"HEAD", "rebase-merge/head-name", "rebase-apply/head-name"} {
			text, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return nil, err
			}
			taken[strings.TrimPrefix(strings.TrimSpace(string(text)), "ref: ")] = where
		}
		if text, err := os.ReadFile(filepath.Join(dir, "BISECT_START")); err == nil {
			taken[plumbing.NewBranchReferenceName(strings.TrimSpace(string(text))).String()] = where
		}
	}
	return taken, nil
}

var globChars = strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`)

func escape(path string) string { return globChars.Replace(path) }

// setBranches writes all of them or, with an error, none. While it works it
// holds git's own locks, the files REF.lock, of which go-git knows nothing: no
// branch moves between the last look at it and its new commit.
//
// It waits a moment for locks that others hold. What they have made of a branch
// is a reason to fail, unless it is just what was to be made.
func (r *repository) setBranches(ctx context.Context, branches []Branch) (err error) {
	files := make([]string, 0, len(branches))
	unlocked := 0 // of files; the lock that is there then is somebody else's
	defer func() {
		for _, file := range files[unlocked:] {
			os.Remove(file + lockSuffix)
		}
	}()
	for _, b := range branches {
		file := filepath.Join(r.common, filepath.FromSlash(b.Ref()))
		if err := lock(ctx, file, b.Commit); err != nil {
			return fmt.Errorf("write the branch %s: %w", b.Name, err)
		}
		files = append(files, file)
	}
	for _, b := range branches {
		now, err := r.branch(plumbing.ReferenceName(b.Ref()))
		if err != nil {
			return err
		}
		if now != b.Found && now != b.Commit {
			return fmt.Errorf("write the branch %s: it %w: try again", b.Name, ErrMoved)
		}
	}
	for i, b := range branches {
		if err := unlock(files[i]); err != nil {
			return errors.Join(fmt.Errorf("write the branch %s: %w", b.Name, err), r.undo(branches[:i]))
		}
		unlocked++
	}
	return nil
}

// Names of gitrepository-layout(5) and of git's lock files.
const (
	headsDir   = "refs/heads"
	lockSuffix = ".lock"
)

// lockTimeout is for how long a lock that is there is waited for. Git holds one
// only while it writes.
const lockTimeout = time.Second

// lock makes the lock of a branch's file, with the commit that the branch gets.
func lock(ctx context.Context, file, commit string) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
		return err
	}
	waiting, cancel := context.WithTimeout(ctx, lockTimeout)
	defer cancel()
	var f *os.File
	for {
		var err error
		if f, err = os.OpenFile(file+lockSuffix, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666); err == nil {
			break
		}
		if !errors.Is(err, fs.ErrExist) {
			return err
		}
		if retry.Sleep(waiting, 10*time.Millisecond) != nil {
			return cmp.Or(ctx.Err(), fmt.Errorf("git is at work there: try again, or remove %s if it is left over", file+lockSuffix))
		}
	}
	_, err := f.WriteString(commit + "\n")
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// unlock makes the lock the branch's file, in the place of the one before or of
// the empty folder of branches that are gone.
func unlock(file string) error {
	if info, err := os.Lstat(file); err == nil && info.IsDir() {
		if err := os.Remove(file); err != nil {
			return err
		}
	}
	return os.Rename(file+lockSuffix, file)
}

func (r *repository) undo(branches []Branch) error {
	var errs []error
	for _, b := range branches {
		var err error
		if b.Found == "" {
			err = r.Storer.RemoveReference(plumbing.ReferenceName(b.Ref()))
		} else {
			err = r.Storer.SetReference(plumbing.NewReferenceFromStrings(b.Ref(), b.Found))
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
