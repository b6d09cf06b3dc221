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

// file is the part of *os.File that the store needs. Tests replace it with a file that fails.
type file interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	Truncate(size int64) error
	Sync() error
}

// diskFile is an *os.File with the quickest Sync that survives a power failure.
type diskFile struct{ *os.File }

// openRegular opens a regular file. Nothing else is waited for.
func openRegular(path string, flags int) (*os.File, error) {
	f, err := os.OpenFile(path, flags|syscall.O_NONBLOCK, 0o644)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is no regular file", path)
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

// sameFile returns an error unless both are the same file.
func sameFile(f, g *os.File) error {
	a, err := f.Stat()
	if err != nil {
		return err
	}
	b, err := g.Stat()
	if err == nil && !os.SameFile(a, b) {
		err = fmt.Errorf("%s is another file now", f.Name())
	}
	return err
}

// lock locks the file for this process until f is closed. The error is ErrLocked if another process has it: two
// centrals would overwrite each other's bets.
func lock(f *os.File) error {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return fmt.Errorf("%w: %s", ErrLocked, f.Name())
	}
	return os.NewSyscallError("flock", err)
}

// syncDirectory syncs the directory of path, so that a new file in it survives a power failure.
func syncDirectory(path string) error {
	d, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// readOnly reports whether the error says that a file must not be written.
func readOnly(err error) bool {
	return errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS)
}
