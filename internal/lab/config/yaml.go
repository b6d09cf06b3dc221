package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/tp0-lab/composer/internal/compose/yamltree"
)

// YAMLFile reads a file of nested keys: the path a.bC is the variable
// prefix + "A_BC". A file that is missing is an empty layer; null, and a key
// without any below it, are empty values, which count as not set. The error is
// FileErrors if it is about the form of the file, and the layer has the rest.
func YAMLFile(path, prefix string) (Layer, error) {
	text, err := readFile(path)
	if err != nil || text == nil {
		return Layer{}, err
	}
	return parseYAML(path, text, prefix)
}

func parseYAML(path string, text []byte, prefix string) (Layer, error) {
	r := yamlReader{layer: Layer{}, file: path, prefix: prefix}
	var root, second yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	if err := decoder.Decode(&root); errors.Is(err, io.EOF) {
		return r.layer, nil
	} else if err != nil {
		return r.layer, FileErrors{syntaxError(path, text, err)}
	}
	if top := root.Content[0]; top.Tag != "!!null" {
		r.read(top, top, "")
	}
	if err := decoder.Decode(&second); err == nil {
		r.fail(&second, "a second document, and only one is read")
	} else if !errors.Is(err, io.EOF) {
		r.errs = append(r.errs, syntaxError(path, text, err))
	}
	if len(r.errs) > 0 {
		return r.layer, r.errs
	}
	return r.layer, nil
}

// yamlReader flattens the nodes of a file.
type yamlReader struct {
	layer        Layer
	file, prefix string
	errs         FileErrors
}

func (r *yamlReader) fail(at *yaml.Node, format string, args ...any) {
	if len(r.errs) < maxErrors {
		r.errs = append(r.errs, FileError{r.file, at.Line, at.Column, fmt.Sprintf(format, args...)})
	}
}

// read takes in what stands at a path, and its key, which is the node itself at
// the top.
func (r *yamlReader) read(key, node *yaml.Node, at string) {
	switch node.Kind {
	case yaml.ScalarNode:
		if at == "" {
			r.fail(node, "want keys with values, such as `loop: {amount: 5}`")
			return
		}
		text := node.Value
		if node.Tag == "!!null" {
			text = "" // not set
		}
		variable := r.prefix + strings.ToUpper(strings.ReplaceAll(at, ".", "_"))
		if first, ok := r.layer[variable]; ok {
			r.fail(key, "%s is there already, in line %d", at, first.KeyLine)
			return
		}
		r.layer[variable] = Value{Text: text, Key: at, File: r.file, Line: node.Line, Column: node.Column, KeyLine: key.Line, KeyColumn: key.Column}
	case yaml.MappingNode:
		lines := map[string]int{} // by key
		for i := 0; i+1 < len(node.Content); i += 2 {
			key, value := node.Content[i], node.Content[i+1]
			if key.Kind != yaml.ScalarNode || key.Value == "" {
				r.fail(key, "want a name as a key")
				continue
			}
			path := key.Value
			if at != "" {
				path = at + "." + path
			}
			if first, ok := lines[key.Value]; ok {
				r.fail(key, "%s is there already, in line %d", path, first)
				continue
			}
			lines[key.Value] = key.Line
			if value.Tag == "!!null" || value.Kind == yaml.MappingNode && len(value.Content) == 0 {
				// Nothing may stand anywhere, as the parser has it.
				value = &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Line: key.Line, Column: key.Column}
			}
			r.read(key, value, path)
		}
	default:
		if at == "" {
			at = "the file"
		}
		r.fail(node, "%s: want a single value or keys with values, not a list or an alias", at)
	}
}

func syntaxError(path string, text []byte, err error) FileError {
	line, column, message := yamltree.DescribeSyntaxError(text, err)
	return FileError{File: path, Line: line, Column: column, Reason: message}
}
