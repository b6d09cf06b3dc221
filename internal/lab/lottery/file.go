package lottery

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
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

// readOnly reports whether the error says that a file must not be written.
func readOnly(err error) bool {
	return errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS)
}
