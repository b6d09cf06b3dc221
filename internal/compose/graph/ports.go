package graph

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"github.com/compose-spec/compose-go/v2/types"
)

// portRange is a run of consecutive ports of a service. The embedded port is the first.
type portRange struct {
	types.ServicePortConfig
	length uint32 // from 1
	first  int    // the least index of a port in the service's list
}

// joinRanges joins consecutive ports, because compose-go makes many of a range such as 8000-8100:8000-8100.
func joinRanges(ports []types.ServicePortConfig) []portRange {
	order := make([]int, len(ports)) // compose-go sorts them as texts
	for i := range ports {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int {
		a, b := ports[i], ports[j]
		return cmp.Or(cmp.Compare(a.HostIP, b.HostIP), cmp.Compare(a.Protocol, b.Protocol), cmp.Compare(shift(a), shift(b)), cmp.Compare(a.Target, b.Target))
	})
	var all []portRange
	for _, i := range order {
		if last := len(all) - 1; last >= 0 && all[last].continues(ports[i]) {
			all[last].length++
			all[last].first = min(all[last].first, i)
			continue
		}
		all = append(all, portRange{ports[i], 1, i})
	}
	slices.SortStableFunc(all, func(a, b portRange) int { return a.first - b.first })
	return all
}

// shift returns how far the port of the host is from that of the container. It is the same for all ports of a range.
func shift(p types.ServicePortConfig) int {
	published, err := strconv.Atoi(p.Published)
	if err != nil {
		return 0
	}
	return published - int(p.Target)
}

func (r portRange) continues(p types.ServicePortConfig) bool {
	if p.HostIP != r.HostIP || p.Protocol != r.Protocol || p.Target != r.Target+r.length {
		return false
	}
	if r.Published == "" || p.Published == "" {
		return r.Published == p.Published
	}
	first, err1 := strconv.ParseUint(r.Published, 10, 16)
	next, err2 := strconv.ParseUint(p.Published, 10, 16)
	return err1 == nil && err2 == nil && next == first+uint64(r.length)
}

func portText(p portRange) string {
	if text, ok := p.Extensions[portKey].(string); ok {
		return text
	}
	target := strconv.FormatUint(uint64(p.Target), 10)
	if p.length > 1 {
		target += fmt.Sprintf("-%d", p.Target+p.length-1)
		if first, err := strconv.ParseUint(p.Published, 10, 16); err == nil {
			p.Published += fmt.Sprintf("-%d", first+uint64(p.length)-1)
		}
	}
	return describePort(target, p.Protocol, p.Published, p.HostIP)
}

// describePort returns a text such as 127.0.0.1:5300 → 53/udp.
func describePort(target, protocol, published, host string) string {
	if published != "" {
		target = published + " → " + target
	}
	if host != "" {
		target = host + ":" + target
	}
	if protocol != "" && protocol != "tcp" {
		target += "/" + protocol
	}
	return target
}
