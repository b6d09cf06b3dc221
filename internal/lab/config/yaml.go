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

// YAMLFile reads a file of nested keys. The path a.bC is the variable prefix + "A_BC". Null, and a key with no keys
// below it, are empty values, which count as not set.
//
// A missing file is an empty layer. An error in the form of the file is Findings, and the layer has the rest.
func YAMLFile(path, prefix string) (Layer, error) {
	text, err := readFile(path)
	if err != nil {
		return nil, err
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
		return r.layer, Findings{syntaxError(path, text, err)}
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

// yamlReader puts the values of a file's nodes into a layer.
type yamlReader struct {
	layer        Layer
	file, prefix string
	errs         Findings
}

func (r *yamlReader) fail(at *yaml.Node, format string, args ...any) {
	if len(r.errs) < maxErrors {
		r.errs = append(r.errs, Finding{File: r.file, Line: at.Line, Column: at.Column, Reason: fmt.Sprintf(format, args...)})
	}
}

// read puts the value at a path into the layer, and the values below it. At the top, path is "" and key is node.
func (r *yamlReader) read(key, node *yaml.Node, path string) {
	switch node.Kind {
	case yaml.ScalarNode:
		if path == "" {
			r.fail(node, "want keys with values, such as `loop: {amount: 5}`")
			return
		}
		text := node.Value
		if node.Tag == "!!null" {
			text = "" // not set
		}
		variable := r.prefix + strings.ToUpper(strings.ReplaceAll(path, ".", "_"))
		if first, ok := r.layer[variable]; ok {
			r.fail(key, "%s is there already, in line %d", path, first.KeyLine)
			return
		}
		r.layer[variable] = Value{
			Text: text, Key: path, File: r.file,
			Line: node.Line, Column: node.Column, KeyLine: key.Line, KeyColumn: key.Column,
		}
	case yaml.MappingNode:
		lines := map[string]int{} // by key
		for i := 0; i+1 < len(node.Content); i += 2 {
			key, value := node.Content[i], node.Content[i+1]
			if key.Kind != yaml.ScalarNode || key.Value == "" {
				r.fail(key, "want a name as a key")
				continue
			}
			below := strings.TrimPrefix(path+"."+key.Value, ".")
			if first, ok := lines[key.Value]; ok {
				r.fail(key, "%s is there already, in line %d", below, first)
				continue
			}
			lines[key.Value] = key.Line
			if value.Tag == "!!null" || value.Kind == yaml.MappingNode && len(value.Content) == 0 {
				// The parser may give an empty value any place.
				value = &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Line: key.Line, Column: key.Column}
			}
			r.read(key, value, below)
		}
	default:
		if path == "" {
			path = "the file"
		}
		r.fail(node, "%s: want a single value or keys with values, not a list or an alias", path)
	}
}

func syntaxError(path string, text []byte, err error) Finding {
	line, column, message := yamltree.DescribeSyntaxError(text, err)
	return Finding{File: path, Line: line, Column: column, Reason: message}
}
