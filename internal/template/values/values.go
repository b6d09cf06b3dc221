// Package values merges what a bundle, a stage and a user say, and remembers of
// each value where it was said.
package values

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/tp0-lab/composer/internal/compose/yamltree"
	"github.com/tp0-lab/composer/internal/text"
)

// Origin says where a value was written.
type Origin struct {
	// Source is a file's name, or the flag or variable and its key.
	Source string
	// Line and Column count from 1, Column in characters. They are 0 where
	// Source is no file. A value in a map is where its key is.
	Line, Column int
}

// originAt returns the origin of the byte at offset of a file's content.
func originAt(file string, content []byte, offset int) Origin {
	place := text.PlaceAt(file, content, offset)
	return Origin{place.File, place.Line, place.Column}
}

func (o Origin) String() string {
	if o.Line == 0 {
		return o.Source
	}
	return o.Source + ":" + strconv.Itoa(o.Line) + ":" + strconv.Itoa(o.Column)
}

// Node is a value with the origin of each of its parts. It is not changed
// once it is made, so nodes share parts.
type Node struct {
	Origin Origin
	// Fields are those of a map, Items those of a list; nil of anything else.
	Fields map[string]*Node
	Items  []*Node
	// Scalar is a string, bool, int, *big.Int (what no int holds), float64, or
	// nil, which takes a key away when it is laid over one.
	Scalar any

	removed map[string]Origin // keys that null took away
}

// Map returns a map without keys.
func Map(o Origin) *Node { return &Node{Origin: o, Fields: map[string]*Node{}} }

func (n *Node) isNull() bool { return n.Fields == nil && n.Items == nil && n.Scalar == nil }

// Merge returns base, which may be nil, with over laid on it: maps are merged,
// null takes a key away, everything else replaces.
func Merge(base, over *Node) *Node {
	if over.Fields == nil {
		return over
	}
	merged := Map(over.Origin)
	if base != nil && base.Fields != nil {
		*merged = *base
		merged.Fields = maps.Clone(base.Fields)
	}
	for key, value := range over.Fields {
		merged.put(key, value)
	}
	return merged
}

// put lays value over what is at key of a map that nobody has seen yet.
func (n *Node) put(key string, value *Node) {
	if !value.isNull() {
		n.Fields[key] = Merge(n.Fields[key], value)
		return
	}
	delete(n.Fields, key)
	n.removed = maps.Clone(n.removed)
	if n.removed == nil {
		n.removed = map[string]Origin{}
	}
	n.removed[key] = value.Origin
}

// Plain returns the value as maps, lists and scalars of its own.
func (n *Node) Plain() any {
	switch {
	case n.Fields != nil:
		plain := make(map[string]any, len(n.Fields))
		for key, value := range n.Fields {
			plain[key] = value.Plain()
		}
		return plain
	case n.Items != nil:
		plain := make([]any, len(n.Items))
		for i, value := range n.Items {
			plain[i] = value.Plain()
		}
		return plain
	default:
		return n.Scalar
	}
}

// Get returns the part of n at a path, or nil if there is none.
func (n *Node) Get(path ...string) *Node {
	for _, key := range path {
		if n == nil {
			return nil
		}
		n = n.child(key)
	}
	return n
}

func (n *Node) child(key string) *Node {
	if n.Items != nil {
		if i, err := strconv.Atoi(key); err == nil && i >= 0 && i < len(n.Items) {
			return n.Items[i]
		}
	}
	return n.Fields[key]
}

// Leaf is a scalar, or a map or list with nothing in it, and where it is.
type Leaf struct {
	// Path is as --set takes it.
	Path string
	// Value is as Node.JSON has it.
	Value  any
	Origin Origin
}

// Leaves returns all of n, which is a map, in the order of their paths.
func (n *Node) Leaves() []Leaf { return n.leaves("") }

func (n *Node) leaves(path string) (found []Leaf) {
	if len(n.Fields)+len(n.Items) == 0 {
		return []Leaf{{path, n.JSON(), n.Origin}}
	}
	for _, key := range slices.SortedFunc(maps.Keys(n.Fields), text.NaturalCompare) {
		at := yamltree.EscapeKey(key)
		if path != "" {
			at = path + "." + at
		}
		found = append(found, n.Fields[key].leaves(at)...)
	}
	for i, item := range n.Items {
		found = append(found, item.leaves(path+"["+strconv.Itoa(i)+"]")...)
	}
	return found
}

// Spell returns a path as --set takes it. Of the keys in it, those that are
// items of a list in n are in brackets.
func (n *Node) Spell(path []string) string {
	var b strings.Builder
	for i, key := range path {
		if n != nil && n.Items != nil {
			fmt.Fprintf(&b, "[%s]", key)
		} else {
			if i > 0 {
				b.WriteByte('.')
			}
			b.WriteString(yamltree.EscapeKey(key))
		}
		if n != nil {
			n = n.child(key)
		}
	}
	return b.String()
}
