package deliver

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-git/go-billy/v5/osfs"
	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/config"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/cache"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/storage/filesystem"
	"github.com/go-git/go-git/v5/storage/filesystem/dotgit"
)

// repository is an open repository and its place.
type repository struct {
	*git.Repository
	common string // the git directory, which all work trees share
	main   string // its main work tree, if it is not bare
	bare   bool
}

// Open opens the repository whose root directory is path, for reading. The root of a linked work tree and a bare
// repository are roots too. Any other path, a directory inside a repository or a URL included, is an ErrNoRepository.
func Open(path string) (*git.Repository, error) {
	r, path, err := openTarget(path)
	if err != nil {
		return nil, err
	}
	if r == nil {
		return nil, fmt.Errorf("%s is %w: it is missing or empty; name the root directory of a clone", path, ErrNoRepository)
	}
	return r.Repository, nil
}

// openProject opens the repository that contains dir. HEAD is that of dir's work tree.
func openProject(dir string) (*repository, error) {
	root, err := rootAbove(dir)
	if err != nil {
		return nil, err
	}
	if root == "" {
		return nil, fmt.Errorf("%w here or above", ErrNoRepository)
	}
	return openRepository(root)
}

// rootAbove returns the root of the work tree that contains dir, or "".
func rootAbove(dir string) (string, error) {
	for root, err := filepath.Abs(dir); ; root = filepath.Dir(root) {
		if err != nil {
			return "", err
		}
		if _, err := os.Lstat(filepath.Join(root, git.GitDirName)); err == nil {
			return root, nil
		}
		if root == filepath.Dir(root) {
			return "", nil
		}
	}
}

// openTarget opens the repository whose root is path and returns it with its absolute path. The repository is nil if
// path is missing or an empty directory.
func openTarget(path string) (*repository, string, error) {
	if isURL(path) {
		return nil, "", fmt.Errorf("%s is %w: it is a URL; clone it and name the clone's directory", path, ErrNoRepository)
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, "", err
	}
	if followed, err := filepath.EvalSymlinks(path); err == nil {
		path = followed
	} else if _, err := os.Lstat(path); err == nil {
		return nil, "", fmt.Errorf("%s is %w, but a link that leads nowhere", path, ErrNoRepository)
	}
	files, err := os.ReadDir(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(files) == 0 {
		root, err := rootAbove(path)
		if err == nil && root != "" {
			err = insideError(path, root)
		}
		return nil, path, err
	}
	if err != nil {
		return nil, "", err
	}
	r, err := openRepository(path)
	if errors.Is(err, git.ErrRepositoryNotExists) {
		err = fmt.Errorf("%s is %w: it holds other files; name the root directory of one", path, ErrNoRepository)
		if root, _ := rootAbove(path); root != "" && root != path {
			err = insideError(path, root)
		}
	}
	if err == nil && !r.bare && path == r.common {
		err = insideError(path, r.main)
	}
	return r, path, err
}

func insideError(path, root string) error {
	return fmt.Errorf("%s is %w: it is inside one; name its root %s", path, ErrNoRepository, root)
}

// isURL recognizes https://host/path and git's short form user@host:path.
func isURL(path string) bool {
	host, rest, found := strings.Cut(path, ":")
	return found && !strings.Contains(host, "/") && (strings.HasPrefix(rest, "//") || strings.Contains(host, "@"))
}

func openRepository(root string) (*repository, error) {
	dir, common, err := gitDirs(root)
	if err != nil {
		return nil, fmt.Errorf("open the repository %s: %w", root, err)
	}
	files := osfs.New(dir)
	if common != dir {
		files = dotgit.NewRepositoryFilesystem(files, osfs.New(common))
	}
	// git clone --shared and --reference borrow objects from anywhere.
	options := filesystem.Options{AlternatesFS: osfs.New("/")}
	s := store{filesystem.NewStorageWithOptions(files, cache.NewObjectLRUDefault(), options)}
	opened, err := git.Open(s, osfs.New(root))
	if err != nil {
		return nil, fmt.Errorf("open the repository %s: %w", root, err)
	}
	c, err := opened.Config()
	if err != nil {
		return nil, fmt.Errorf("open the repository %s: %w", root, err)
	}
	main := filepath.Dir(common)
	if worktree := c.Core.Worktree; worktree != "" { // that of a submodule
		main = join(common, worktree)
	}
	return &repository{opened, common, main, c.Core.IsBare}, nil
}

// store hides extensions that concern neither objects nor branches: go-git refuses every extension that it does not
// know.
type store struct{ *filesystem.Storage }

// Config implements config.ConfigStorer.
func (s store) Config() (*config.Config, error) {
	c, err := s.Storage.Config()
	if err != nil {
		return nil, err
	}
	extensions := c.Raw.Section("extensions")
	for _, name := range []string{"worktreeConfig", "partialClone", "preciousObjects"} {
		extensions.RemoveOption(name)
	}
	return c, nil
}

// gitDirs returns the git directory of the work tree at root, or of the bare repository root, and the directory that it
// shares with other work trees. They are the same except in a linked work tree (gitrepository-layout(5)).
func gitDirs(root string) (dir, common string, err error) {
	dir = filepath.Join(root, git.GitDirName)
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		dir = root
	case err != nil:
		return "", "", err
	case !info.IsDir():
		text, err := os.ReadFile(dir)
		if err != nil {
			return "", "", err
		}
		dir = join(root, strings.TrimPrefix(strings.TrimSpace(string(text)), "gitdir: "))
	}
	shared, err := os.ReadFile(filepath.Join(dir, "commondir"))
	if errors.Is(err, fs.ErrNotExist) {
		return dir, dir, nil
	}
	return dir, join(dir, strings.TrimSpace(string(shared))), err
}

func sameDir(a, b string) bool {
	infoA, errA := os.Stat(a)
	infoB, errB := os.Stat(b)
	return errA == nil && errB == nil && os.SameFile(infoA, infoB)
}

func join(dir, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

// source returns the commit to deliver, as Plan describes it.
func (r *repository) source() (*object.Commit, error) {
	head, err := r.Head()
	if errors.Is(err, plumbing.ErrReferenceNotFound) {
		return nil, fmt.Errorf("%w: it has no commit yet, and composer delivers the last one", ErrNoProject)
	}
	if err != nil {
		return nil, fmt.Errorf("read HEAD: %w", err)
	}
	commit, err := r.CommitObject(head.Hash())
	if err != nil {
		return nil, fmt.Errorf("read HEAD: %w", err)
	}
	for commit.NumParents() > 0 {
		parent, err := commit.Parent(0)
		if err != nil || parent.TreeHash != commit.TreeHash { // a shallow clone ends somewhere
			break
		}
		commit = parent
	}
	return commit, nil
}

// create makes a repository at path, which is missing or an empty directory. fill fills it; then source becomes its
// branch main, which is checked out. The repository is made beside path and moved there as a whole.
func create(path string, source plumbing.Hash, fill func(*repository) error) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("make the repository %s: %w", path, err)
		}
	}()
	around, err := os.MkdirTemp(filepath.Dir(path), ".deliver-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(around)) }()
	dir := filepath.Join(around, "repository")
	if err := os.Mkdir(dir, 0o777); err != nil {
		return err
	}
	main := plumbing.NewBranchReferenceName("main")
	if _, err := git.PlainInitWithOptions(dir, &git.PlainInitOptions{InitOptions: git.InitOptions{DefaultBranch: main}}); err != nil {
		return err
	}
	r, err := openRepository(dir)
	if err != nil {
		return err
	}
	if err := fill(r); err != nil {
		return err
	}
	if err := r.Storer.SetReference(plumbing.NewHashReference(main, source)); err != nil {
		return err
	}
	tree, err := r.Worktree()
	if err != nil {
		return err
	}
	if err := tree.Checkout(&git.CheckoutOptions{Branch: main}); err != nil {
		return err
	}
	// os.Rename replaces no directory, and os.Remove removes none that has been filled meanwhile.
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.Rename(dir, path)
}
