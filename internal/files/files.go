// Package files replaces files as wholes.
package files

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
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
	if target, err := resolve(path); err == nil && holds(target, content) {
		return false, nil
	}
	return WriteFrom(path, func(w io.Writer) error {
		_, err := w.Write(content)
		return err
	})
}

// holds reports whether the file called path holds content.
func holds(path string, content []byte) bool {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() || info.Size() != int64(len(content)) {
		return false
	}
	old, err := os.ReadFile(path)
	return err == nil && bytes.Equal(old, content)
}

// WriteFrom is WriteFile for a content that write makes, of any length: it is
// written to the temporary file as it is made, and compared with the old one
// there. An error of write is returned as it is.
func WriteFrom(path string, write func(io.Writer) error) (changed bool, err error) {
	if target, err := resolve(path); err == nil && isStream(target) {
		return true, said(path, write, func(write func(io.Writer) error) error { return writeStream(target, write) })
	}
	var one Set
	defer one.Discard()
	if err := one.Add(path, write); err != nil {
		return false, err
	}
	written, err := one.Commit()
	return len(written) > 0, err
}

// said calls do with write. An error of write is returned as it is, any other
// says that path was to be written.
func said(path string, write func(io.Writer) error, do func(write func(io.Writer) error) error) error {
	var failed error // of write, which has its own words
	err := do(func(w io.Writer) error {
		failed = write(w)
		return failed
	})
	switch {
	case err == nil:
		return nil
	case failed != nil && errors.Is(err, failed) && !errors.As(failed, new(*fs.PathError)):
		return failed
	default:
		return writing(path, err)
	}
}

func writing(path string, err error) error { return fmt.Errorf("write %s: %w", path, Cause(err)) }

// isStream reports whether path is something that is neither a file nor a directory.
func isStream(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.Mode().IsRegular() && !info.IsDir()
}

func writeStream(path string, write func(io.Writer) error) error {
	f, err := openStream(path)
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}

// same reports whether the file called path has the content of f.
func same(f *os.File, path string) bool {
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return false
	}
	old, err := os.Open(path)
	if err != nil {
		return false
	}
	defer old.Close()
	size := func(f *os.File) int64 {
		info, err := f.Stat()
		if err != nil {
			return -1
		}
		return info.Size()
	}
	length := size(f)
	if length < 0 || length != size(old) {
		return false
	}
	var a, b [32 << 10]byte
	for at := int64(0); at < length; at += int64(len(a)) {
		n, err := f.ReadAt(a[:], at)
		if err != nil && !errors.Is(err, io.EOF) {
			return false
		}
		if m, err := old.ReadAt(b[:], at); err != nil && !errors.Is(err, io.EOF) || !bytes.Equal(a[:n], b[:m]) {
			return false
		}
	}
	return true
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

// openStream opens what is neither a file nor a directory.
func openStream(path string) (*os.File, error) {
	// Non-blocking: a pipe that nobody reads is an error, not a wait without end.
	f, err := os.OpenFile(path, os.O_WRONLY|syscall.O_NONBLOCK, 0)
	if errors.Is(err, syscall.ENXIO) {
		return nil, errors.New("nobody reads from it")
	}
	return f, err
}
