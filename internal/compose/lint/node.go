package lint

import (
	"iter"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/tp0-lab/composer/internal/compose/vars"
	"github.com/tp0-lab/composer/internal/compose/yamltree"
)

// items iterates over the entries of a sequence.
func items(n *yaml.Node) iter.Seq[*yaml.Node] {
	return func(yield func(*yaml.Node) bool) {
		n = yamltree.Follow(n)
		if n == nil || n.Kind != yaml.SequenceNode {
			return
		}
		for _, item := range n.Content {
			if !yield(yamltree.Follow(item)) {
				return
			}
		}
	}
}

// names iterates over what a node lists: the items of a sequence, the keys of a
// mapping, with the value of each, or a single scalar.
func names(n *yaml.Node) iter.Seq2[*yaml.Node, *yaml.Node] {
	return func(yield func(*yaml.Node, *yaml.Node) bool) {
		n = yamltree.Follow(n)
		switch {
		case n == nil:
		case n.Kind == yaml.MappingNode:
			yamltree.Entries(n)(yield)
		case n.Kind == yaml.ScalarNode:
			yield(n, nil)
		default:
			for item := range items(n) {
				if item.Kind == yaml.ScalarNode && !yield(item, nil) {
					return
				}
			}
		}
	}
}

// known returns the text of a scalar, unless it is missing, empty, or has
// variables in it, which have a value only where Compose runs.
func known(n *yaml.Node) (string, bool) {
	n = yamltree.Follow(n)
	if n == nil || n.Kind != yaml.ScalarNode || n.Value == "" || isNull(n) {
		return "", false
	}
	return vars.Literal(n.Value)
}

// value returns the known text at a path of keys, or "".
func value(n *yaml.Node, path ...string) string {
	text, _ := known(yamltree.Get(n, path...))
	return text
}

func isTrue(n *yaml.Node) bool {
	return n != nil && n.ShortTag() == "!!bool" && strings.EqualFold(n.Value, "true")
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }

func isPlain(n *yaml.Node) bool {
	const quoted = yaml.SingleQuotedStyle | yaml.DoubleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle | yaml.TaggedStyle
	return n.Kind == yaml.ScalarNode && n.Style&quoted == 0
}

// plain turns nodes into the values that a JSON schema is about. An anchor's
// value is made once.
type plain map[*yaml.Node]any

func (p plain) of(n *yaml.Node) any {
	n = yamltree.Follow(n)
	if n.Anchor != "" {
		if v, ok := p[n]; ok {
			return v
		}
	}
	v := p.make(n)
	if n.Anchor != "" {
		p[n] = v
	}
	return v
}

func (p plain) make(n *yaml.Node) any {
	switch n.Kind {
	case yaml.MappingNode:
		m := make(map[string]any, len(n.Content)/2)
		for key, value := range yamltree.Entries(n) {
			if _, ok := m[key.Value]; !ok {
				m[key.Value] = p.of(value)
			}
		}
		return m
	case yaml.SequenceNode:
		list := make([]any, 0, len(n.Content))
		for item := range items(n) {
			list = append(list, p.of(item))
		}
		return list
	}
	switch n.ShortTag() {
	case "!!null":
		return nil
	case "!!bool", "!!int", "!!float":
		var v any
		if n.Decode(&v) == nil {
			return v
		}
	}
	return n.Value // dates, too: they are reported by another rule
}

// service is what most rules look at of a service.
type service struct {
	name     string
	key      *yaml.Node // where its name stands
	body     *yaml.Node
	scale    int      // how many containers, 1 if that is not known
	profiles []string // sorted
}

// maxProfiles is how many profiles of a service are looked at.
const maxProfiles = 100

// maxScale is how many containers of a service are counted; more is a slip.
const maxScale = 1 << 20

func (d *document) readServices() []service {
	var all []service
	for key, body := range yamltree.Entries(yamltree.Get(d.root, "services")) {
		s := service{name: key.Value, key: key, body: body, scale: 1}
		for _, path := range [][]string{{"scale"}, {"deploy", "replicas"}} {
			if n, err := strconv.Atoi(value(body, path...)); err == nil && n >= 0 && n <= maxScale {
				s.scale = n
			}
		}
		for profile := range names(yamltree.Get(body, "profiles")) {
			if s.profiles = append(s.profiles, profile.Value); len(s.profiles) == maxProfiles {
				break
			}
		}
		slices.Sort(s.profiles)
		all = append(all, s)
	}
	return all
}
