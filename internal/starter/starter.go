// Package starter writes a small bundle to begin with.
package starter

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

//go:embed bundle
var embedded embed.FS

// FS returns the files of the bundle.
func FS() fs.FS {
	sub, err := fs.Sub(embedded, "bundle")
	if err != nil {
		panic(err) // the name is a constant
	}
	return sub
}

// ErrNotEmpty is wrapped by the error of Write for a directory that has
// something in it.
var ErrNotEmpty = errors.New("not empty")

// Write makes a directory with the bundle, whole or not at all: its files are
// written to a temporary directory first, and moved when all are there. A
// directory that is there must be empty; with force it need not, and files of
// other names stay.
func Write(dir string, force bool) (err error) {
	entries, err := os.ReadDir(dir)
	there := err == nil
	switch {
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("init: %w", err)
	case len(entries) > 0 && !force:
		return fmt.Errorf("init: %s is %w", dir, ErrNotEmpty)
	}
	parent := filepath.Dir(filepath.Clean(dir))
	if there {
		parent = dir
	}
	made, err := os.MkdirTemp(parent, ".composer-init-*")
	if err != nil {
		return fmt.Errorf("init: %w", withoutName(err, parent))
	}
	defer func() { err = errors.Join(err, os.RemoveAll(made)) }()
	if err := os.CopyFS(made, FS()); err != nil {
		return fmt.Errorf("init: %w", err)
	}
	if there {
		return replace(made, dir)
	}
	if err := os.Chmod(made, 0o755); err != nil {
		return fmt.Errorf("init: %w", err)
	}
	if err := os.Rename(made, dir); err != nil {
		return fmt.Errorf("init: %s: %w", dir, withoutName(err, dir))
	}
	return nil
}

// replace moves all files of made into dir, if no directory is in their way.
func replace(made, dir string) error {
	files, err := os.ReadDir(made)
	if err != nil {
		return fmt.Errorf("init: %w", err)
	}
	for _, f := range files {
		path := filepath.Join(dir, f.Name())
		if info, err := os.Lstat(path); err == nil && info.IsDir() {
			return fmt.Errorf("init: %s: it is a directory", path)
		}
	}
	for _, f := range files {
		if err := os.Rename(filepath.Join(made, f.Name()), filepath.Join(dir, f.Name())); err != nil {
			return fmt.Errorf("init: %w", err)
		}
	}
	return nil
}

// withoutName takes temporary names out of an error.
func withoutName(err error, name string) error {
	if e, ok := errors.AsType[*os.LinkError](err); ok {
		return e.Err
	}
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return fmt.Errorf("%s: %w", name, e.Err)
	}
	return err
}
