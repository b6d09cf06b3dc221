package rules

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// in returns a service of network n with an address.
func in(name, address string, scale int) Service {
	return Service{Name: name, Scale: scale, Networks: []Attachment{{Network: "n", IPv4: address}}}
}

// network returns a network n with subnets, of which item 0 has a gateway.
func network(gateway string, subnets ...string) Network {
	n := Network{Name: "n", Complete: true}
	for i, text := range subnets {
		n.Subnets = append(n.Subnets, Subnet{Item: i, Text: text})
	}
	if gateway != "" {
		n.Subnets[0].Gateway = gateway
	}
	return n
}

func services(all ...Service) Project { return Project{Services: all} }

// connected is services in one network.
func connected(n Network, all ...Service) Project {
	return Project{Services: all, Networks: []Network{n}}
}

// publishing returns a service whose ports from 80 to last are published.
func publishing(name, address string, scale, last int) Service {
	return Service{Name: name, Scale: scale, Ports: []Port{{Protocol: "tcp", Address: address, First: 80, Last: last}}}
}

// profiled returns s as a service of profiles.
func profiled(s Service, profiles ...string) Service {
	s.Profiles = profiles
	return s
}

// Each rule finds one problem in the bad project, at its path, and none in the good ones.
func TestRules(t *testing.T) {
	named := func(name, container string) Service { return Service{Name: name, Container: container, Scale: 1} }
	hosted := func(name, host string) Service { return Service{Name: name, Hostname: host, Scale: 1} }
	const subnet = "10.5.0.0/24"
	tests := []struct {
		rule Rule
		bad  Project
		path string // of the problem in the bad one
		good []Project
	}{
		{
			invalidContainerName, services(named("a", "-a")), "services.a.container_name",
			[]Project{services(named("a", "a-")), services(named("a", ""))},
		},
		{
			duplicateContainerName, services(named("a", "one"), named("b", "one")), "services.b.container_name",
			[]Project{services(named("a", "one"), named("b", "two")), services(profiled(named("a", "one"), "p"), profiled(named("b", "one"), "q"))},
		},
		{
			duplicateHostname, services(hosted("a", "h"), hosted("b", "h")), "services.b.hostname",
			[]Project{services(hosted("a", "h"), hosted("b", "i"), hosted("c", ""), hosted("d", ""))},
		},
		{
			scaledContainerName, services(Service{Name: "a", Container: "one", Scale: 2}), "services.a.container_name",
			[]Project{services(named("a", "one")), services(Service{Name: "a", Scale: 2})},
		},
		{
			duplicatePort, services(publishing("a", "", 1, 80), publishing("b", "127.0.0.1", 1, 80)), "services.b.ports.0",
			[]Project{
				services(publishing("a", "127.0.0.2", 1, 80), publishing("b", "127.0.0.1", 1, 80)),
				services(publishing("a", "", 1, 81), publishing("b", "", 1, 81)),
				services(profiled(publishing("a", "", 1, 80), "p"), profiled(publishing("b", "", 1, 80), "q")),
			},
		},
		{
			scaledPort, services(publishing("a", "", 2, 80)), "services.a.ports.0",
			[]Project{services(publishing("a", "", 2, 81)), services(publishing("a", "", 1, 80))},
		},
		{
			duplicateAddress, connected(network("", subnet), in("a", "10.5.0.9", 1), in("b", "10.5.0.9", 1)), "services.b.networks.n.ipv4_address",
			[]Project{connected(network("", subnet), in("a", "10.5.0.9", 1), in("b", "10.5.0.10", 1))},
		},
		{
			invalidAddress, connected(network("", subnet), in("a", "10.6.0.9", 1)), "services.a.networks.n.ipv4_address",
			[]Project{
				connected(network("", subnet), in("a", "10.5.0.254", 1)),
				connected(network("10.5.0.7", subnet), in("a", "10.5.0.1", 1)),
				connected(Network{Name: "n", External: true}, in("a", "10.6.0.9", 1)),
			},
		},
		{
			scaledAddress, connected(network("", subnet), in("a", "10.5.0.9", 2)), "services.a.networks.n.ipv4_address",
			[]Project{connected(network("", subnet), in("a", "", 2))},
		},
		{
			invalidSubnet, connected(network("", subnet, "10.6.0.7/24")), "networks.n.ipam.config.1.subnet",
			[]Project{connected(network("", subnet, "10.6.0.0/24"))},
		},
		{
			subnetTooSmall, connected(network("", "10.5.0.0/29"), in("a", "", 6)), "networks.n.ipam.config.0.subnet",
			[]Project{connected(network("", "10.5.0.0/29"), in("a", "", 5))},
		},
		{
			bridgeFull, connected(Network{Name: "n"}, in("a", "", BridgePorts+1)), "networks.n",
			[]Project{
				connected(Network{Name: "n"}, in("a", "", BridgePorts)),
				connected(Network{Name: "n", Driver: "overlay"}, in("a", "", BridgePorts+1)),
			},
		},
		{
			subnetOverlap, connected(network("", "10.0.0.0/8", subnet)), "networks.n.ipam.config.1.subnet",
			[]Project{connected(network("", "10.6.0.0/16", subnet))},
		},
		{
			subnetInDefaultPool, connected(network("", "172.31.255.0/24")), "networks.n.ipam.config.0.subnet",
			[]Project{connected(network("", "172.16.0.0/24")), connected(network("", "172.32.0.0/24")), connected(overlay(network("", "172.31.255.0/24")))},
		},
	}
	for _, tt := range tests {
		found := slices.Collect(Check(tt.bad))
		if len(found) != 1 || found[0].Rule.Name != tt.rule.Name || strings.Join(found[0].Path, ".") != tt.path {
			t.Errorf("%s: got %v, want one problem at %s", tt.rule.Name, found, tt.path)
		}
		for i, good := range tt.good {
			for p := range Check(good) {
				t.Errorf("%s: good project %d: got %v", tt.rule.Name, i, p)
			}
		}
	}
}

// A container cannot have the first or last address of a subnet, its gateway's, or a text that is no address.
func TestInvalidAddresses(t *testing.T) {
	for address, want := range map[string]string{
		"10.5.0.0": "first or last", "10.5.0.255": "first or last", "10.5.0.1": "gateway", "10.5.0.x": "no IP address",
	} {
		found := slices.Collect(Check(connected(network("", "10.5.0.0/24"), in("a", address, 1))))
		if len(found) != 1 || !strings.Contains(found[0].Message, want) {
			t.Errorf("%s: got %v, want %s", address, found, want)
		}
	}
}

func TestPortRange(t *testing.T) {
	for text, want := range map[string]string{
		"80": "80 80 true", "80-82": "80 82 true", "0-65535": "0 65535 true",
		"82-80": "false", "65536": "false", "-1": "false", "": "false", "80-": "false", "a": "false",
	} {
		first, last, ok := portRange(text)
		got := fmt.Sprint(first, last, ok)
		if !ok {
			got = "false"
		}
		if got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}

// Services of different profiles are alternatives until both are enabled, and a profile that is enabled lets others need it.
func TestAlternatives(t *testing.T) {
	clash := services(profiled(publishing("a", "", 1, 80), "p"), profiled(publishing("b", "", 1, 80), "q"))
	for _, tt := range []struct {
		profiles []string
		want     int
	}{{nil, 0}, {[]string{"p"}, 0}, {[]string{"p", "q"}, 1}, {[]string{"*"}, 1}} {
		clash.Profiles = tt.profiles
		if got := len(slices.Collect(Check(clash))); got != tt.want {
			t.Errorf("profiles %v: %d problems, want %d", tt.profiles, got, tt.want)
		}
	}
}

// What a project and its networks break on their own.
func TestProjects(t *testing.T) {
	for text, want := range map[string]string{
		"name: Foo Bar":               "name changed-project-name",
		"name: '!'":                   "name specification",
		"name: foo_1-b":               "",
		"name: '${N}'":                "",
		"name: '${N:-A}'":             "name changed-project-name",
		"networks: {n: {name: host}}": "networks.n.name predefined-network",
		"networks: {n: {name: host, external: true}}":                                    "",
		"networks: {n: {driver: host}}":                                                  "networks.n.driver predefined-network",
		"networks: {n: {driver: 'null'}}":                                                "networks.n.driver predefined-network",
		"networks: {n: {driver: bridge, name: hosts}}":                                   "",
		"networks: {n: {ipam: {config: [{gateway: 10.0.0.1}]}}}":                         "networks.n.ipam.config.0.gateway outside-subnet",
		"networks: {n: {ipam: {config: [{ip_range: 10.0.0.0/24}]}}}":                     "networks.n.ipam.config.0.ip_range outside-subnet",
		"networks: {n: {ipam: {config: [{gateway: 10.0.0.1, subnet: '${S}'}]}}}":         "",
		"services: {a: {build: {additional_contexts: {x: 'service:b'}}}, b: {image: x}}": "services.a.build.additional_contexts.x specification",
		"services: {a: {build: {additional_contexts: ['x=service:b']}}, b: {build: .}}":  "",
		"services: {a: {image: x, models: {m: {}}}}\nmodels: {m: {model: x}}":            "",
		"services: {a: {image: x, models: {n: {}}}}\nmodels: {m: {model: x}}":            "services.a.models.n undefined-file",
		"services: {a: {build: {secrets: [s]}}}\nsecrets: {s: {file: x}}":                "",
	} {
		var found []string
		for p := range Check(read(t, text)) {
			found = append(found, strings.Join(p.Path, ".")+" "+p.Rule.Name)
		}
		if got := strings.Join(found, ", "); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}

func overlay(n Network) Network {
	n.Driver = "overlay"
	return n
}
