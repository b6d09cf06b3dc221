// Package yamltree works on the node trees of YAML documents as package go.yaml.in/yaml/v4 reads them. It follows
// aliases and merge keys, refuses documents that are too large to walk, says where a syntax error is, and writes
// documents as JSON.
package yamltree

import (
	"bytes"
	"errors"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Documents iterates over the YAML documents of a text, each a document node with its root in Content[0]. An error of
// package yaml ends them.
func Documents(text []byte) iter.Seq2[*yaml.Node, error] {
	return func(yield func(*yaml.Node, error) bool) {
		decoder := yaml.NewDecoder(bytes.NewReader(text))
		for {
			var document yaml.Node
			if err := decoder.Decode(&document); errors.Is(err, io.EOF) || !yield(&document, err) || err != nil {
				return
			}
		}
	}
}

// All iterates over a node and all below it, keys too. It follows no aliases.
func All(n *yaml.Node) iter.Seq[*yaml.Node] {
	return func(yield func(*yaml.Node) bool) { all(n, yield) }
}

func all(n *yaml.Node, yield func(*yaml.Node) bool) bool {
	return yield(n) && !slices.ContainsFunc(n.Content, func(child *yaml.Node) bool { return !all(child, yield) })
}

// Follow returns the node that an alias stands for, and any other node itself.
func Follow(n *yaml.Node) *yaml.Node {
	for n != nil && n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

// Entries iterates over the keys and values of a mapping, with aliases followed: first the mapping's own keys, then
// those that "<<" merges into it and that it lacks. As in Compose, a key whose value has the tag !reset counts as
// missing, so its value can come from "<<". Any other node has no entries. Each mapping is merged once, so Entries ends
// even if an anchor contains itself.
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

// Text returns the text of the scalar at a path of keys, or "".
func Text(n *yaml.Node, path ...string) string {
	if at := Get(n, path...); at != nil && at.Kind == yaml.ScalarNode {
		return at.Value
	}
	return ""
}

// Keys returns the names of the keys of a mapping.
func Keys(n *yaml.Node) (names []string) {
	for key := range Entries(n) {
		names = append(names, key.Value)
	}
	return names
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

// RepeatedKeys iterates over the keys of a mapping that repeat the text of an earlier key, each with the first key of
// that text. It ignores merged keys, and follows aliases of keys.
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

// Literal returns a text that is the same for equal values and differs for others. It follows no aliases.
func Literal(n *yaml.Node) string { return string(AppendLiteral(nil, n)) }

// AppendLiteral appends what Literal returns.
func AppendLiteral(out []byte, n *yaml.Node) []byte {
	switch n.Kind {
	case yaml.MappingNode:
		out = append(out, '{')
	case yaml.SequenceNode:
		out = append(out, '[')
	default:
		out = append(append(out, n.ShortTag()...), ' ')
		out = append(append(strconv.AppendInt(out, int64(len(n.Value)), 10), ' '), n.Value...) // a value may have any character
	}
	for _, child := range n.Content {
		out = AppendLiteral(out, child)
	}
	return append(out, 0)
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

// Below returns the path of a key in the mapping at a path, which is "" for the whole document.
func Below(path, key string) string {
	if path == "" {
		return EscapeKey(key)
	}
	return path + "." + EscapeKey(key)
}

// EscapeKey writes a key for a path of keys that dots join. A backslash comes before each dot, bracket, equals sign
// and backslash of the key.
func EscapeKey(key string) string {
	if !strings.ContainsAny(key, `.=[\`) {
		return key
	}
	return strings.NewReplacer(`\`, `\\`, `.`, `\.`, `=`, `\=`, `[`, `\[`).Replace(key)
}
