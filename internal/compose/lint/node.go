package lint

import (
	"encoding/json"
	"math"
	"strconv"

	"go.yaml.in/yaml/v4"

	"github.com/tp0-lab/composer/internal/compose/vars"
	"github.com/tp0-lab/composer/internal/compose/yamltree"
)

// known returns the text of a scalar with the defaults of its variables. It returns false for a missing or empty scalar,
// and for one with a variable that has a value only where Compose runs.
func known(n *yaml.Node) (string, bool) { return vars.Known(n, nil) }

// value returns the known text at a path of keys, or "".
func value(n *yaml.Node, path ...string) string {
	text, _ := known(yamltree.Get(n, path...))
	return text
}

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
		for item := range yamltree.Items(n) {
			list = append(list, p.of(item))
		}
		return list
	}
	switch n.ShortTag() {
	case "!!null":
		return nil
	case "!!bool", "!!int":
		var v any
		if n.Decode(&v) == nil {
			return v
		}
	case "!!float":
		var f float64
		if n.Decode(&f) == nil {
			return withPoint(f)
		}
	}
	return n.Value // dates, too: they are reported by another rule
}

// withPoint returns f such that JSON has it with a point, as in 1.0, because Compose takes 1 where it does not take
// 1.0.
func withPoint(f float64) any {
	if f != math.Trunc(f) || math.Abs(f) > 1<<53 {
		return f
	}
	return json.Number(strconv.FormatFloat(f, 'f', 1, 64))
}
