package check

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/tp0-lab/composer/internal/template/render"
)

// document puts replicas, each made of a text in which ~ is its number, after
// head and before tail.
func document(head string, n int, replica func(id int) string, tail string) render.Document {
	doc := render.Document{Bytes: []byte(head)}
	for id := 1; id <= n; id++ {
		begin := len(doc.Bytes)
		doc.Bytes = append(doc.Bytes, strings.ReplaceAll(replica(id), "~", strconv.Itoa(id))...)
		doc.Replicas = append(doc.Replicas, render.Span{Begin: begin, End: len(doc.Bytes)})
	}
	doc.Bytes = append(doc.Bytes, tail...)
	return doc
}

const (
	head = "name: tp0\n\nservices:\n  server:\n    container_name: server\n    image: server\n    networks:\n      - net"
	one  = "\n\n  client~:\n    container_name: client~\n    image: client\n    environment:\n      ID: \"~\"\n    networks:\n      - net\n    depends_on:\n      - server"
	tail = "\n\nnetworks:\n  net:\n    ipam:\n      config:\n        - subnet: 172.25.125.0/24\n"
)

func same(text string) func(int) string { return func(int) string { return text } }

// but is the same text for all replicas but the fifth, in which old is replaced.
func but(old, replacement string) func(int) string {
	return func(i int) string {
		if i == 5 {
			return strings.Replace(one, old, replacement, 1)
		}
		return one
	}
}

func all(old, replacement string) func(int) string {
	return same(strings.Replace(one, old, replacement, 1))
}

const (
	ports   = "image: client\n    ports: [\"%s:80\"]"
	fixedIP = "networks:\n      net:\n        ipv4_address: %s"
	netList = "networks:\n      - net"
)

func TestDocument(t *testing.T) {
	tests := []struct {
		name string
		doc  render.Document
		want string // in the error, "" for none
	}{
		{"right", document(head, 20, same(one), tail), ""},
		{"equal mounts", document(head, 20, all("image: client", "image: client\n    volumes:\n      - type: bind\n        source: ./a-~\n        target: /a\n      - type: bind\n        source: ./a-~\n        target: /a"), tail), ""},
		{"no replicas", document(head, 0, same(one), tail), ""},
		{"one replica", document(head, 1, same(one), tail), ""},
		{"no subnet", document(head, 9, same(one), "\n\nnetworks:\n  net: {}\n"), ""},
		{"addresses", document(head, 20, all(netList, fmt.Sprintf(fixedIP, "172.25.125.1~")), tail), ""},
		{"labels and hostname", document(head, 20, all("image: client", "image: client\n    hostname: h~\n    labels:\n      id: 'no ~'"), tail), ""},

		{"not YAML", document(head, 9, but("image: client", "image: [client"), tail), "line"},
		{"unknown key", document(head, 9, all("image:", "imagee:"), tail), "imagee"},
		{"unknown key in one", document(head, 9, but("image:", "imagee:"), tail), "imagee"},
		{"no image", document(head, 9, all("    image: client\n", ""), tail), "neither an image nor a build context"},
		{"service twice", document(head, 9, but("client~:", "client4:"), tail), "client4"},
		{"service as the server", document(head, 9, but("client~:", "server:"), tail), "server"},
		{"container twice", document(head, 9, but("container_name: client~", "container_name: client4"), tail), `services client4 and client5 have the same container_name "client4"`},
		{"container of the server", document(head, 9, but("container_name: client~", "container_name: server"), tail), `services server and client5 have the same container_name "server"`},
		{"all one container", document(head, 9, all("container_name: client~", "container_name: client"), tail), `services client1 and client2 have the same container_name "client"`},
		{"odd container", document(head, 9, but("container_name: client~", "container_name: \"client 5\""), tail), `service client5: container_name "client 5"`},
		{"project name", document(strings.Replace(head, "tp0", "'!'", 1), 9, same(one), tail), "no letter or digit in \"!\""},
		{"unknown network", document(head, 9, but("- net", "- nets"), tail), `service client5: there is no network "nets", did you mean net?`},
		{"unknown network by number", document(head, 9, all("- net", "- net~"), tail), `there is no network "net1"`},
		{"unknown dependency", document(head, 9, but("- server", "- client77"), tail), "client77"},
		{"itself", document(head, 9, all("- server", "- client7"), tail), "services wait for each other: client7 → client7"},
		{"a circle of left-out replicas", document(head, 9, func(id int) string {
			return strings.Replace(one, "- server", fmt.Sprintf("- client%d", id%9+1), 1)
		}, tail), "services wait for each other: client1 → client2 → "},

		{"port overflows in the last", document(head, 9, all("image: client", fmt.Sprintf(ports, "6553~")), tail), "6553"},
		{"port overflows in the middle", document(head, 9, but("image: client", fmt.Sprintf(ports, "99999")), tail), "99999"},
		{"port overflows in the middle of one shape", document(head, 9, func(id int) string {
			port := "8000"
			if id == 5 {
				port = "80000"
			}
			return strings.Replace(one, "image: client", fmt.Sprintf(ports, port), 1)
		}, tail), "80000"},
		{"key equals its neighbour in the middle", document(head, 9, all(`ID: "~"`, "ID5: a\n      ID~: b"), tail), "ID5"},
		{"a date in the middle", document(head, 9, all(`ID: "~"`, "ID: 2024-1~-30"), tail), "without quotes, 2024-11-30 is a date to YAML"},

		{"address twice", document(head, 9, all(netList, fmt.Sprintf(fixedIP, "172.25.125.9")), tail), "services client1 and client2 have the same address 172.25.125.9"},
		{"address twice in the middle", document(head, 9, func(id int) string {
			ip := "172.25.125.1~"
			if id == 5 {
				ip = "172.25.125.17"
			}
			return strings.Replace(one, netList, fmt.Sprintf(fixedIP, ip), 1)
		}, tail), "services client5 and client7 have the same address 172.25.125.17"},
		{"address out of the subnet", document(head, 9, all(netList, fmt.Sprintf(fixedIP, "172.25.12~.9")), tail), "service client1: address 172.25.121.9 is in no subnet of network net"},
		{"address of the gateway", document(head, 9, all(netList, fmt.Sprintf(fixedIP, "172.25.125.~")), tail), "service client1: address 172.25.125.1 is that of network net's gateway"},
		{"broadcast address", document(head, 9, all(netList, fmt.Sprintf(fixedIP, "172.25.125.25~")), tail), "service client5: address 172.25.125.255 is not for a container"},
		{"no address", document(head, 9, all(netList, fmt.Sprintf(fixedIP, "172.25.125.30~")), tail), `"172.25.125.301" is no IP address`},
		{"address in the other network's subnet", document(head, 2, all(netList, fmt.Sprintf(fixedIP, "10.9.0.~0")),
			tail+"  other:\n    ipam:\n      config:\n        - subnet: 10.9.0.0/24\n"), "address 10.9.0.10 is in no subnet of network net"},
		{"address in an external network", document(head, 2, all(netList, fmt.Sprintf(fixedIP, "10.9.0.~0")), "\n\nnetworks:\n  net:\n    external: true\n"), ""},

		{"subnet is full", document(head, 252, same(one), tail), ""},
		{"subnet is too small", document(head, 253, same(one), tail), "network net: 254 containers, and subnet 172.25.125.0/24 has addresses for 253"},
		{"no subnet at all", document(head, 2, same(one), strings.Replace(tail, "172.25.125.0/24", "172.25.125", 1)), `network net: "172.25.125" is not a subnet`},
		{"bridge is full", document(head, 1022, same(one), strings.Replace(tail, "125.0/24", "0.0/16", 1)), ""},
		{"too many on a bridge", document(head, 1023, same(one), "\n\nnetworks:\n  net: {}\n"), "1024 containers, and a Linux bridge takes 1023"},
		{"many, not on a bridge", document(head, 1023, same(one), "\n\nnetworks:\n  net: {driver: overlay}\n"), ""},
		{"many, half of them in other networks", document(head, 500, func(id int) string {
			if id%2 == 0 {
				return strings.Replace(one, "- net", "- other", 1)
			}
			return one
		}, tail+"  other: {}\n"), ""},
		{"a variable that is required", document(head, 9, all(`ID: "~"`, `ID: "${ID:?say which}~"`), tail), ""},
		{"a variable behind one with a default", document(head, 9, all("image: client", "image: client\n    volumes: [\"${DIR:-/data}/${NAME:?}:/x\"]"), tail), ""},
		{"variables of other types", document(head, 9, all("image: client", "image: ${IMAGE}\n    privileged: ${ROOT}\n    stop_grace_period: ${GRACE}\n    ports: [\"${PORT}:80\"]\n    volumes: [{type: bind, source: \"${DATA:?}\", target: /data}]"), tail), ""},
		{"variables instead of files", document(head, 1, same(one), tail+"configs:\n  a: {file: \"${A}\"}\n  b: {content: \"$B\"}\nsecrets:\n  c: {environment: \"${C:?}\"}\n"), ""},
		{"a variable of a misspelt key", document(head, 9, all("image: client", "image: client\n    prvileged: ${ROOT}"), tail), `unknown key "services.client1.prvileged", did you mean privileged?`},
		{"a variable of a wrong type by default", document(head, 9, all("image: client", "image: client\n    privileged: ${ROOT:-maybe}"), tail), `"maybe" is not a boolean: write true or false`},
		{"a variable, and something else that is wrong", document(head, 9, all("image: client", "image: ${IMAGE}\n    stop_grace_period: soon"), tail), "soon"},
		{"a variable that is none", document(head, 9, all("image: client", "image: ${IMAGE"), tail), "looks like a variable, but Compose cannot read it"},
		{"one port of the host for all", document(head, 9, all("image: client", fmt.Sprintf(ports, "8080")), tail), "services client1 and client2 publish the same port 8080/tcp of the host"},
		{"a free port for each", document(head, 9, all("image: client", fmt.Sprintf(ports, "8080-8088")), tail), ""},
		{"ports of the host's own network", document(head, 9, all("networks:\n      - net", "network_mode: host\n    ports: [\"8080:80\"]"), tail), ""},
		{"one port of alternatives", document(head, 1, all("image: client", "image: client\n    profiles: [a]\n    ports: [\"80:80\"]"), "\n  other:\n    image: x\n    profiles: [b]\n    ports: [\"80:80\"]"+tail), ""},
		{"subnets overlap", document(head, 1, same(one), tail+"  other:\n    ipam:\n      config:\n        - subnet: 172.25.0.0/16\n"), "network net: subnet 172.25.125.0/24 is in 172.25.0.0/16 of network other"},
		{"scale counts", document(head, 2, all("    container_name: client~\n", "    scale: 200\n"), tail), "401 containers"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			skipLong(t, tt.doc)
			_, err := Document(t.Context(), tt.doc)
			switch {
			case tt.want == "" && err != nil:
				t.Errorf("got %v", err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("got %v, want it to say %q", err, tt.want)
			case err != nil && strings.Contains(err.Error(), "\n"):
				t.Errorf("%v: more than a line", err)
			}
		})
	}
}

// skipLong skips documents of hundreds of replicas when -short is set.
func skipLong(t *testing.T, doc render.Document) {
	t.Helper()
	if testing.Short() && len(doc.Bytes) > 20_000 {
		t.Skip("long: compose-go loads a document of hundreds of services")
	}
}

// sampled returns whether a sample is enough for doc to pass.
func sampled(doc render.Document) bool {
	s, ok := newSample(doc)
	if !ok || !s.understand() {
		return false
	}
	project, err := readProject(context.Background(), s.text)
	if err != nil || !s.expand(&project) {
		return false
	}
	_, err = applyRules(project)
	return err == nil
}

// Layouts for which a sample is not enough, and some for which it is.
func TestLayouts(t *testing.T) {
	crlf := func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }
	tests := []struct {
		name    string
		doc     render.Document
		sampled bool
	}{
		{"as the built-in bundle's", document(head, 9, same(one), tail), true},
		{"line breaks behind replicas", document(head+"\n", 9, same(strings.TrimPrefix(one, "\n\n")+"\n"), strings.TrimPrefix(tail, "\n")), true},
		{"quoted keys", document(head, 9, all("client~:", `"client~":`), tail), true},
		{"quoted with ticks", document(head, 9, all("container_name: client~", "container_name: 'client~'"), tail), true},
		{"padded numbers", document(head, 9, all("container_name: client~", "container_name: client00~"), tail), true},
		{"two services each", document(head, 9, same(one+"\n  peer~:\n    image: peer"), tail), true},
		{"a comment, not numbered", document(head, 9, same("\n  # a client"+one), tail), true},
		{"a comment, numbered", document(head, 9, same("\n  # client ~"+one), tail), false},
		{"a comment behind a value", document(head, 9, all("container_name: client~", "container_name: client~ # its name"), tail), true},
		{"space behind a value", document(head, 9, all("container_name: client~", "container_name: client~ "), tail), true},
		{"flow style", document(head, 9, same("\n  client~: {image: client, container_name: client~, networks: [net]}"), tail), true},
		{"all in flow style", document("services: {", 9, same("\nclient~: {image: client, networks: [net]},\n"), "}"+tail), false},
		{"Windows line breaks", document(crlf(head), 9, same(crlf(one)), crlf(tail)), false},
		{"anchors", document(head, 9, all("environment:", "environment: &env"), tail), false},
		{"aliases", document("x-env: &env {A: b}\n"+head, 9, all("environment:\n      ID: \"~\"", "environment: *env"), tail), false},
		{"merge keys", document("x-env: &env {A: b}\n"+head, 9, all("environment:", "environment:\n      <<: *env"), tail), false},
		{"merge keys without anchors", document(head, 9, all("environment:", "<<: {tty: true}\n    environment:"), tail), false},
		{"escaped", document(head, 9, all(`ID: "~"`, `ID: "\x41~"`), tail), false},
		{"a number", document(head, 9, all(`ID: "~"`, `ID: ~`), tail), false},
		{"a list of variables", document(head, 9, all(`ID: "~"`, `- ID=~`), tail), false},
		{"folded name", document(head, 9, all("container_name: client~", "container_name: >-\n      client~"), tail), false},
		{"short mounts", document(head, 9, all("image: client", "image: client\n    volumes: [\"./agency-~.csv:/agency.csv\"]"), tail), false},
		{"ports", document(head, 9, all("image: client", fmt.Sprintf(ports, "800~")), tail), false},
		{"interpolated name", document(head, 9, all("container_name: client~", "container_name: ${NAME:-client}~"), tail), false},
		{"interpolated value", document(head, 9, all(`ID: "~"`, `ID: "$$~"`), tail), true},
		{"not whole lines", document(head+"\n ", 9, same(" a~: {image: b}\n "), tail), false},
		{"wide characters", document(head, 9, all("image: client", "image: client\n    labels: {ñandú: 'ñ'}"), tail), true},
		{"two documents", document(head, 9, same(one), tail+"---\nservices:\n  client7:\n    image: other\n"), false},
		{"services at the end", document("networks: {net: {}}\n"+head, 9, same(one), "\n"), true},
		{"profiles", document(head, 9, all("image: client", "image: client\n    profiles: [all]"), tail), true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := Document(t.Context(), tt.doc); err != nil {
				t.Fatalf("%v\n%s", err, tt.doc.Bytes)
			}
			if got := sampled(tt.doc); got != tt.sampled {
				t.Errorf("sampled is %t, want %t:\n%s", got, tt.sampled, tt.doc.Bytes[:400])
			}
		})
	}
}

// lines and numbers are what mutations put into replicas, over or behind lines
// of theirs.
var (
	lines = []string{
		"    ports: [\"80@:80\"]", "    hostname: h@", "    scale: @", "    dns: [10.0.0.3, 10.0.0.@]", "    # @", "      ID@: x", "      ID: a@",
		"      ID: 2024-1@-30", "      ID: '@", "      ID: \"@\"", "    container_name: client@", "  client@:", "  client@: {image: x}", "    depends_on: [client@]",
		"    networks: [net@]", "    networks: {net: {ipv4_address: 172.25.125.@}}", "    network_mode: service:client@", "    image: x@", "    image: \"x@",
		"    <<: {image: x@}", "    env_file: [x@]", "    volumes: [\"./x@:/x\", \"./y:/x@\"]", "    volumes:", "volumes:", "networks:", "services:", "---", "    labels: &a@",
		"    labels: *a@", "    extends: client@", "    restart: on-failure:@", "    mem_limit: @m", "    command: |", "    command: [\"@\"", "    profiles: [p@]", "    healthcheck: {retries: @}",
		"", "\t", "    secrets: [s@]", "    stop_grace_period: 1@s", "    cpus: 0.@", "      ID: ${A@:?no}", "      ID: 0o1@", "    user: 1@:1", "      net: {ipv4_address: 172.25.125.1@}",
	}
	smallNumbers = []string{"~", "~", "1", "2", "3", "4", "5", "8", "9", "65535", "65536", "007", "999999999999999999999"}
)
