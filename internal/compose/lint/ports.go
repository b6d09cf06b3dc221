package lint

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	"go.yaml.in/yaml/v4"
)

var portRules = []Rule{
	{
		"duplicate-port", Error, "two services publish the same port of the host",
		"Docker starts the first one and fails at the second: `port is already allocated`. Services of different profiles may share one, and any may have the same range for one port of theirs, as Docker takes one of it that is free.",
	},
	{
		"scaled-port", Warning, "a service with several containers publishes one port of the host",
		"Only the first container gets it. Leave the host's port out, and Docker takes a free one for each, or give a range.",
	},
}

// hostPort is a port of the host.
type hostPort struct {
	protocol string
	port     int
}

// published is the ports of the host of which one entry of `ports` takes one.
type published struct {
	protocol    string
	address     string
	first, last int
}

func checkPorts(d *document) {
	taken := takenPorts{holders: map[hostPort][]portHolder{}, told: map[string]bool{}, left: maxPorts}
	for _, s := range d.services {
		if value(s.body, "network_mode") == "host" {
			continue // they are ignored
		}
		for item := range items(get(s.body, "ports")) {
			if taken.left <= 0 {
				return
			}
			all := d.published(s, item)
			taken.left -= len(all)
			clear(taken.told)
			for _, p := range all {
				d.takePorts(&taken, s, item, p)
			}
		}
	}
}

// takenPorts is who has which port, and how many more are looked at.
type takenPorts struct {
	holders map[hostPort][]portHolder
	told    map[string]bool // whom the entry is in the way of, "" for its own service: the first port of a range tells it
	left    int
}

// maxPorts is how many ports of a file are looked at.
const maxPorts = 1 << 18

// portHolder is a service that has a port, at some address.
type portHolder struct {
	service
	address string
}

func (d *document) takePorts(taken *takenPorts, s service, at *yaml.Node, p published) {
	const mostHolders = 16 // of one port, by address or profile
	if p.first < p.last {
		return // Docker takes one of them that is free
	}
	if s.scale > 1 && !taken.told[""] {
		taken.told[""] = true
		d.report("scaled-port", at, "service %s: %d containers, and one port %d of the host", s.name, s.scale, p.first)
	}
	key := hostPort{p.protocol, p.first}
	for _, h := range taken.holders[key] {
		if sameAddress(h.address, p.address) && together(h.service, s) {
			told := taken.told[h.name]
			taken.told[h.name] = true
			if told {
				return
			}
			if h.name == s.name {
				d.report("duplicate-port", at, "service %s publishes port %d/%s of the host twice", s.name, p.first, p.protocol)
			} else {
				d.report("duplicate-port", at, "services %s and %s publish the same port %d/%s of the host", h.name, s.name, p.first, p.protocol)
			}
			return
		}
	}
	if len(taken.holders[key]) < mostHolders {
		taken.holders[key] = append(taken.holders[key], portHolder{s, p.address})
	}
}

// sameAddress reports whether a port at one address is in the way of the other.
func sameAddress(a, b string) bool {
	one, err1 := netip.ParseAddr(a)
	two, err2 := netip.ParseAddr(b)
	return err1 != nil || err2 != nil || one.IsUnspecified() || two.IsUnspecified() || one == two
}

// published returns which ports of the host an entry takes.
func (d *document) published(s service, item *yaml.Node) []published {
	if item.Kind == yaml.MappingNode {
		first, last, ok := portRange(value(item, "published"))
		if target := get(item, "published"); !ok && value(item, "published") != "" {
			d.report("specification", target, "service %s: published: %q is no port from 0 to 65535, and no range of them", s.name, target.Value)
		}
		if !ok || first == 0 {
			return nil
		}
		protocol := value(item, "protocol")
		if protocol == "" {
			protocol = "tcp"
		}
		return []published{{protocol, value(item, "host_ip"), first, last}}
	}
	text, ok := known(item)
	if !ok {
		return nil
	}
	configs, err := types.ParsePortConfig(text)
	if err != nil {
		d.report("specification", item, "service %s: port %q: %v", s.name, text, err)
		return nil
	}
	var all []published
	for _, c := range configs {
		if first, last, ok := portRange(c.Published); ok && first > 0 {
			all = append(all, published{c.Protocol, c.HostIP, first, last})
		}
	}
	return all
}

func portRange(text string) (first, last int, ok bool) {
	begin, end, found := strings.Cut(text, "-")
	first, err := strconv.Atoi(begin)
	last = first
	if err == nil && found {
		last, err = strconv.Atoi(end)
	}
	return first, last, err == nil && 0 <= first && first <= last && last <= 65535
}
