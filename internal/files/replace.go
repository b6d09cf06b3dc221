package files

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// pending is a new content beside the file that it will replace.
type pending struct {
	*os.File
	gone   bool // renamed or removed
	closed bool
}

// newPending creates a file in the directory of target. mode 0 gives it that of a new file: 0666 less the umask.
func newPending(target string, mode fs.FileMode) (*pending, error) {
	const attempts = 10_000
	var err error
	for range attempts {
		name := filepath.Join(filepath.Dir(target), fmt.Sprintf(".%s%d", filepath.Base(target), rand.Uint64()))
		var f *os.File
		f, err = os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, cmp.Or(mode.Perm(), 0o666))
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		p := &pending{File: f}
		if mode != 0 {
			if err := f.Chmod(mode.Perm()); err != nil {
				p.cleanUp()
				return nil, err
			}
		}
		return p, nil
	}
	return nil, err
}

// finish syncs and closes the file, so that a set of many files has few of them open.
func (p *pending) finish() error {
	if p.closed {
		return nil
	}
	p.closed = true
	return errors.Join(p.Sync(), p.Close())
}

// replace finishes the file, and gives it the name target, in one step that nobody sees half of: rename(2), or MoveFileEx
// on Windows.
func (p *pending) replace(target string) error {
	if err := p.finish(); err != nil {
		return err
	}
	if err := os.Rename(p.Name(), target); err != nil {
		return err
	}
	p.gone = true
	return nil
}

// cleanUp removes the file, unless it has its new name already.
func (p *pending) cleanUp() {
	if p.gone {
		return
	}
	p.gone = true
	_ = p.Close() // closed already, or nothing depends on it
	_ = os.Remove(p.Name())
}
