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

// repo is a student's git repository. It is only read.
type repo struct {
	path     string
	branches string // the pattern of the names of branches
	git      *git.Repository
}

// openRepo opens the repository at a path. In the pattern of its branches, {N} stands for the number of a stage; "" is
// DefaultBranches.
func openRepo(path, branches string) (*repo, error) {
	r, err := deliver.Open(path)
	if err != nil {
		return nil, err
	}
	return &repo{path: path, branches: cmp.Or(branches, DefaultBranches), git: r}, nil
}

// errNoBranch says that a repository lacks the branch of a stage.
var errNoBranch = errors.New("no branch")

// commit returns the commit of a stage's branch: the repository's own, else the one that a remote had at the last fetch.
// The remote origin comes before other remotes.
func (r *repo) commit(stage string) (*object.Commit, error) {
	branch := branchOf(r.branches, stage)
	remotes, err := r.git.Remotes()
	if err != nil {
		return nil, fmt.Errorf("read the remotes of %s: %w", r.path, err)
	}
	var others []string
	for _, remote := range remotes {
		others = append(others, remote.Config().Name)
	}
	slices.Sort(others)
	names := []plumbing.ReferenceName{plumbing.NewBranchReferenceName(branch)}
	for _, remote := range append([]string{git.DefaultRemoteName}, others...) {
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
	hint, err := r.hint(stage)
	if err != nil {
		return nil, err
	}
	return nil, fmt.Errorf("%s has %w %s, neither of its own nor of a remote%s", r.path, errNoBranch, branch, hint)
}

// Limits of a tree: a student's is a thousand times smaller.
const (
	maxTreeFiles = 100_000
	maxTreeBytes = 1 << 30
)

// export writes the tree of a stage's branch into a new directory. Its error wraps errNoBranch if there is no such
// branch. Links are made as they are: a writer must not follow those that lead out of the directory.
func (r *repo) export(stage, dir string) error {
	c, err := r.commit(stage)
	if err != nil {
		return err
	}
	if err := writeTree(c, dir); err != nil {
		return errors.Join(fmt.Errorf("export %s: %w", branchOf(r.branches, stage), err), os.RemoveAll(dir))
	}
	return nil
}

func writeTree(c *object.Commit, dir string) error {
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
			links = append(links, f) // last, so that no file is written through them
			return nil
		}
		return writeFile(root, f)
	})
	for _, f := range links {
		var target string
		if err == nil {
			target, err = f.Contents()
		}
		if err == nil {
			err = root.MkdirAll(filepath.Dir(f.Name), 0o755)
		}
		if err == nil {
			err = root.Symlink(target, f.Name)
		}
	}
	return err
}

func writeFile(root *os.Root, f *object.File) error {
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
