package files

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/google/renameio/v2"
)

// Set is files that are replaced together, all or none, as WriteFile replaces
// one. Their contents go to temporary files beside them, each open until the end,
// which are synced; only then are they renamed. If a rename fails, the files
// replaced so far get their old contents back. The zero Set is ready; it has one owner, who calls Discard
// in the end.
type Set struct {
	// Contained has a link in a file's place replaced, rather than what it
	// points to: nothing is written outside of the files' directories.
	Contained bool
	// Mode is that of all files written; 0 is that of WriteFile.
	Mode fs.FileMode

	files   []*staged
	taken   map[string]string                              // paths as the caller says them, by target
	replace func(f *renameio.PendingFile, to string) error // CloseAtomicallyReplace, but in tests
}

type staged struct {
	path     string                // as the caller says it
	target   string                // path without links
	temp     *renameio.PendingFile // the content until it replaces target; nil if that has it already
	backup   string                // where what was at target is kept; "" if nothing was
	replaced bool
}

// Add writes to a temporary file what path is to hold. An error of write is
// returned as it is, and path is not in the set then. What is neither a file nor
// absent cannot be in a set, nor can one file twice.
func (s *Set) Add(path string, write func(io.Writer) error) error {
	return said(path, write, func(write func(io.Writer) error) error { return s.add(path, write) })
}

func (s *Set) add(path string, write func(io.Writer) error) (err error) {
	f := &staged{path: path, target: path}
	stat := os.Lstat
	if !s.Contained {
		stat = os.Stat
		if f.target, err = resolve(path); err != nil {
			return err
		}
	}
	if other, ok := s.taken[f.target]; ok {
		return fmt.Errorf("it is the same file as %s", other)
	}
	info, err := stat(f.target)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	case info.IsDir():
		return ErrDirectory
	case !info.Mode().IsRegular() && info.Mode().Type() != fs.ModeSymlink:
		return errors.New("it is not a regular file")
	}
	mode := s.Mode
	if mode == 0 && info != nil && info.Mode().IsRegular() {
		mode = info.Mode()
	}
	permissions := renameio.WithPermissions(0o666)
	if mode != 0 {
		permissions = renameio.WithStaticPermissions(mode.Perm())
	}
	f.temp, err = renameio.NewPendingFile(f.target, renameio.WithTempDir(filepath.Dir(f.target)), permissions)
	if err != nil {
		return err
	}
	if err = write(f.temp); err == nil && same(f.temp.File, f.target) {
		f.discard() // and it is in the set all the same
	} else if err == nil {
		err = f.temp.Sync()
	}
	if err != nil {
		f.discard()
		return err
	}
	s.files = append(s.files, f)
	if s.taken == nil {
		s.taken = map[string]string{}
	}
	s.taken[f.target] = path
	return nil
}

// Commit puts all files in their places and returns those that changed, as they
// were added; the others are not touched, times and all. At an error everything
// is put back as it was. What was at the place of a file that could not be put
// back stays beside it, and the error says where.
func (s *Set) Commit() (written []string, err error) {
	changing := slices.DeleteFunc(slices.Clone(s.files), func(f *staged) bool { return f.temp == nil })
	for i, f := range changing {
		// The last rename either happens or does not: nothing has to be put back.
		if err := s.put(f, i < len(changing)-1); err != nil {
			err = writing(f.path, err)
			for ; i >= 0; i-- {
				err = errors.Join(err, changing[i].putBack())
			}
			return nil, err
		}
		written = append(written, f.path)
	}
	var synced []string
	for _, f := range changing {
		if dir := filepath.Dir(f.target); !slices.Contains(synced, dir) {
			syncDir(dir)
			synced = append(synced, dir)
		}
	}
	return written, nil
}

func (s *Set) put(f *staged, keep bool) error {
	if keep {
		if err := f.backUp(); err != nil {
			return err
		}
	}
	if s.replace != nil {
		if err := s.replace(f.temp, f.target); err != nil {
			return err
		}
	} else if err := f.temp.CloseAtomicallyReplace(); err != nil {
		return err
	}
	f.replaced = true
	return nil
}

// backUp keeps what is at the place under a second name. Where there are no
// hard links, or not to other people's files, the place is free for a moment.
func (f *staged) backUp() error {
	backup := f.temp.Name() + ".old"
	err := os.Link(f.target, backup)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		err = os.Rename(f.target, backup)
	}
	if err == nil {
		f.backup = backup
	}
	return err
}

func (f *staged) putBack() error {
	switch {
	case f.backup != "":
		if err := os.Rename(f.backup, f.target); err != nil {
			backup := f.backup
			f.backup = "" // the only copy now: Discard must not remove it
			return fmt.Errorf("what was at %s is in %s now: %w", f.path, backup, Cause(err))
		}
	case f.replaced:
		return os.Remove(f.target)
	}
	return nil // never got there
}

// Discard removes what is left beside the files, after Commit or instead of it.
func (s *Set) Discard() {
	for _, f := range s.files {
		f.discard()
	}
	s.files, s.taken = nil, nil
}

func (f *staged) discard() {
	if f.temp != nil {
		_ = f.temp.Cleanup() // does nothing once it is renamed
		f.temp = nil
	}
	if f.backup != "" {
		_ = os.Remove(f.backup) // gone already, or nothing more can be done about it
		f.backup = ""
	}
}

// syncDir makes a rename in a directory durable.
func syncDir(path string) {
	if dir, err := os.Open(path); err == nil {
		_ = dir.Sync()
		_ = dir.Close()
	}
}
