package existing

import (
	"cmp"
	"slices"

	"go.yaml.in/yaml/v4"

	"github.com/tp0-lab/composer/internal/compose/yamltree"
)

// entry is an entry of a mapping, or of a list, which has no key.
type entry struct {
	key   string
	value *yaml.Node
}

// plain returns a copy of a node without aliases, merge keys and anchors. Comments above a key, beside its value
// and below it are those of the value.
func plain(n *yaml.Node) *yaml.Node {
	n = yamltree.Follow(n)
	c := &yaml.Node{Kind: n.Kind, Style: n.Style, Tag: n.Tag, Value: n.Value, HeadComment: n.HeadComment, LineComment: n.LineComment, FootComment: n.FootComment}
	switch n.Kind {
	case yaml.MappingNode:
		for k, v := range yamltree.Entries(n) {
			c.Content = append(c.Content, plainEntry(k, v)...)
		}
	case yaml.SequenceNode:
		for _, item := range n.Content {
			c.Content = append(c.Content, plain(item))
		}
	}
	return c
}

// plainEntry is plain for a key and its value.
func plainEntry(key, value *yaml.Node) []*yaml.Node {
	k, v := plain(key), plain(value)
	v.HeadComment, v.LineComment = cmp.Or(k.HeadComment, v.HeadComment), cmp.Or(v.LineComment, k.LineComment)
	v.FootComment = cmp.Or(k.FootComment, v.FootComment)
	k.HeadComment, k.LineComment, k.FootComment = "", "", ""
	return []*yaml.Node{k, v}
}

// uncommented returns a copy of a node without comments.
func uncommented(n *yaml.Node) *yaml.Node {
	if n == nil {
		return nil
	}
	c := *n
	c.HeadComment, c.LineComment, c.FootComment, c.Content = "", "", "", nil
	for _, child := range n.Content {
		c.Content = append(c.Content, uncommented(child))
	}
	return &c
}

// entries returns the entries of a mapping or a list.
func entries(n *yaml.Node) (all []entry) {
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			all = append(all, entry{n.Content[i].Value, n.Content[i+1]})
		}
	case yaml.SequenceNode:
		for _, item := range n.Content {
			all = append(all, entry{"", item})
		}
	}
	return all
}

// equal reports whether two values are the same.
func equal(a, b *yaml.Node) bool {
	return a.Kind == b.Kind && a.Value == b.Value && a.ShortTag() == b.ShortTag() && slices.EqualFunc(a.Content, b.Content, equal)
}

func allEqual(all []*yaml.Node) bool {
	return !slices.ContainsFunc(all, func(n *yaml.Node) bool { return !equal(all[0], n) })
}

// hasAnchor reports whether a value has an anchor, so that it may be there for others.
func hasAnchor(n *yaml.Node) bool {
	return n.Anchor != "" || slices.ContainsFunc(n.Content, hasAnchor)
}
