package check

import (
	"cmp"
	"maps"
	"slices"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/tp0-lab/composer/internal/compose/rules"
)

// servicesOf returns the services of a project in no order.
func servicesOf(project *types.Project) []rules.Service {
	all := make([]rules.Service, 0, len(project.Services))
	for name, config := range project.Services {
		one := rules.Service{Name: name, Container: config.ContainerName, Scale: config.GetScale()}
		one.Profiles = slices.Sorted(slices.Values(config.Profiles))
		for _, network := range slices.Sorted(maps.Keys(config.Networks)) {
			a := rules.Attachment{Network: network}
			if settings := config.Networks[network]; settings != nil {
				a.IPv4, a.IPv6 = settings.Ipv4Address, settings.Ipv6Address
			}
			one.Networks = append(one.Networks, a)
		}
		for _, v := range config.Volumes {
			if v.Type == types.VolumeTypeBind {
				one.Sources = append(one.Sources, v.Source)
			}
		}
		for _, p := range config.Ports {
			if first, last, ok := rules.PortRange(p.Published); ok && first > 0 && config.NetworkMode != "host" {
				one.Ports = append(one.Ports, rules.Port{Item: -1, Protocol: p.Protocol, Address: p.HostIP, First: first, Last: last})
			}
		}
		all = append(all, one)
	}
	return all
}

func networksOf(project *types.Project) []rules.Network {
	var all []rules.Network
	for _, name := range slices.Sorted(maps.Keys(project.Networks)) {
		config := project.Networks[name]
		n := rules.Network{Name: name, Driver: config.Driver, External: bool(config.External), Complete: true}
		for i, pool := range config.Ipam.Config {
			if pool.Subnet != "" {
				n.Subnets = append(n.Subnets, rules.Subnet{Item: i, Text: pool.Subnet, Gateway: pool.Gateway})
			}
			n.Complete = n.Complete && pool.Subnet != ""
		}
		all = append(all, n)
	}
	return all
}

// has reports whether s has the value of p at p.
func has(s *rules.Service, p place) bool {
	switch p.field {
	case serviceName:
		return s.Name == p.value
	case containerName:
		return s.Container == p.value
	case address:
		return slices.ContainsFunc(s.Networks, func(a rules.Attachment) bool { return a.Network == p.network && a.IPv4 == p.value })
	case source:
		return slices.Contains(s.Sources, p.value)
	default:
		return true
	}
}

// set puts value where p is, leaving what other services share with s alone.
// It returns false if p is not there: compose-go makes one of two equal mounts.
func set(s *rules.Service, p place, value string) bool {
	switch p.field {
	case serviceName:
		s.Name = value
	case containerName:
		s.Container = value
	case address:
		s.Networks = slices.Clone(s.Networks)
		i := slices.IndexFunc(s.Networks, func(a rules.Attachment) bool { return a.Network == p.network })
		if i < 0 {
			return false
		}
		s.Networks[i].IPv4 = value
	case source:
		s.Sources = slices.Clone(s.Sources)
		i := slices.Index(s.Sources, p.value)
		if i < 0 {
			return false
		}
		s.Sources[i] = value
	}
	return true
}

// applyRules returns the first error of package rules, and the sources that services mount. It sorts services.
func applyRules(services []rules.Service, project *types.Project) (Report, error) {
	slices.SortFunc(services, func(a, b rules.Service) int { // client2 is before client10
		return cmp.Or(cmp.Compare(len(a.Name), len(b.Name)), cmp.Compare(a.Name, b.Name))
	})
	var report Report
	sources := map[string]bool{}
	for i, s := range services {
		if i > 0 && services[i-1].Name == s.Name {
			return Report{}, violationf([]string{"services", s.Name}, "service %q is there twice", s.Name)
		}
		for _, path := range s.Sources {
			if !sources[path] {
				sources[path] = true
				report.Sources = append(report.Sources, path)
			}
		}
	}
	for p := range rules.Check(rules.Project{Services: services, Networks: networksOf(project)}) {
		if p.Rule.Severity == rules.Error {
			return Report{}, violationf(p.Path, "%s", p.Message)
		}
	}
	return report, nil
}
