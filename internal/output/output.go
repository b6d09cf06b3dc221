// Package output replaces files as wholes.
package output

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"
)

// WriteFile makes path hold content and says whether that changed it.
//
// The content goes to a temporary file beside path, which is synced and
// renamed: at every moment, and after any failure, path holds its old content or the new
// one whole. A file that holds content already is not touched. A symbolic link
// stays one, and its target is replaced. What is neither a file nor absent
// (a pipe, /dev/stdout) is written to; a directory is an error.
func WriteFile(path string, content []byte) (changed bool, err error) {
	target, err := filepath.EvalSymlinks(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		target = path
	case err != nil:
		return false, fmt.Errorf("write %s: %w", path, cause(err))
	}
	info, err := os.Stat(target)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return false, fmt.Errorf("write %s: %w", path, cause(err))
	case info.IsDir():
		return false, fmt.Errorf("write %s: it is a directory", path)
	case !info.Mode().IsRegular():
		return true, writeStream(path, content)
	case info.Size() == int64(len(content)):
		if old, err := os.ReadFile(target); err == nil && bytes.Equal(old, content) {
			return false, nil
		}
	}
	err = renameio.WriteFile(target, content, 0o644, renameio.WithExistingPermissions(), renameio.WithTempDir(filepath.Dir(target)))
	if err != nil {
		return false, fmt.Errorf("write %s: %w", path, cause(err))
	}
	// The rename itself is durable once the directory is.
	if dir, err := os.Open(filepath.Dir(target)); err == nil {
		_ = dir.Sync()
		_ = dir.Close()
	}
	return true, nil
}

func writeStream(path string, content []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, cause(err))
	}
	_, err = f.Write(content)
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", path, cause(err))
	}
	return nil
}

// cause takes the name of a temporary file out of a message: nobody knows it.
func cause(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}
