package files

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// ErrDirectory is wrapped by errors about a directory in place of a file.
var ErrDirectory = errors.New("it is a directory")

// ErrTooLarge is the error that errors.Is finds in errors about content over the limit.
var ErrTooLarge = errors.New("it is too large")

var errLoop = errors.New("it is a symbolic link that leads to itself")

// tooLarge is the limit in bytes that a content exceeds.
type tooLarge int64

func (t tooLarge) Error() string { return "it is larger than " + size(int64(t)) }

func (t tooLarge) Is(target error) bool { return target == ErrTooLarge }

// Read returns the content of a file, a pipe or a device that a user names, at most limit bytes of it. Links are
// followed. It fails for a directory, a socket, longer content, and a pipe that nobody writes to. It waits for a pipe
// that somebody writes to, such as a shell's <(command), until its end.
//
// Its errors are *fs.PathError, so they name path: "read PATH: it is larger than 4 MiB". Cause takes the
// name away. errors.Is finds fs.ErrNotExist, ErrDirectory and ErrTooLarge.
func Read(path string, limit int64) ([]byte, error) {
	f, err := OpenInput(path)
	if err != nil {
		return nil, readError(path, err)
	}
	defer f.Close()
	return readOpen(f.File, f, path, limit)
}

// Input is an open file, pipe or device that a user named.
type Input struct {
	*os.File
	pipe bool // nothing came out of it yet
}

// OpenInput opens a file, a pipe or a device. Its errors are *fs.PathError, and wrap ErrDirectory for a directory and
// ErrNotRegular for a socket. A pipe that nobody writes to is an error of Input.Read. The caller closes the Input.
func OpenInput(path string) (*Input, error) {
	// Non-blocking: opening a pipe would wait for a writer.
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if errors.Is(err, syscall.ENXIO) {
		err = ErrNotRegular // a socket
	}
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: Cause(err)}
	}
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = ErrDirectory
	}
	if err != nil {
		_ = f.Close()
		return nil, &fs.PathError{Op: "open", Path: path, Err: Cause(err)}
	}
	return &Input{f, info.Mode()&fs.ModeNamedPipe != 0}, nil
}

// Read implements io.Reader.
func (i *Input) Read(b []byte) (int, error) {
	n, err := i.File.Read(b)
	if n == 0 && i.pipe && errors.Is(err, io.EOF) {
		err = errors.New("it is a pipe that nobody writes to")
	}
	i.pipe = i.pipe && n == 0
	return n, err
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

// ReadOperand reads the file called name by Read or, for the name "-", stdin by ReadFrom. shown is the name for
// messages: name, or "stdin".
func ReadOperand(name string, stdin io.Reader, limit int64) (content []byte, shown string, err error) {
	if name == "-" {
		content, err = ReadFrom(stdin, "stdin", limit)
		return content, "stdin", err
	}
	content, err = Read(name, limit)
	return content, name, err
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
		return errLoop
	}
	return err
}
