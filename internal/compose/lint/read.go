package lint

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
	"unicode/utf8"

	"github.com/tp0-lab/composer/internal/compose/yamltree"
)

// MaxFile is how many bytes a file may have. Compose itself gives up at 100,000
// values, which is about a quarter of that.
const MaxFile = 4 << 20

// Read returns the text of a file, or an error that does not name it.
// A pipe is read to its end, if somebody has it open to write.
func Read(name string) ([]byte, error) {
	// Non-blocking: opening a pipe would wait for a writer.
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, cause(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, cause(err)
	}
	mode := info.Mode()
	switch {
	case mode.IsDir():
		return nil, errors.New("is a directory, not a Compose file")
	case !mode.IsRegular() && mode&fs.ModeNamedPipe == 0:
		return nil, errors.New("is a device or a socket, not a Compose file")
	case mode.IsRegular() && info.Size() > MaxFile:
		return nil, tooLarge(info.Size())
	}
	text, err := ReadFrom(f)
	if err == nil && len(text) == 0 && !mode.IsRegular() {
		return nil, errors.New("is a pipe that nobody writes to")
	}
	return text, err
}

// ReadFrom returns what r has, up to MaxFile bytes.
func ReadFrom(r io.Reader) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(r, MaxFile+1))
	if err != nil {
		return nil, cause(err)
	}
	if len(text) > MaxFile {
		return nil, tooLarge(0)
	}
	return text, nil
}

func tooLarge(size int64) error {
	if size == 0 {
		return fmt.Errorf("is larger than %d MiB, which no Compose file should be", MaxFile>>20)
	}
	return fmt.Errorf("has %d MiB, and a Compose file should have at most %d", size>>20, MaxFile>>20)
}

// cause leaves out what was done to which file.
func cause(err error) error {
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		err = path.Err
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return err // as all commands say it
	case errors.Is(err, syscall.ELOOP):
		return errors.New("is a symbolic link that leads to itself")
	}
	return fmt.Errorf("cannot be read: %w", err)
}

// notText returns where a text stops being one.
func notText(text []byte) (line, column int, ok bool) {
	at := bytes.IndexByte(text, 0)
	if at < 0 && utf8.Valid(text) {
		return 0, 0, false
	}
	if at < 0 {
		at = len(text)
	}
	for i := 0; i < at; {
		r, size := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && size == 1 {
			at = i
		}
		i += size
	}
	line, column = yamltree.Place(text, at)
	return line, column, true
}
