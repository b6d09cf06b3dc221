package files

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// ErrDirectory is wrapped by the error of Read for a directory.
var ErrDirectory = errors.New("it is a directory")

// ErrTooLarge is matched by the error of Read and ReadFrom for a content over the limit.
var ErrTooLarge = errors.New("it is too large")

// tooLarge is the limit in bytes that a content exceeds.
type tooLarge int64

func (t tooLarge) Error() string { return "it is larger than " + size(int64(t)) }

func (t tooLarge) Is(target error) bool { return target == ErrTooLarge }

// Read returns the content of a file, a pipe or a device, at most limit bytes of it. Links are followed.
// It fails for a directory, for a longer content, and for a pipe that nobody writes to.
//
// Its errors are *fs.PathError, so they name path: "read PATH: it is larger than 4 MiB". Cause takes the
// name away. errors.Is finds fs.ErrNotExist, ErrDirectory and ErrTooLarge.
func Read(path string, limit int64) ([]byte, error) {
	// Non-blocking: opening a pipe would wait for a writer.
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, readError(path, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, readError(path, err)
	}
	if info.IsDir() {
		return nil, readError(path, ErrDirectory)
	}
	content, err := ReadFrom(f, path, limit)
	if err == nil && len(content) == 0 && info.Mode()&fs.ModeNamedPipe != 0 {
		return nil, readError(path, errors.New("it is a pipe that nobody writes to"))
	}
	return content, err
}

// ReadFrom returns what r reads up to its end, at most limit bytes. Its errors are like those of Read: name
// stands in them, such as "stdin".
func ReadFrom(r io.Reader, name string, limit int64) ([]byte, error) {
	content, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, readError(name, err)
	}
	if int64(len(content)) > limit {
		return nil, readError(name, tooLarge(limit))
	}
	return content, nil
}

func readError(name string, err error) error {
	return &fs.PathError{Op: "read", Path: name, Err: Cause(err)}
}

func size(bytes int64) string {
	if bytes >= 1<<20 {
		return fmt.Sprintf("%d MiB", bytes>>20)
	}
	return fmt.Sprintf("%d bytes", bytes)
}

// Cause returns the error inside the first *fs.PathError or *os.LinkError of err: what went wrong, without
// the operation and the names of files. It returns any other error as it is.
func Cause(err error) error {
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		err = path.Err
	} else if link, ok := errors.AsType[*os.LinkError](err); ok {
		err = link.Err
	}
	if errors.Is(err, syscall.ELOOP) {
		return errors.New("it is a symbolic link that leads to itself")
	}
	return err
}
