package yamltree

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Change is one difference between two documents.
type Change struct {
	// Path is the keys from the top, joined by dots; an index of a list is in
	// brackets. A dot, bracket, = or backslash in a key has a backslash before it.
	Path string `json:"path"`
	// Old and New are the values there. What is only in one document has no other.
	Old json.RawMessage `json:"old,omitempty"`
	New json.RawMessage `json:"new,omitempty"`
}

// Text is a YAML document, and what errors call it.
type Text struct{ Name, Content string }

// Changes returns how two YAML documents differ in what they mean, in the order
// of the old one, then of the new one. The order of keys, comments, quotes and
// anchors mean nothing; lists are compared index by index. What is only in one
// of them is one change, with all that is below it. Its errors are name:line:column: what.
func Changes(before, after Text) ([]Change, error) {
	old, err := Parse([]byte(before.Content))
	if err != nil {
		return nil, fmt.Errorf("%s:%w", before.Name, err)
	}
	now, err := Parse([]byte(after.Content))
	if err != nil {
		return nil, fmt.Errorf("%s:%w", after.Name, err)
	}
	c := comparison{limit: limit(len(before.Content) + len(after.Content)), found: []Change{}}
	c.left = c.limit
	if _, err := c.json(old); err != nil { // nothing below it has another
		return nil, fmt.Errorf("%s:%w", before.Name, err)
	}
	if _, err := c.json(now); err != nil {
		return nil, fmt.Errorf("%s:%w", after.Name, err)
	}
	c.compare("", old, now)
	if c.left < 0 {
		return nil, fmt.Errorf("%s and %s: what differs is longer than %d MiB", before.Name, after.Name, c.limit>>20)
	}
	return c.found, nil
}

type comparison struct {
	limit int // of the JSON of a value, and of all that is found
	left  int // of that
	found []Change
}

func (c *comparison) compare(path string, before, after *yaml.Node) {
	before, after = Follow(before), Follow(after)
	switch {
	case c.left < 0:
	case before == nil || after == nil || before.Kind != after.Kind || before.Kind == yaml.ScalarNode:
		oldText, _ := c.json(before)
		newText, _ := c.json(after)
		if bytes.Equal(oldText, newText) {
			return
		}
		if c.left -= len(path) + len(oldText) + len(newText); c.left >= 0 {
			c.found = append(c.found, Change{Path: path, Old: oldText, New: newText})
		}
	case before.Kind == yaml.SequenceNode:
		c.sequences(path, before.Content, after.Content)
	default:
		c.mappings(path, before, after)
	}
}

// json returns a value on one line, and nothing for none.
func (c *comparison) json(n *yaml.Node) ([]byte, error) {
	if n == nil {
		return nil, nil
	}
	w := jsonWriter{limit: c.limit}
	err := w.value(n, "")
	return w.out, err
}

func (c *comparison) sequences(path string, before, after []*yaml.Node) {
	for i := range max(len(before), len(after)) {
		var a, b *yaml.Node
		if i < len(before) {
			a = before[i]
		}
		if i < len(after) {
			b = after[i]
		}
		c.compare(path+"["+strconv.Itoa(i)+"]", a, b)
	}
}

func (c *comparison) mappings(path string, before, after *yaml.Node) {
	in := func(n *yaml.Node) map[string]*yaml.Node {
		all := map[string]*yaml.Node{}
		for key, value := range Entries(n) {
			all[key.Value] = value
		}
		return all
	}
	old, now := in(before), in(after)
	for key, value := range Entries(before) {
		c.compare(below(path, key.Value), value, now[key.Value])
	}
	for key, value := range Entries(after) {
		if _, ok := old[key.Value]; !ok {
			c.compare(below(path, key.Value), nil, value)
		}
	}
}

func below(path, key string) string {
	if key = EscapeKey(key); path == "" {
		return key
	}
	return path + "." + key
}

// EscapeKey spells a key as one of a path of keys: a backslash takes their
// meaning from dots, brackets, equals signs and backslashes.
func EscapeKey(key string) string {
	if !strings.ContainsAny(key, `.=[\`) {
		return key
	}
	return strings.NewReplacer(`\`, `\\`, `.`, `\.`, `=`, `\=`, `[`, `\[`).Replace(key)
}
