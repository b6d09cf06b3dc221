// Package yamltree walks over the nodes of YAML documents as their values are
// meant: aliases followed, merge keys merged.
package yamltree

import (
	"iter"

	"go.yaml.in/yaml/v4"
)

// Follow returns what an alias stands for.
func Follow(n *yaml.Node) *yaml.Node {
	for n != nil && n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

// Entries iterates over the keys of a mapping and their values: its own ones,
// then those that "<<" merges into it.
func Entries(n *yaml.Node) iter.Seq2[*yaml.Node, *yaml.Node] {
	return func(yield func(*yaml.Node, *yaml.Node) bool) {
		n = Follow(n)
		if n == nil || n.Kind != yaml.MappingNode {
			return
		}
		var merged []*yaml.Node
		for i := 0; i+1 < len(n.Content); i += 2 {
			key, value := n.Content[i], Follow(n.Content[i+1])
			switch {
			case IsMerge(key):
				merged = append(merged, value)
			case value.Tag == "!reset": // of Compose: takes away what another file says
			case !yield(Follow(key), value):
				return
			}
		}
		if merged == nil {
			return
		}
		seen := map[string]bool{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			seen[n.Content[i].Value] = true
		}
		for _, m := range merged {
			sources := []*yaml.Node{m}
			if m.Kind == yaml.SequenceNode {
				sources = m.Content
			}
			for _, source := range sources {
				for key, value := range Entries(source) {
					if seen[key.Value] {
						continue
					}
					seen[key.Value] = true
					if !yield(key, value) {
						return
					}
				}
			}
		}
	}
}

// IsMerge reports whether a key is the one that merges another mapping.
func IsMerge(key *yaml.Node) bool {
	return key.Kind == yaml.ScalarNode && key.Value == "<<" && key.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) == 0
}

// KindName returns the kind of a node for people: "a mapping", "a list", "an alias" or "a single value".
func KindName(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	case yaml.AliasNode:
		return "an alias"
	default:
		return "a single value"
	}
}
