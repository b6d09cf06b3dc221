// Package config reads a service's configuration: environment first, then a
// file, then defaults. A file is one more layer of environment, of lower rank,
// so there is one typed struct, parsed once from the merged layers.
package config

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"go.yaml.in/yaml/v3"
)

// maxFile bounds a configuration file, in bytes.
const maxFile = 1 << 20

// Value is the text of a variable and where it comes from.
type Value struct {
	Text string
	// Key is the name under which it stands there: a variable's, a key's, or
	// a path (loop.amount).
	Key string
	// File and Line say where, from 1. File is empty for the environment.
	File string
	Line int
}

// Origin says where the value comes from, for people.
func (v Value) Origin() string {
	if v.File == "" {
		return "environment"
	}
	return fmt.Sprintf("%s:%d", v.File, v.Line)
}

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

// YAMLFile reads a file of nested keys: the path a.bC is the variable
// prefix + "A_BC". A file that is missing is an empty layer. Errors have file
// and line.
func YAMLFile(path, prefix string) (Layer, error) {
	text, err := readFile(path)
	if err != nil || text == nil {
		return Layer{}, err
	}
	var root yaml.Node
	if err := yaml.Unmarshal(text, &root); err != nil {
		return nil, fmt.Errorf("%s: %s", path, strings.TrimPrefix(err.Error(), "yaml: "))
	}
	layer := Layer{}
	if len(root.Content) == 0 {
		return layer, nil
	}
	return layer, flatten(layer, root.Content[0], path, prefix, "")
}

func flatten(layer Layer, node *yaml.Node, file, prefix, at string) error {
	switch node.Kind {
	case yaml.ScalarNode:
		if at == "" {
			return fmt.Errorf("%s:%d: want keys with values, such as `loop: {amount: 5}`", file, node.Line)
		}
		if node.Tag == "!!null" {
			return nil
		}
		variable := prefix + strings.ToUpper(strings.ReplaceAll(at, ".", "_"))
		if first, ok := layer[variable]; ok {
			return fmt.Errorf("%s:%d: %s is there already, in line %d", file, node.Line, at, first.Line)
		}
		layer[variable] = Value{Text: node.Value, Key: at, File: file, Line: node.Line}
		return nil
	case yaml.MappingNode:
		for i := 0; i+1 < len(node.Content); i += 2 {
			path := node.Content[i].Value
			if at != "" {
				path = at + "." + path
			}
			if err := flatten(layer, node.Content[i+1], file, prefix, path); err != nil {
				return err
			}
		}
		return nil
	default:
		return fmt.Errorf("%s:%d: %s: want a single value, not a list or an alias", file, node.Line, at)
	}
}

// INIFile reads the section DEFAULT of a file as Python's configparser does
// without its extras: "key = value" or "key: value", whole-line comments
// with # or ;, keys in any case. A key is the variable's name. A file that is
// missing is an empty layer. Errors have file and line.
func INIFile(path string) (Layer, error) {
	text, err := readFile(path)
	if err != nil || text == nil {
		return Layer{}, err
	}
	layer := Layer{}
	section := ""
	scanner := bufio.NewScanner(bytes.NewReader(text))
	scanner.Buffer(nil, maxFile)
	for n := 1; scanner.Scan(); n++ {
		line := strings.TrimSpace(strings.TrimPrefix(scanner.Text(), "\ufeff"))
		if line == "" || line[0] == '#' || line[0] == ';' {
			continue
		}
		if line[0] == '[' && line[len(line)-1] == ']' {
			section = line[1 : len(line)-1]
			continue
		}
		at := strings.IndexAny(line, "=:")
		if at <= 0 {
			return nil, fmt.Errorf("%s:%d: want `KEY = value`, a [SECTION] or a # comment, not %q", path, n, line)
		}
		if section == "" {
			return nil, fmt.Errorf("%s:%d: a key before the line [DEFAULT]", path, n)
		}
		if section != "DEFAULT" {
			continue // other sections are other programs'
		}
		key := strings.TrimSpace(line[:at])
		value := strings.TrimSpace(line[at+1:])
		variable := strings.ToUpper(key)
		if first, ok := layer[variable]; ok {
			return nil, fmt.Errorf("%s:%d: %s is there already, in line %d", path, n, key, first.Line)
		}
		if value != "" {
			layer[variable] = Value{Text: value, Key: key, File: path, Line: n}
		}
	}
	return layer, scanner.Err()
}

// readFile returns nil without an error for a file that is missing.
func readFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return nil, nil
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, fmt.Errorf("%s is a directory: Docker makes one for a mount whose source is missing", filepath.Base(path))
	case info.Size() > maxFile:
		return nil, fmt.Errorf("%s: %d bytes, and a configuration has at most %d", path, info.Size(), maxFile)
	}
	text, err := os.ReadFile(path)
	if text == nil {
		text = []byte{}
	}
	return text, err
}
