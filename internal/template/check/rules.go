package check

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"slices"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/tp0-lab/composer/internal/template/render"
	"github.com/tp0-lab/composer/internal/text"
)

// bridgePorts is how many interfaces one Linux bridge takes (BR_MAX_PORTS in
// the kernel's net/bridge/br_private.h, less one).
const bridgePorts = 1023

// containerNamePattern is what the Docker engine takes (daemon/names).
var containerNamePattern = text.LazyRegexp(`^[a-zA-Z0-9][a-zA-Z0-9_.-]+$`)

// service is what the rules look at of a service.
type service struct {
	name      string
	container string // "" if Compose makes the name
	scale     int
	networks  []attachment
	sources   []string // of bind mounts
}

// attachment is one network of a service, with the addresses it asks for.
type attachment struct{ network, ipv4, ipv6 string }

func servicesOf(project *types.Project) []service {
	all := make([]service, 0, len(project.Services))
	for name, config := range project.Services {
		one := service{name: name, container: config.ContainerName, scale: config.GetScale()}
		for network, settings := range config.Networks {
			a := attachment{network: network}
			if settings != nil {
				a.ipv4, a.ipv6 = settings.Ipv4Address, settings.Ipv6Address
			}
			one.networks = append(one.networks, a)
		}
		slices.SortFunc(one.networks, func(a, b attachment) int { return cmp.Compare(a.network, b.network) })
		for _, v := range config.Volumes {
			if v.Type == types.VolumeTypeBind {
				one.sources = append(one.sources, v.Source)
			}
		}
		all = append(all, one)
	}
	return all
}

// has reports whether s has at p what p says.
func (s *service) has(p place) bool {
	switch p.field {
	case serviceName:
		return s.name == p.value
	case containerName:
		return s.container == p.value
	case address:
		return slices.ContainsFunc(s.networks, func(a attachment) bool { return a.network == p.network && a.ipv4 == p.value })
	case source:
		return slices.Contains(s.sources, p.value)
	default:
		return true
	}
}

// set puts value where p is, leaving what other services share with s alone.
// It returns false if p is not there: compose-go makes one of two equal mounts.
func (s *service) set(p place, value string) bool {
	switch p.field {
	case serviceName:
		s.name = value
	case containerName:
		s.container = value
	case address:
		s.networks = slices.Clone(s.networks)
		i := slices.IndexFunc(s.networks, func(a attachment) bool { return a.network == p.network })
		if i < 0 {
			return false
		}
		s.networks[i].ipv4 = value
	case source:
		s.sources = slices.Clone(s.sources)
		i := slices.Index(s.sources, p.value)
		if i < 0 {
			return false
		}
		s.sources[i] = value
	}
	return true
}

// rules checks what compose-go does not: names and addresses are distinct, and
// every container has an address and a port of its network's bridge. It sorts services.
func rules(services []service, networks types.Networks) (Report, error) {
	// Shorter names first, so that client2 is before client10.
	slices.SortFunc(services, func(a, b service) int {
		return cmp.Or(cmp.Compare(len(a.name), len(b.name)), cmp.Compare(a.name, b.name))
	})
	var report Report
	containers := make(map[string]string, len(services)) // container_name to service
	type networkAddress struct {
		network string
		addr    netip.Addr
	}
	addresses := map[networkAddress]string{} // to service
	sources := map[string]bool{}
	used := map[string]int{} // network to containers
	for i, s := range services {
		if i > 0 && services[i-1].name == s.name {
			return Report{}, violationf([]string{"services", s.name}, "service %q is there twice", s.name)
		}
		if s.container != "" {
			if !containerNamePattern().MatchString(s.container) {
				return Report{}, violationf([]string{"services", s.name, "container_name"}, "service %s: container_name %q: Docker takes letters, digits, '_', '.' and '-', at least two, the first a letter or digit",
					s.name, s.container)
			}
			if other, taken := containers[s.container]; taken {
				return Report{}, violationf([]string{"services", s.name, "container_name"}, "services %s and %s have the same container_name %q", other, s.name, s.container)
			}
			containers[s.container] = s.name
		}
		for _, a := range s.networks {
			used[a.network] += s.scale
			for _, asked := range [...]struct{ key, text string }{{"ipv4_address", a.ipv4}, {"ipv6_address", a.ipv6}} {
				if asked.text == "" {
					continue
				}
				addr, err := checkAddress(a.network, networks[a.network], asked.text)
				if err != nil {
					return Report{}, violationf([]string{"services", s.name, "networks", a.network, asked.key}, "service %s: %v", s.name, err)
				}
				at := networkAddress{a.network, addr}
				if other, taken := addresses[at]; taken {
					return Report{}, violationf([]string{"services", s.name, "networks", a.network, asked.key}, "services %s and %s have the same address %s", other, s.name, addr)
				}
				addresses[at] = s.name
			}
		}
		for _, path := range s.sources {
			if !sources[path] {
				sources[path] = true
				report.Sources = append(report.Sources, path)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(networks)) { // so that the same one is named each time
		if err := checkRoom(networks[name], used[name]); err != nil {
			return Report{}, violationf([]string{"networks", name}, "network %s: %v", name, err)
		}
	}
	return report, nil
}

// checkAddress returns the address that text is, if a container can have it in
// that network.
func checkAddress(name string, network types.NetworkConfig, text string) (netip.Addr, error) {
	addr, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Addr{}, fmt.Errorf("%q is no IP address", text)
	}
	if network.External {
		return addr, nil // who made it knows its subnets
	}
	for _, pool := range network.Ipam.Config {
		prefix, err := netip.ParsePrefix(pool.Subnet)
		if err != nil || !prefix.Contains(addr) {
			continue
		}
		prefix = prefix.Masked()
		gateway := prefix.Addr().Next()
		if pool.Gateway != "" {
			gateway, _ = netip.ParseAddr(pool.Gateway)
		}
		switch {
		case addr == gateway:
			return netip.Addr{}, fmt.Errorf("address %s is that of network %s's gateway", addr, name)
		case addr == prefix.Addr(), addr.Is4() && !prefix.Contains(addr.Next()):
			return netip.Addr{}, fmt.Errorf("address %s is not for a container: it is the first or last one of subnet %s", addr, prefix)
		}
		return addr, nil
	}
	return netip.Addr{}, fmt.Errorf("address %s is in no subnet of network %s", addr, name)
}

func checkRoom(network types.NetworkConfig, containers int) error {
	if network.External {
		return nil
	}
	if (network.Driver == "" || network.Driver == "bridge") && containers > bridgePorts {
		return fmt.Errorf("%d containers, and a Linux bridge takes %d", containers, bridgePorts)
	}
	for _, pool := range network.Ipam.Config {
		if pool.Subnet == "" {
			continue
		}
		prefix, err := netip.ParsePrefix(pool.Subnet)
		if err != nil {
			return fmt.Errorf("subnet %q is no subnet, such as 172.25.125.0/24", pool.Subnet)
		}
		if prefix.Addr().Is4() && containers > render.Addresses(prefix.Bits()) {
			return fmt.Errorf("%d containers, and subnet %s has addresses for %d", containers, prefix, render.Addresses(prefix.Bits()))
		}
	}
	return nil
}
