package graph

import (
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	"go.yaml.in/yaml/v4" // the version that compose-go reads with

	"github.com/tp0-lab/composer/internal/compose/load"
	"github.com/tp0-lab/composer/internal/compose/vars"
	"github.com/tp0-lab/composer/internal/compose/yamltree"
	"github.com/tp0-lab/composer/internal/text"
)

// drawable returns a Compose file without variables that have neither a value in environment nor a default. compose-go
// reads such a variable as the empty string, or refuses the file. drawable writes it as the text ${NAME} in values that
// the graph shows, and removes the other values that have it.
//
// compose-go makes a value of 2 KiB of each port of a range, and takes a tenth of a millisecond for each entry of a list
// or mapping. So drawable writes a long range as one port, and removes long lists that the graph does not show.
func drawable(text []byte, environment map[string]string) []byte {
	const large = 64 << 10
	if _, literal := vars.Literal(string(text)); literal && len(text) < large && !longRange().Match(text) {
		return text
	}
	filled, _ := vars.RewriteDocuments(text, func(document *yaml.Node) (edited *yaml.Node, changed bool) {
		f := filler{environment: environment}
		f.fill(document, "")
		return document, f.changed
	})
	return filled
}

// longRange matches ranges that may have more than maxRange ports.
var longRange = text.LazyRegexp(`\d-\d{3,5}`)

const (
	maxRange   = 100 // ports that are loaded as such
	maxEntries = 500 // of a list or mapping that is not drawn
)

// filler removes values with unset variables, or writes the variables as text.
type filler struct {
	environment types.Mapping
	changed     bool
}

// undrawn are keys of services whose values the graph does not show.
var undrawn = []string{"environment", "labels", "annotations", "command", "entrypoint", "args", "sysctls", "extra_hosts", "dns", "cap_add", "cap_drop", "tags"}

// drawn holds the keys whose values the graph shows, and the keys that compose-go requires.
var drawn = map[string]bool{
	"image": true, "build": true, "context": true, "source": true, "target": true, "subnet": true,
	"file": true, "content": true, "environment": true,
}

// fill removes or writes the values below n, which is the value of key.
func (f *filler) fill(n *yaml.Node, key string) {
	var content []*yaml.Node
	switch n.Kind {
	case yaml.MappingNode:
		if key == "ports" {
			f.port(n)
			return
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			name, value := n.Content[i], n.Content[i+1]
			if slices.Contains(undrawn, name.Value) && len(value.Content) > maxEntries && value.Anchor == "" {
				f.changed = true
				continue
			}
			text, known := f.scalar(value)
			switch {
			case known:
				f.fill(value, name.Value)
			case key == "volumes" && name.Value == "source":
				setText(value, text)
				makeBind(n) // a bind mount needs no definition of a volume
			case drawn[name.Value] || value.Anchor != "":
				setText(value, text)
			default:
				continue
			}
			content = append(content, name, value)
		}
	case yaml.SequenceNode:
		for _, item := range n.Content {
			text, known := f.scalar(item)
			if known && key == "ports" && load.RangeLength(text) > maxRange {
				known, f.changed = false, true
			}
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

// scalar returns the text of a scalar with its variables filled in, and whether all of them have values.
func (f *filler) scalar(n *yaml.Node) (text string, known bool) {
	if n.Kind != yaml.ScalarNode {
		return "", true
	}
	text, known = vars.Fill(n.Value, f.environment.Resolve)
	f.changed = f.changed || !known
	return text, known
}

// longForm replaces the text of a mount or a port by a mapping, because Compose would split a text with ${NAME} elsewhere.
// It returns false if the item cannot be drawn.
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
	case key == "ports":
		port, protocol, _ := strings.Cut(parts[last], "/")
		published, host := "", ""
		if last > 0 {
			published, host = parts[last-1], strings.Join(parts[:last-1], ":")
		}
		content = asText(port, protocol, published, host)
	default:
		setText(item, text)
		return item.Anchor != ""
	}
	*item = yaml.Node{Kind: yaml.MappingNode, Anchor: item.Anchor, Content: content}
	return true
}

// portKey is the key of a port as text, because compose-go wants numbers and addresses.
const portKey = "x-port"

// asText returns the content of a mapping for a port that has unset variables.
func asText(target, protocol, published, host string) []*yaml.Node {
	text := describePort(target, protocol, published, strings.Trim(host, "[]"))
	return []*yaml.Node{
		word("target"), {Kind: yaml.ScalarNode, Tag: "!!int", Value: "1"}, word("published"), word(text), // different ones of different ports
		word(portKey), word(text),
	}
}

// port rewrites the long form of a port if it has unset variables.
func (f *filler) port(n *yaml.Node) {
	values, all := map[string]string{}, true
	for key, value := range yamltree.Entries(n) {
		text, known := f.scalar(value)
		values[key.Value], all = text, all && known
	}
	if !all {
		n.Content = asText(values["target"], values["protocol"], values["published"], values["host_ip"])
	}
}

// makeBind sets the type of a mount to bind.
func makeBind(mount *yaml.Node) {
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

// setText makes n a string without variables.
func setText(n *yaml.Node, text string) {
	n.Kind, n.Tag, n.Style = yaml.ScalarNode, "!!str", yaml.DoubleQuotedStyle
	n.Value = strings.ReplaceAll(text, "$", "$$")
}
