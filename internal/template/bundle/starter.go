package bundle

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

//go:embed starter
var starter embed.FS

// StarterFS returns the files of a small bundle to begin with.
func StarterFS() fs.FS {
	sub, err := fs.Sub(starter, "starter")
	if err != nil {
		panic(err) // the name is a constant
	}
	return sub
}

// ErrNotEmpty is wrapped by the error of WriteFiles for a directory that is not empty.
var ErrNotEmpty = errors.New("not empty")

// WriteFiles writes the files of a bundle into dir, all or none. It makes dir if dir is missing. An existing dir must be
// empty unless force is set: then WriteFiles replaces files of the same names and keeps all others.
func WriteFiles(dir string, contents fs.FS, force bool) error {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		err = create(dir, contents)
	case err == nil && len(entries) > 0 && !force:
		err = fmt.Errorf("%s is %w", dir, ErrNotEmpty)
	case err == nil:
		err = replace(dir, contents)
	}
	if err != nil {
		return fmt.Errorf("init: %w", err)
	}
	return nil
}

// create writes a bundle into a temporary directory beside dir, and renames it to dir.
func create(dir string, contents fs.FS) (err error) {
	parent := filepath.Dir(filepath.Clean(dir))
	temp, err := os.MkdirTemp(parent, ".composer-init-*")
	if err != nil {
		return fmt.Errorf("make %s in %s: %w", filepath.Base(dir), parent, files.Cause(err))
	}
	defer func() { err = errors.Join(err, files.RemoveAll(temp)) }()
	inner := filepath.Join(temp, "bundle") // MkdirTemp gives mode 0700; inner gets the mode of the umask
	if err := os.CopyFS(inner, contents); err != nil {
		return err
	}
	if err := os.Rename(inner, dir); err != nil {
		return fmt.Errorf("%s: %w", dir, files.Cause(err))
	}
	return nil
}

// replace writes all files of a bundle into an existing directory.
func replace(dir string, contents fs.FS) error {
	set := files.Set{Contained: true}
	defer set.Discard()
	err := fs.WalkDir(contents, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := fs.ReadFile(contents, name)
		if err != nil {
			return err
		}
		return set.Add(filepath.Join(dir, name), func(w io.Writer) error {
			_, err := w.Write(content)
			return err
		})
	})
	if err != nil {
		return err
	}
	_, err = set.Commit()
	return err
}
