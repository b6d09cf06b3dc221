// Package git reads and writes git repositories with the git program.
//
// It runs no hook of a repository. A repository that is only read, such as a stranger's, cannot make git run a program
// or open a connection: git reads objects and names of branches, and the fetch of objects that a partial clone lacks is
// refused.
package git

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tp0-lab/composer/internal/files"
)

// ErrNoRepository says that a path is not the root directory of a repository.
var ErrNoRepository = errors.New("no git repository")

// Repository is a repository on this machine.
type Repository struct {
	// Dir is the root of the work tree, or the directory of a bare repository. It is absolute.
	Dir string
	// Common is the git directory that all work trees share.
	Common string
	Bare   bool
	// env adds variables to git's environment.
	env []string
}

// OpenRoot opens the repository whose root directory is path. The root of a linked work tree and a bare repository are
// roots too. Any other path, a directory inside a repository or a URL included, is an ErrNoRepository.
func OpenRoot(path string) (*Repository, error) {
	r, path, err := Find(path)
	if err == nil && r == nil {
		err = fmt.Errorf("%s is %w: it is missing or empty; name the root directory of a clone", path, ErrNoRepository)
	}
	return r, err
}

// OpenAbove opens the repository whose work tree contains dir.
func OpenAbove(dir string) (*Repository, error) {
	r, err := open(dir)
	if errors.Is(err, ErrNoRepository) {
		return nil, fmt.Errorf("%w here or above", ErrNoRepository)
	}
	return r, err
}

// Find opens the repository whose root is path, like OpenRoot, and returns it with its absolute path. The repository is
// nil if path is missing or an empty directory, and no repository contains it.
func Find(path string) (*Repository, string, error) {
	if IsURL(path) {
		return nil, path, fmt.Errorf("%s is %w: it is a URL; clone it and name the clone's directory", path, ErrNoRepository)
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, path, err
	}
	if followed, err := filepath.EvalSymlinks(path); err == nil {
		path = followed
	} else if _, err := os.Lstat(path); err == nil {
		return nil, path, fmt.Errorf("%s is %w, but a link that leads nowhere", path, ErrNoRepository)
	}
	entries, err := os.ReadDir(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, path, err
	}
	r, err := open(files.NearestDirectory(path))
	switch {
	case err == nil && r.Dir != path:
		return nil, path, fmt.Errorf("%s is %w: it is inside one; name its root %s", path, ErrNoRepository, r.Dir)
	case errors.Is(err, ErrNoRepository) && len(entries) == 0:
		return nil, path, nil
	case errors.Is(err, ErrNoRepository):
		return nil, path, fmt.Errorf("%s is %w: it holds other files; name the root directory of one", path, ErrNoRepository)
	}
	return r, path, err
}

// IsURL reports whether a path is a URL of a repository: https://host/path and git's short form user@host:path.
func IsURL(path string) bool {
	host, rest, found := strings.Cut(path, ":")
	return found && !strings.Contains(host, "/") && (strings.HasPrefix(rest, "//") || strings.Contains(host, "@"))
}

// open opens the repository that contains dir.
func open(dir string) (*Repository, error) {
	r := &Repository{Dir: dir}
	out, err := r.Output(context.Background(), nil, "rev-parse", "--path-format=absolute", "--is-bare-repository", "--is-inside-work-tree", "--git-common-dir", "--absolute-git-dir")
	if err != nil {
		if strings.Contains(err.Error(), "not a git repository") {
			err = ErrNoRepository
		}
		return nil, err
	}
	lines := strings.Split(strings.TrimRight(string(out), "\n"), "\n")
	if len(lines) != 4 {
		return nil, fmt.Errorf("git rev-parse in %s: want 4 lines, got %q", dir, out)
	}
	r.Bare, r.Common, r.Dir = lines[0] == "true", filepath.FromSlash(lines[2]), filepath.FromSlash(lines[3])
	switch {
	case r.Bare:
	case lines[1] == "true":
		top, err := (&Repository{Dir: dir}).Output(context.Background(), nil, "rev-parse", "--show-toplevel")
		if err != nil {
			return nil, err
		}
		r.Dir = filepath.FromSlash(strings.TrimRight(string(top), "\n"))
	default: // a git directory
		r.Dir = r.MainTree()
	}
	return r, nil
}

// MainTree returns the root of the repository's main work tree, even if r is a linked work tree. For a bare repository
// it returns "".
func (r *Repository) MainTree() string {
	if r.Bare {
		return ""
	}
	main := filepath.Dir(r.Common)
	// A submodule's git directory is in the repository around it, and names its work tree.
	if text, err := r.Output(context.Background(), nil, "config", "--file", filepath.Join(r.Common, "config"), "core.worktree"); err == nil {
		if main = filepath.FromSlash(strings.TrimRight(string(text), "\n")); !filepath.IsAbs(main) {
			main = filepath.Join(r.Common, main)
		}
	}
	return main
}

// Quarantine returns a Repository for the same repository. Its git writes new objects to the directory dir only, and
// reads objects from dir and from the repository (git(1), GIT_OBJECT_DIRECTORY).
func (r *Repository) Quarantine(dir string) *Repository {
	q := *r
	objects := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(filepath.Join(r.Common, "objects"))
	q.env = []string{"GIT_OBJECT_DIRECTORY=" + dir, `GIT_ALTERNATE_OBJECT_DIRECTORIES="` + objects + `"`}
	return &q
}

// A git process gets no input but Input, and the environment without variables that name another repository.
func (r *Repository) command(ctx context.Context, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, "git", append([]string{"-c", "core.hooksPath=" + os.DevNull, "-C", r.Dir}, args...)...)
	c.Env = append(slices.DeleteFunc(os.Environ(), foreign),
		"LC_ALL=C", "GIT_OPTIONAL_LOCKS=0", "GIT_TERMINAL_PROMPT=0")
	c.Env = append(c.Env, r.env...)
	return c
}

// foreign recognizes the variables that git sets for its hooks, and that would lead another git to their repository.
func foreign(variable string) bool {
	name, _, _ := strings.Cut(variable, "=")
	return slices.Contains([]string{
		"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_PREFIX", "GIT_NAMESPACE",
		"GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_QUARANTINE_PATH", "GIT_SHALLOW_FILE",
	}, name)
}

// Output runs git without network access, and returns its stdout. The error has git's own words.
func (r *Repository) Output(ctx context.Context, input []byte, args ...string) ([]byte, error) {
	c := r.command(ctx, append([]string{"-c", "protocol.allow=never"}, args...)...)
	c.Stdin = bytes.NewReader(input)
	return output(ctx, c, args[0])
}

// output runs git's command called name.
func output(ctx context.Context, c *exec.Cmd, name string) ([]byte, error) {
	out, err := c.Output()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		words := cmp.Or(strings.TrimSpace(string(failed.Stderr)), failed.String())
		err = fmt.Errorf("git %s: %s", name, strings.ReplaceAll(words, "\n", "; "))
	}
	if errors.Is(err, exec.ErrNotFound) {
		err = errors.New("git is not installed: composer reads and writes repositories with it")
	}
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return out, err
}

// Text is Output without the last line break.
func (r *Repository) Text(ctx context.Context, input string, args ...string) (string, error) {
	out, err := r.Output(ctx, []byte(input), args...)
	return strings.TrimSuffix(string(out), "\n"), err
}

// IsBranchName reports whether git allows a branch of that name (git-check-ref-format(1)).
func IsBranchName(name string) bool {
	_, err := (&Repository{Dir: "."}).Output(context.Background(), nil, "check-ref-format", "--branch", name)
	return err == nil && !strings.HasPrefix(name, "@{")
}

// Ref is a name of a commit, such as refs/heads/main.
type Ref struct{ Name, Commit string }

// Refs returns the names that begin with prefix, sorted. A name whose file is broken is an error.
func (r *Repository) Refs(ctx context.Context, prefix string) ([]Ref, error) {
	c := r.command(ctx, "for-each-ref", "--format=%(objectname) %(refname)", prefix)
	var warnings bytes.Buffer
	c.Stderr = &warnings
	out, err := c.Output()
	if warned := strings.TrimSpace(warnings.String()); warned != "" {
		return nil, fmt.Errorf("%s: git for-each-ref: %s: remove its file below %s", r.Dir, warned, r.Common)
	}
	if err != nil {
		return nil, fmt.Errorf("git for-each-ref: %w", err)
	}
	var refs []Ref
	for line := range strings.Lines(string(out)) {
		commit, name, _ := strings.Cut(strings.TrimSpace(line), " ")
		refs = append(refs, Ref{name, commit})
	}
	return refs, nil
}

// Shallow reports whether the repository lacks older commits of its branches, and so cannot count commits. It also
// returns true if git fails.
func (r *Repository) Shallow(ctx context.Context) bool {
	out, err := r.Text(ctx, "", "rev-parse", "--is-shallow-repository")
	return err != nil || out != "false"
}

// Differ returns how many commits a has that b lacks, and how many b has that a lacks. Both are names of commits.
func (r *Repository) Differ(ctx context.Context, a, b string) (onlyA, onlyB int, err error) {
	out, err := r.Text(ctx, "", "rev-list", "--left-right", "--count", a+"..."+b, "--")
	if err != nil {
		return 0, 0, err
	}
	if _, err := fmt.Sscan(out, &onlyA, &onlyB); err != nil {
		return 0, 0, fmt.Errorf("git rev-list: want two numbers, got %q", out)
	}
	return onlyA, onlyB, nil
}

// Status returns the paths in which index or work tree differ from HEAD, sorted. A directory without tracked files is
// one path that ends in a slash. Git does not write its index.
func (r *Repository) Status(ctx context.Context) ([]string, error) {
	out, err := r.Output(ctx, nil, "status", "--porcelain", "-z", "--no-renames", "--untracked-files=normal")
	if err != nil {
		return nil, err
	}
	var paths []string
	for entry := range strings.SplitSeq(string(out), "\x00") {
		if len(entry) > 3 { // two letters of status and a space come before the path
			paths = append(paths, entry[3:])
		}
	}
	slices.Sort(paths)
	return paths, nil
}
