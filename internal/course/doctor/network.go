package doctor

import (
	"cmp"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"math/bits"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/tp0-lab/composer/internal/compose/rules"
)

// bridge checks that the containers of each network fit on its bridge. It tells of the fullest network.
func (e *examination) bridge() Finding {
	containers := map[string]int{} // by the network's key
	for _, service := range e.lab.Project.Services {
		keys := service.NetworksByPriority()
		if len(keys) == 0 && service.NetworkMode == "" {
			keys = []string{"default"}
		}
		for _, key := range keys {
			if driver := e.lab.Project.Networks[key].Driver; driver == "" || driver == "bridge" {
				containers[key] += service.GetScale()
			}
		}
	}
	most, fullest := 0, ""
	for _, key := range slices.Sorted(maps.Keys(containers)) {
		if containers[key] > most {
			most, fullest = containers[key], key
		}
	}
	if most > rules.BridgePorts {
		return Finding{"bridge", Problem, fmt.Sprintf("%d containers on the network %s, and a Linux bridge takes %d", most, fullest, rules.BridgePorts), "start fewer replicas: -n"}
	}
	return Finding{"bridge", OK, fmt.Sprintf("%d containers on one network, and a Linux bridge takes %d", most, rules.BridgePorts), ""}
}

// network is a network of Docker's.
type network struct {
	Name string
	ID   string `json:"Id"`
	IPAM struct {
		Config []struct{ Subnet string }
	}
	Options map[string]string
}

// networks compares the lab's subnets with those of other networks of Docker, and with the machine's routes.
func (e *examination) networks() []Finding {
	others, err := e.dockerNetworks()
	if err != nil {
		return []Finding{{"subnet", Warning, e.why("docker network", err), ""}}
	}
	var findings []Finding
	for _, key := range slices.Sorted(maps.Keys(e.lab.Project.Networks)) {
		n := e.lab.Project.Networks[key]
		if n.External {
			continue
		}
		for _, pool := range n.Ipam.Config {
			if subnet, err := netip.ParsePrefix(pool.Subnet); err == nil {
				findings = append(findings, e.subnet(n.Name, subnet.Masked(), others))
			}
		}
	}
	return findings
}

func (e *examination) dockerNetworks() (all []network, err error) {
	ids, err := e.ask("docker", "network", "ls", "-q")
	if err != nil || ids == "" {
		return nil, err
	}
	out, err := e.ask("docker", append([]string{"network", "inspect"}, strings.Fields(ids)...)...)
	if err != nil {
		return nil, err
	}
	return all, json.Unmarshal([]byte(out), &all)
}

// subnet checks a subnet of the lab's network of that name. The network may be one of all.
func (e *examination) subnet(name string, subnet netip.Prefix, all []network) Finding {
	const elsewhere = "take another subnet, `--set subnet=…` in the built-in lab"
	own := "" // the bridge of the lab's network
	for _, n := range all {
		for _, pool := range n.IPAM.Config {
			other, err := netip.ParsePrefix(pool.Subnet)
			switch {
			case err != nil || n.Name != name && !other.Overlaps(subnet):
			case n.Name != name:
				return Finding{"subnet", Problem, fmt.Sprintf("%v overlaps %v of the network %s", subnet, other, n.Name), fmt.Sprintf("`docker network rm %s` if nothing needs it, or %s", n.Name, elsewhere)}
			case other.Masked() != subnet:
				return Finding{"subnet", Warning, fmt.Sprintf("the network %s exists with %v instead of %v", name, other, subnet), "remove the old network: `make docker-compose-down`"}
			default:
				own = cmp.Or(n.Options["com.docker.network.bridge.name"], "br-"+n.ID[:min(len(n.ID), 12)])
			}
		}
	}
	for _, r := range e.routes() {
		switch {
		case r.device == own || !r.to.Overlaps(subnet):
		case r.to.Bits() < subnet.Bits():
			return Finding{"subnet", Warning, fmt.Sprintf("%v is part of %v, which %s leads to: hosts in %[1]v cannot be reached while the lab is up", subnet, r.to, r.device), elsewhere + " if you need them"}
		default:
			return Finding{"subnet", Problem, fmt.Sprintf("%v leads to %s, so containers in %v cannot be reached", r.to, r.device, subnet), elsewhere}
		}
	}
	if own != "" {
		return Finding{"subnet", OK, fmt.Sprintf("%v belongs to %s, which exists", subnet, name), ""}
	}
	return Finding{"subnet", OK, fmt.Sprintf("%v is free", subnet), ""}
}

// route says that packets to some addresses go to a device.
type route struct {
	device string
	to     netip.Prefix
}

// routes returns the routes of the kernel's IPv4 table except the default route. A machine without /proc/net/route
// has no routes.
func (e *examination) routes() []route {
	table, err := e.ReadFile("/proc/net/route")
	if err != nil {
		return nil
	}
	var all []route
	for line := range strings.Lines(string(table)) {
		fields := strings.Fields(line)
		if len(fields) < 8 {
			continue
		}
		to, err := strconv.ParseUint(fields[1], 16, 32)
		mask, err2 := strconv.ParseUint(fields[7], 16, 32)
		if err != nil || err2 != nil || mask == 0 { // the heading, or the default route
			continue
		}
		address := binary.LittleEndian.AppendUint32(nil, uint32(to))
		all = append(all, route{fields[0], netip.PrefixFrom(netip.AddrFrom4([4]byte(address)), bits.OnesCount64(mask))})
	}
	return all
}
