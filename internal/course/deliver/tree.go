package deliver

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/tp0-lab/composer/internal/course/git"
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

// content is the part of the trees that all stages share.
type content struct {
	root []git.Entry // with the links and a .gitignore that does not name .stage
	page string      // docs/ejercicios.md
}

// readContent reads the source.
func (d *Delivery) readContent(ctx context.Context) (c content, err error) {
	if c.root, err = d.made.Tree(ctx, d.Source); err != nil {
		return c, err
	}
	for _, l := range links {
		if kind, err := d.made.Text(ctx, "", "cat-file", "-t", d.Source+":"+l.target); err != nil || kind != "tree" {
			return c, fmt.Errorf("%w: its last commit has no folder %s", ErrNoProject, l.target)
		}
		before, taken := find(c.root, l.name)
		if c.root, err = d.put(ctx, c.root, l.name, git.Symlink, l.target); err != nil {
			return c, err
		}
		if after, _ := find(c.root, l.name); taken && before != after {
			return c, fmt.Errorf("%w: its last commit has a %s that is no link to %s", ErrNoProject, l.name, l.target)
		}
	}
	if e, ok := find(c.root, ignoreFile); ok {
		ignored, err := d.made.Read(ctx, "blob", e.Hash)
		if err == nil {
			c.root, err = d.put(ctx, c.root, ignoreFile, e.Mode, withoutStage(ignored))
		}
		if err != nil {
			return c, err
		}
	}
	if c.page, err = d.made.Read(ctx, "blob", d.Source+":"+pagePath); err != nil {
		return c, fmt.Errorf("%w: its last commit has no file %s", ErrNoProject, pagePath)
	}
	return c, nil
}

func find(entries []git.Entry, path string) (git.Entry, bool) {
	at := slices.IndexFunc(entries, func(e git.Entry) bool { return e.Path == path })
	if at < 0 {
		return git.Entry{}, false
	}
	return entries[at], true
}

// put returns the entries with a file or link in place of the one that has its path.
func (d *Delivery) put(ctx context.Context, entries []git.Entry, path, mode, text string) ([]git.Entry, error) {
	hash, err := d.made.WriteObject(ctx, "blob", text)
	others := slices.DeleteFunc(slices.Clone(entries), func(e git.Entry) bool { return e.Path == path })
	return append(others, git.Entry{Mode: mode, Type: "blob", Hash: hash, Path: path}), err
}

// stageTree makes the tree of a stage: the source's, with a file .stage and a README of the stage.
func (d *Delivery) stageTree(ctx context.Context, c content, stage string, all []Stage) (string, error) {
	page, err := readme(c.page, stage, all)
	if err != nil {
		return "", err
	}
	entries, err := d.put(ctx, c.root, "README.md", git.Regular, page)
	if err == nil {
		entries, err = d.put(ctx, entries, stageFile, git.Regular, stage+"\n")
	}
	if err != nil {
		return "", err
	}
	return d.made.WriteTree(ctx, entries)
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
