package lint

import (
	"github.com/compose-spec/compose-go/v2/types"
	"go.yaml.in/yaml/v4"

	"github.com/tp0-lab/composer/internal/compose/rules"
	"github.com/tp0-lab/composer/internal/compose/yamltree"
)

// checkProject reports the rules of package rules.
func checkProject(d *document) {
	for p := range rules.Check(rules.Project{Services: d.projectServices(), Networks: d.projectNetworks()}) {
		d.report(p.Rule.Name, d.node(p.Path), "%s", p.Message)
	}
}

func (d *document) projectServices() []rules.Service {
	all := make([]rules.Service, 0, len(d.services))
	ports := 1 << 18 // of a file that are looked at
	for _, s := range d.services {
		one := rules.Service{Name: s.name, Container: value(s.body, "container_name"), Hostname: value(s.body, "hostname"), Scale: s.scale, Profiles: s.profiles}
		networks := yamltree.Get(s.body, "networks")
		if networks == nil && yamltree.Get(s.body, "network_mode") == nil && s.body.Kind == yaml.MappingNode {
			one.Networks = []rules.Attachment{{Network: "default"}}
		}
		for key, settings := range names(networks) {
			one.Networks = append(one.Networks, rules.Attachment{Network: key.Value, IPv4: value(settings, "ipv4_address"), IPv6: value(settings, "ipv6_address")})
		}
		if value(s.body, "network_mode") != "host" { // which ignores ports
			index := 0
			for item := range items(yamltree.Get(s.body, "ports")) {
				if ports <= 0 {
					break
				}
				published := d.published(s, index, item)
				one.Ports = append(one.Ports, published...)
				ports -= len(published)
				index++
			}
		}
		all = append(all, one)
	}
	return all
}

func (d *document) projectNetworks() []rules.Network {
	var all []rules.Network
	for key, body := range yamltree.Entries(yamltree.Get(d.root, "networks")) {
		n := rules.Network{
			Name: key.Value, Driver: value(body, "driver"), External: isTrue(yamltree.Get(body, "external")),
			Complete: !d.overrides("networks", key.Value), // the base may have subnets
		}
		if n.Driver == "" && yamltree.Get(body, "driver") != nil {
			n.Driver = "not known"
		}
		index := 0
		for config := range items(yamltree.Get(body, "ipam", "config")) {
			text, ok := known(yamltree.Get(config, "subnet"))
			if ok {
				n.Subnets = append(n.Subnets, rules.Subnet{Item: index, Text: text, Gateway: value(config, "gateway")})
			}
			n.Complete = n.Complete && ok
			index++
		}
		all = append(all, n)
	}
	return all
}

// published returns the ports of the host that an entry of ports takes.
func (d *document) published(s service, index int, item *yaml.Node) []rules.Port {
	if item.Kind == yaml.MappingNode {
		first, last, ok := rules.PortRange(value(item, "published"))
		if target := yamltree.Get(item, "published"); !ok && value(item, "published") != "" {
			d.report("specification", target, "service %s: published: %q is no port from 0 to 65535, and no range of them", s.name, target.Value)
		}
		if !ok || first == 0 {
			return nil
		}
		protocol := value(item, "protocol")
		if protocol == "" {
			protocol = "tcp"
		}
		return []rules.Port{{Item: index, Protocol: protocol, Address: value(item, "host_ip"), First: first, Last: last}}
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
	var all []rules.Port
	for _, c := range configs {
		if first, last, ok := rules.PortRange(c.Published); ok && first > 0 {
			all = append(all, rules.Port{Item: index, Protocol: c.Protocol, Address: c.HostIP, First: first, Last: last})
		}
	}
	return all
}
