package bundle

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/tp0-lab/composer/internal/files"
	"github.com/tp0-lab/composer/internal/text"
)

// directory is a file system of the files in a directory. It opens no file outside of the directory.
type directory string

func (d directory) Open(name string) (f fs.File, err error) {
	err = d.in(name, func(dir fs.FS) error {
		f, err = dir.Open(name)
		return err
	})
	return f, err
}

func (d directory) Stat(name string) (info fs.FileInfo, err error) {
	err = d.in(name, func(dir fs.FS) error {
		info, err = fs.Stat(dir, name)
		return err
	})
	return info, err
}

var errOutside = errors.New("it is a link that leads out of the bundle, and those are not followed: put the file itself there")

// in calls do with the opened directory, and explains an error about name if name is a link that leads out of it.
func (d directory) in(name string, do func(fs.FS) error) error {
	root, err := os.OpenRoot(string(d))
	if err != nil {
		return err
	}
	defer root.Close()
	err = do(root.FS())
	if e, ok := errors.AsType[*fs.PathError](err); ok && !errors.As(err, new(syscall.Errno)) {
		if info, lstat := root.Lstat(name); lstat == nil && info.Mode()&fs.ModeSymlink != 0 { // package os does not export this error
			return &fs.PathError{Op: e.Op, Path: name, Err: errOutside}
		}
	}
	return err
}

// MaxFile is the limit for a file of a bundle, in bytes.
const MaxFile = 1 << 20

// ReadFile returns the content of a file of a bundle. Its errors are *fs.PathError: for a missing file, for a directory,
// pipe or device, and for a file over MaxFile bytes.
func ReadFile(fsys fs.FS, name string) ([]byte, error) {
	if r, ok := fsys.(replacing); ok {
		if content, ok := r.contents[name]; ok {
			return content, nil
		}
	}
	info, err := fs.Stat(fsys, name) // before it is opened: a pipe would wait for a writer
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return nil, &fs.PathError{Op: "read", Path: name, Err: errors.New("it is a directory, and no file")}
	}
	if !info.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "read", Path: name, Err: errors.New("it is no file")}
	}
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return files.ReadFrom(f, name, MaxFile)
}

// readStage returns the content of the file that names a stage. An empty path is a missing file.
func readStage(file string) ([]byte, error) {
	if file == "" {
		return nil, fs.ErrNotExist
	}
	text, err := ReadFile(os.DirFS(filepath.Dir(file)), filepath.Base(file))
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		err = fmt.Errorf("%s: %w", file, e.Err)
	}
	return text, err
}

// inBundle replaces the file's name in an *fs.PathError by its path.
func (b *Bundle) inBundle(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return fmt.Errorf("%s: %w", b.Path(e.Path), e.Err)
	}
	return err
}

// ErrTemplate is wrapped by the error of Replace for the name of a template that the bundle lacks.
var ErrTemplate = errors.New("unknown template")

// Replace puts content in place of a template file of the bundle. name is the name of the template file, with or without
// .tmpl. Messages call the content file.
func (b *Bundle) Replace(name, file string, content []byte) error {
	names, err := fs.Glob(b.FS, "*.tmpl")
	if err != nil {
		return err
	}
	target := strings.TrimSuffix(name, ".tmpl") + ".tmpl"
	if !slices.Contains(names, target) {
		for i := range names {
			names[i] = strings.TrimSuffix(names[i], ".tmpl")
		}
		if near := text.Nearest(strings.TrimSuffix(target, ".tmpl"), names); near != "" {
			return fmt.Errorf("%w %q, did you mean %s?", ErrTemplate, name, near)
		}
		return fmt.Errorf("%w %q: have %s", ErrTemplate, name, strings.Join(names, ", "))
	}
	if b.replaced == nil {
		b.replaced = map[string]string{}
		b.FS = replacing{b.FS, map[string][]byte{}}
	}
	b.replaced[target] = file
	b.FS.(replacing).contents[target] = content
	return nil
}

// replacing is a file system with other contents for some of its files. Only ReadFile returns those contents.
type replacing struct {
	fs.FS
	contents map[string][]byte
}
