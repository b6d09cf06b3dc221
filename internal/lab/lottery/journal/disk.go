package journal

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// DiskFile is the part of *os.File that a File needs for writing. Tests replace it with a file that fails.
type DiskFile interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	Name() string
	Truncate(size int64) error
	Sync() error
}

// diskFile is an *os.File with the quickest Sync that survives a power failure.
type diskFile struct{ *os.File }

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
