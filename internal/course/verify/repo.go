package verify

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"

	"github.com/tp0-lab/composer/internal/course/deliver"
)

// repo is somebody's git repository. It is read only.
type repo struct {
	path string
	git  *git.Repository
}

func openRepo(path string) (*repo, error) {
	r, err := deliver.Open(path)
	if err != nil {
		return nil, err
	}
	return &repo{path: path, git: r}, nil
}

// index is 1 for the remote that a clone has.
func index(remote string) int {
	if remote == git.DefaultRemoteName {
		return 1
	}
	return 0
}

// noBranchError says that a repository lacks the branch of a stage.
type noBranchError struct{ repo, branch string }

func (e *noBranchError) Error() string {
	return fmt.Sprintf("%s has no branch %s, neither of its own nor of a remote", e.repo, e.branch)
}

// commit returns the commit of a branch: the repository's own, else that which
// a remote had when it was fetched last.
func (r *repo) commit(branch string) (*object.Commit, error) {
	names := []plumbing.ReferenceName{plumbing.NewBranchReferenceName(branch)}
	remotes, err := r.git.Remotes()
	if err != nil {
		return nil, fmt.Errorf("read the remotes of %s: %w", r.path, err)
	}
	var remoteNames []string
	for _, remote := range remotes {
		remoteNames = append(remoteNames, remote.Config().Name)
	}
	slices.SortFunc(remoteNames, func(a, b string) int { // origin first
		return cmp.Or(cmp.Compare(index(b), index(a)), cmp.Compare(a, b))
	})
	for _, remote := range remoteNames {
		names = append(names, plumbing.NewRemoteReferenceName(remote, branch))
	}
	for _, name := range names {
		ref, err := r.git.Reference(name, true)
		if errors.Is(err, plumbing.ErrReferenceNotFound) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read %s of %s: %w", name, r.path, err)
		}
		c, err := r.git.CommitObject(ref.Hash())
		if err != nil {
			return nil, fmt.Errorf("read the commit of %s in %s: %w", name, r.path, err)
		}
		return c, nil
	}
	return nil, &noBranchError{r.path, branch}
}

// Bounds of a tree: a student's is a thousand times smaller.
const (
	maxTreeFiles = 100_000
	maxTreeBytes = 1 << 30
)

// export writes the tree of a branch into a new directory, whole or not at all.
// Its error is a *noBranchError if there is no such branch. Links are made as they
// are; who writes there must not follow those that lead out of it.
func (r *repo) export(branch, dir string) error {
	c, err := r.commit(branch)
	if err != nil {
		return err
	}
	if err := r.write(c, dir+".new"); err != nil {
		return errors.Join(fmt.Errorf("export %s: %w", branch, err), os.RemoveAll(dir+".new"))
	}
	return os.Rename(dir+".new", dir)
}

func (r *repo) write(c *object.Commit, dir string) error {
	tree, err := c.Tree()
	if err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close() // only a handle
	var links []*object.File
	files, size := 0, int64(0)
	err = tree.Files().ForEach(func(f *object.File) error {
		files++
		size += f.Size
		if files > maxTreeFiles || size > maxTreeBytes {
			return fmt.Errorf("it has more than %d files or %d MB", maxTreeFiles, maxTreeBytes>>20)
		}
		if f.Mode == filemode.Symlink {
			links = append(links, f) // last, when no file can be written through them
			return nil
		}
		return exportFile(root, f)
	})
	if err != nil {
		return err
	}
	for _, f := range links {
		target, err := f.Contents()
		if err == nil {
			err = root.MkdirAll(filepath.Dir(f.Name), 0o755)
		}
		if err == nil {
			err = root.Symlink(target, f.Name)
		}
		if err != nil {
			return fmt.Errorf("link %s: %w", f.Name, err)
		}
	}
	return nil
}

func exportFile(root *os.Root, f *object.File) error {
	if err := root.MkdirAll(filepath.Dir(f.Name), 0o755); err != nil {
		return err
	}
	mode := os.FileMode(0o644)
	if f.Mode == filemode.Executable {
		mode = 0o755
	}
	from, err := f.Reader()
	if err != nil {
		return err
	}
	defer from.Close() // read only
	to, err := root.OpenFile(f.Name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(to, from)
	return errors.Join(err, to.Close())
}
