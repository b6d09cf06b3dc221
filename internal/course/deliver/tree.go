package deliver

import (
	"fmt"
	"sort"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
)

const (
	stageFile  = ".stage"
	ignoreFile = ".gitignore"
	pagePath   = "docs/ejercicios.md"
)

// links are the course's folders and their places in the project.
var links = []struct{ name, target string }{
	{"client", "services/client"},
	{"server", "services/server"},
}

// stageTree makes the tree of a stage: the project's, with a file .stage that is not ignored, links for the course's
// folders, and a README of the stage.
func (o objects) stageTree(root *object.Tree, stage string, all []Stage) (plumbing.Hash, error) {
	entries := map[string]object.TreeEntry{}
	for _, e := range root.Entries {
		entries[e.Name] = e
	}
	put := func(name string, mode filemode.FileMode, content string) error {
		hash, err := o.putBlob(content)
		before, taken := entries[name]
		entries[name] = object.TreeEntry{Name: name, Mode: mode, Hash: hash}
		if mode == filemode.Symlink && taken && before != entries[name] {
			return fmt.Errorf("%w: its last commit has a %s that is no link to %s", ErrNoProject, name, content)
		}
		return err
	}
	for _, l := range links {
		if _, err := root.Tree(l.target); err != nil {
			return plumbing.ZeroHash, fmt.Errorf("%w: its last commit has no folder %s", ErrNoProject, l.target)
		}
		if err := put(l.name, filemode.Symlink, l.target); err != nil {
			return plumbing.ZeroHash, err
		}
	}
	page, err := content(root, pagePath)
	if err == nil {
		page, err = readme(page, stage, all)
	}
	if err == nil {
		err = put("README.md", filemode.Regular, page)
	}
	if err == nil {
		err = put(stageFile, filemode.Regular, stage+"\n")
	}
	if ignored, missing := content(root, ignoreFile); err == nil && missing == nil {
		err = put(ignoreFile, entries[ignoreFile].Mode, withoutStage(ignored))
	}
	if err != nil {
		return plumbing.ZeroHash, err
	}
	tree := new(object.Tree)
	for _, e := range entries {
		tree.Entries = append(tree.Entries, e)
	}
	sort.Sort(object.TreeEntrySorter(tree.Entries))
	return o.put(tree)
}

func content(root *object.Tree, path string) (string, error) {
	f, err := root.File(path)
	if err != nil {
		return "", fmt.Errorf("%w: its last commit has no file %s", ErrNoProject, path)
	}
	return f.Contents()
}

// withoutStage removes the line about .stage from a .gitignore.
func withoutStage(ignored string) string {
	var kept strings.Builder
	for line := range strings.Lines(ignored) {
		if strings.TrimPrefix(strings.TrimSpace(line), "/") != stageFile {
			kept.WriteString(line)
		}
	}
	return kept.String()
}
