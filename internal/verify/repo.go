package verify

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
)

// repo is somebody's git repository. It is read only.
type repo struct {
	path string
	git  *git.Repository
}

func openRepo(path string) (*repo, error) {
	r, err := git.PlainOpenWithOptions(path, &git.PlainOpenOptions{DetectDotGit: true, EnableDotGitCommonDir: true})
	if err != nil {
		return nil, fmt.Errorf("open the git repository %s: %w", path, err)
	}
	return &repo{path: path, git: r}, nil
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
	for _, remote := range remotes {
		names = append(names, plumbing.NewRemoteReferenceName(remote.Config().Name, branch))
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

// export writes the tree of a branch into a new directory. Its error is a
// *noBranchError if there is no such branch.
func (r *repo) export(branch, dir string) error {
	c, err := r.commit(branch)
	if err != nil {
		return err
	}
	tree, err := c.Tree()
	if err != nil {
		return fmt.Errorf("read the tree of %s: %w", branch, err)
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		return fmt.Errorf("export %s: %w", branch, err)
	}
	// Nothing of a tree may be written outside of dir, through a link of its own
	// least of all.
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("export %s: %w", branch, err)
	}
	defer root.Close() // only a handle
	var links []*object.File
	err = tree.Files().ForEach(func(f *object.File) error {
		if f.Mode == filemode.Symlink {
			links = append(links, f) // last, when no file can be written through them
			return nil
		}
		return exportFile(root, f)
	})
	if err != nil {
		return fmt.Errorf("export %s: %w", branch, err)
	}
	for _, f := range links {
		target, err := f.Contents()
		if err == nil {
			err = exportLink(root, f.Name, target)
		}
		if err != nil {
			return fmt.Errorf("export %s: %w", branch, err)
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

// exportLink makes a link that stays within the tree. What is written to the
// checkout later is written through it.
func exportLink(root *os.Root, name, target string) error {
	at := filepath.Join(filepath.Dir(name), target)
	if filepath.IsAbs(target) || at == ".." || strings.HasPrefix(at, "../") {
		return fmt.Errorf("the link %s leaves the tree: %s", name, target)
	}
	if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return root.Symlink(target, name)
}
