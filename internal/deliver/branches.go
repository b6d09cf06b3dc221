package deliver

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
)

// branch returns the commit of a branch, "" if there is no such branch.
func (r *repository) branch(name plumbing.ReferenceName) (string, error) {
	ref, err := r.Reference(name, false)
	if errors.Is(err, plumbing.ErrReferenceNotFound) {
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
		where := filepath.Dir(r.common)
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
func (r *repository) setBranches(branches []Branch) (err error) {
	files := make([]string, len(branches))
	for i, b := range branches {
		files[i] = filepath.Join(r.common, filepath.FromSlash(b.Ref()))
		if err := lock(files[i], b.Commit); err != nil {
			return fmt.Errorf("write the branch %s: %w", b.Name, err)
		}
		defer os.Remove(files[i] + lockSuffix) // unless it has become the branch
	}
	for _, b := range branches {
		now, err := r.branch(plumbing.ReferenceName(b.Ref()))
		if err != nil {
			return err
		}
		if now != b.Found {
			return fmt.Errorf("write the branch %s: it %w: try again", b.Name, ErrMoved)
		}
	}
	for i, b := range branches {
		if err := unlock(files[i]); err != nil {
			return errors.Join(fmt.Errorf("write the branch %s: %w", b.Name, err), r.undo(branches[:i]))
		}
	}
	return nil
}

// Names of gitrepository-layout(5) and of git's lock files.
const (
	headsDir   = "refs/heads"
	lockSuffix = ".lock"
)

// lock makes the lock of a branch's file, with the commit that the branch gets.
func lock(file, commit string) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
		return err
	}
	f, err := os.OpenFile(file+lockSuffix, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("git is at work there: try again, or remove %s if it is left over", file+lockSuffix)
	}
	if err != nil {
		return err
	}
	_, err = f.WriteString(commit + "\n")
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
