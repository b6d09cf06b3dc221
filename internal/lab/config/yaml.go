package config

import (
	"cmp"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/tp0-lab/composer/internal/compose/yamltree"
)

// parseYAML reads a file of nested keys. The path a.bC is the variable prefix + "A_BC". Null, and a key with no keys
// below it, are empty values, which count as not set.
//
// An error in the form of the file is Findings, and the layer has the rest.
func parseYAML(path string, text []byte, prefix string) (Layer, error) {
	r := yamlReader{layer: Layer{}, file: path, prefix: prefix}
	number := 0
	for document, err := range yamltree.Documents(text) {
		switch number++; {
		case number > 2:
			return r.layer, r.errs // the second one is an error
		case err != nil:
			line, column, message := yamltree.DescribeSyntaxError(text, err)
			r.errs = append(r.errs, Finding{File: path, Line: line, Column: column, Reason: message})
		case number == 2:
			r.fail(document, "a second document, and only one is read")
		case document.Content[0].Tag != "!!null":
			r.read(document.Content[0], document.Content[0], "")
		}
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
		r.fail(node, "%s: want a single value or keys with values, not a list or an alias", cmp.Or(path, "the file"))
	}
}
