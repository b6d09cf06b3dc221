package vars

import (
	"go.yaml.in/yaml/v4"

	"github.com/tp0-lab/composer/internal/compose/yamltree"
)

// PruneText applies Prune to each document of a Compose file. all reports that nothing was left out.
func PruneText(text []byte) (rest []byte, all bool) {
	if _, literal := Literal(string(text)); literal {
		return text, true
	}
	p := newPruner()
	rest, pruned := RewriteDocuments(text, func(document *yaml.Node) (known *yaml.Node, pruned bool) {
		known, all := p.prune(document)
		if p.left < 0 {
			return nil, false
		}
		return known, !all
	})
	return rest, !pruned
}

// Prune returns a copy of a part of a Compose file without the scalars that have a variable without a default:
// compose-go would read such a variable as empty, or refuse it (${NAME:?}). Prune also leaves out the items of lists
// that have such a scalar. Where compose-go demands a key, such as image, the key gets a stand-in for its value, and a
// mapping with an unknown external or ipam becomes external: true. Prune returns nil if n is such a scalar itself. all
// reports that nothing was left out.
func Prune(n *yaml.Node) (known *yaml.Node, all bool) { return newPruner().prune(n) }

func newPruner() *pruner { return &pruner{left: yamltree.MaxValues, open: map[*yaml.Node]bool{}} }

// standIns are the values of keys that cannot be left out.
var standIns = map[string]string{
	"image": "image", "build": ".", "context": ".", "file": "file", "content": "content", "environment": "NAME",
	"condition": "service_started", "soft": "1", "hard": "1", "model": "model",
}

// pruner copies nodes, and leaves out nodes that are not known. It copies the node of an alias in place of the alias,
// because the anchor may be left out.
type pruner struct {
	left int                 // nodes that may be copied for aliases, or less than 0
	open map[*yaml.Node]bool // nodes that are being copied for an alias
}

// prune returns a copy of the known parts of n, or nil if nothing is known, and whether it is all.
func (p *pruner) prune(n *yaml.Node) (known *yaml.Node, all bool) {
	if len(p.open) > 0 {
		p.left--
	}
	if p.left < 0 {
		return nil, false
	}
	switch n.Kind {
	case yaml.AliasNode:
		if p.open[n.Alias] { // it contains itself
			p.left = -1
			return nil, false
		}
		p.open[n.Alias] = true
		defer delete(p.open, n.Alias)
		return p.prune(n.Alias)
	case yaml.ScalarNode:
		if _, all := Fill(n.Value, nil); !all {
			return nil, false
		}
		return bare(n), true
	case yaml.MappingNode:
		return p.pruneMapping(n)
	default:
		return p.pruneItems(n, n.Kind == yaml.DocumentNode)
	}
}

// pruneItems leaves out items with unknown parts, or with partly only the unknown parts.
func (p *pruner) pruneItems(n *yaml.Node, partly bool) (known *yaml.Node, all bool) {
	known, all = bare(n), true
	for _, item := range n.Content {
		value, whole := p.prune(item)
		all = all && whole
		if whole || partly && value != nil {
			known.Content = append(known.Content, value)
		}
	}
	return known, all
}

func (p *pruner) pruneMapping(n *yaml.Node) (known *yaml.Node, all bool) {
	known, all = bare(n), true
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := bare(yamltree.Follow(n.Content[i])) // compose-go leaves variables in keys alone
		value, whole := p.prune(n.Content[i+1])
		all = all && whole
		switch list := yamltree.Follow(n.Content[i+1]); {
		case whole:
		case yamltree.IsMerge(key) && list.Kind == yaml.SequenceNode:
			value, _ = p.pruneItems(list, true)
		case key.Value == "external" || key.Value == "ipam": // it may be somebody else's, and have any subnet
			return &yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{word("external"), {Kind: yaml.ScalarNode, Value: "true"}}}, false
		case (key.Value == "extends" || key.Value == "provider") && yamltree.Get(n, "image") == nil && yamltree.Get(n, "build") == nil:
			key, value = word("image"), word("image")
		case key.Value == "extends" || key.Value == "provider" || key.Value == "test": // all of them or nothing
			value = nil
		case value == nil && standIns[key.Value] != "":
			value = word(standIns[key.Value])
		}
		if value != nil {
			known.Content = append(known.Content, key, value)
		}
	}
	return known, all
}

// bare returns a node without its content, anchor and comments.
func bare(n *yaml.Node) *yaml.Node {
	value := n.Value
	if value == "" && n.ShortTag() == "!!null" {
		value = "null" // an empty one in brackets is written as empty text
	}
	return &yaml.Node{Kind: n.Kind, Style: n.Style, Tag: n.Tag, Value: value}
}

func word(text string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Value: text} }
