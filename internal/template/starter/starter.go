// Package starter writes a small bundle to begin with.
package starter

import (
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/tp0-lab/composer/internal/files"
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

// Write makes a directory with the bundle, whole or not at all. A directory that
// is there must be empty; with force it need not, files of the bundle's names are
// replaced, all or none, and those of other names stay.
func Write(dir string, force bool) error {
	entries, err := os.ReadDir(dir)
	there := err == nil
	switch {
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("init: %w", err)
	case len(entries) > 0 && !force:
		return fmt.Errorf("init: %s is %w", dir, ErrNotEmpty)
	case there:
		err = replace(dir)
	default:
		err = create(dir)
	}
	if err != nil {
		return fmt.Errorf("init: %w", err)
	}
	return nil
}

// create makes a directory beside the one that is wanted, and renames it.
func create(dir string) (err error) {
	parent := filepath.Dir(filepath.Clean(dir))
	made, err := os.MkdirTemp(parent, ".composer-init-*")
	if err != nil {
		return withoutName(err, parent)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(made)) }()
	inner := filepath.Join(made, "bundle") // whose mode is what the umask says
	if err := os.CopyFS(inner, FS()); err != nil {
		return err
	}
	if err := os.Rename(inner, dir); err != nil {
		return fmt.Errorf("%s: %w", dir, withoutName(err, dir))
	}
	return nil
}

// replace writes all files into a directory that is there.
func replace(dir string) error {
	files := files.Set{Contained: true}
	defer files.Discard()
	err := fs.WalkDir(FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(FS(), name)
		if err != nil {
			return err
		}
		return files.Add(filepath.Join(dir, name), func(w io.Writer) error {
			_, err := w.Write(text)
			return err
		})
	})
	if err != nil {
		return err
	}
	_, err = files.Commit()
	return err
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
