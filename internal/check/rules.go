package check

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/tp0-lab/composer/internal/render"
)

// bridgePorts is how many interfaces one Linux bridge takes (BR_MAX_PORTS in
// the kernel's net/bridge/br_private.h, less one).
const bridgePorts = 1023

// containerNamePattern is what the Docker engine takes (daemon/names).
var containerNamePattern = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_.-]+$`)

// rules checks what compose-go does not: names and addresses are distinct, and
// every container has an address and a port of its network's bridge.
func rules(doc render.Document, project *types.Project, ids []identity) (Report, error) {
	var report Report
	type key struct {
		kind  kind
		value string
	}
	seen := make(map[key]int, len(ids))
	services := 0
	for _, id := range ids {
		if id.kind == source {
			report.Sources = append(report.Sources, strings.ReplaceAll(id.value, "$$", "$"))
			continue
		}
		if first, ok := seen[key{id.kind, id.value}]; ok {
			return Report{}, fmt.Errorf("check: line %d: %s %q is taken already, by line %d",
				lineOf(doc.Bytes, id.offset), id.kind, id.value, lineOf(doc.Bytes, first))
		}
		seen[key{id.kind, id.value}] = id.offset
		switch id.kind {
		case serviceName:
			services++
		case containerName:
			if !containerNamePattern.MatchString(id.value) {
				return Report{}, fmt.Errorf("check: line %d: container_name %q: Docker takes letters, digits, '_', '.' and '-', at least two, the first a letter or digit",
					lineOf(doc.Bytes, id.offset), id.value)
			}
		case address:
			if err := inSomeSubnet(project, id.value); err != nil {
				return Report{}, fmt.Errorf("check: line %d: %w", lineOf(doc.Bytes, id.offset), err)
			}
		}
	}
	// The sample's replicas are in the project, those left out are like them:
	// where they are in a network, all are.
	for name, network := range project.Networks {
		used := 0
		for _, service := range project.Services {
			if _, ok := service.Networks[name]; ok {
				used++
			}
		}
		if used > 0 {
			used += services - len(project.Services)
		}
		if err := room(network, used); err != nil {
			return Report{}, fmt.Errorf("check: network %s: %w", name, err)
		}
	}
	slices.Sort(report.Sources)
	report.Sources = slices.Compact(report.Sources)
	return report, nil
}

func inSomeSubnet(project *types.Project, text string) error {
	addr, err := netip.ParseAddr(text)
	if err != nil {
		return fmt.Errorf("ipv4_address %q is no address", text)
	}
	for _, network := range project.Networks {
		for _, pool := range network.Ipam.Config {
			if prefix, err := netip.ParsePrefix(pool.Subnet); err == nil && prefix.Contains(addr) {
				return nil
			}
		}
	}
	return fmt.Errorf("ipv4_address %s is in no network's subnet", text)
}

func room(network types.NetworkConfig, containers int) error {
	if (network.Driver == "" || network.Driver == "bridge") && containers > bridgePorts {
		return fmt.Errorf("%d containers, and a Linux bridge takes %d", containers, bridgePorts)
	}
	for _, pool := range network.Ipam.Config {
		prefix, err := netip.ParsePrefix(pool.Subnet)
		if err != nil {
			return fmt.Errorf("subnet %q: %w", pool.Subnet, err)
		}
		if prefix.Addr().Is4() && containers > render.Addresses(prefix.Bits()) {
			return fmt.Errorf("%d containers, and subnet %s has addresses for %d", containers, prefix, render.Addresses(prefix.Bits()))
		}
	}
	return nil
}
