package deliver

import (
	"bytes"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-git/go-billy/v5/osfs"
	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/config"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/format/gitignore"
	"github.com/go-git/go-git/v5/plumbing/format/index"
)

// dirty returns the paths in which index or work tree differ from HEAD, as
// `git status` names them: a folder of which nothing is tracked is one path,
// with a slash at its end.
func (r *repository) dirty() ([]string, error) {
	tree, err := r.Worktree()
	if err != nil {
		return nil, err
	}
	tree.Excludes = r.ignored()
	status, err := tree.Status()
	if err != nil {
		return nil, err
	}
	idx, err := r.Storer.Index()
	if err != nil {
		return nil, err
	}
	same, err := r.sameFile(tree.Filesystem.Root())
	if err != nil {
		return nil, err
	}
	entries, folders := map[string]*index.Entry{}, map[string]bool{".": true}
	for _, e := range idx.Entries {
		entries[e.Name] = e
		for dir := path.Dir(e.Name); !folders[dir]; dir = path.Dir(dir) {
			folders[dir] = true
		}
	}
	found := map[string]bool{}
	for name, s := range status {
		switch {
		case s.Worktree == git.Untracked:
			for dir := path.Dir(name); !folders[dir]; dir = path.Dir(dir) {
				name = dir + "/"
			}
			found[name] = true
		case s.Staging != git.Unmodified, s.Worktree == git.Modified && !same(entries[name]), s.Worktree == git.Deleted:
			found[name] = true
		}
	}
	return slices.Sorted(maps.Keys(found)), nil
}

// ignored returns the patterns of what the machine, the user and the repository
// ignore besides the .gitignore files, those of higher rank last (gitignore(5)).
// Without the files that have them there are none.
func (r *repository) ignored() []gitignore.Pattern {
	var all []gitignore.Pattern
	files := []string{filepath.Join(r.common, "info", "exclude")}
	if system, err := gitignore.LoadSystemPatterns(osfs.New("/")); err == nil {
		all = append(all, system...)
	}
	if global, err := gitignore.LoadGlobalPatterns(osfs.New("/")); err == nil && len(global) > 0 {
		all = append(all, global...)
	} else if dir, err := os.UserConfigDir(); err == nil { // where git looks if core.excludesFile is not set
		files = slices.Insert(files, 0, filepath.Join(dir, "git", "ignore"))
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(text)) {
			if line = strings.TrimRight(line, "\r\n"); line != "" && !strings.HasPrefix(line, "#") {
				all = append(all, gitignore.ParsePattern(line, nil))
			}
		}
	}
	return all
}

// sameFile returns what tells whether a file of the work tree that go-git calls
// modified is the same for git: go-git looks neither at core.fileMode,
// core.autocrlf and core.symlinks nor into .gitattributes. Where there is one of
// those, ends of lines are taken for what it is about.
func (r *repository) sameFile(root string) (func(e *index.Entry) bool, error) {
	c, err := r.ConfigScoped(config.SystemScope)
	if err != nil {
		return nil, err
	}
	core := c.Raw.Section("core")
	anyMode := strings.EqualFold(core.Option("filemode"), "false")
	anyEnd := slices.Contains([]string{"true", "input"}, strings.ToLower(core.Option("autocrlf")))
	if _, err := os.Stat(filepath.Join(root, ".gitattributes")); err == nil {
		anyEnd = true
	}
	noLinks := strings.EqualFold(core.Option("symlinks"), "false")
	return func(e *index.Entry) bool {
		file := filepath.Join(root, filepath.FromSlash(e.Name))
		info, err := os.Lstat(file)
		isLink := e.Mode == filemode.Symlink
		if err != nil || !info.Mode().IsRegular() || !e.Mode.IsFile() || isLink && !noLinks {
			return false
		}
		if executable := info.Mode()&0o100 != 0; !anyMode && !isLink && executable != (e.Mode == filemode.Executable) {
			return false
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return false
		}
		if anyEnd {
			text = bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))
		}
		return plumbing.ComputeHash(plumbing.BlobObject, text) == e.Hash
	}, nil
}
