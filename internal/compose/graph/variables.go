package graph

import (
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4" // the version that compose-go reads with

	"github.com/tp0-lab/composer/internal/compose/vars"
)

// drawable returns a Compose file in which each variable has a value in environment,
// or a default. Another is text, ${NAME}, in what is drawn, and what else depends on
// it is left out: compose-go would take the empty string for it, or refuse the file.
func drawable(text []byte, environment map[string]string) []byte {
	filled, _ := vars.Rewrite(text, func(document *yaml.Node) (edited *yaml.Node, unset bool) {
		f := filler{environment: environment}
		f.fill(document, "")
		return document, f.unset
	})
	return filled
}

// filler leaves out, or writes as text, what depends on a variable that is not set.
type filler struct {
	environment map[string]string
	unset       bool // there was one
}

// drawn are the keys whose values are drawn, and those that a file is refused without.
var drawn = map[string]bool{
	"image": true, "build": true, "context": true, "source": true, "target": true, "published": true, "subnet": true,
	"file": true, "content": true, "environment": true,
}

// fill does it for what is below n, which is the value of key.
func (f *filler) fill(n *yaml.Node, key string) {
	var content []*yaml.Node
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			name, value := n.Content[i], n.Content[i+1]
			text, known := f.scalar(value)
			switch {
			case known:
				f.fill(value, name.Value)
			case key == "volumes" && name.Value == "source":
				setText(value, text)
				bind(n) // whatever it is, it needs no definition then
			case drawn[name.Value] && (key != "ports" || name.Value != "target") || value.Anchor != "":
				setText(value, text)
			default:
				continue
			}
			content = append(content, name, value)
		}
	case yaml.SequenceNode:
		for _, item := range n.Content {
			text, known := f.scalar(item)
			if known {
				f.fill(item, key)
			} else if !longForm(item, key, text) {
				continue
			}
			content = append(content, item)
		}
	default:
		for _, child := range n.Content {
			f.fill(child, key)
		}
		return
	}
	n.Content = content
}

// scalar returns a scalar's text with what is known of it, and whether that is all.
func (f *filler) scalar(n *yaml.Node) (text string, known bool) {
	if n.Kind != yaml.ScalarNode {
		return "", true
	}
	text, known = vars.Fill(n.Value, func(name string) (string, bool) {
		value, ok := f.environment[name]
		return value, ok
	})
	f.unset = f.unset || !known
	return text, known
}

// longForm makes a map of a mount or a port, whose text Compose would take apart at
// other places, and returns false if nothing can be drawn of an item.
func longForm(item *yaml.Node, key, text string) bool {
	parts := strings.Split(text, ":")
	last := len(parts) - 1
	var content []*yaml.Node
	add := func(name, value string) { content = append(content, word(name), word(value)) }
	switch {
	case key == "volumes" && last == 0:
		add("type", "volume")
		add("target", text)
	case key == "volumes" && last <= 2:
		add("type", "bind")
		add("source", parts[0])
		add("target", parts[1])
		if last == 2 && slices.Contains(strings.Split(parts[2], ","), "ro") {
			content = append(content, word("read_only"), &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: "true"})
		}
	case key == "ports" && last > 0:
		target, protocol, found := strings.Cut(parts[last], "/")
		if _, err := strconv.ParseUint(target, 10, 16); err != nil {
			return false
		}
		content = append(content, word("target"), &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!int", Value: target})
		add("published", parts[last-1])
		if found {
			add("protocol", protocol)
		}
		if last > 1 {
			add("host_ip", strings.Join(parts[:last-1], ":"))
		}
	default:
		setText(item, text)
		return item.Anchor != ""
	}
	*item = yaml.Node{Kind: yaml.MappingNode, Anchor: item.Anchor, Content: content}
	return true
}

// bind makes a bind mount of a mount.
func bind(mount *yaml.Node) {
	for i := 0; i+1 < len(mount.Content); i += 2 {
		if mount.Content[i].Value == "type" {
			setText(mount.Content[i+1], "bind")
		}
	}
}

func word(text string) *yaml.Node {
	n := &yaml.Node{}
	setText(n, text)
	return n
}

// setText makes a string of n, which Compose reads as it is.
func setText(n *yaml.Node, text string) {
	n.Kind, n.Tag, n.Style = yaml.ScalarNode, "!!str", yaml.DoubleQuotedStyle
	n.Value = strings.ReplaceAll(text, "$", "$$")
}
