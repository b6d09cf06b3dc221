// Package config reads a service's configuration: environment first, then a
// file, then defaults. A file is one more layer of environment, of lower rank,
// so there is one typed struct, parsed once from the merged layers.
package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"syscall"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// maxFile bounds a configuration file, in bytes.
const maxFile = 1 << 20

// iniSection is the one section of an INI file that is read.
const iniSection = "DEFAULT"

// Value is the text of a variable and where it comes from.
type Value struct {
	Text string
	// Key is the name under which it stands there: a variable's, a key's, or
	// a path (loop.amount).
	Key string
	// File and Line say where, from 1. File is empty for the environment.
	File string
	Line int
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
// prefix + "A_BC". A file that is missing is an empty layer; null, and a key
// without any below it, are empty values, which count as not set. Errors have
// file and line.
func YAMLFile(path, prefix string) (Layer, error) {
	text, err := readFile(path)
	if err != nil || text == nil {
		return Layer{}, err
	}
	layer := Layer{}
	var root, second yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	if err := decoder.Decode(&root); errors.Is(err, io.EOF) {
		return layer, nil
	} else if err != nil {
		return nil, syntaxError(path, text, err)
	}
	if top := root.Content[0]; top.Tag != "!!null" {
		if err := flatten(layer, top, path, prefix, ""); err != nil {
			return nil, err
		}
	}
	if err := decoder.Decode(&second); err == nil {
		return nil, fmt.Errorf("%s:%d: a second document, and only one is read", path, second.Line)
	} else if !errors.Is(err, io.EOF) {
		return nil, syntaxError(path, text, err)
	}
	return layer, nil
}

func flatten(layer Layer, node *yaml.Node, file, prefix, at string) error {
	switch node.Kind {
	case yaml.ScalarNode:
		if at == "" {
			return fmt.Errorf("%s:%d: want keys with values, such as `loop: {amount: 5}`", file, node.Line)
		}
		text := node.Value
		if node.Tag == "!!null" {
			text = "" // not set
		}
		variable := prefix + strings.ToUpper(strings.ReplaceAll(at, ".", "_"))
		if first, ok := layer[variable]; ok {
			return fmt.Errorf("%s:%d: %s is there already, in line %d", file, node.Line, at, first.Line)
		}
		layer[variable] = Value{Text: text, Key: at, File: file, Line: node.Line}
		return nil
	case yaml.MappingNode:
		lines := map[string]int{} // by key
		for i := 0; i+1 < len(node.Content); i += 2 {
			key := node.Content[i]
			if key.Kind != yaml.ScalarNode || key.Value == "" {
				return fmt.Errorf("%s:%d: want a name as a key", file, key.Line)
			}
			path := key.Value
			if at != "" {
				path = at + "." + path
			}
			if first, ok := lines[key.Value]; ok {
				return fmt.Errorf("%s:%d: %s is there already, in line %d", file, key.Line, path, first)
			}
			lines[key.Value] = key.Line
			value := node.Content[i+1]
			if value.Tag == "!!null" || value.Kind == yaml.MappingNode && len(value.Content) == 0 {
				// Nothing may stand anywhere, as the parser has it.
				value = &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Line: key.Line}
			}
			if err := flatten(layer, value, file, prefix, path); err != nil {
				return err
			}
		}
		return nil
	default:
		if at == "" {
			at = "the file"
		}
		return fmt.Errorf("%s:%d: %s: want a single value or keys with values, not a list or an alias", file, node.Line, at)
	}
}

// syntaxError has file and line, which are not where package yaml says.
func syntaxError(path string, text []byte, err error) error {
	message := strings.TrimPrefix(err.Error(), "yaml: ")
	line := 1 // errors of the first line come without one
	if rest, ok := strings.CutPrefix(message, "line "); ok {
		number, reason, _ := strings.Cut(rest, ": ")
		if n, err := strconv.Atoi(number); err == nil {
			line, message = n, reason
			if strings.HasPrefix(message, "did not find expected") {
				line++ // the parser's lines begin at zero, the scanner's at one
			}
		}
	} else if anchor, ok := strings.CutPrefix(message, "unknown anchor '"); ok {
		anchor, _, _ = strings.Cut(anchor, "'")
		line = lineOf(text, bytes.Index(text, []byte("*"+anchor)))
	} else if strings.Contains(message, "UTF-8") || strings.HasPrefix(message, "control characters") {
		line = lineOf(text, bytes.IndexFunc(text, func(r rune) bool {
			return r == utf8.RuneError || unicode.IsControl(r) && !strings.ContainsRune("\t\r\n", r)
		}))
	}
	// An end that comes too soon is behind the last line.
	return fmt.Errorf("%s:%d: %s", path, min(line, lineOf(text, len(bytes.TrimRight(text, "\r\n")))), message)
}

// lineOf returns the number, from 1, of the line of an offset.
func lineOf(text []byte, offset int) int {
	return 1 + bytes.Count(text[:max(offset, 0)], []byte("\n"))
}

// INIFile reads the section DEFAULT of a file as Python's configparser does
// without its extras: "key = value" or "key: value", whole-line comments with
// # or ;, keys and the section's name in any case. There are no continued
// lines, no interpolation and no comments behind a value. A key is the
// variable's name; keys of other sections are there to be warned about (see
// Unknown). A file that is missing is an empty layer. Errors have file and line.
func INIFile(path string) (Layer, error) {
	text, err := readFile(path)
	if err != nil || text == nil {
		return Layer{}, err
	}
	layer := Layer{}
	section := ""
	n := 0
	for line := range strings.Lines(strings.TrimPrefix(string(text), "\ufeff")) {
		n++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' || line[0] == ';' {
			continue
		}
		if end := strings.LastIndexByte(line, ']'); line[0] == '[' && end > 0 {
			section = strings.ToUpper(strings.TrimSpace(line[1:end]))
			continue
		}
		at := strings.IndexAny(line, "=:")
		if at <= 0 || line[0] == '[' {
			return nil, fmt.Errorf("%s:%d: want `KEY = value`, a [SECTION] or a # comment, not %q", path, n, line)
		}
		if section == "" {
			return nil, fmt.Errorf("%s:%d: a key before the line [%s]", path, n, iniSection)
		}
		key := strings.TrimSpace(line[:at])
		v := Value{Text: strings.TrimSpace(line[at+1:]), Key: key, File: path, Line: n}
		variable := strings.ToUpper(key)
		if section != iniSection {
			v.Section = section
			variable = "[" + section + "] " + variable
		}
		if first, ok := layer[variable]; ok {
			return nil, fmt.Errorf("%s:%d: %s is there already, in line %d", path, n, key, first.Line)
		}
		layer[variable] = v
	}
	return layer, nil
}

// readFile returns nil without an error for a file that is missing.
func readFile(path string) ([]byte, error) {
	// Non-blocking: opening a pipe would wait for a writer.
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return nil, nil
	case err != nil:
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, fmt.Errorf("%s is a directory: Docker makes one for a mount whose source is missing", path)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is no regular file", path)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	switch {
	case err != nil:
		return nil, err
	case len(text) > maxFile:
		return nil, fmt.Errorf("%s: a configuration has at most %d bytes", path, maxFile)
	}
	return text, nil
}
