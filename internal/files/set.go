package files

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
)

// Set is files that are replaced together, all of them or none, each as WriteFile replaces one: Add writes a
// file's content to a temporary file beside it, Commit renames them all. If a rename fails, the files
// replaced so far get their old contents back. The zero Set is ready. A Set has one owner, who calls Discard
// at the end.
type Set struct {
	// Contained replaces a symbolic link at a path, instead of writing the file that it leads to: nothing is
	// written outside of the paths' directories.
	Contained bool
	// Mode is the mode of all files written; 0 gives them that of WriteFile.
	Mode fs.FileMode

	files []*staged
	taken map[string]string // paths as the caller gave them, by target
}

type staged struct {
	path     string   // as the caller gave it
	target   string   // path without links
	temp     *os.File // the new content until it replaces target; nil if target has it already
	backup   string   // a second name of the old file at target, "" without one
	replaced bool
}

// Add writes the content that path is to hold to a temporary file. Errors of write's own pass through
// unchanged. After an error the file is not in the set. A directory, a pipe or a device is an error, and so
// is a file that is in the set already.
func (s *Set) Add(path string, write func(io.Writer) error) error {
	f, err := s.stage(path)
	if err != nil {
		return writeError(path, err)
	}
	if err := fill(path, f.temp, write); err != nil {
		f.discard()
		return err
	}
	content := func(w io.Writer) error {
		_, err := io.Copy(w, io.NewSectionReader(f.temp, 0, math.MaxInt64))
		return err
	}
	if state, err := Compare(f.target, content); err == nil && state == Current {
		f.discard() // and it is in the set all the same
	} else if err := errors.Join(f.temp.Sync(), f.temp.Close()); err != nil { // closed, as a set may have many files
		f.discard()
		return writeError(path, err)
	}
	s.files = append(s.files, f)
	if s.taken == nil {
		s.taken = map[string]string{}
	}
	s.taken[f.target] = path
	return nil
}

// stage opens the temporary file for path.
func (s *Set) stage(path string) (*staged, error) {
	f := &staged{path: path, target: path}
	var err error
	if !s.Contained {
		if f.target, err = resolve(path); err != nil {
			return nil, err
		}
	}
	if other, ok := s.taken[f.target]; ok {
		return nil, fmt.Errorf("it is the same file as %s", other)
	}
	mode := s.Mode
	info, err := os.Lstat(f.target) // a link only if the set is contained
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, err
	case s.Contained && info.Mode().Type() == fs.ModeSymlink:
	default:
		if err := mustBeRegular(info); err != nil {
			return nil, err
		}
		mode = cmp.Or(mode, info.Mode())
	}
	f.temp, err = createBeside(f.target, mode)
	return f, err
}

// createBeside creates a file in the directory of target. mode 0 gives it that of a new file: 0666 less the umask.
func createBeside(target string, mode fs.FileMode) (*os.File, error) {
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
		if mode != 0 {
			err = f.Chmod(mode.Perm())
		}
		if err != nil {
			_ = f.Close()
			_ = os.Remove(name)
			return nil, err
		}
		return f, nil
	}
	return nil, err
}

// Commit replaces the files and returns the paths of those that changed, in the order of Add; the others are
// not touched, not even their times. After an error every file is as it was. An old file that cannot be put
// back stays beside its place, and the error names it.
func (s *Set) Commit() (written []string, err error) {
	changing := slices.DeleteFunc(slices.Clone(s.files), func(f *staged) bool { return f.temp == nil })
	for i, f := range changing {
		// The last rename either happens or does not: nothing has to be put back.
		if err := f.put(i < len(changing)-1); err != nil {
			err = writeError(f.path, err)
			for ; i >= 0; i-- {
				err = errors.Join(err, changing[i].putBack())
			}
			return nil, err
		}
		written = append(written, f.path)
	}
	return written, nil
}

// Unchanged returns the paths of the files that had their content already, in the order of Add.
func (s *Set) Unchanged() (paths []string) {
	for _, f := range s.files {
		if f.temp == nil {
			paths = append(paths, f.path)
		}
	}
	return paths
}

// put replaces a file, after backing up the old one if keep says so, in one step that nobody sees half of: rename(2), or
// MoveFileEx on Windows.
func (f *staged) put(keep bool) error {
	if keep {
		if err := f.backUp(); err != nil {
			return err
		}
	}
	err := os.Rename(f.temp.Name(), f.target)
	f.replaced = err == nil
	return err
}

// backUp gives the old file a second name. Where hard links are not supported or not allowed, there is no
// file at the path for a moment.
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
			return fmt.Errorf("the old content of %s is in %s now: %w", f.path, backup, Cause(err))
		}
	case f.replaced:
		return os.Remove(f.target)
	}
	return nil
}

// Discard removes the temporary files and the backups, after Commit or instead of it.
func (s *Set) Discard() {
	for _, f := range s.files {
		f.discard()
	}
	s.files, s.taken = nil, nil
}

func (f *staged) discard() {
	if f.temp != nil {
		_ = f.temp.Close() // closed already, or nothing depends on it
		if !f.replaced {
			_ = os.Remove(f.temp.Name())
		}
		f.temp = nil
	}
	if f.backup != "" {
		_ = os.Remove(f.backup) // gone already, or nothing more can be done about it
		f.backup = ""
	}
}
