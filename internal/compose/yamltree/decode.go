package yamltree

import (
	"fmt"
	"iter"

	"go.yaml.in/yaml/v4"
)

// Unreadable iterates over the nodes below n that YAML or compose-go cannot turn into values, each with a message:
// nodes with a tag that does not fit, merge keys whose value is no mapping, and keys that are no texts. It follows no
// aliases. A message is a sentence on one line.
func Unreadable(n *yaml.Node) iter.Seq2[*yaml.Node, string] {
	return func(yield func(*yaml.Node, string) bool) { unreadable(n, yield) }
}

func unreadable(n *yaml.Node, yield func(*yaml.Node, string) bool) bool {
	var v any
	if n.Kind == yaml.ScalarNode && n.Style&yaml.TaggedStyle != 0 && n.Decode(&v) != nil {
		return yield(n, fmt.Sprintf("%q is no value of the tag %s", n.Value, n.ShortTag()))
	}
	for i, c := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 {
			if message := unreadableKey(c, n.Content[i+1]); message != "" {
				if !yield(c, message) {
					return false
				}
				continue
			}
		}
		if !unreadable(c, yield) {
			return false
		}
	}
	return true
}

func unreadableKey(key, value *yaml.Node) string {
	at := Follow(key)
	switch {
	case IsMerge(key):
		for _, source := range mergeSources(value) {
			if source = Follow(source); source.Kind != yaml.MappingNode {
				return "the value of << is a mapping, or a list of mappings, not " + KindName(source)
			}
		}
	case at.Kind != yaml.ScalarNode:
		return "a key must be text, not " + KindName(at)
	case at.ShortTag() != "!!str" && at.Tag != "!reset" && at.Tag != "!override":
		return fmt.Sprintf("a key must be text: put %s in quotes", at.Value)
	}
	return ""
}
