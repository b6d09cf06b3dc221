// Package yamltree works on the node trees of YAML documents as package go.yaml.in/yaml/v4 reads them. It follows
// aliases and merge keys, refuses documents that are too large to walk, says where a syntax error is, and writes
// documents as JSON.
package yamltree

import (
	"iter"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Follow returns the node that an alias stands for, and any other node itself.
func Follow(n *yaml.Node) *yaml.Node {
	for n != nil && n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

// Entries iterates over the keys and values of a mapping, with aliases followed: first the mapping's own keys, then
// those that "<<" merges into it and that it lacks. It leaves out values with Compose's tag !reset as if their keys were
// not there: like Compose, it keeps what "<<" merges in their place. Any other node has no entries. Each mapping is
// merged once, so Entries ends even if an anchor contains itself.
func Entries(n *yaml.Node) iter.Seq2[*yaml.Node, *yaml.Node] {
	return func(yield func(*yaml.Node, *yaml.Node) bool) {
		n = Follow(n)
		if n == nil || n.Kind != yaml.MappingNode {
			return
		}
		sources, more := ownEntries(n, yield)
		if !more || sources == nil {
			return
		}
		seen := map[string]bool{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			if Follow(n.Content[i+1]).Tag != "!reset" {
				seen[Follow(n.Content[i]).Value] = true
			}
		}
		unseen := func(key, value *yaml.Node) bool {
			if seen[key.Value] {
				return true
			}
			seen[key.Value] = true
			return yield(key, value)
		}
		merged := map[*yaml.Node]bool{n: true}
		for slices.Reverse(sources); len(sources) > 0; { // the next one is the last
			source := Follow(sources[len(sources)-1])
			sources = sources[:len(sources)-1]
			if source.Kind != yaml.MappingNode || merged[source] {
				continue
			}
			merged[source] = true
			inner, more := ownEntries(source, unseen)
			if !more {
				return
			}
			slices.Reverse(inner)
			sources = append(sources, inner...)
		}
	}
}

// ownEntries yields the entries of a mapping except what it merges, and returns the sources of that. more is false if
// yield wants no more.
func ownEntries(n *yaml.Node, yield func(*yaml.Node, *yaml.Node) bool) (sources []*yaml.Node, more bool) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], Follow(n.Content[i+1])
		switch {
		case IsMerge(key):
			sources = append(sources, mergeSources(value)...)
		case value.Tag == "!reset":
		case !yield(Follow(key), value):
			return nil, false
		}
	}
	return sources, true
}

// Get returns the value at a path of keys, as Entries finds them. It returns nil for a missing key.
func Get(n *yaml.Node, path ...string) *yaml.Node {
	for _, name := range path {
		if n = get(n, name); n == nil {
			return nil
		}
	}
	return Follow(n)
}

func get(n *yaml.Node, name string) *yaml.Node {
	n = Follow(n)
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		switch key := n.Content[i]; {
		case key.Kind == yaml.AliasNode, IsMerge(key), n.Content[i+1].Tag == "!reset":
			return getMerged(n, name)
		case key.Value == name:
			return Follow(n.Content[i+1])
		}
	}
	return nil
}

// getMerged is get for a mapping with more than keys and values, which takes longer.
func getMerged(n *yaml.Node, name string) *yaml.Node {
	for key, value := range Entries(n) {
		if key.Value == name {
			return value
		}
	}
	return nil
}

// Items iterates over the entries of a sequence, with aliases followed. Any other node has no items.
func Items(n *yaml.Node) iter.Seq[*yaml.Node] {
	return func(yield func(*yaml.Node) bool) {
		n = Follow(n)
		if n == nil || n.Kind != yaml.SequenceNode {
			return
		}
		for _, item := range n.Content {
			if !yield(Follow(item)) {
				return
			}
		}
	}
}

// Names iterates over the names that a node lists: the scalar items of a sequence, the keys of a mapping, with the value
// of each, or a single scalar.
func Names(n *yaml.Node) iter.Seq2[*yaml.Node, *yaml.Node] {
	return func(yield func(*yaml.Node, *yaml.Node) bool) {
		n = Follow(n)
		switch {
		case n == nil:
		case n.Kind == yaml.MappingNode:
			Entries(n)(yield)
		case n.Kind == yaml.ScalarNode:
			yield(n, nil)
		default:
			for item := range Items(n) {
				if item.Kind == yaml.ScalarNode && !yield(item, nil) {
					return
				}
			}
		}
	}
}

// RepeatedKeys iterates over the keys of a mapping's own entries that are there already, as scalars or by an alias, each
// with the first one of its text.
func RepeatedKeys(n *yaml.Node) iter.Seq2[*yaml.Node, *yaml.Node] {
	return func(yield func(key, first *yaml.Node) bool) {
		if n.Kind != yaml.MappingNode {
			return
		}
		seen := make(map[string]*yaml.Node, len(n.Content)/2)
		for i := 0; i < len(n.Content); i += 2 {
			key := n.Content[i]
			scalar := Follow(key)
			if scalar.Kind != yaml.ScalarNode {
				continue
			}
			first, twice := seen[scalar.Value]
			if !twice {
				seen[scalar.Value] = key
			} else if !yield(key, first) {
				return
			}
		}
	}
}

// Heading returns the comments at the top of a text, up to the first line that is no comment.
func Heading(text string) string {
	end := 0
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "#") {
			break
		}
		end += len(line)
	}
	return text[:end]
}

// IsNull reports whether a node is an empty value, ~ or null.
func IsNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }

// IsTrue reports whether a node is the boolean true. A nil node is not.
func IsTrue(n *yaml.Node) bool {
	return n != nil && n.ShortTag() == "!!bool" && strings.EqualFold(n.Value, "true")
}

// IsMerge reports whether a key is "<<" without quotes, which merges other mappings into its own.
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

// mergeSources returns the mappings that the value of a merge key lists, or the value itself.
func mergeSources(value *yaml.Node) []*yaml.Node {
	if list := Follow(value); list.Kind == yaml.SequenceNode {
		return list.Content
	}
	return []*yaml.Node{value}
}

// EscapeKey writes a key for a path of keys that dots join. A backslash comes before each dot, bracket, equals sign
// and backslash of the key.
func EscapeKey(key string) string {
	if !strings.ContainsAny(key, `.=[\`) {
		return key
	}
	return strings.NewReplacer(`\`, `\\`, `.`, `\.`, `=`, `\=`, `[`, `\[`).Replace(key)
}
