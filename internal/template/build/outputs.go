package build

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/tp0-lab/composer/internal/files"
	"github.com/tp0-lab/composer/internal/template/bundle"
	"github.com/tp0-lab/composer/internal/template/check"
	"github.com/tp0-lab/composer/internal/template/render"
)

// outputs returns the documents of the files that are written beside the Compose file of a stage. Without a path of that
// file they are rendered and checked all the same, and their paths are relative.
func (j Job) outputs(ctx context.Context, all []*render.Output, stage string) ([]Document, error) {
	dir := filepath.Dir(j.path(stage))
	var made []Document
	for _, o := range all {
		rendered, err := o.Render(stage, render.Counted)
		if err != nil {
			return nil, err
		}
		for _, f := range rendered {
			if ctx.Err() != nil {
				return nil, interrupted(ctx, stage)
			}
			d := Document{Stage: stage, Path: filepath.Join(dir, f.Path), below: f.Path}
			d.content, d.Report, err = j.checked(ctx, o.Format, f.Bytes)
			located(d.Report, err, func(offset int) (string, error) { return o.Locate(stage, render.Counted, f, offset) })
			if err != nil {
				return nil, fmt.Errorf("%s: %w", f.Path, err)
			}
			d.Write = d.writeContent
			made = append(made, d)
		}
	}
	return made, nil
}

// checked returns the bytes of a file of a format of bundle.OutputFormats, made of what its template wrote.
func (j Job) checked(ctx context.Context, format string, rendered []byte) ([]byte, check.Report, error) {
	switch {
	case format == "json":
		content, err := check.JSON(rendered)
		return content, check.Report{}, err
	case format == "compose" && j.Validate:
		report, err := check.Document(ctx, render.Document{Bytes: rendered})
		return rendered, report, err
	case format == "yaml" && j.Validate:
		return rendered, check.Report{}, check.YAML(rendered)
	}
	return rendered, check.Report{}, nil
}

// path returns the path of the Compose file of a stage; "" is stdout.
func (j Job) path(stage string) string { return strings.ReplaceAll(j.Output, bundle.StagePart, stage) }

// ErrPath is wrapped by errors about the path of a file beside the Compose file.
var ErrPath = errors.New("path of an output")

// checkPaths refuses two documents at one path, paths that differ only in case, because macOS and Windows keep one file
// for them, and a file beside the Compose file that is reached through a symbolic link.
func checkPaths(all []Document) error {
	taken := map[string]Document{}
	for _, d := range all {
		path := strings.ToLower(filepath.Clean(d.Path))
		other, twice := taken[path]
		taken[path] = d
		switch {
		case twice && filepath.Clean(other.Path) != filepath.Clean(d.Path):
			return fmt.Errorf("%w: %s and %s differ only in case, and macOS and Windows keep one file for both; give one of them another path", ErrPath, other.Path, d.Path)
		case twice && other.Stage != d.Stage:
			return fmt.Errorf("%w: stages %s and %s both make %s; put %s into its path in %s, or render one stage", ErrPath, other.Stage, d.Stage, d.Path, bundle.StagePart, bundle.StagesFile)
		case twice:
			return fmt.Errorf("%w: %s is made twice; give one of them another path", ErrPath, d.Path)
		}
		if err := d.refuseLinks(); err != nil {
			return err
		}
	}
	return nil
}

// parents returns the folders between that of the Compose file and a document, outermost first.
func (d Document) parents() (all []string) {
	for below := filepath.Dir(d.below); below != "."; below = filepath.Dir(below) {
		all = append([]string{filepath.Join(strings.TrimSuffix(d.Path, d.below), below)}, all...)
	}
	return all
}

func (d Document) refuseLinks() error {
	if d.below == "" {
		return nil
	}
	for _, path := range append(d.parents(), d.Path) {
		info, err := os.Lstat(path)
		switch {
		case err != nil: // nothing is there yet, or writing fails with this reason
		case info.Mode().Type() == fs.ModeSymlink:
			return fmt.Errorf("%w: %s is a symbolic link, and outputs are not written through links: remove it, or change the path in %s", ErrPath, path, bundle.StagesFile)
		case path != d.Path && !info.IsDir():
			return fmt.Errorf("%w: %s is a file, and %s needs a folder there", ErrPath, path, d.Path)
		}
	}
	return nil
}

// add puts a document into a set, after the folders that it needs. It adds those to made.
func (d Document) add(set *files.Set, made *[]string) error {
	if err := d.refuseLinks(); err != nil {
		return err
	}
	for _, dir := range d.parents() {
		switch err := os.Mkdir(dir, 0o777); {
		case err == nil:
			*made = append(*made, dir)
		case !errors.Is(err, fs.ErrExist):
			return fmt.Errorf("write %s: %w", d.Path, files.Cause(err))
		}
	}
	return set.Add(d.Path, d.Write)
}

// state compares a document with its file.
func (d Document) state() (files.State, error) {
	for _, dir := range d.parents() {
		if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
			return files.Missing, nil // Write makes it
		}
	}
	return files.Compare(d.Path, d.Write)
}
