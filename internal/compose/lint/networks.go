package lint

import (
	"net/netip"

	"go.yaml.in/yaml/v4"

	"github.com/tp0-lab/composer/internal/compose/yamltree"
)

var networkRules = []Rule{
	{
		"duplicate-address", Error, "two services ask for the same address",
		"Docker refuses the second one: `Address already in use`.",
	},
	{
		"invalid-address", Error, "a container cannot have the address it asks for",
		"It is no IP address, in no subnet of its network, the gateway's, or the first or last one of a subnet. Docker says so only when the container starts.",
	},
	{
		"scaled-address", Error, "a service with several containers asks for one address",
		"Only the first container gets it.",
	},
	{
		"invalid-subnet", Error, "a subnet is none",
		"Docker refuses to make the network. A subnet is written as address/bits.",
	},
	{
		"subnet-too-small", Error, "a network's subnet has no room for its containers",
		"Of a subnet, the first and last address and the gateway's are not for containers. Docker starts containers until there are no more: `no available IPv4 addresses`.",
	},
	{
		"bridge-full", Error, "a bridge network has more containers than a Linux bridge has ports",
		"The kernel takes 1023 (BR_MAX_PORTS, less one). The ones after that fail to start: `exchange full`.",
	},
	{
		"subnet-overlap", Error, "subnets overlap",
		"Docker refuses to make the second network: `Pool overlaps with other one on this address space`.",
	},
	{
		"subnet-in-default-pool", Note, "a subnet is one that Docker hands out itself",
		"Docker takes the subnets of networks that ask for none from 172.17.0.0/16 … 172.31.0.0/16 and 192.168.0.0/16. If it has given this one away, the network cannot be made.",
	},
}

// bridgePorts is BR_MAX_PORTS of the kernel's net/bridge/br_private.h, less one.
const bridgePorts = 1023

// defaultPools is what Docker takes subnets from when nobody says
// (default-address-pools in its documentation).
var defaultPools = []netip.Prefix{
	netip.MustParsePrefix("172.17.0.0/16"), netip.MustParsePrefix("172.18.0.0/16"), netip.MustParsePrefix("172.19.0.0/16"),
	netip.MustParsePrefix("172.20.0.0/14"), netip.MustParsePrefix("172.24.0.0/14"), netip.MustParsePrefix("172.28.0.0/14"),
	netip.MustParsePrefix("192.168.0.0/16"),
}

// subnet is one that a network asks for.
type subnet struct {
	network string
	prefix  netip.Prefix
	gateway netip.Addr
	at      *yaml.Node
}

func checkNetworks(d *document) {
	subnets := map[string][]subnet{}
	complete := map[string]bool{} // networks of which all subnets are known
	var all []subnet
	for key, body := range yamltree.Entries(get(d.root, "networks")) {
		own, ok := d.readSubnets(key.Value, body)
		subnets[key.Value], complete[key.Value] = own, ok
		all = append(all, own...)
	}
	d.checkOverlaps(all)
	used := d.checkAddresses(subnets, complete)
	for key, body := range yamltree.Entries(get(d.root, "networks")) {
		if isTrue(get(body, "external")) {
			continue
		}
		n := used[key.Value]
		for _, s := range subnets[key.Value] {
			if room := room(s.prefix); n > room {
				d.report("subnet-too-small", s.at, "network %s: %d containers, and subnet %s has addresses for %d", key.Value, n, s.prefix, room)
			}
		}
		if driver := value(body, "driver"); n > bridgePorts && (driver == "bridge" || get(body, "driver") == nil) {
			d.report("bridge-full", key, "network %s: %d containers, and a Linux bridge takes %d", key.Value, n, bridgePorts)
		}
	}
	if n := used["default"]; n > bridgePorts && get(d.root, "networks", "default") == nil {
		d.report("bridge-full", d.root, "the default network: %d containers, and a Linux bridge takes %d", n, bridgePorts)
	}
}

// room returns how many containers a subnet has addresses for.
func room(p netip.Prefix) int {
	bits := p.Addr().BitLen() - p.Bits()
	if bits > 30 {
		return 1 << 30
	}
	return max(0, 1<<bits-3)
}

// readSubnets returns the subnets of a network, and whether that is all of them.
func (d *document) readSubnets(network string, body *yaml.Node) (all []subnet, complete bool) {
	complete = !d.overrides("networks", network) // whose subnets may be there
	if isTrue(get(body, "external")) {
		return nil, false // who made it knows
	}
	for config := range items(get(body, "ipam", "config")) {
		at := get(config, "subnet")
		text, ok := known(at)
		if !ok {
			complete = false
			continue
		}
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			d.report("invalid-subnet", at, "network %s: %q is no subnet, such as 172.25.125.0/24", network, text)
			complete = false
			continue
		}
		s := subnet{network: network, prefix: prefix.Masked(), at: at}
		s.gateway = s.prefix.Addr().Next()
		if gateway := get(config, "gateway"); gateway != nil {
			s.gateway, _ = netip.ParseAddr(gateway.Value)
		}
		if prefix != s.prefix {
			d.report("invalid-subnet", at, "network %s: %s is an address in a subnet: the subnet is %s", network, prefix, s.prefix)
		}
		for _, pool := range defaultPools {
			if pool.Overlaps(s.prefix) {
				d.report("subnet-in-default-pool", at, "network %s: subnet %s is in %s, from which Docker hands out subnets itself", network, s.prefix, pool)
				break
			}
		}
		all = append(all, s)
	}
	return all, complete
}

// checkOverlaps finds subnets that have one of the others around them.
func (d *document) checkOverlaps(all []subnet) {
	byPrefix := map[netip.Prefix]subnet{}
	for _, s := range all { // those that are the same: the later one is to be moved
		if other, ok := byPrefix[s.prefix]; ok {
			d.report("subnet-overlap", s.at, "networks %s and %s have the same subnet %s", other.network, s.network, s.prefix)
			continue
		}
		byPrefix[s.prefix] = s
	}
	for _, s := range all {
		for bits := s.prefix.Bits() - 1; bits >= 0; bits-- {
			around, _ := s.prefix.Addr().Prefix(bits)
			if other, ok := byPrefix[around]; ok {
				d.report("subnet-overlap", s.at, "network %s: subnet %s is in %s of network %s", s.network, s.prefix, around, other.network)
				break
			}
		}
	}
}

// checkAddresses checks what services ask for, and counts the containers of
// each network.
func (d *document) checkAddresses(subnets map[string][]subnet, complete map[string]bool) map[string]int {
	type place struct {
		network string
		addr    netip.Addr
	}
	taken := holders[place]{}
	used := map[string]int{}
	for _, s := range d.services {
		networks := get(s.body, "networks")
		if networks == nil && get(s.body, "network_mode") == nil && s.body.Kind == yaml.MappingNode {
			used["default"] += s.scale
		}
		for key, settings := range names(networks) {
			network := key.Value
			used[network] += s.scale
			for _, name := range []string{"ipv4_address", "ipv6_address"} {
				at := get(settings, name)
				text, ok := known(at)
				if !ok {
					continue
				}
				addr, err := netip.ParseAddr(text)
				if err != nil {
					d.report("invalid-address", at, "service %s: %q is no IP address", s.name, text)
					continue
				}
				if problem := placeIn(subnets[network], complete[network], network, addr); problem != "" {
					d.report("invalid-address", at, "service %s: address %s is %s", s.name, addr, problem)
				}
				if s.scale > 1 {
					d.report("scaled-address", at, "service %s: %d containers, and one address %s", s.name, s.scale, addr)
				}
				if other, ok := taken.take(place{network, addr}, s); ok {
					d.report("duplicate-address", at, "services %s and %s have the same address %s", other.name, s.name, addr)
				}
			}
		}
	}
	return used
}

// placeIn says what is wrong with an address in a network, or "".
func placeIn(subnets []subnet, complete bool, network string, addr netip.Addr) string {
	for _, s := range subnets {
		if !s.prefix.Contains(addr) {
			continue
		}
		switch {
		case addr == s.gateway:
			return "that of network " + network + "'s gateway"
		case addr == s.prefix.Addr(), addr.Is4() && !s.prefix.Contains(addr.Next()):
			return "not for a container: it is the first or last one of subnet " + s.prefix.String()
		}
		return ""
	}
	if !complete {
		return ""
	}
	if len(subnets) == 0 {
		return "in no subnet: network " + network + " has none of its own, and only then can addresses be asked for"
	}
	return "in no subnet of network " + network
}
