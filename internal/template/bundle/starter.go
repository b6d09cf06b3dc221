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

// StarterFS returns the files of the bundle that WriteStarter writes.
func StarterFS() fs.FS {
	sub, err := fs.Sub(starter, "starter")
	if err != nil {
		panic(err) // the name is a constant
	}
	return sub
}

// ErrNotEmpty is wrapped by the error of WriteStarter for a directory that is not empty.
var ErrNotEmpty = errors.New("not empty")

// WriteStarter writes a small bundle into dir, all files or none. It makes dir if dir is missing. An existing dir
// must be empty unless force is set: then WriteStarter replaces files of the same names and keeps all others.
func WriteStarter(dir string, force bool) error {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		err = createStarter(dir)
	case err == nil && len(entries) > 0 && !force:
		err = fmt.Errorf("%s is %w", dir, ErrNotEmpty)
	case err == nil:
		err = replaceStarter(dir)
	}
	if err != nil {
		return fmt.Errorf("init: %w", err)
	}
	return nil
}

// createStarter writes the bundle into a temporary directory beside dir, and renames it to dir.
func createStarter(dir string) (err error) {
	parent := filepath.Dir(filepath.Clean(dir))
	temp, err := os.MkdirTemp(parent, ".composer-init-*")
	if err != nil {
		return fmt.Errorf("%s: %w", parent, files.Cause(err))
	}
	defer func() { err = errors.Join(err, files.RemoveAll(temp)) }()
	inner := filepath.Join(temp, "bundle") // MkdirTemp gives mode 0700; inner gets the mode of the umask
	if err := os.CopyFS(inner, StarterFS()); err != nil {
		return err
	}
	if err := os.Rename(inner, dir); err != nil {
		return fmt.Errorf("%s: %w", dir, files.Cause(err))
	}
	return nil
}

// replaceStarter writes all files of the bundle into an existing directory.
func replaceStarter(dir string) error {
	set := files.Set{Contained: true}
	defer set.Discard()
	err := fs.WalkDir(StarterFS(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := fs.ReadFile(StarterFS(), name)
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
