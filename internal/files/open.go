package files

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// ErrNotRegular is wrapped by the errors of Open, OpenIn, ReadRegular and ReadIn for a pipe, a socket or a device, and
// by those of Read and OpenInput for a socket.
var ErrNotRegular = errors.New("it is not a regular file")

// Open opens a regular file as os.OpenFile does; a file that it creates has mode 0644 less the umask. It never waits:
// a directory, a pipe, a socket or a device is an error at once, ErrDirectory or ErrNotRegular. Links are followed.
//
// Its errors are *fs.PathError with path. The caller closes the file.
func Open(path string, flags int) (*os.File, error) {
	return open(path, flags, os.Stat, os.OpenFile)
}

// OpenIn is Open for a name in the directory of root. A link that leads out of this directory is an error.
func OpenIn(root *os.Root, name string, flags int) (*os.File, error) {
	return open(name, flags, root.Stat, root.OpenFile)
}

func open(
	name string, flags int, stat func(string) (fs.FileInfo, error), openFile func(string, int, fs.FileMode) (*os.File, error),
) (*os.File, error) {
	refused := func(err error) error { return &fs.PathError{Op: "open", Path: name, Err: Cause(err)} }
	// Opening a device can do something, so its kind is looked at before. It is looked at again once the file is open,
	// because another file may be there by then; opening a pipe would wait for its other end without O_NONBLOCK.
	if info, err := stat(name); err == nil {
		if err := mustBeRegular(info); err != nil {
			return nil, refused(err)
		}
	}
	f, err := openFile(name, flags|syscall.O_NONBLOCK, 0o644)
	if err != nil {
		return nil, refused(err)
	}
	info, err := f.Stat()
	if err == nil {
		err = mustBeRegular(info)
	}
	if err != nil {
		_ = f.Close()
		return nil, refused(err)
	}
	return f, nil
}

// OpenRoot is os.OpenRoot, but a pipe at path is an error at once.
func OpenRoot(path string) (*os.Root, error) {
	info, err := os.Stat(path)
	if err == nil && !info.IsDir() {
		err = &fs.PathError{Op: "open", Path: path, Err: syscall.ENOTDIR}
	}
	if err != nil {
		return nil, err
	}
	return os.OpenRoot(path)
}

// NearestDirectory returns dir if it is a directory, or else the nearest existing directory above it.
func NearestDirectory(dir string) string {
	for {
		above := filepath.Dir(dir)
		if info, err := os.Stat(dir); err == nil && info.IsDir() || above == dir {
			return dir
		}
		dir = above
	}
}

// ReadRegular returns the content of a regular file, at most limit bytes. Use it for a file that another file names or
// that a program finds, and Read for a file that a user names, which may be a pipe.
//
// Its errors are those of Read, and ErrNotRegular.
func ReadRegular(path string, limit int64) ([]byte, error) {
	f, err := Open(path, os.O_RDONLY)
	if err != nil {
		return nil, readError(path, err)
	}
	defer f.Close()
	return readOpen(f, f, path, limit)
}

// ReadIn is ReadRegular for a name in the directory of root. A link that leads out of this directory is an error.
func ReadIn(root *os.Root, name string, limit int64) ([]byte, error) {
	f, err := OpenIn(root, name, os.O_RDONLY)
	if err != nil {
		return nil, readError(name, err)
	}
	defer f.Close()
	return readOpen(f, f, name, limit)
}

// readOpen reads r, which reads f. The size of a regular file says at once whether it is too large.
func readOpen(f *os.File, r io.Reader, name string, limit int64) ([]byte, error) {
	if info, err := f.Stat(); err == nil && info.Size() > limit {
		return nil, readError(name, tooLarge(limit))
	}
	return ReadFrom(r, name, limit)
}

func mustBeRegular(info fs.FileInfo) error {
	switch {
	case info.IsDir():
		return ErrDirectory
	case !info.Mode().IsRegular():
		return ErrNotRegular
	}
	return nil
}
