package diff

import (
	"bytes"
	"encoding/json"
	"fmt"

	"go.yaml.in/yaml/v4"

	"github.com/tp0-lab/composer/internal/compose/yamltree"
)

// Change is one difference between the values of two YAML documents.
type Change struct {
	// Path is the keys from the top, joined by dots. An index of a list is in brackets. A dot, bracket, equals sign
	// or backslash of a key has a backslash before it.
	Path string `json:"path"`
	// Old and New are the values at Path. A value that only one document has leaves the other field out.
	Old json.RawMessage `json:"old,omitempty"`
	New json.RawMessage `json:"new,omitempty"`
}

// Changes returns how the values of two YAML documents differ, in the order of the old document, then of the new one.
// The order of keys makes no difference, nor do comments, quotes and anchors. Lists are compared index by index. A
// value that only one document has is one change, with everything below it. A tag such as !override makes a difference
// where only one document has it; the value is {"!override": VALUE} then. Errors begin with name:line:column.
func Changes(before, after Text) ([]Change, error) {
	c := comparison{limit: yamltree.MaxJSON(len(before.Content) + len(after.Content)), found: []Change{}, tags: map[*yaml.Node]string{}}
	c.left = c.limit
	var roots [2]*yaml.Node
	for i, side := range []Text{before, after} {
		root, err := yamltree.Parse([]byte(side.Content))
		if err == nil {
			c.untag(root)
			_, err = yamltree.CompactJSON(root, c.limit) // then no value below it is an error
		}
		if err != nil {
			return nil, fmt.Errorf("%s:%w", side.Name, err)
		}
		roots[i] = root
	}
	c.compare("", roots[0], roots[1])
	if c.left < 0 {
		return nil, fmt.Errorf("%s and %s: the differences are longer than %d MiB", before.Name, after.Name, c.limit>>20)
	}
	return c.found, nil
}

type comparison struct {
	limit int // in bytes, of the JSON of a value and of all changes together
	left  int // bytes of limit that the changes have not used
	found []Change
	tags  map[*yaml.Node]string // that JSON has nothing for, by the nodes that had them
}

// untag removes the tags that JSON cannot hold, such as !reset, from n and the nodes below it.
func (c *comparison) untag(root *yaml.Node) {
	for n := range yamltree.All(root) {
		tag := n.ShortTag()
		if n.Kind == yaml.AliasNode || yamltree.HasJSON(tag) {
			continue
		}
		c.tags[n] = tag
		n.Tag, n.Style = "", n.Style&^yaml.TaggedStyle
		var plain yaml.Node
		if n.Kind == yaml.ScalarNode && n.Style == 0 && yaml.Unmarshal([]byte("- "+n.Value), &plain) == nil {
			n.Tag = plain.Content[0].Content[0].Tag // null, a number and so on
		}
	}
}

// compare adds the changes between two values. A value that is not there is nil.
func (c *comparison) compare(path string, before, after *yaml.Node) {
	before, after = yamltree.Follow(before), yamltree.Follow(after)
	switch {
	case c.left < 0:
	case c.tags[before] != c.tags[after]:
		c.add(Change{path, c.tagged(before), c.tagged(after)})
	case before == nil || after == nil || before.Kind != after.Kind || before.Kind == yaml.ScalarNode:
		c.add(Change{path, c.json(before), c.json(after)})
	case before.Kind == yaml.SequenceNode:
		for i := range max(len(before.Content), len(after.Content)) {
			c.compare(fmt.Sprintf("%s[%d]", path, i), item(before, i), item(after, i))
		}
	default:
		c.mappings(path, before, after)
	}
}

func (c *comparison) add(change Change) {
	if bytes.Equal(change.Old, change.New) {
		return
	}
	if c.left -= len(change.Path) + len(change.Old) + len(change.New); c.left >= 0 {
		c.found = append(c.found, change)
	}
}

func (c *comparison) json(n *yaml.Node) json.RawMessage {
	if n == nil {
		return nil
	}
	text, _ := yamltree.CompactJSON(n, c.limit)
	return text
}

// tagged returns the JSON of a value, below its tag if untag removed one.
func (c *comparison) tagged(n *yaml.Node) json.RawMessage {
	if tag := c.tags[n]; tag != "" {
		return fmt.Appendf(nil, `{%q:%s}`, tag, c.json(n))
	}
	return c.json(n)
}

func item(list *yaml.Node, i int) *yaml.Node {
	if i < len(list.Content) {
		return list.Content[i]
	}
	return nil
}

func (c *comparison) mappings(path string, before, after *yaml.Node) {
	old, now := values(before), values(after)
	for key, value := range yamltree.Entries(before) {
		c.compare(yamltree.Below(path, key.Value), value, now[key.Value])
	}
	for key, value := range yamltree.Entries(after) {
		if _, ok := old[key.Value]; !ok {
			c.compare(yamltree.Below(path, key.Value), nil, value)
		}
	}
}

// values returns the values of a mapping by key.
func values(mapping *yaml.Node) map[string]*yaml.Node {
	all := map[string]*yaml.Node{}
	for key, value := range yamltree.Entries(mapping) {
		all[key.Value] = value
	}
	return all
}
