package rules

import (
	"net/netip"
	"strconv"
	"strings"
)

// hostPort is a port of the host.
type hostPort struct {
	protocol string
	port     int
}

// portHolder is a service that has a port, at some address.
type portHolder struct {
	*Service
	address string
	path    []string // of the port
}

func (c *checker) checkPorts() {
	const (
		mostPorts   = 1 << 18 // of a project
		mostHolders = 16      // of one port, by address or profile
	)
	left := mostPorts
	taken := map[hostPort][]portHolder{}
	for i := range c.project.Services {
		s := &c.project.Services[i]
		if s.Scale == 0 {
			continue // it has no container
		}
		item, told := -1, map[string]bool{} // services that the item was said to clash with; "" for its own scale
		for _, p := range s.Ports {
			if left--; left < 0 || c.stopped {
				return
			}
			if p.Item != item {
				item = p.Item
				clear(told)
			}
			if p.First < p.Last {
				continue // Docker takes a port of a range that is free
			}
			at := []string{"services", s.Name, "ports", strconv.Itoa(p.Item)}
			if s.Scale > 1 && !told[""] {
				told[""] = true
				c.report(scaledPort, at, "service %s: %d containers, and one port %d of the host", s.Name, s.Scale, p.First)
			}
			key := hostPort{p.Protocol, p.First}
			other := holderOf(taken[key], s, p.Address)
			switch {
			case other == nil:
				if len(taken[key]) < mostHolders {
					taken[key] = append(taken[key], portHolder{s, p.Address, at})
				}
			case told[other.Name]:
			case other.Service == s:
				c.reportClash(duplicatePort, at, other.path, "service %s publishes port %d/%s of the host twice", s.Name, p.First, p.Protocol)
			default:
				c.reportClash(duplicatePort, at, other.path, "services %s and %s publish the same port %d/%s of the host", other.Name, s.Name, p.First, p.Protocol)
			}
			if other != nil {
				told[other.Name] = true
			}
		}
	}
}

// holderOf returns the service whose port clashes with a port of s at an address, or nil.
func holderOf(all []portHolder, s *Service, address string) *portHolder {
	for i, h := range all {
		if sameAddress(h.address, address) && together(h.Service, s) {
			return &all[i]
		}
	}
	return nil
}

// sameAddress reports whether the same port clashes at the addresses a and b.
func sameAddress(a, b string) bool {
	one, err1 := netip.ParseAddr(a)
	two, err2 := netip.ParseAddr(b)
	return err1 != nil || err2 != nil || one.IsUnspecified() || two.IsUnspecified() || one == two
}

// portRange reads ports such as 80 and 8000-8010. It returns false for a text that is not a range from 0 to 65535.
func portRange(text string) (first, last int, ok bool) {
	begin, end, found := strings.Cut(text, "-")
	first, err := strconv.Atoi(begin)
	last = first
	if err == nil && found {
		last, err = strconv.Atoi(end)
	}
	return first, last, err == nil && 0 <= first && first <= last && last <= 65535
}
