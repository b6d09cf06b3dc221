package dataset

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// staging writes a set of files beside the places they are for and then puts
// all of them there, or none. It has one owner, who calls discard in the end.
type staging struct {
	files  []staged
	rename func(from, to string) error
}

type staged struct {
	path     string
	temp     string // where its content is, until it replaces what is at path
	backup   string // where what was at path is kept; "" if nothing was
	replaced bool
}

func newStaging() *staging { return &staging{rename: os.Rename} }

// add writes one file through fill. It refuses a path that is taken by
// something which a rename could not or must not replace.
func (s *staging) add(path string, fill func(io.Writer) error) (err error) {
	if err := replaceable(path); err != nil {
		return err
	}
	dir, base := filepath.Split(path)
	f, err := os.CreateTemp(filepath.Clean(dir), ".tmp-*-"+base)
	if err != nil {
		return err
	}
	s.files = append(s.files, staged{path: path, temp: f.Name()})
	defer func() {
		if closeErr := f.Close(); err == nil {
			err = closeErr
		}
	}()
	if err := fill(f); err != nil {
		return err
	}
	if err := f.Chmod(0o644); err != nil {
		return err
	}
	return f.Sync()
}

func replaceable(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.IsDir():
		return fmt.Errorf("%s is a directory (Docker makes one where it mounts a file that is missing): remove it", path)
	case !info.Mode().IsRegular() && info.Mode().Type() != fs.ModeSymlink:
		return fmt.Errorf("%s is not a regular file", path)
	}
	return nil
}

// commit puts the files in their places, marks those as replaced whose content
// changed, and leaves the others untouched, times and all. At an error
// everything is put back as it was.
func (s *staging) commit() error {
	for i := range s.files {
		err := s.put(&s.files[i])
		if err == nil {
			continue
		}
		for ; i >= 0; i-- {
			err = errors.Join(err, s.putBack(&s.files[i]))
		}
		return err
	}
	return nil
}

func (s *staging) put(f *staged) error {
	same, err := sameContent(f.temp, f.path)
	if err != nil || same {
		return err
	}
	if err := s.backUp(f); err != nil {
		return err
	}
	if err := s.rename(f.temp, f.path); err != nil {
		return err
	}
	f.replaced = true
	return nil
}

// backUp keeps what is at the path under a second name. Where there are no
// hard links, or not to other people's files, the path is free for a moment.
func (s *staging) backUp(f *staged) error {
	backup := f.temp + ".old"
	err := os.Link(f.path, backup)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		err = os.Rename(f.path, backup)
	}
	if err == nil {
		f.backup = backup
	}
	return err
}

func (s *staging) putBack(f *staged) error {
	switch {
	case f.backup != "":
		if err := os.Rename(f.backup, f.path); err != nil {
			backup := f.backup
			f.backup = "" // the only copy now: discard must not remove it
			return fmt.Errorf("what was at %s is in %s now: %w", f.path, backup, err)
		}
	case f.replaced:
		return os.Remove(f.path)
	}
	return nil // never got there
}

// discard removes what is left beside the places, after commit or instead of it.
func (s *staging) discard() {
	for _, f := range s.files {
		_ = os.Remove(f.temp) // gone already, or nothing more can be done about it
		if f.backup != "" {
			_ = os.Remove(f.backup)
		}
	}
	s.files = nil
}

// sameContent tells whether a regular file at path, or where a link at path
// leads, already holds what temp holds.
func sameContent(temp, path string) (bool, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if !info.Mode().IsRegular() {
		return false, nil
	}
	now, err := os.Open(path)
	if errors.Is(err, fs.ErrPermission) {
		return false, nil // it may still be replaced
	}
	if err != nil {
		return false, err
	}
	defer now.Close()
	next, err := os.Open(temp)
	if err != nil {
		return false, err
	}
	defer next.Close()
	if size, err := next.Stat(); err != nil || size.Size() != info.Size() {
		return false, err
	}
	a, b := make([]byte, block), make([]byte, block)
	for {
		n, errA := io.ReadFull(now, a)
		m, errB := io.ReadFull(next, b)
		if !bytes.Equal(a[:n], b[:m]) {
			return false, nil
		}
		for _, err := range []error{errA, errB} {
			if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
				return false, err
			}
		}
		if errA != nil {
			return true, nil
		}
	}
}
