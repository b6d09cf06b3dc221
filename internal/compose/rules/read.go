package rules

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/format"
	"github.com/compose-spec/compose-go/v2/types"
	"go.yaml.in/yaml/v4"

	"github.com/tp0-lab/composer/internal/compose/vars"
	"github.com/tp0-lab/composer/internal/compose/yamltree"
)

const (
	maxProfiles = 100     // of a service that are read
	maxScale    = 1 << 20 // containers of a service; a larger number is a slip
	maxPorts    = 1 << 18 // of a project that are read
)

// Read returns the project that a Compose file describes. root is the mapping at the root of the file's YAML, which
// yamltree.CheckLimits has found small enough to walk. lookup has the values of variables; with nil, variables have
// their defaults. A variable without a value makes only the value around it unknown.
func Read(root *yaml.Node, lookup vars.Lookup) Project {
	r := reader{lookup: lookup, portsLeft: maxPorts}
	p := Project{Root: root, reader: r}
	for key, body := range yamltree.Entries(yamltree.Get(root, "services")) {
		p.Services = append(p.Services, r.service(key, body))
	}
	for key, body := range yamltree.Entries(yamltree.Get(root, "networks")) {
		p.Networks = append(p.Networks, r.network(key, body))
	}
	return p
}

// reader reads values of nodes.
type reader struct {
	lookup    vars.Lookup
	portsLeft int
}

// known returns the text of a scalar, and false if it has none or not all of it is known.
func (r *reader) known(n *yaml.Node) (string, bool) { return vars.Known(n, r.lookup) }

// value returns the text at a path of keys, or "" if it is not known.
func (r *reader) value(n *yaml.Node, path ...string) string {
	text, _ := r.known(yamltree.Get(n, path...))
	return text
}

// Boolean reads a text as Compose reads booleans. ok is false for a text that is not a boolean.
func Boolean(text string) (value, ok bool) {
	switch strings.ToLower(text) {
	case "true", "y", "yes", "on":
		return true, true
	case "false", "n", "no", "off":
		return false, true
	}
	return false, false
}

// is reports whether the value at a path of keys is known, and a boolean of that value.
func (r *reader) is(want bool, n *yaml.Node, path ...string) bool {
	value, ok := Boolean(r.value(n, path...))
	return ok && value == want
}

// number returns the text of a scalar as known does, and that of a number in decimal notation: 0x50 is 80 to Compose.
func (r *reader) number(n *yaml.Node) (string, bool) {
	if n = yamltree.Follow(n); n != nil && (n.ShortTag() == "!!int" || n.ShortTag() == "!!float") {
		if f := 0.0; n.Decode(&f) == nil && f == math.Trunc(f) {
			return strconv.FormatFloat(f, 'f', 0, 64), true
		}
	}
	return r.known(n)
}

func (r *reader) service(key, body *yaml.Node) Service {
	s := Service{
		Name: key.Value, Key: key, Body: body, Scale: 1,
		Container: r.value(body, "container_name"), Hostname: r.value(body, "hostname"),
	}
	for _, path := range [][]string{{"deploy", "replicas"}, {"scale"}} {
		text, _ := r.number(yamltree.Get(body, path...))
		if n, err := strconv.Atoi(text); err == nil && n >= 0 && n <= maxScale {
			s.Scale = n
		}
	}
	for profile := range yamltree.Names(yamltree.Get(body, "profiles")) {
		if s.Profiles = append(s.Profiles, profile.Value); len(s.Profiles) == maxProfiles {
			break
		}
	}
	slices.Sort(s.Profiles)
	s.Networks = r.attachments(body)
	if r.value(body, "network_mode") != "host" { // which discards ports
		s.Ports = r.ports(&s)
	}
	for i, item := range index(yamltree.Get(body, "volumes")) {
		if m, ok := r.mount(i, item); ok {
			s.Mounts = append(s.Mounts, m)
		}
	}
	judge{r, &s}.run()
	return s
}

// index iterates over the items of a sequence with their indices.
func index(n *yaml.Node) func(yield func(int, *yaml.Node) bool) {
	return func(yield func(int, *yaml.Node) bool) {
		i := 0
		for item := range yamltree.Items(n) {
			if !yield(i, item) {
				return
			}
			i++
		}
	}
}

func (r *reader) attachments(body *yaml.Node) (all []Attachment) {
	networks := yamltree.Get(body, "networks")
	for key, settings := range yamltree.Names(networks) {
		if name, ok := r.known(key); ok {
			all = append(all, Attachment{Network: name, IPv4: r.value(settings, "ipv4_address"), IPv6: r.value(settings, "ipv6_address")})
		}
	}
	none := networks == nil || len(networks.Content) == 0
	if none && body.Kind == yaml.MappingNode && yamltree.Get(body, "network_mode") == nil && yamltree.Get(body, "provider") == nil {
		all = []Attachment{{Network: "default"}}
	}
	return all
}

// ports reads the ports of a service. Of entries that are the same text, Compose takes one.
func (r *reader) ports(s *Service) (all []Port) {
	seen := map[string]bool{}
	for i, item := range index(yamltree.Get(s.Body, "ports")) {
		if r.portsLeft <= 0 {
			break
		}
		if item.Kind == yaml.ScalarNode && seen[item.Value] {
			continue
		}
		seen[item.Value] = true
		published, at, message := r.port(i, item)
		if message != "" {
			s.faults = append(s.faults, fault{Specification, at, message})
		}
		all = append(all, published...)
		r.portsLeft -= len(published)
	}
	return all
}

// port returns the ports of the host that an entry of ports takes, or an error message about the entry and the node
// that it is about.
func (r *reader) port(i int, item *yaml.Node) (all []Port, at place, wrong string) {
	at = place{item, entry([]string{"ports"}, i)}
	if item.Kind == yaml.MappingNode {
		published := yamltree.Get(item, "published")
		if hasPoint(published) {
			return nil, place{published, append(at.path, "published")}, fmt.Sprintf("published: YAML reads %s as a number with a point: put it in quotes", published.Value)
		}
		text, _ := r.number(published)
		first, last, ok := portRange(text)
		if !ok && text != "" {
			return nil, place{published, append(at.path, "published")}, fmt.Sprintf("published: %q is neither a port from 0 to 65535 nor a range of ports", text)
		}
		if !ok || first == 0 {
			return nil, at, ""
		}
		protocol := cmp.Or(r.value(item, "protocol"), "tcp")
		return []Port{{Item: i, Protocol: protocol, Address: r.value(item, "host_ip"), First: first, Last: last}}, at, ""
	}
	if hasPoint(item) {
		return nil, at, fmt.Sprintf("ports: YAML reads %s as a number with a point: put it in quotes", item.Value)
	}
	text, ok := r.number(item)
	if !ok {
		return nil, at, ""
	}
	configs, err := types.ParsePortConfig(text)
	if err != nil {
		return nil, at, fmt.Sprintf("port %q: %v", text, err)
	}
	for _, c := range configs {
		if first, last, ok := portRange(c.Published); ok && first > 0 {
			all = append(all, Port{Item: i, Protocol: c.Protocol, Address: c.HostIP, First: first, Last: last})
		}
	}
	return all, at, ""
}

// hasPoint reports whether YAML reads a scalar as a number with a point, as it does 081 and 1e2, too. In ports, Compose takes
// such a number only as a target.
func hasPoint(n *yaml.Node) bool { return n != nil && n.ShortTag() == "!!float" }

// mount reads an entry of a service's volumes. It returns false for one that cannot be read.
func (r *reader) mount(i int, item *yaml.Node) (Mount, bool) {
	m := Mount{Item: i, At: item}
	if item.Kind == yaml.MappingNode {
		if at := yamltree.Get(item, "source"); at != nil {
			m.At = at
		}
		m.Type, m.Source, m.Target = r.value(item, "type"), r.value(item, "source"), r.value(item, "target")
		return m, true
	}
	text, ok := r.known(item)
	if !ok {
		return m, false
	}
	parsed, err := format.ParseVolume(text)
	m.Type, m.Source, m.Target = parsed.Type, parsed.Source, parsed.Target
	return m, err == nil
}

func (r *reader) network(key, body *yaml.Node) Network {
	n := Network{Name: key.Value, Driver: r.value(body, "driver"), Complete: true}
	if external := yamltree.Get(body, "external"); external != nil {
		_, known := r.known(external)
		n.External = !known || external.Kind != yaml.ScalarNode || r.is(true, external)
	}
	if n.Driver == "" && yamltree.Get(body, "driver") != nil {
		n.Driver = "not known"
	}
	for i, config := range index(yamltree.Get(body, "ipam", "config")) {
		text, ok := r.known(yamltree.Get(config, "subnet"))
		for _, key := range []string{"gateway", "ip_range", "aux_addresses"} {
			if at := yamltree.Get(config, key); at != nil && !yamltree.IsNull(at) && yamltree.Get(config, "subnet") == nil && !n.External {
				n.faults = append(n.faults, fault{outsideSubnet, place{at, []string{"ipam", "config", strconv.Itoa(i), key}}, key + " has no subnet beside it"})
			}
		}
		if ok {
			n.Subnets = append(n.Subnets, Subnet{Item: i, Text: text, Gateway: r.value(config, "gateway"), Range: r.value(config, "ip_range"), Auxiliary: r.auxiliary(config)})
		}
		n.Complete = n.Complete && ok
	}
	name := r.value(body, "name")
	switch {
	case n.External:
	case slices.Contains([]string{"bridge", "host", "none"}, name):
		n.faults = append(n.faults, fault{predefinedNetwork, place{yamltree.Get(body, "name"), []string{"name"}}, "Docker has made the network " + name + " itself"})
	case slices.Contains([]string{"host", "null", "none"}, n.Driver):
		n.faults = append(n.faults, fault{predefinedNetwork, place{yamltree.Get(body, "driver"), []string{"driver"}}, "Docker has made the only network of the driver " + n.Driver + " itself"})
	}
	return n
}

// auxiliary returns the auxiliary addresses of an item of ipam.config by name.
func (r *reader) auxiliary(config *yaml.Node) (all map[string]string) {
	for key, value := range yamltree.Entries(yamltree.Get(config, "aux_addresses")) {
		if all == nil {
			all = map[string]string{}
		}
		all[key.Value] = r.value(value)
	}
	return all
}
