package verify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/tp0-lab/composer/internal/course/git"
	"github.com/tp0-lab/composer/internal/files"
)

// repo is a student's git repository. verify only reads it.
type repo struct {
	path     string
	branches string // the pattern of the names of branches
	git      *git.Repository
}

// openRepo opens the repository at a path. branches is the pattern of the names of its branches, in which {N} stands
// for the number of a stage; "" is DefaultBranches.
func openRepo(path, branches string) (*repo, error) {
	r, err := git.OpenRoot(path)
	if err != nil {
		return nil, err
	}
	return &repo{path: path, branches: cmp.Or(branches, DefaultBranches), git: r}, nil
}

// errNoBranch says that a repository lacks the branch of a stage.
var errNoBranch = errors.New("no branch")

const (
	heads   = "refs/heads/"
	remotes = "refs/remotes/"
)

// refs returns the repository's own branches and those that remotes had at the last fetch.
func (r *repo) refs(ctx context.Context) ([]git.Ref, error) {
	own, err := r.git.Refs(ctx, heads)
	if err != nil {
		return nil, err
	}
	others, err := r.git.Refs(ctx, remotes)
	return append(own, others...), err
}

// commit returns the commit of a stage's branch. Its error wraps errNoBranch if there is no such branch.
func (r *repo) commit(ctx context.Context, stage string) (string, error) {
	own, remote, err := r.find(ctx, stage)
	return cmp.Or(own.Commit, remote.Commit), err
}

// find returns a stage's branch twice: own is the repository's branch, and remote is the branch that a remote had at
// the last fetch. It prefers the remote origin; the other remotes follow in the order of their names. A missing branch
// is the zero Ref. If both are missing, the error wraps errNoBranch.
func (r *repo) find(ctx context.Context, stage string) (own, remote git.Ref, err error) {
	branch := branchOf(r.branches, stage)
	refs, err := r.refs(ctx)
	if err != nil {
		return own, remote, err
	}
	for _, ref := range refs {
		switch {
		case ref.Name == heads+branch:
			own = ref
		case ref.Name == remotes+"origin/"+branch, remote.Name == "" && strings.HasPrefix(ref.Name, remotes) && withoutRemote(ref.Name) == branch:
			remote = ref
		}
	}
	if own.Name == "" && remote.Name == "" {
		err = fmt.Errorf("%s has %w %s, neither of its own nor of a remote%s", r.path, errNoBranch, branch, r.hint(refs, stage))
	}
	return own, remote, err
}

// withoutRemote returns the name of a remote's branch without the name of the remote.
func withoutRemote(ref string) string {
	_, name, _ := strings.Cut(strings.TrimPrefix(ref, remotes), "/")
	return name
}

// Limits of a tree. A student's tree is a thousand times smaller.
const (
	maxTreeFiles = 100_000
	maxTreeBytes = 1 << 30
)

// export writes the tree of a stage's branch into a new directory and returns its files. Its error wraps errNoBranch if
// there is no such branch. It makes symbolic links as they are in the tree: whoever writes into the directory must not
// follow links that lead out of it.
func (r *repo) export(ctx context.Context, stage, dir string) ([]git.Entry, error) {
	commit, err := r.commit(ctx, stage)
	if err != nil {
		return nil, err
	}
	entries, err := r.git.Files(ctx, commit)
	if err == nil {
		err = r.writeTree(ctx, entries, dir)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("export %s: %w", branchOf(r.branches, stage), err), files.RemoveAll(dir))
	}
	return entries, nil
}

func (r *repo) writeTree(ctx context.Context, entries []git.Entry, dir string) error {
	entries = slices.DeleteFunc(slices.Clone(entries), func(e git.Entry) bool { return e.Mode == git.Submodule })
	size := int64(0)
	for _, e := range entries {
		size += e.Size
	}
	if len(entries) > maxTreeFiles || size > maxTreeBytes {
		return fmt.Errorf("it has more than %d files or %d MB", maxTreeFiles, maxTreeBytes>>20)
	}
	// Links come last, so that no file is written through them.
	slices.SortStableFunc(entries, func(a, b git.Entry) int {
		return cmp.Compare(strings.Count(a.Mode, git.Symlink), strings.Count(b.Mode, git.Symlink))
	})
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close() // only a handle
	return r.git.ReadAll(ctx, entries, func(e git.Entry, content io.Reader) error { return writeEntry(root, e, content) })
}

func writeEntry(root *os.Root, e git.Entry, content io.Reader) error {
	name := filepath.FromSlash(e.Path)
	if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	mode := os.FileMode(0o644)
	switch e.Mode {
	case git.Symlink:
		target, err := io.ReadAll(content)
		if err != nil {
			return err
		}
		return root.Symlink(string(target), name)
	case git.Executable:
		mode = 0o755
	}
	to, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(to, content)
	return errors.Join(err, to.Close())
}

// exported is the tree of a stage's branch in a directory.
type exported struct {
	mu        sync.Mutex // guards the fields below; held while the tree is exported
	err       error
	root      *os.Root // nil before the export
	tree      string   // as in site
	maxAmount int
	shipped   []byte
}

// openBranch copies a stage's branch into a new site. The caller closes it.
func (s *sites) openBranch(ctx context.Context, stage string) (*site, error) {
	s.mu.Lock()
	b, ok := s.exported[stage]
	if !ok {
		b = new(exported)
		s.exported[stage] = b
	}
	s.mu.Unlock()
	if err := s.exportOnce(ctx, b, stage); err != nil {
		return nil, err
	}
	parent, err := os.MkdirTemp(s.dir, stage+"-")
	if err != nil {
		return nil, fmt.Errorf("make a directory: %w", err)
	}
	// The directory above the tree belongs to the site, too, because a Compose file may mount files from there.
	copied := &site{
		stage: stage, parent: parent, dir: filepath.Join(parent, "tp0"), source: b.root, tree: b.tree,
		maxAmount: b.maxAmount, shipped: b.shipped, scripts: s.scripts, temporary: true,
	}
	err = os.Chmod(parent, 0o755) // a container may mount the directory
	if err == nil {
		err = os.CopyFS(copied.dir, b.root.FS())
	}
	if err == nil {
		err = copied.locate()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("copy the branch: %w", err), copied.close())
	}
	return copied, nil
}

// exportOnce writes the tree of a branch unless an earlier call has.
func (s *sites) exportOnce(ctx context.Context, b *exported, stage string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.root != nil || b.err != nil {
		return b.err
	}
	tree := &site{dir: filepath.Join(s.dir, stage)}
	entries, err := s.repo.export(ctx, stage, tree.dir)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err == nil {
		err = tree.locate()
	}
	if err != nil {
		b.err = err
		return err
	}
	b.tree = sources(entries, tree.serverConfig, tree.clientConfig)
	if text, err := files.ReadIn(tree.root, tree.clientConfig, maxFile); err == nil {
		b.maxAmount, _ = shippedBatch(string(text))
	}
	if text, err := files.ReadIn(tree.root, composeFile, maxFile); err == nil {
		b.shipped = text
	}
	b.root = tree.root
	return nil
}
