package check

import (
	"bytes"
	"errors"
	"io"
	"slices"

	"github.com/compose-spec/compose-go/v2/template"
	"go.yaml.in/yaml/v4"
)

// known returns a document without what has a value only where Compose runs: the
// scalars with a variable that has no default, and the items of lists with one in
// them. compose-go would take the empty string for it, or refuse it (${NAME:?}).
// all reports that there is none.
func known(text []byte) (rest []byte, all bool) {
	if !bytes.ContainsRune(bytes.ReplaceAll(text, []byte("$$"), nil), '$') {
		return text, true
	}
	var document, second yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	if decoder.Decode(&document) != nil || !errors.Is(decoder.Decode(&second), io.EOF) || !prune(&document) {
		return text, true
	}
	pruned, err := yaml.Marshal(&document)
	if err != nil {
		return text, true
	}
	return pruned, false
}

// standIns are what a key cannot be left out for.
var standIns = map[string]string{"image": "image", "build": ".", "context": ".", "file": "file", "content": "content", "environment": "NAME"}

// prune takes away what is below n and not known, and reports whether there was
// anything.
func prune(n *yaml.Node) (pruned bool) {
	switch n.Kind {
	case yaml.MappingNode:
		var content []*yaml.Node
		for i := 0; i+1 < len(n.Content); i += 2 {
			key, value := n.Content[i], n.Content[i+1]
			switch standIn := standIns[key.Value]; {
			case !unknown(value):
				pruned = prune(value) || pruned
			case standIn == "":
				pruned = true
				continue
			default:
				pruned = true
				value.Value = standIn
			}
			content = append(content, key, value)
		}
		n.Content = content
	case yaml.SequenceNode:
		all := len(n.Content)
		n.Content = slices.DeleteFunc(n.Content, deepUnknown)
		pruned = len(n.Content) < all
		fallthrough
	default:
		for _, child := range n.Content {
			pruned = prune(child) || pruned
		}
	}
	return pruned
}

// deepUnknown reports whether something in n is not known.
func deepUnknown(n *yaml.Node) bool { return unknown(n) || slices.ContainsFunc(n.Content, deepUnknown) }

// unknown reports whether n is a scalar with a variable that has no default.
func unknown(n *yaml.Node) bool {
	if n.Kind != yaml.ScalarNode {
		return false
	}
	found := false
	_, err := template.SubstituteWithOptions(n.Value, func(string) (string, bool) { return "", false }, template.WithoutLogging,
		template.WithReplacementFunction(func(part string, mapping template.Mapping, config *template.Config) (string, error) {
			value, applied, err := template.DefaultReplacementAppliedFunc(part, mapping, config)
			found = found || err == nil && !applied
			return value, err
		}))
	return found || errors.As(err, new(*template.MissingRequiredError))
}
