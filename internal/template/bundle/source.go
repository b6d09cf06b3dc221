package bundle

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"syscall"

	"github.com/tp0-lab/composer/internal/files"
	"github.com/tp0-lab/composer/internal/text"
)

// directory is the files of a directory. Links that lead out of it are not followed.
type directory string

var errOutside = errors.New("it is a link that leads out of the bundle, and those are not followed: put the file itself there")

// Open opens a file. It does not wait for the writer of a pipe.
func (d directory) Open(name string) (fs.File, error) {
	root, err := files.OpenRoot(string(d))
	if err != nil {
		return nil, err
	}
	defer root.Close()
	f, err := root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err == nil {
		return f, nil
	}
	if !errors.As(err, new(syscall.Errno)) { // package os exports no error for a link that leads out
		err = &fs.PathError{Op: "open", Path: name, Err: errOutside}
	}
	return nil, err
}

// MaxFile is the limit for a file of a bundle, in bytes.
const MaxFile = 1 << 20

// replacement is the content of a file outside of the bundle, for one of its templates.
type replacement struct {
	file    string
	content []byte
}

// Templates returns the names of the bundle's template files, sorted.
func (b *Bundle) Templates() ([]string, error) { return fs.Glob(b.files, "*.tmpl") }

// Read returns the content of a file of the bundle, or of its replacement. Its errors are *fs.PathError with
// name: for a missing file, for anything but a regular file, and for a file over MaxFile.
func (b *Bundle) Read(name string) ([]byte, error) {
	if r, ok := b.replaced[name]; ok {
		return r.content, nil
	}
	f, err := b.files.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, &fs.PathError{Op: "read", Path: name, Err: files.ErrDirectory}
	case !info.Mode().IsRegular():
		return nil, &fs.PathError{Op: "read", Path: name, Err: errors.New("it is not a regular file")}
	}
	return files.ReadFrom(f, name, MaxFile)
}

// Path returns the name by which a user knows a file of the bundle: with the bundle's directory, or the name of
// the file that replaces it.
func (b *Bundle) Path(name string) string {
	if r, ok := b.replaced[name]; ok {
		return r.file
	}
	if b.dir == "" {
		return name
	}
	return strings.TrimSuffix(b.dir, "/") + "/" + name
}

// builtIn begins the names of the files of the built-in bundle in origins of values.
const builtIn = "built-in/"

// source is Path for origins of values. The built-in files have a name that no file of the user has.
func (b *Bundle) source(name string) string {
	if b.dir == "" {
		return builtIn + name
	}
	return b.Path(name)
}

// openError is the error of Open and OpenDir for the file called name.
func openError(name string, err error) error {
	hint := ""
	if errors.Is(err, fs.ErrNotExist) {
		hint = "; `composer init DIR` writes a bundle to begin with"
	}
	return fmt.Errorf("open bundle: %s: %w%s", name, files.Cause(err), hint)
}

// ErrTemplate is wrapped by the error of Replace for the name of a template file that the bundle does not have.
var ErrTemplate = errors.New("unknown template")

// Replace puts the content of a file in place of a whole template file of the bundle. name is the template
// file's name, with or without .tmpl. Messages call the content by the file's name.
func (b *Bundle) Replace(name, file string, content []byte) error {
	target, err := b.templateFile(name)
	if err != nil {
		return err
	}
	if b.replaced == nil {
		b.replaced = map[string]replacement{}
	}
	b.replaced[target] = replacement{file, content}
	return nil
}

// templateFile returns the name of the template file that a user calls name, with or without .tmpl. Its error wraps
// ErrTemplate.
func (b *Bundle) templateFile(name string) (string, error) {
	names, err := b.Templates()
	if err != nil {
		return "", err
	}
	target := strings.TrimSuffix(name, ".tmpl") + ".tmpl"
	if slices.Contains(names, target) {
		return target, nil
	}
	for i := range names {
		names[i] = strings.TrimSuffix(names[i], ".tmpl")
	}
	hint := cmp.Or(text.Suggestion(strings.TrimSuffix(target, ".tmpl"), names), ": have "+strings.Join(names, ", "))
	return "", fmt.Errorf("%w %q%s", ErrTemplate, name, hint)
}
