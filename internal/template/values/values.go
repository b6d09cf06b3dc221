// Package values merges the values of a bundle, a stage and a user, and knows where each value was written.
package values

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/tp0-lab/composer/internal/compose/yamltree"
	"github.com/tp0-lab/composer/internal/text"
)

// Origin is the place where a value was written: in a map, the place of its key. For a value of the command line or
// the environment, File is the flag or variable with the key's path, and Line is 0.
type Origin = text.Place

// Node is a value and the origin of each of its parts. A Node never changes, so several nodes may share parts.
type Node struct {
	Origin Origin
	// Fields are the values of a map, Items those of a list. Both are nil for a scalar.
	Fields map[string]*Node
	Items  []*Node
	// Keys are the keys of Fields in the order in which they were first written.
	Keys []string
	// Scalar is a string, bool, int, *big.Int (for integers that exceed int), float64 or nil. Merge removes a key
	// whose new value is nil.
	Scalar any

	removed map[string]Origin // keys that a null removed
	untyped bool              // a text of a format that has nothing but texts
}

// Map returns an empty map.
func Map(o Origin) *Node { return &Node{Origin: o, Fields: map[string]*Node{}} }

func (n *Node) isNull() bool { return n.Fields == nil && n.Items == nil && n.Scalar == nil }

// Merge returns base, which may be nil, with over laid on it: maps are merged, null removes a key, and any other value
// replaces the one before. Some formats have texts only. A text of such a format becomes a number, true or false if it
// replaces one and reads as one.
func Merge(base, over *Node) *Node {
	if over.Fields == nil {
		return over.like(base)
	}
	merged := Map(over.Origin)
	if base != nil && base.Fields != nil {
		*merged = *base
		merged.Fields, merged.Keys = maps.Clone(base.Fields), slices.Clone(base.Keys)
	}
	for _, key := range over.Keys {
		merged.put(key, over.Fields[key])
	}
	return merged
}

// like returns n with the type of the scalar that it replaces, if n has no type of its own and its text is written as one
// of that type.
func (n *Node) like(base *Node) *Node {
	written, _ := n.Scalar.(string)
	if !n.untyped || base == nil {
		return n
	}
	own := *n
	own.untyped = false
	switch base.Scalar.(type) {
	case int:
		if i, err := strconv.Atoi(written); err == nil && strconv.Itoa(i) == written {
			own.Scalar = i
		}
	case float64:
		if f, err := strconv.ParseFloat(written, 64); err == nil && strings.Trim(written, "-.0123456789") == "" {
			own.Scalar = f
		}
	case bool:
		if written == "true" || written == "false" {
			own.Scalar = written == "true"
		}
	}
	return &own
}

// set sets the value of a key. It changes n, so n must be a new map.
func (n *Node) set(key string, value *Node) {
	if _, ok := n.Fields[key]; !ok {
		n.Keys = append(n.Keys, key)
	}
	n.Fields[key] = value
}

// put lays value over the one at key. It changes n, so n must be a new map.
func (n *Node) put(key string, value *Node) {
	if !value.isNull() {
		n.set(key, Merge(n.Fields[key], value))
		return
	}
	if _, ok := n.Fields[key]; ok {
		delete(n.Fields, key)
		n.Keys = slices.DeleteFunc(n.Keys, func(k string) bool { return k == key })
	}
	n.removed = maps.Clone(n.removed)
	if n.removed == nil {
		n.removed = map[string]Origin{}
	}
	n.removed[key] = value.Origin
}

// Plain returns a copy of the value as map[string]any, []any and scalars.
func (n *Node) Plain() any { return n.plain(func(scalar any) any { return scalar }) }

// JSON returns the value as Plain does, but with numbers that an encoder or a schema reads exactly: json.Number for
// *big.Int and float64. A whole float64 keeps its fraction, as in 1.0.
func (n *Node) JSON() any {
	return n.plain(func(scalar any) any {
		switch v := scalar.(type) {
		case *big.Int:
			return json.Number(v.String())
		case float64:
			return json.Number(yamltree.FormatFloat(v))
		default:
			return v
		}
	})
}

func (n *Node) plain(scalar func(any) any) any {
	switch {
	case n.Fields != nil:
		fields := make(map[string]any, len(n.Fields))
		for key, value := range n.Fields {
			fields[key] = value.plain(scalar)
		}
		return fields
	case n.Items != nil:
		items := make([]any, len(n.Items))
		for i, value := range n.Items {
			items[i] = value.plain(scalar)
		}
		return items
	default:
		return scalar(n.Scalar)
	}
}

// Get returns the value at a path of keys and indices, or nil if the path leads nowhere.
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

// Leaf is a scalar or an empty map or list, with its place among the values.
type Leaf struct {
	// Path is the path in the syntax of --set.
	Path string
	// Value is the result of Node.JSON.
	Value  any
	Origin Origin
}

// Leaves returns all leaves of n, which must be a map, in the order of their paths.
func (n *Node) Leaves() []Leaf { return n.leaves("") }

func (n *Node) leaves(path string) (found []Leaf) {
	if len(n.Fields)+len(n.Items) == 0 {
		return []Leaf{{path, n.JSON(), n.Origin}}
	}
	for _, key := range slices.SortedFunc(maps.Keys(n.Fields), text.NaturalCompare) {
		found = append(found, n.Fields[key].leaves(yamltree.Below(path, key))...)
	}
	for i, item := range n.Items {
		found = append(found, item.leaves(path+"["+strconv.Itoa(i)+"]")...)
	}
	return found
}

// Spell returns a path in the syntax of --set, such as client.mounts[0]. Indices of lists of n get brackets.
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
