package values

import (
	"errors"
	"strconv"

	"github.com/tp0-lab/composer/internal/compose/yamltree"
)

var errNotPath = errors.New("want a path of keys, such as client.image")

// Entry returns a map with one key.
func Entry(key string, value *Node) *Node {
	m := Map(value.Origin)
	m.set(key, value)
	return m
}

// At returns the value at a path in the syntax of --set, such as client.mounts[0], or nil if the path leads nowhere. Its
// error says what is wrong with the path.
func (n *Node) At(path string) (*Node, error) {
	steps, _, rest, err := parsePath(path + "=")
	if err != nil {
		return nil, err
	}
	if rest != "" {
		return nil, errNotPath
	}
	for _, s := range steps {
		if n = n.child(s.key); n == nil {
			return nil, nil //nolint:nilnil // the path leads nowhere
		}
	}
	return n, nil
}

// Paths returns the paths of all values below n, in the syntax of --set, also those of maps and lists.
func (n *Node) Paths() (paths []string) {
	n.walk("", func(path string, _ *Node) { paths = append(paths, path) })
	return paths
}

// walk calls f for all values below n, in the order in which they were written.
func (n *Node) walk(path string, f func(path string, n *Node)) {
	for _, key := range n.Keys {
		at := yamltree.Below(path, key)
		f(at, n.Fields[key])
		n.Fields[key].walk(at, f)
	}
	for i, item := range n.Items {
		at := path + "[" + strconv.Itoa(i) + "]"
		f(at, item)
		item.walk(at, f)
	}
}

// IsList reports whether n is a list. It returns false for nil.
func (n *Node) IsList() bool { return n != nil && n.Items != nil }

// Text returns the text of a scalar that is a string. ok is false for any other node, and for a nil n.
func (n *Node) Text() (text string, ok bool) {
	if n == nil {
		return "", false
	}
	text, ok = n.Scalar.(string)
	return text, ok
}
