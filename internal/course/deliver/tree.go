package deliver

import (
	"fmt"
	"sort"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
)

// Where the parts of a branch come from, and where they go.
const (
	stageFile  = ".stage"
	ignoreFile = ".gitignore"
	readmeFile = "README.md"
	pageDir    = "docs"
	pageFile   = "ejercicios.md"
)

// links are the course's folders, and where the project has them.
var links = []struct{ name, target string }{
	{"client", "services/client"},
	{"server", "services/server"},
}

// stageTree makes the tree of a stage from the project's: with .stage, not
// ignored any more, with the course's folders, and with a README of its own.
func (o objects) stageTree(root *object.Tree, stage string, all []Stage) (plumbing.Hash, error) {
	entries := map[string]object.TreeEntry{}
	for _, e := range root.Entries {
		entries[e.Name] = e
	}
	put := func(name string, mode filemode.FileMode, content []byte) error {
		hash, err := o.putBlob(content)
		entries[name] = object.TreeEntry{Name: name, Mode: mode, Hash: hash}
		return err
	}
	for _, l := range links {
		if _, err := root.Tree(l.target); err != nil {
			return plumbing.ZeroHash, fmt.Errorf("%w: its last commit has no folder %s", ErrNoProject, l.target)
		}
		before, taken := entries[l.name]
		if err := put(l.name, filemode.Symlink, []byte(l.target)); err != nil {
			return plumbing.ZeroHash, err
		}
		if taken && before != entries[l.name] {
			return plumbing.ZeroHash, fmt.Errorf("%w: its last commit has a %s that is no link to %s", ErrNoProject, l.name, l.target)
		}
	}
	page, err := content(root, pageDir+"/"+pageFile)
	if err != nil {
		return plumbing.ZeroHash, err
	}
	text, err := readme(page, stage, all)
	if err != nil {
		return plumbing.ZeroHash, err
	}
	if err := put(readmeFile, filemode.Regular, text); err != nil {
		return plumbing.ZeroHash, err
	}
	if err := put(stageFile, filemode.Regular, []byte(stage+"\n")); err != nil {
		return plumbing.ZeroHash, err
	}
	if ignored, err := content(root, ignoreFile); err == nil {
		if err := put(ignoreFile, entries[ignoreFile].Mode, withoutStage(ignored)); err != nil {
			return plumbing.ZeroHash, err
		}
	}
	tree := new(object.Tree)
	for _, e := range entries {
		tree.Entries = append(tree.Entries, e)
	}
	sort.Sort(object.TreeEntrySorter(tree.Entries))
	return o.put(tree)
}

func content(root *object.Tree, path string) ([]byte, error) {
	f, err := root.File(path)
	if err != nil {
		return nil, fmt.Errorf("%w: its last commit has no file %s", ErrNoProject, path)
	}
	text, err := f.Contents()
	return []byte(text), err
}

// withoutStage takes the line about .stage out of a .gitignore.
func withoutStage(ignored []byte) []byte {
	var kept strings.Builder
	for line := range strings.Lines(string(ignored)) {
		if strings.TrimPrefix(strings.TrimSpace(line), "/") != stageFile {
			kept.WriteString(line)
		}
	}
	return []byte(kept.String())
}
