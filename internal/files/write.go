// Package files reads files with a bound, and replaces files as wholes.
package files

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// WriteFile makes the file at path hold content, and reports whether that changed the file.
//
// The content goes to a temporary file in the same directory, which is synced and renamed. So after any failure the
// file has its old content or the new one whole. A file that has the content already is not touched. A new file gets
// mode 0666 less the umask; an old file keeps its mode. Symbolic links stay: the file that they lead to is written. A
// pipe or a device is written to in place; a directory is an error.
func WriteFile(path string, content []byte) (changed bool, err error) {
	write := func(w io.Writer) error {
		_, err := w.Write(content)
		return err
	}
	if state, err := Compare(path, write); err == nil && state == Current {
		return false, nil
	}
	return WriteFrom(path, write)
}

// WriteFrom is WriteFile for content of any length, which write writes. Errors of write's own pass through unchanged;
// then the file keeps its old content.
func WriteFrom(path string, write func(io.Writer) error) (changed bool, err error) {
	if target, err := resolve(path); err == nil && isStream(target) {
		return true, writeStream(path, target, write)
	}
	var set Set
	defer set.Discard()
	if err := set.Add(path, write); err != nil {
		return false, err
	}
	written, err := set.Commit()
	return len(written) > 0, err
}

// fill calls write with w. An error of w gets path's name, any other error of write passes through unchanged.
func fill(path string, w io.Writer, write func(io.Writer) error) error {
	out := &errorKeeper{Writer: w}
	err := write(out)
	if out.err != nil {
		return writeError(path, out.err)
	}
	return err
}

// errorKeeper keeps the last error of a writer.
type errorKeeper struct {
	io.Writer
	err error
}

func (k *errorKeeper) Write(p []byte) (int, error) {
	n, err := k.Writer.Write(p)
	if err != nil {
		k.err = err
	}
	return n, err
}

func writeError(path string, err error) error { return fmt.Errorf("write %s: %w", path, Cause(err)) }

// isStream reports whether path is a pipe, a device or a socket.
func isStream(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.Mode().IsRegular() && !info.IsDir()
}

func writeStream(path, target string, write func(io.Writer) error) error {
	// Non-blocking: a pipe that nobody reads is an error, not a wait without end.
	f, err := os.OpenFile(target, os.O_WRONLY|syscall.O_NONBLOCK, 0)
	if errors.Is(err, syscall.ENXIO) {
		err = errors.New("nobody reads from it")
	}
	if err != nil {
		return writeError(path, err)
	}
	defer f.Close()
	return fill(path, f, write)
}

// maxLinks is how many symbolic links resolve follows, as many as Linux does.
const maxLinks = 40

// resolve follows symbolic links to the name of a file that need not exist, in a directory whose name has no
// links.
func resolve(path string) (string, error) {
	for range maxLinks {
		// The file that /dev/stdout leads to may have no name, so a stream keeps its own.
		if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
			return path, nil
		}
		dir, name := filepath.Split(path)
		if name == "" {
			return path, nil
		}
		// The directory first: the meaning of .. depends on its links.
		resolved, err := filepath.EvalSymlinks(cmp.Or(dir, "."))
		if errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("there is no directory %s: make it first", filepath.Clean(dir))
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
