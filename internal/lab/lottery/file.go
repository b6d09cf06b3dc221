package lottery

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// file is what the store needs of an *os.File; tests put one that fails in its
// place.
type file interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	Truncate(size int64) error
	Sync() error
}

// diskFile is an *os.File whose Sync makes what was written last, on a disk that
// loses its power.
type diskFile struct{ *os.File }

// lock makes this process the only one that has the file: a second central on
// the same file would overwrite what the first one writes.
func lock(f *os.File) error {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return fmt.Errorf("%w: %s", ErrLocked, f.Name())
	}
	return os.NewSyscallError("flock", err)
}

// syncDirectory makes a file that was just made in it outlast a power failure.
func syncDirectory(path string) error {
	d, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// readOnly tells whether the error says that a file cannot be written to.
func readOnly(err error) bool {
	return errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS)
}
