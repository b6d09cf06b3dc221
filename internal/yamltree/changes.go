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
	c := comparison{before: before.Name, after: after.Name, limit: limit(len(before.Content) + len(after.Content)), found: []Change{}}
	err = c.compare("", old, now)
	return c.found, err
}

type comparison struct {
	before, after string // names
	limit         int    // of the JSON of a value
	found         []Change
}

func (c *comparison) compare(path string, before, after *yaml.Node) error {
	oldText, err := c.json(before)
	if err != nil {
		return fmt.Errorf("%s:%w", c.before, err)
	}
	newText, err := c.json(after)
	if err != nil {
		return fmt.Errorf("%s:%w", c.after, err)
	}
	if bytes.Equal(oldText, newText) {
		return nil
	}
	before, after = Follow(before), Follow(after)
	switch {
	case before == nil || after == nil || before.Kind != after.Kind || before.Kind == yaml.ScalarNode:
		c.found = append(c.found, Change{Path: path, Old: oldText, New: newText})
		return nil
	case before.Kind == yaml.SequenceNode:
		return c.sequences(path, before.Content, after.Content)
	default:
		return c.mappings(path, before, after)
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

func (c *comparison) sequences(path string, before, after []*yaml.Node) error {
	for i := range max(len(before), len(after)) {
		var a, b *yaml.Node
		if i < len(before) {
			a = before[i]
		}
		if i < len(after) {
			b = after[i]
		}
		if err := c.compare(path+"["+strconv.Itoa(i)+"]", a, b); err != nil {
			return err
		}
	}
	return nil
}

func (c *comparison) mappings(path string, before, after *yaml.Node) error {
	in := func(n *yaml.Node) map[string]*yaml.Node {
		all := map[string]*yaml.Node{}
		for key, value := range Entries(n) {
			all[key.Value] = value
		}
		return all
	}
	old, now := in(before), in(after)
	for key, value := range Entries(before) {
		if err := c.compare(below(path, key.Value), value, now[key.Value]); err != nil {
			return err
		}
	}
	for key, value := range Entries(after) {
		if _, ok := old[key.Value]; ok {
			continue
		}
		if err := c.compare(below(path, key.Value), nil, value); err != nil {
			return err
		}
	}
	return nil
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
