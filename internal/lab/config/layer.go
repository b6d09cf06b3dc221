// Package config reads the configuration of the lab's services: the environment first, then a file, then defaults. A file
// is a layer of variables like the environment, with a lower rank. So a service has one typed struct, which is parsed
// once from all layers.
package config

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"syscall"

	"github.com/tp0-lab/composer/internal/files"
)

// MaxFile is the limit for a configuration file, in bytes.
const MaxFile = 1 << 20

// maxErrors bounds the errors in the form of a file: a picture has one in each line.
const maxErrors = 20

// Value is the text of a variable and where it comes from.
type Value struct {
	Text string
	// Key is the name as the environment or the file writes it: a variable, a key, or a path of keys (loop.amount).
	Key string
	// File, Line and Column are the place of the value. Line and Column count from 1, Column in characters. File is
	// empty for the environment.
	File         string
	Line, Column int
	// KeyLine and KeyColumn are the place of the key.
	KeyLine, KeyColumn int
	// Section is the section of an INI file that the value is in. It is empty for the section that the service reads.
	Section string
}

// Origin returns "environment" or FILE:LINE.
func (v Value) Origin() string {
	if v.File == "" {
		return "environment"
	}
	return fmt.Sprintf("%s:%d", v.File, v.Line)
}

// Layer holds the values of one source, the environment or a file, by the names of their variables.
type Layer map[string]Value

// inOrder returns the variables of a layer in the order of its lines.
func (l Layer) inOrder() []string {
	return slices.SortedFunc(maps.Keys(l), func(a, b string) int {
		return cmp.Or(cmp.Compare(l[a].Line, l[b].Line), cmp.Compare(a, b))
	})
}

// Environ returns the variables of environ ("NAME=value"). A variable with an empty value counts as not set, because
// Compose sets a variable to the empty value for `NAME=`.
func Environ(environ []string) Layer {
	layer := Layer{}
	for _, entry := range environ {
		if name, text, _ := strings.Cut(entry, "="); name != "" && text != "" {
			layer[name] = Value{Text: text, Key: name}
		}
	}
	return layer
}

// readFile reads a configuration file by parse. A missing file is an empty one.
func readFile(path string, parse func(path string, text []byte) (Layer, error)) (Layer, error) {
	text, err := files.Read(path, MaxFile)
	switch {
	case errors.Is(err, files.ErrDirectory):
		return nil, fmt.Errorf("%s is a directory: Docker makes one for a mount whose source is missing", path)
	case err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR):
		return nil, err
	}
	return parse(path, text)
}
