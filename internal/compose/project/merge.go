package project

import (
	"cmp"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/format"
	"github.com/compose-spec/compose-go/v2/types"
	"go.yaml.in/yaml/v4"

	"github.com/tp0-lab/composer/internal/compose/vars"
	"github.com/tp0-lab/composer/internal/compose/yamltree"
)

// Values of a service that compose-go (package override) does not merge by their kinds, as paths below the service.
var (
	// replaced are the values that a later file replaces as a whole.
	replaced = []string{"command", "entrypoint", "healthcheck.test"}
	// pairs are lists of NAME=VALUE, or mappings.
	pairs = []string{
		"annotations", "build.args", "build.additional_contexts", "build.labels", "environment", "labels", "sysctls", "deploy.labels",
	}
	// named are lists of names, or mappings.
	named = []string{"depends_on", "models", "networks"}
	// lists are texts, lists of them, or mappings for NAME=VALUE.
	lists = []string{"build.extra_hosts", "dns", "dns_opt", "dns_search", "env_file", "label_file", "extra_hosts", "tmpfs"}
)

// merge lays a value over another one, and returns the result, which has nodes of both. What cannot be merged is noted.
func (r *reader) merge(base, over *yaml.Node, at []string) *yaml.Node {
	below := ""
	if len(at) > 2 && (at[0] == "services" || at[0] == "jobs") {
		below = strings.Join(at[2:], ".")
	}
	switch {
	case slices.Contains(replaced, below):
		return over
	case below == "build":
		base, over = r.asMapping(base, "context"), r.asMapping(over, "context")
	case slices.Contains(pairs, below), len(at) == 3 && at[2] == "labels":
		base, over = r.pairs(base), r.pairs(over)
	case below == "build.ssh" && base.Kind == yaml.SequenceNode && r.File(base) != r.File(over):
		// compose-go makes a mapping of the list of each file before it lays another file over it, but not of the other's.
		if over.Kind == yaml.SequenceNode {
			r.fault(over, OtherFault, "cannot override %s: Compose lays no list over what %s has: write a mapping, such as {default: null}", strings.Join(at, "."), r.Place(base))
			return base
		}
		base = r.pairs(base)
	case slices.Contains(named, below):
		base, over = r.named(base, below), r.named(over, below)
	case slices.Contains(lists, below):
		return r.concat(r.list(base), r.list(over), below)
	case below == "logging":
		one, other := yamltree.Get(base, "driver"), yamltree.Get(over, "driver")
		if one != nil && other != nil && one.Value != other.Value {
			return over
		}
	case strings.HasPrefix(below, "ulimits.") && len(at) == 4 && (base.Kind != yaml.MappingNode || over.Kind != yaml.MappingNode):
		return over
	case len(at) == 4 && at[0] == "networks" && at[2] == "ipam" && at[3] == "config" && base.Kind == yaml.SequenceNode && over.Kind == yaml.SequenceNode:
		return r.mergePools(base, over, at)
	}
	switch {
	case yamltree.IsNull(over):
		return base
	case yamltree.IsNull(base):
		return over
	case base.Kind != yaml.ScalarNode && base.Kind != over.Kind:
		r.fault(over, OtherFault, "cannot override %s: it is %s in %s and %s here", strings.Join(at, "."), yamltree.KindName(base), r.Place(base), yamltree.KindName(over))
		return base
	case base.Kind == yaml.MappingNode:
		return r.mappings(base, over, at)
	case base.Kind == yaml.SequenceNode:
		return r.concat(base, over, below)
	}
	return over
}

// mappings lays the entries of a mapping over those of another one. Keys keep their order.
func (r *reader) mappings(base, over *yaml.Node, at []string) *yaml.Node {
	merged := r.like(base, slices.Clone(base.Content))
	index := make(map[string]int, len(base.Content)/2)
	for i := 0; i+1 < len(base.Content); i += 2 {
		index[base.Content[i].Value] = i
	}
	for i := 0; i+1 < len(over.Content); i += 2 {
		name, value := over.Content[i], over.Content[i+1]
		if there, ok := index[name.Value]; ok {
			result := r.merge(merged.Content[there+1], value, append(slices.Clip(at), name.Value))
			if result == value {
				merged.Content[there] = name // the key stands with its value
			}
			merged.Content[there+1] = result
			continue
		}
		index[name.Value] = len(merged.Content)
		merged.Content = append(merged.Content, name, value)
	}
	return merged
}

// like returns a node with the place of another one.
func (r *reader) like(n *yaml.Node, content []*yaml.Node) *yaml.Node {
	c := &yaml.Node{Kind: n.Kind, Tag: n.Tag, Line: n.Line, Column: n.Column, Content: content}
	r.note(c, r.File(n))
	return c
}

// mapping returns an empty mapping with the place of a node.
func (r *reader) mapping(n *yaml.Node) *yaml.Node {
	c := r.like(n, nil)
	c.Kind, c.Tag = yaml.MappingNode, "!!map"
	return c
}

// scalar returns a string with the place of a node.
func (r *reader) scalar(n *yaml.Node, value string) *yaml.Node {
	c := r.like(n, nil)
	c.Kind, c.Tag, c.Style, c.Value = yaml.ScalarNode, "!!str", yaml.DoubleQuotedStyle, value
	return c
}

// asMapping returns a text as the value of a key.
func (r *reader) asMapping(n *yaml.Node, name string) *yaml.Node {
	if n.Kind != yaml.ScalarNode || yamltree.IsNull(n) {
		return n
	}
	c := r.mapping(n)
	c.Content = []*yaml.Node{r.scalar(n, name), n}
	return c
}

// pairs returns a list of NAME=VALUE as a mapping.
func (r *reader) pairs(n *yaml.Node) *yaml.Node {
	if n.Kind != yaml.SequenceNode {
		return n
	}
	c := r.mapping(n)
	for _, item := range n.Content {
		if item.Kind != yaml.ScalarNode {
			return n
		}
		name, value, found := strings.Cut(item.Value, "=")
		if filled, known := vars.Fill(name, r.lookup(r.options.Environment)); known {
			name = filled // compose-go puts no variables into keys
		}
		v := r.scalar(item, value)
		if !found {
			v.Tag, v.Style, v.Value = "!!null", 0, "null"
		}
		if at := slices.IndexFunc(c.Content, func(k *yaml.Node) bool { return k.Value == name }); at >= 0 && at%2 == 0 {
			c.Content[at+1] = v
			continue
		}
		c.Content = append(c.Content, r.scalar(item, name), v)
	}
	return c
}

// named returns a list of names as a mapping. As compose-go puts no variables into keys, a name has the values of its
// variables; a name that is not known is left out.
func (r *reader) named(n *yaml.Node, key string) *yaml.Node {
	if yamltree.IsNull(n) {
		return r.mapping(n)
	}
	if n.Kind != yaml.SequenceNode {
		return n
	}
	c := r.mapping(n)
	for _, item := range n.Content {
		if item.Kind != yaml.ScalarNode {
			return n
		}
		name := item
		if filled, known := vars.Fill(item.Value, r.lookup(r.options.Environment)); !known {
			continue
		} else if filled != item.Value {
			name = r.scalar(item, filled)
		}
		settings := r.scalar(item, "null")
		settings.Tag, settings.Style = "!!null", 0
		if key == "depends_on" {
			settings = r.mapping(item)
			required := r.scalar(item, "true")
			required.Tag, required.Style = "!!bool", 0
			settings.Content = []*yaml.Node{r.scalar(item, "condition"), r.scalar(item, "service_started"), r.scalar(item, "required"), required}
		}
		c.Content = append(c.Content, name, settings)
	}
	return c
}

// list returns a text, or a mapping as NAME=VALUE, as a list.
func (r *reader) list(n *yaml.Node) *yaml.Node {
	c := r.like(n, nil)
	c.Kind, c.Tag = yaml.SequenceNode, "!!seq"
	switch {
	case yamltree.IsNull(n):
	case n.Kind == yaml.ScalarNode:
		c.Content = []*yaml.Node{n}
	case n.Kind == yaml.MappingNode:
		for name, value := range yamltree.Entries(n) {
			values := []*yaml.Node{value}
			if value.Kind == yaml.SequenceNode {
				values = value.Content
			}
			for _, v := range values {
				if yamltree.IsNull(v) {
					c.Content = append(c.Content, r.scalar(name, name.Value))
					continue
				}
				c.Content = append(c.Content, r.scalar(name, name.Value+"="+v.Value))
			}
		}
		slices.SortFunc(c.Content, func(a, b *yaml.Node) int { return strings.Compare(a.Value, b.Value) })
	default:
		return n
	}
	return c
}

// concat returns the items of base followed by those of over. An item of over with the identity of an earlier item,
// such as a mount at the same target, takes the place of that item.
func (r *reader) concat(base, over *yaml.Node, below string) *yaml.Node {
	merged := r.like(base, nil)
	index := map[string]int{}
	for _, list := range []*yaml.Node{base, over} {
		for _, item := range list.Content {
			key := r.identity(item, below)
			if at, ok := index[key]; ok {
				if list == over {
					merged.Content[at] = item
				}
				continue
			}
			index[key] = len(merged.Content)
			merged.Content = append(merged.Content, item)
		}
	}
	return merged
}

// identity returns a text that is equal for two items of a list if Compose keeps only the later one. below is the path of
// the list below its service.
func (r *reader) identity(item *yaml.Node, below string) string {
	short := "" // an item that is a text, with the values of its variables
	if item.Kind == yaml.ScalarNode {
		short, _ = vars.Fill(item.Value, r.lookup(r.options.Environment))
	}
	mapping := item.Kind == yaml.MappingNode
	switch below {
	case "volumes":
		if target, ok := mountTarget(item, short); ok {
			return target
		}
	case "ports":
		if port, ok := portIdentity(item, short); ok {
			return port
		}
	case "secrets", "configs":
		return fileTarget(item, short, below)
	case "devices":
		if mapping {
			return yamltree.Text(item, "target")
		}
		if parts := strings.Split(short, ":"); len(parts) > 1 {
			return parts[1]
		}
		return short
	case "env_file":
		if mapping {
			return yamltree.Text(item, "path")
		}
		return short
	}
	return yamltree.Literal(item)
}

// mountTarget returns the path of a mount in the container. ok is false for a text that is no mount.
func mountTarget(item *yaml.Node, short string) (target string, ok bool) {
	if item.Kind == yaml.MappingNode {
		return path.Clean(yamltree.Text(item, "target")), true
	}
	v, err := format.ParseVolume(short)
	if err != nil {
		return "", false
	}
	return path.Clean(v.Target), true
}

// portIdentity returns address, ports and protocol of a port. ok is false for a text that is no single port.
func portIdentity(item *yaml.Node, short string) (port string, ok bool) {
	if item.Kind == yaml.MappingNode {
		protocol := cmp.Or(yamltree.Text(item, "protocol"), "tcp")
		return strings.Join([]string{yamltree.Text(item, "host_ip"), yamltree.Text(item, "published"), yamltree.Text(item, "target"), protocol}, " "), true
	}
	if strings.Contains(short, "-") {
		return "", false
	}
	ports, err := types.ParsePortConfig(short)
	if err != nil || len(ports) != 1 {
		return "", false
	}
	p := ports[0]
	return strings.Join([]string{p.HostIP, p.Published, strconv.FormatUint(uint64(p.Target), 10), p.Protocol}, " "), true
}

// fileTarget returns the path in the container of an item of secrets or configs.
func fileTarget(item *yaml.Node, short, below string) string {
	if target := yamltree.Text(item, "target"); target != "" {
		return target
	}
	name := short
	if item.Kind == yaml.MappingNode {
		name = yamltree.Text(item, "source")
	}
	if below == "secrets" {
		return "/run/secrets/" + name
	}
	return "/" + name
}

// mergePools merges the address pools of a network by their subnets, as compose-go does it.
func (r *reader) mergePools(base, over *yaml.Node, at []string) *yaml.Node {
	merged := r.like(base, nil)
	subnet := func(n *yaml.Node) string { return yamltree.Text(n, "subnet") }
	find := func(s string) int {
		return slices.IndexFunc(merged.Content, func(n *yaml.Node) bool { return subnet(n) == s })
	}
	for _, one := range base.Content {
		for _, other := range over.Content {
			if subnet(one) != subnet(other) && find(subnet(other)) < 0 {
				merged.Content = append(merged.Content, other)
				continue
			}
			one.Content = r.mappings(one, other, append(slices.Clip(at), "[]")).Content // where it stands in merged, too
			if i := find(subnet(one)); i >= 0 {
				merged.Content[i] = one
			} else {
				merged.Content = append(merged.Content, one)
			}
		}
	}
	return merged
}
