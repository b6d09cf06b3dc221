package rules

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.yaml.in/yaml/v4"
)

func read(t *testing.T, text string) Project {
	t.Helper()
	var document yaml.Node
	if err := yaml.Unmarshal([]byte(text), &document); err != nil {
		t.Fatal(err)
	}
	return Read(document.Content[0], nil)
}

// A variable without a value makes only its own value unknown.
func TestRead(t *testing.T) {
	p := read(t, `
x-base: &base {image: x, hostname: "h-${H:-1}"}
services:
  a: {<<: *base, container_name: "${NAME}", scale: 3, profiles: [q, p], ports: ["${PORT:-8080}:80", "${P}:1", "8080-8081:5/udp", "80", "9:9", "9:9", {target: 1, published: "7", host_ip: 127.0.0.1}]}
  b: {image: x, networks: {n: {ipv4_address: 10.0.0.9}, m: }, volumes: ["./a:/b", "vol:/c", {type: bind, source: "${S}", target: /d}, "${V}"], deploy: {replicas: 2}}
  c: {image: x, network_mode: host, ports: ["80:80"]}
  d: {image: x, networks: []}
networks:
  n: {driver: "${DRIVER}", external: "${E}"}
  m: {ipam: {config: [{subnet: 10.0.0.0/8, gateway: 10.0.0.1}, {subnet: "${S}"}]}}
`)
	byDefault := []Attachment{{Network: "default"}}
	want := Project{
		Services: []Service{
			{Name: "a", Hostname: "h-1", Scale: 3, Profiles: []string{"p", "q"}, Networks: byDefault, Ports: []Port{
				{Item: 0, Protocol: "tcp", First: 8080, Last: 8080},
				{Item: 2, Protocol: "udp", First: 8080, Last: 8081},
				{Item: 4, Protocol: "tcp", First: 9, Last: 9},
				{Item: 6, Protocol: "tcp", Address: "127.0.0.1", First: 7, Last: 7},
			}},
			{Name: "b", Scale: 2, Networks: []Attachment{{Network: "n", IPv4: "10.0.0.9"}, {Network: "m"}}, Mounts: []Mount{
				{Item: 0, Type: "bind", Source: "./a", Target: "/b"},
				{Item: 1, Type: "volume", Source: "vol", Target: "/c"},
				{Item: 2, Type: "bind", Target: "/d"},
			}},
			{Name: "c", Scale: 1},
			{Name: "d", Scale: 1, Networks: byDefault},
		},
		Networks: []Network{
			{Name: "n", Driver: "not known", External: true, Complete: true},
			{Name: "m", Subnets: []Subnet{{Item: 0, Text: "10.0.0.0/8", Gateway: "10.0.0.1"}}},
		},
	}
	if diff := cmp.Diff(want, p, cmpopts.IgnoreTypes(&yaml.Node{}), cmpopts.IgnoreUnexported(Project{}, Service{}, Network{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
