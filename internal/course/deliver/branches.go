package deliver

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
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
	if errors.Is(err, plumbing.ErrReferenceNotFound) || errors.Is(err, dotgit.ErrEmptyRefFile) { // a full disk leaves empty files
		return "", nil
	}
	if err != nil {
		// The name is a folder of branches, which inTheWay reports.
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

// inTheWay returns a branch whose name is a folder of ref's name, or the other way round, or "" without such a branch: git
// keeps branches as files in folders.
func (r *repository) inTheWay(ref string) (found string, err error) {
	look := func(name string) {
		conflict := strings.HasPrefix(name, ref+"/") || strings.HasPrefix(ref, name+"/")
		if conflict && !strings.HasSuffix(name, lockSuffix) {
			found = plumbing.ReferenceName(name).Short()
		}
	}
	packed, err := os.ReadFile(filepath.Join(r.common, "packed-refs"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	for line := range strings.Lines(string(packed)) {
		_, name, _ := strings.Cut(strings.TrimSpace(line), " ")
		look(name)
	}
	err = fs.WalkDir(os.DirFS(r.common), "refs/heads", func(name string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			look(name)
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	})
	return found, err
}

// checkedOut returns the branches that a work tree of the repository has checked out, rebases or bisects, by full name,
// and the directory of that work tree.
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

// setBranches writes all branches or, with an error, none. Meanwhile it holds git's own locks, the files REF.lock,
// which go-git does not use, so that no branch moves between the check of its old commit and the write of its new one.
//
// It waits up to lockTimeout for locks of other processes. It fails if such a process has given a branch another commit
// than the new one.
func (r *repository) setBranches(ctx context.Context, branches []Branch) (err error) {
	files := make([]string, 0, len(branches))
	unlocked := 0 // of files; a lock that is there afterwards belongs to another process
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

const (
	lockSuffix  = ".lock"
	lockTimeout = time.Second // git holds a lock only while it writes
)

// lock makes the lock of a branch's file. The lock holds the new commit of the branch.
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

// unlock renames the lock to the branch's file. It replaces the file or the empty folder that deleted branches leave.
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
