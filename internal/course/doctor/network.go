package doctor

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/tp0-lab/composer/internal/compose/rules"
)

// room checks that the containers of each network fit on its bridge. It tells of the fullest network.
func (e *examination) room() Finding {
	full, name := 0, ""
	for key, n := range e.containers() {
		if n > full || n == full && key < name {
			full, name = n, key
		}
	}
	if full > rules.BridgePorts {
		return Finding{"bridge", Problem, fmt.Sprintf("%d containers on the network %s, and a Linux bridge takes %d", full, name, rules.BridgePorts), "fewer replicas: -n"}
	}
	return Finding{"bridge", OK, fmt.Sprintf("%d containers, of %d that fit", full, rules.BridgePorts), ""}
}

// containers returns the number of containers on each bridge of the project, by the network's key. A
// service without networks is on "default".
func (e *examination) containers() map[string]int {
	count := map[string]int{}
	for _, service := range e.lab.Project.Services {
		if service.NetworkMode != "" {
			continue
		}
		keys := service.NetworksByPriority()
		if len(keys) == 0 {
			keys = []string{"default"}
		}
		for _, key := range keys {
			if driver := e.lab.Project.Networks[key].Driver; driver == "" || driver == "bridge" {
				count[key] += service.GetScale()
			}
		}
	}
	return count
}

// network is one of Docker's.
type network struct {
	Name string
	ID   string `json:"Id"`
	IPAM struct {
		Config []struct{ Subnet string }
	}
	Options map[string]string
}

func (n network) bridge() string {
	if name := n.Options["com.docker.network.bridge.name"]; name != "" {
		return name
	}
	return "br-" + n.ID[:min(len(n.ID), 12)]
}

// networks compares the subnets of the lab with those of other networks, and with
// the routes of the machine.
func (e *examination) networks() []Finding {
	if e.lab.Project == nil {
		return nil
	}
	all, err := e.dockerNetworks()
	if err != nil {
		return []Finding{{"subnet", Warning, e.why("docker network", err), ""}}
	}
	var findings []Finding
	for _, key := range slices.Sorted(maps.Keys(e.lab.Project.Networks)) {
		n := e.lab.Project.Networks[key]
		if n.External || n.Ipam.Config == nil {
			continue
		}
		for _, pool := range n.Ipam.Config {
			if subnet, err := netip.ParsePrefix(pool.Subnet); err == nil {
				findings = append(findings, e.subnet(n.Name, subnet.Masked(), all))
			}
		}
	}
	return findings
}

func (e *examination) dockerNetworks() ([]network, error) {
	ids, err := e.ask("docker", "network", "ls", "-q")
	if err != nil || ids == "" {
		return nil, err
	}
	out, err := e.ask("docker", append([]string{"network", "inspect"}, strings.Fields(ids)...)...)
	if err != nil {
		return nil, err
	}
	var all []network
	err = json.Unmarshal([]byte(out), &all)
	return all, err
}

// subnet checks one of the lab's.
func (e *examination) subnet(name string, subnet netip.Prefix, all []network) Finding {
	const elsewhere = "take another subnet, `--set subnet=…` in the built-in lab"
	own := "" // the bridge of the lab's own network
	for _, n := range all {
		for _, pool := range n.IPAM.Config {
			other, err := netip.ParsePrefix(pool.Subnet)
			switch {
			case err != nil || n.Name != name && !other.Overlaps(subnet):
			case n.Name != name:
				return Finding{"subnet", Problem, fmt.Sprintf("%v is also in %v of the network %s", subnet, other, n.Name), fmt.Sprintf("`docker network rm %s` if nothing needs it, or %s", n.Name, elsewhere)}
			case other.Masked() != subnet:
				return Finding{"subnet", Warning, fmt.Sprintf("the network %s is there with %v instead of %v", name, other, subnet), "remove the old one: `make docker-compose-down`"}
			default:
				own = n.bridge()
			}
		}
	}
	for _, r := range e.routes() {
		switch {
		case r.device == own || !r.to.Overlaps(subnet):
		case r.to.Bits() < subnet.Bits():
			return Finding{"subnet", Warning, fmt.Sprintf("%v lies in %v, which %s leads to: hosts there cannot be reached while the lab is up", subnet, r.to, r.device), elsewhere + " if you need them"}
		default:
			return Finding{"subnet", Problem, fmt.Sprintf("%v leads to %s, so containers of %v cannot be reached", r.to, r.device, subnet), elsewhere}
		}
	}
	if own != "" {
		return Finding{"subnet", OK, fmt.Sprintf("%v is of %s, which is there", subnet, name), ""}
	}
	return Finding{"subnet", OK, fmt.Sprintf("%v is free", subnet), ""}
}

// route is where packets go.
type route struct {
	device string
	to     netip.Prefix
}

// routes are those of the kernel's table but for the default one. Without such a
// table there are none.
func (e *examination) routes() []route {
	text, err := e.ReadFile("/proc/net/route")
	if err != nil {
		return nil
	}
	var all []route
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) < 8 {
			continue
		}
		to, ok := address(fields[1])
		mask, ok2 := address(fields[7])
		if !ok || !ok2 {
			continue // the heading
		}
		bits := 0
		for _, b := range mask.As4() {
			for ; b != 0; b <<= 1 {
				bits++
			}
		}
		if bits > 0 {
			all = append(all, route{fields[0], netip.PrefixFrom(to, bits)})
		}
	}
	return all
}

// address reads one as /proc/net/route has it, the last byte first.
func address(text string) (netip.Addr, bool) {
	b, err := hex.DecodeString(text)
	if err != nil || len(b) != 4 {
		return netip.Addr{}, false
	}
	slices.Reverse(b)
	return netip.AddrFrom4([4]byte(b)), true
}

// sources looks for the files that are mounted.
func (e *examination) sources() Finding {
	var missing []string
	all := 0
	seen := map[string]bool{}
	for _, name := range e.lab.Project.ServiceNames() {
		for _, v := range e.lab.Project.Services[name].Volumes {
			if v.Type != types.VolumeTypeBind || seen[v.Source] {
				continue
			}
			seen[v.Source] = true
			all++
			if !e.Exists(v.Source) {
				missing = append(missing, v.Source)
			}
		}
	}
	if all == 0 {
		return Finding{"files", OK, "none are mounted", ""}
	}
	if len(missing) == 0 {
		return Finding{"files", OK, fmt.Sprintf("all %d that are mounted are there", all), ""}
	}
	const most = 3
	found := "mounted and not there: " + strings.Join(missing[:min(most, len(missing))], ", ")
	if n := len(missing) - most; n > 0 {
		found += fmt.Sprintf(" and %d more", n)
	}
	f := Finding{"files", Problem, found, "provide them, or leave the mounts out"}
	if strings.Contains(found, "/agency-") {
		f.Next = "`composer data extract`"
		if !e.Exists(".data/dataset.zip") && !e.Exists(".data/datasets.zip") {
			f.Next = "`composer data generate -n N` and `composer data extract`; .data has no dataset.zip"
		}
	}
	if !e.engine {
		f.Status, f.Found = Warning, found+": needed for containers; `composer run` makes agency files up"
	}
	return f
}
