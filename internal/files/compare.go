package files

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// State is how a file compares with a content.
type State int

// States of a file.
const (
	Current  State = iota // the file has the content
	Outdated              // the file has another content
	Missing               // there is no file
)

// Compare reports whether WriteFrom would change the file at path, and writes nothing. Compare compares the file with
// the new content while write writes it, so it keeps neither in memory. Errors of write's own pass through unchanged.
func Compare(path string, write func(io.Writer) error) (State, error) {
	target, err := resolve(path) // fs.ErrNotExist only if its directory exists
	var f *os.File
	if err == nil {
		f, err = Open(target, os.O_RDONLY)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return Missing, write(io.Discard) // which may fail, too
	}
	if err != nil {
		return Outdated, compareError(path, err)
	}
	defer f.Close()
	c := &comparer{file: f}
	err = write(c)
	switch {
	case c.err != nil:
		return Outdated, compareError(path, c.err)
	case err != nil && !c.differs:
		return Outdated, err
	case c.differs || c.more():
		return Outdated, nil
	}
	return Current, nil
}

func compareError(path string, err error) error {
	return fmt.Errorf("compare %s: %w", path, Cause(err))
}

// comparer compares the bytes that are written to it with those of a file.
type comparer struct {
	file    io.Reader
	buffer  []byte
	differs bool
	err     error // of reading the file
}

// more reports whether the file goes on.
func (c *comparer) more() bool {
	n, _ := c.file.Read(make([]byte, 1))
	return n > 0
}

// errDiffers makes write stop at the first difference.
var errDiffers = errors.New("the file differs")

func (c *comparer) Write(p []byte) (int, error) {
	if c.differs || c.err != nil {
		return 0, errDiffers
	}
	if cap(c.buffer) < len(p) {
		c.buffer = make([]byte, len(p))
	}
	n, err := io.ReadFull(c.file, c.buffer[:len(p)])
	switch {
	case !bytes.Equal(c.buffer[:n], p[:n]), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		c.differs = true
	case err != nil:
		c.err = err
	default:
		return len(p), nil
	}
	return 0, errDiffers
}
