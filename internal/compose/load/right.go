package load

import (
	"bytes"

	"go.yaml.in/yaml/v4"

	"github.com/tp0-lab/composer/internal/compose/specification"
	"github.com/tp0-lab/composer/internal/compose/vars"
	"github.com/tp0-lab/composer/internal/compose/yamltree"
)

// merging are what compose-go changes documents by before it asks its schema.
var merging = []string{"extends", "include", "!reset", "!override", "x-develop", "x-initialSync"}

// isRight reports whether compose-go's schema allows a text for sure, so that compose-go need not compile it. The text is
// one document, which has been found within the limits, and nothing is merged into it.
func (o Options) isRight(text []byte, lookup vars.Lookup) bool {
	if o.Resolve { // compose-go makes paths absolute before the last of its checks
		return false
	}
	for _, word := range merging {
		if bytes.Contains(text, []byte(word)) {
			return false
		}
	}
	var document, more yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	if decoder.Decode(&document) != nil || len(document.Content) == 0 || decoder.Decode(&more) == nil {
		return false
	}
	root := document.Content[0]
	if yamltree.Get(root, "version") != nil { // it is dropped after the schema has seen it
		return false
	}
	return specification.Fits(root, func(text string) (string, bool) { return vars.Fill(text, lookup) })
}
