// Package config reads a service's configuration: environment first, then a
// file, then defaults. A file is one more layer of environment, of lower rank,
// so there is one typed struct, parsed once from the merged layers.
package config

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"

	"github.com/tp0-lab/composer/internal/files"
)

// maxFile bounds a configuration file, in bytes.
const maxFile = 1 << 20

// Value is the text of a variable and where it comes from.
type Value struct {
	Text string
	// Key is the name under which it stands there: a variable's, a key's, or
	// a path (loop.amount).
	Key string
	// File, Line and Column say where it stands, from 1; a column is a
	// character. File is empty for the environment.
	File         string
	Line, Column int
	// KeyLine and KeyColumn say where the key stands.
	KeyLine, KeyColumn int
	// Section is the section of an INI file if it is none that is read.
	Section string
}

// Origin says where the value comes from, for people.
func (v Value) Origin() string {
	if v.File == "" {
		return "environment"
	}
	return fmt.Sprintf("%s:%d", v.File, v.Line)
}

// FileError is what is wrong with the form of a file.
type FileError struct {
	File string
	// Line and Column are from 1; a column is a character.
	Line, Column int
	Reason       string
}

// Error has the place and the reason.
func (e FileError) Error() string { return place(e.File, e.Line, e.Column) + e.Reason }

// FileErrors is all that is wrong with the form of a file, in the order of its
// lines, but for what follows the first maxErrors.
type FileErrors []FileError

// maxErrors bounds how many errors a file can have: one that is something else
// altogether, such as an image, has one in each line.
const maxErrors = 20

// Error has a sentence for each.
func (e FileErrors) Error() string { return sentences(e) }

// Unwrap returns each.
func (e FileErrors) Unwrap() []error { return errorsOf(e) }

// Layer is the values of one rank by the names of their variables.
type Layer map[string]Value

// Environ returns the variables of environ ("NAME=value"). One that is empty
// counts as not set: that is what Compose makes of `NAME=`.
func Environ(environ []string) Layer {
	layer := Layer{}
	for _, entry := range environ {
		if name, text, _ := strings.Cut(entry, "="); name != "" && text != "" {
			layer[name] = Value{Text: text, Key: name}
		}
	}
	return layer
}

// readFile returns nil without an error for a file that is missing.
func readFile(path string) ([]byte, error) {
	text, err := files.Read(path, maxFile)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return nil, nil
	case errors.Is(err, files.ErrDirectory):
		return nil, fmt.Errorf("%s is a directory: Docker makes one for a mount whose source is missing", path)
	}
	return text, err
}
