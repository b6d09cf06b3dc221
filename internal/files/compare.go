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

// States.
const (
	Current State = iota // it has the content
	Outdated
	Missing
)

// Compare tells whether WriteFrom would change path, and writes nothing. Both
// contents are read as write makes them, whatever their length. An error of write
// is returned as it is.
func Compare(path string, write func(io.Writer) error) (State, error) {
	f, err := openFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		// What cannot be made is an error all the same.
		return Missing, write(io.Discard)
	}
	if err != nil {
		return Outdated, comparing(path, err)
	}
	defer f.Close()
	c := &comparer{file: f}
	if err := write(c); err != nil && !c.differs && c.err == nil {
		return Outdated, err
	}
	switch {
	case c.err != nil:
		return Outdated, comparing(path, c.err)
	case c.differs || c.more():
		return Outdated, nil
	default:
		return Current, nil
	}
}

func comparing(path string, err error) error { return fmt.Errorf("compare %s: %w", path, Cause(err)) }

// openFile opens a regular file. Its error is fs.ErrNotExist if there is none,
// but for one whose directory is missing.
func openFile(path string) (*os.File, error) {
	target, err := resolve(path)
	if err != nil {
		return nil, errors.New(err.Error()) // and not that the file is missing
	}
	info, err := os.Stat(target) // before it is opened: a pipe would wait for a writer
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, ErrDirectory
	case !info.Mode().IsRegular():
		return nil, errors.New("it is not a regular file")
	}
	return os.Open(target)
}

// comparer compares what is written to it with a file.
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

// errDiffers ends a write of which enough is known.
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
