package rules

import (
	"maps"
	"net/netip"
	"slices"
	"strconv"
)

// BridgePorts is how many containers a Linux bridge takes: BR_MAX_PORTS of the kernel's net/bridge/br_private.h, less one.
const BridgePorts = 1023

// defaultPools is what Docker takes subnets from when nobody says
// (default-address-pools in its documentation), for networks that are bridges.
var defaultPools = []netip.Prefix{
	netip.MustParsePrefix("172.17.0.0/16"), netip.MustParsePrefix("172.18.0.0/16"), netip.MustParsePrefix("172.19.0.0/16"),
	netip.MustParsePrefix("172.20.0.0/14"), netip.MustParsePrefix("172.24.0.0/14"), netip.MustParsePrefix("172.28.0.0/14"),
	netip.MustParsePrefix("192.168.0.0/16"),
}

// subnet is a subnet of a network.
type subnet struct {
	network string
	prefix  netip.Prefix
	gateway netip.Addr
	path    []string
}

// networkAddress is an address in a network.
type networkAddress struct {
	network string
	addr    netip.Addr
}

func (c *checker) readSubnets() {
	c.own, c.complete = map[string][]subnet{}, map[string]bool{}
	for _, n := range c.project.Networks {
		for _, f := range n.faults {
			c.reportAt(f.rule, f.node, append([]string{"networks", n.Name}, f.path...), "network %s: %s", n.Name, f.message)
		}
		c.complete[n.Name] = n.Complete && !n.External
		if n.External {
			continue // who made the network knows its subnets
		}
		for _, asked := range n.Subnets {
			if s, ok := c.readSubnet(n, asked); ok {
				c.subnets = append(c.subnets, s)
				c.own[n.Name] = append(c.own[n.Name], s)
			} else {
				c.complete[n.Name] = false
			}
		}
	}
}

// isBridge reports whether a network is a Linux bridge, as far as is known.
func isBridge(n Network) bool { return n.Driver == "" || n.Driver == "bridge" }

func (c *checker) readSubnet(of Network, asked Subnet) (subnet, bool) {
	network := of.Name
	path := []string{"networks", network, "ipam", "config", strconv.Itoa(asked.Item), "subnet"}
	prefix, err := netip.ParsePrefix(asked.Text)
	if err != nil {
		c.report(invalidSubnet, path, "network %s: %q is not a subnet such as 172.25.125.0/24", network, asked.Text)
		return subnet{}, false
	}
	s := subnet{network, prefix.Masked(), prefix.Masked().Addr().Next(), path}
	if asked.Gateway != "" {
		s.gateway, _ = netip.ParseAddr(asked.Gateway)
	}
	c.checkPool(s, asked)
	if prefix != s.prefix {
		c.report(invalidSubnet, path, "network %s: %s is an address in a subnet: the subnet is %s", network, prefix, s.prefix)
	}
	for _, pool := range defaultPools {
		if isBridge(of) && pool.Overlaps(s.prefix) {
			c.report(subnetInDefaultPool, path, "network %s: subnet %s is in %s, from which Docker hands out subnets itself", network, s.prefix, pool)
			break
		}
	}
	return s, true
}

// checkPool reports the addresses of an item of ipam.config that are not in its subnet.
func (c *checker) checkPool(s subnet, asked Subnet) {
	at := s.path[:len(s.path)-1]
	outside := func(text string) bool {
		addr, err := netip.ParseAddr(text)
		return text != "" && (err != nil || !s.prefix.Contains(addr))
	}
	if outside(asked.Gateway) {
		c.report(outsideSubnet, append(slices.Clip(at), "gateway"), "network %s: gateway %q is not in subnet %s", s.network, asked.Gateway, s.prefix)
	}
	if asked.Range != "" {
		part, err := netip.ParsePrefix(asked.Range)
		if err != nil || !s.prefix.Contains(part.Addr()) {
			c.report(outsideSubnet, append(slices.Clip(at), "ip_range"), "network %s: ip_range %q is not in subnet %s", s.network, asked.Range, s.prefix)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(asked.Auxiliary)) {
		if outside(asked.Auxiliary[name]) {
			c.report(outsideSubnet, append(slices.Clip(at), "aux_addresses", name), "network %s: auxiliary address %q is not in subnet %s", s.network, asked.Auxiliary[name], s.prefix)
		}
	}
}

// checkOverlaps finds subnets that are the same, and subnets that are in another one.
func (c *checker) checkOverlaps() {
	byPrefix := map[netip.Prefix]subnet{}
	for _, s := range c.subnets { // of two equal ones the later one is to be moved
		if other, ok := byPrefix[s.prefix]; ok {
			c.reportClash(subnetOverlap, s.path, other.path, "networks %s and %s have the same subnet %s", other.network, s.network, s.prefix)
			continue
		}
		byPrefix[s.prefix] = s
	}
	for _, s := range c.subnets {
		for bits := s.prefix.Bits() - 1; bits >= 0; bits-- {
			around, _ := s.prefix.Addr().Prefix(bits)
			if other, ok := byPrefix[around]; ok {
				c.reportClash(subnetOverlap, s.path, other.path, "network %s: subnet %s is in %s of network %s", s.network, s.prefix, around, other.network)
				break
			}
		}
	}
}

func (c *checker) checkAddress(taken holders[networkAddress], s *Service, network, key, text string) {
	if text == "" {
		return
	}
	at := []string{"services", s.Name, "networks", network, key}
	addr, err := netip.ParseAddr(text)
	if err != nil {
		c.report(invalidAddress, at, "service %s: %q is no IP address", s.Name, text)
		return
	}
	if problem := c.placeIn(network, addr); problem != "" {
		c.report(invalidAddress, at, "service %s: address %s is %s", s.Name, addr, problem)
	}
	if s.Scale > 1 {
		c.report(scaledAddress, at, "service %s: %d containers, and one address %s", s.Name, s.Scale, addr)
	}
	if other, ok := taken.take(networkAddress{network, addr}, s); ok {
		c.reportClash(duplicateAddress, at, []string{"services", other.Name, "networks", network, key}, "services %s and %s have the same address %s", other.Name, s.Name, addr)
	}
}

// placeIn says why a container cannot have an address in a network, or "".
func (c *checker) placeIn(network string, addr netip.Addr) string {
	for _, s := range c.own[network] {
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
	if !c.complete[network] {
		return ""
	}
	if len(c.own[network]) == 0 {
		return "in no subnet: network " + network + " has none of its own, and only then can addresses be asked for"
	}
	return "in no subnet of network " + network
}

// checkRoom finds networks with more containers than their subnets or their bridge take.
func (c *checker) checkRoom() {
	defined := false
	for _, n := range c.project.Networks {
		defined = defined || n.Name == "default"
		if !n.External {
			c.checkRoomOf(n)
		}
	}
	if !defined {
		c.checkRoomOf(Network{Name: "default"})
	}
}

func (c *checker) checkRoomOf(n Network) {
	containers := c.used[n.Name]
	for _, s := range c.own[n.Name] {
		if room := room(s.prefix); containers > room {
			c.report(subnetTooSmall, s.path, "network %s: %d containers, and subnet %s has addresses for %d", n.Name, containers, s.prefix, room)
		}
	}
	if containers > BridgePorts && isBridge(n) {
		c.report(bridgeFull, []string{"networks", n.Name}, "network %s: %d containers, and a Linux bridge takes %d", n.Name, containers, BridgePorts)
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
