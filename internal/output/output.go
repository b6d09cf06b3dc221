// Package output replaces files as wholes.
package output

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/google/renameio/v2"
)

// WriteFile makes path hold content and says whether that changed it.
//
// The content goes to a temporary file in path's directory, which is synced and
// renamed: at every moment, and after any failure, path holds its old content
// or the new one whole. A file that holds content already is not touched. A new
// file gets mode 0666 less the umask, an old one keeps its mode. A symbolic link
// stays one, and what it points to is written. What is neither a file nor absent
// (a pipe, a terminal) is written to as it is; a directory is an error.
func WriteFile(path string, content []byte) (changed bool, err error) {
	changed, err = writeFile(path, content)
	if err != nil {
		return false, fmt.Errorf("write %s: %w", path, cause(err))
	}
	return changed, nil
}

func writeFile(path string, content []byte) (changed bool, err error) {
	target, err := resolve(path)
	if err != nil {
		return false, err
	}
	info, err := os.Stat(target)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return false, err
	case info.IsDir():
		return false, errors.New("it is a directory")
	case !info.Mode().IsRegular():
		return true, writeStream(target, content)
	case info.Size() == int64(len(content)):
		if old, err := os.ReadFile(target); err == nil && bytes.Equal(old, content) {
			return false, nil
		}
	}
	if err := renameio.WriteFile(target, content, 0o666, renameio.WithTempDir(filepath.Dir(target))); err != nil {
		return false, err
	}
	// The rename itself is durable once the directory is.
	if dir, err := os.Open(filepath.Dir(target)); err == nil {
		_ = dir.Sync()
		_ = dir.Close()
	}
	return true, nil
}

// resolve follows symbolic links to the name of a file that need not be there,
// in a directory whose name has no links.
func resolve(path string) (string, error) {
	for range 40 { // as many as Linux follows
		// What /dev/stdout leads to may have no name, so that goes by its own.
		if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
			return path, nil
		}
		dir, name := filepath.Split(path)
		if name == "" {
			return path, nil
		}
		// The directory first: what .. means depends on its links.
		resolved, err := filepath.EvalSymlinks(cmp.Or(dir, "."))
		if errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("there is no directory %s", filepath.Clean(dir))
		}
		if err != nil {
			return "", err
		}
		path = filepath.Join(resolved, name)
		link, err := os.Readlink(path)
		if err != nil {
			return path, nil
		}
		if path = link; !filepath.IsAbs(link) {
			path = resolved + string(filepath.Separator) + link
		}
	}
	return "", errors.New("too many symbolic links")
}

func writeStream(path string, content []byte) error {
	// Non-blocking: a pipe that nobody reads is an error, not a wait without end.
	f, err := os.OpenFile(path, os.O_WRONLY|syscall.O_NONBLOCK, 0)
	if errors.Is(err, syscall.ENXIO) {
		return errors.New("nobody reads from it")
	}
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Close())
}

// cause takes the names of files out of a message: the caller's is said
// already, and nobody knows the temporary one.
func cause(err error) error {
	var (
		path *fs.PathError
		link *os.LinkError
	)
	switch {
	case errors.As(err, &path):
		return path.Err
	case errors.As(err, &link):
		return link.Err
	default:
		return err
	}
}
