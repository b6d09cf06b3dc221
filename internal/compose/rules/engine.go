package rules

import (
	"fmt"
	"math"
	"net"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/distribution/reference"
	"go.yaml.in/yaml/v4"

	"github.com/tp0-lab/composer/internal/compose/yamltree"
	"github.com/tp0-lab/composer/internal/text"
)

// judge finds the rules that a service breaks on its own, whatever else the project has. Replicas that differ in their
// names only are judged once.
type judge struct {
	r *reader
	s *Service
}

func (j judge) run() {
	if j.s.Body.Kind != yaml.MappingNode {
		return
	}
	for _, rule := range []func(){j.namespace, j.lists, j.names, j.quotes, j.host, j.paths, j.image, j.hosts, j.memory, j.numbers, j.ports, j.logging, j.environment, j.platform, j.files} {
		rule()
	}
}

func (j judge) fault(rule Rule, at place, format string, args ...any) {
	j.s.faults = append(j.s.faults, fault{rule, at, fmt.Sprintf(format, args...)})
}

// text returns the text at a path of keys and its place. It returns false if the text is not known, or is empty, as that
// of ${NAME:-} is: Compose takes an empty text for a key that is left out.
func (j judge) text(path ...string) (string, place, bool) {
	n := yamltree.Get(j.s.Body, path...)
	text, ok := j.r.known(n)
	return text, place{n, path}, ok && text != ""
}

// has reports whether the service has a value at a path of keys that is not empty.
func (j judge) has(path ...string) (place, bool) {
	n := yamltree.Get(j.s.Body, path...)
	return place{n, path}, n != nil && !yamltree.IsNull(n) && (n.Kind == yaml.ScalarNode && n.Value != "" || len(n.Content) > 0)
}

// entry is the path of an item of a list.
func entry(path []string, i int) []string { return append(slices.Clip(path), strconv.Itoa(i)) }

// namespace finds what a container cannot have in the network namespace of another container, or of the host.
func (j judge) namespace() {
	mode, at, ok := j.text("network_mode")
	if _, networks := j.has("networks"); networks && yamltree.Get(j.s.Body, "network_mode") != nil {
		at.node = yamltree.Get(j.s.Body, "network_mode")
		j.fault(exclusiveNetworks, at, "it has both network_mode and networks: leave one out")
		return
	}
	if !ok {
		return
	}
	shared := strings.HasPrefix(mode, types.ServicePrefix) || strings.HasPrefix(mode, types.ContainerPrefix)
	for _, key := range []string{"ports", "expose", "hostname", "links", "dns", "extra_hosts", "mac_address"} {
		if at, there := j.has(key); there && (shared || mode == "host" && (key == "links" || key == "mac_address")) {
			j.fault(sharedNetwork, at, "%s: the container has the network of %s, and cannot have %s of its own", key, mode, key)
		}
	}
	for key := range listed(j.s, "sysctls") {
		if name := sysctlName(key); mode == "host" && strings.HasPrefix(name, "net.") {
			j.fault(sharedNetwork, key, "sysctls: the container has the network of host, and cannot set %s", name)
		}
	}
	if at, there := j.has("ports"); there && mode == "host" {
		j.fault(hostNetworkPorts, at, "ports: Docker discards them with network_mode: host")
	}
}

// sysctl matches the settings of the kernel that a container has of its own (runc's validator).
var sysctl = regexp.MustCompile(`^(net\..*|fs\.mqueue\..*|kernel\.(msgmax|msgmnb|msgmni|sem|shmall|shmmax|shmmni|shm_rmid_forced|domainname))$`)

// sysctlName returns the name of a setting of the kernel, with dots: net/core/somaxconn is net.core.somaxconn.
func sysctlName(at place) string {
	name, _, _ := strings.Cut(at.node.Value, "=")
	return strings.ReplaceAll(name, "/", ".")
}

// host finds what only the host has.
func (j judge) host() {
	for key := range listed(j.s, "sysctls") {
		name := sysctlName(key)
		if _, literal := j.r.known(key.node); literal && !sysctl.MatchString(name) {
			j.fault(hostSysctl, key, "sysctls: a container has no %s of its own: set it on the host", name)
		}
	}
	for at := range listed(j.s, "security_opt") {
		text, ok := j.r.known(at.node)
		name := text
		if i := strings.IndexAny(text, ":="); i >= 0 {
			name = text[:i]
		}
		if ok && !slices.Contains(securityOptions, name) {
			j.unlisted(at, text, securityOptions, name)
		}
	}
	if text, at, ok := j.text("mac_address"); ok {
		if _, err := net.ParseMAC(text); err != nil {
			j.fault(invalidHost, at, "mac_address: %q is no MAC address", text)
		}
	}
}

// securityOptions are the names of the engine's --security-opt, and systempaths, which Compose reads.
var securityOptions = strings.Fields("no-new-privileges disable label apparmor seccomp systempaths writable-cgroups")

func (j judge) image() {
	text, at, ok := j.text("image")
	if !ok {
		return
	}
	if _, err := reference.ParseNormalizedNamed(text); err != nil && !strings.Contains(err.Error(), "64-byte hexadecimal") { // which is the id of an image
		j.fault(invalidImage, at, "image: %q: %v", text, err)
	}
}

// hosts finds invalid addresses.
func (j judge) hosts() {
	for at, value := range listed(j.s, "extra_hosts") {
		if value != nil {
			for own := range yamltree.Names(value) {
				if text, ok := j.r.known(own); ok {
					j.address(place{own, at.path}, text)
				}
			}
			continue
		}
		text, ok := j.r.known(at.node)
		_, addresses, found := strings.Cut(text, "=")
		if !found {
			_, addresses, found = strings.Cut(text, ":")
		}
		if ok && !found {
			j.fault(Specification, at, "extra_hosts: %q has no address: write NAME=ADDRESS", text)
			continue
		}
		for one := range strings.SplitSeq(addresses, ",") {
			if ok {
				j.address(at, one)
			}
		}
	}
	for at := range listed(j.s, "dns") {
		if text, ok := j.r.known(at.node); ok {
			if _, err := netip.ParseAddr(text); err != nil {
				j.fault(invalidDNS, at, "dns: %q is no IP address", text)
			}
		}
	}
}

func (j judge) address(at place, text string) {
	bare := strings.TrimSuffix(strings.TrimPrefix(text, "["), "]")
	if _, err := netip.ParseAddr(bare); err != nil && text != "host-gateway" {
		j.fault(invalidHost, at, "extra_hosts: %q is neither an IP address nor host-gateway", text)
	}
}

// minMemory is the engine's linuxMinMemory.
const minMemory = 6 << 20

// size returns a size in bytes, and false if it is missing, not known or 0, which is no limit.
func (j judge) size(path ...string) (types.UnitBytes, place, bool) {
	text, at, ok := j.text(path...)
	var n types.UnitBytes
	return n, at, ok && n.DecodeMapstructure(text) == nil && n != 0
}

// bounded returns the size at one of two paths, of which the first counts, and reports one that is too small.
func (j judge) bounded(path, other []string) (types.UnitBytes, place, bool) {
	n, at, ok := j.size(path...)
	if !ok {
		n, at, ok = j.size(other...)
	}
	if ok && n < minMemory {
		j.fault(invalidLimit, at, "%s: the engine wants 6m (6291456 bytes) at least", strings.Join(at.path, "."))
	}
	return n, at, ok
}

func (j judge) memory() {
	limit, _, limited := j.bounded([]string{"mem_limit"}, []string{"deploy", "resources", "limits", "memory"})
	reserved, at, ok := j.bounded([]string{"mem_reservation"}, []string{"deploy", "resources", "reservations", "memory"})
	if ok && limited && reserved > limit && reserved >= minMemory {
		j.fault(invalidLimit, at, "%s: it is more than the limit of the memory", strings.Join(at.path, "."))
	}
	if shared, at, ok := j.size("shm_size"); ok && shared < 0 {
		j.fault(invalidLimit, at, "shm_size: it is less than 0")
	}
	swap, at, ok := j.size("memswap_limit")
	_, one := j.has("mem_limit")
	_, other := j.has("deploy", "resources", "limits", "memory")
	switch {
	case ok && swap > 0 && !one && !other:
		j.fault(invalidLimit, at, "memswap_limit: it needs a mem_limit")
	case ok && swap > 0 && limited && swap < limit:
		j.fault(invalidLimit, at, "memswap_limit: it is memory and swap together, and less than the limit of the memory")
	}
}

// ranges are the least and the greatest values that the engine takes. 0 is the engine's own choice, and in some -1, too.
var ranges = []struct {
	path        []string
	least, most float64
	minusOne    bool
}{
	{[]string{"cpus"}, 0.01, 1 << 20, false},
	{[]string{"deploy", "resources", "limits", "cpus"}, 0.01, 1 << 20, false},
	{[]string{"cpu_period"}, 1000, 1_000_000, false},
	{[]string{"cpu_quota"}, 1000, 1 << 50, true},
	{[]string{"cpu_shares"}, 2, 262_144, false},
	{[]string{"mem_swappiness"}, 0, 100, true},
	{[]string{"blkio_config", "weight"}, 10, 1000, false},
}

// bounds are those of the specification that Compose applies to numbers in quotes, too.
var bounds = []struct {
	key         string
	least, most int
}{
	{"oom_score_adj", -1000, 1000},
	{"cpu_count", 0, math.MaxInt},
	{"cpu_percent", 0, 100},
}

// ulimits are the limits that Linux has (getrlimit(2)).
var ulimits = strings.Fields("as core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack")

// cpuSet matches a list of processors, such as 0-2,4.
var cpuSet = regexp.MustCompile(`^\d+(-\d+)?(,\d+(-\d+)?)*$`)

func (j judge) numbers() {
	for _, r := range ranges {
		text, at, ok := j.text(r.path...)
		n, err := strconv.ParseFloat(text, 64)
		if !ok || err != nil || n == 0 || r.minusOne && n == -1 {
			continue
		}
		if n < r.least {
			j.fault(invalidLimit, at, "%s: the engine takes %v at least", strings.Join(r.path, "."), r.least)
		} else if n > r.most {
			j.fault(invalidLimit, at, "%s: the engine takes %v at most", strings.Join(r.path, "."), r.most)
		}
	}
	for _, b := range bounds {
		text, at, ok := j.text(b.key)
		switch n, err := strconv.Atoi(text); {
		case !ok || err != nil:
		case n < b.least:
			j.fault(Specification, at, "%s: %d is less than %d", b.key, n, b.least)
		case n > b.most:
			j.fault(Specification, at, "%s: %d is more than %d", b.key, n, b.most)
		}
	}
	for _, key := range []string{"interval", "timeout", "start_period", "start_interval"} {
		text, at, ok := j.text("healthcheck", key)
		var d types.Duration
		if ok && d.DecodeMapstructure(text) == nil && d != 0 && time.Duration(d) < time.Millisecond {
			j.fault(invalidLimit, at, "healthcheck.%s: the engine takes 1ms at least", key)
		}
	}
	if text, at, ok := j.text("cpuset"); ok && !cpuSet.MatchString(text) {
		j.fault(invalidLimit, at, "cpuset: %q is no list of processors such as 0-2,4", text)
	}
	for _, key := range []string{"cpu_period", "cpu_quota"} {
		text, at, ok := j.text(key)
		if _, both := j.has("cpus"); both && ok && text != "0" {
			j.fault(invalidLimit, at, "%s: the engine takes it or cpus, not both", key)
		}
	}
	for key, limits := range yamltree.Entries(yamltree.Get(j.s.Body, "ulimits")) {
		at := place{key, []string{"ulimits", key.Value}}
		if !slices.Contains(ulimits, strings.ToLower(key.Value)) {
			j.unlisted(at, key.Value, ulimits, key.Value)
		}
		soft, err1 := strconv.Atoi(j.r.value(limits, "soft"))
		hard, err2 := strconv.Atoi(j.r.value(limits, "hard"))
		if err1 == nil && err2 == nil && hard >= 0 && (soft > hard || soft < 0) {
			j.fault(invalidLimit, at, "ulimits.%s: the soft limit is more than the hard one", key.Value)
		}
	}
}

// ports finds invalid ports of the container. Those of the host are looked at across services.
func (j judge) ports() {
	for i, item := range index(yamltree.Get(j.s.Body, "ports")) {
		own := entry([]string{"ports"}, i)
		switch {
		case item.Kind == yaml.MappingNode && yamltree.Get(item, "target") == nil:
			j.fault(Specification, place{item, own}, "ports: target is missing, which is the port of the container")
		case item.Kind == yaml.ScalarNode && item.Value == "" && !yamltree.IsNull(item):
			j.fault(Specification, place{item, own}, "ports: there is no port in \"\"")
		}
		if item.Kind != yaml.MappingNode {
			if text, ok := j.r.number(item); ok && !hasPoint(item) {
				target, protocol, _ := strings.Cut(text[strings.LastIndexByte(text, ':')+1:], "/")
				j.port(place{item, own}, target)
				if strings.Contains(protocol, "/") {
					j.fault(Specification, place{item, own}, "port %q: there is no protocol %q", text, protocol)
				}
			}
			continue
		}
		for key, value := range yamltree.Entries(item) {
			at := place{value, append(slices.Clip(own), key.Value)}
			text, ok := j.r.known(value)
			switch _, err := netip.ParseAddr(text); {
			case key.Value == "host_ip" && isEmpty(value):
				j.fault(Specification, at, "ports: host_ip is empty: leave it out")
			case !ok:
			case key.Value == "target":
				text, _ = j.r.number(value)
				j.port(at, text)
			case key.Value == "protocol" && !slices.Contains(protocols, text):
				j.unlisted(at, text, protocols, text)
			case key.Value == "host_ip" && err != nil:
				j.fault(Specification, at, "ports: host_ip: %q is no IP address", text)
			}
		}
	}
}

// protocols are the protocols whose ports the engine publishes.
var protocols = []string{"tcp", "udp", "sctp"}

// port reports an invalid port of the container. Text in the short form that is not a number is reported where it is read.
func (j judge) port(at place, text string) {
	n, err := strconv.Atoi(text)
	if err != nil && at.path[len(at.path)-1] == "target" || err == nil && (n < 1 || n > 65535) {
		j.fault(Specification, at, "ports: %s is no port of a container: want 1 to 65535", text)
	}
}

// logging finds options that the engine's own drivers do not take.
func (j judge) logging() {
	driver := j.r.value(j.s.Body, "logging", "driver")
	known := map[string][]string{
		"json-file": {"max-size", "max-file", "compress", "labels", "labels-regex", "env", "env-regex", "tag", "mode", "max-buffer-size"},
		"local":     {"max-size", "max-file", "compress", "mode", "max-buffer-size"},
	}[driver]
	if known == nil {
		return
	}
	for key, value := range yamltree.Entries(yamltree.Get(j.s.Body, "logging", "options")) {
		at := place{key, []string{"logging", "options", key.Value}}
		written, ok := j.r.known(value)
		switch n, err := strconv.Atoi(written); {
		case !slices.Contains(known, key.Value):
			j.fault(invalidLogging, at, "logging.options: the driver %s has no option %q%s", driver, key.Value, text.Suggestion(key.Value, known))
		case ok && key.Value == "max-file" && (err != nil || n < 1):
			j.fault(invalidLogging, at, "logging.options.max-file: want a number from 1, not %q", written)
		case ok && key.Value == "max-size" && written != "-1" && new(types.UnitBytes).DecodeMapstructure(written) != nil:
			j.fault(invalidLogging, at, "logging.options.max-size: %q is no size such as 10m", written)
		case ok && key.Value == "mode" && written != "blocking" && written != "non-blocking":
			j.fault(invalidLogging, at, "logging.options.mode: want blocking or non-blocking, not %q", written)
		}
	}
}
