package cluster

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const goodStack = `networks:
  net: {}
volumes:
  bets: {}
configs:
  app:
    name: app-003edc1731d3
    file: app.ini
services:
  server:
    image: server:1
    networks: [net]
    configs: [app]
    volumes:
      - {type: volume, source: bets, target: /bets}
      - bets:/more
      - /srv/data:/data:ro
  client:
    image: client:1
    hostname: "client{{.Task.Slot}}"
    environment:
      CLI_ID: "{{.Task.Slot}}"
    networks: [net, default]
    volumes:
      - {type: bind, source: "/srv/agency-{{ .Task.Slot }}.csv", target: /agency.csv}
    deploy:
      replicas: 5
      restart_policy: {condition: on-failure}
`

func shownProblems(all []Problem) string {
	var b strings.Builder
	for _, p := range all {
		kind := "error"
		if p.Warning {
			kind = "warning"
		}
		fmt.Fprintf(&b, "%d:%d: %s: %s\n", p.Line, p.Column, kind, p.Message)
	}
	return b.String()
}

// withConfig returns a folder that has the config of goodStack.
func withConfig(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "app.ini"), []byte("[app]\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

// A hash may be numerals alone, or stand behind letters that are hexadecimal, too: the content decides.
func TestHashInAName(t *testing.T) {
	dir := t.TempDir()
	content := "" // whose SHA-256 begins with twelve numerals
	for n := 0; ; n++ {
		content = strconv.Itoa(n)
		sum := sha256.Sum256([]byte(content))
		if digits := hex.EncodeToString(sum[:])[:12]; !strings.ContainsAny(digits, "abcdef") {
			break
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "app.ini"), []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(content))
	hash := hex.EncodeToString(sum[:])[:12]
	for _, name := range []string{"app-" + hash, "node" + hash, hash} {
		text := strings.Replace(goodStack, "name: app-003edc1731d3", "name: \""+name+"\"", 1)
		if got := CheckStack([]byte(text), dir); len(got) > 0 {
			t.Errorf("%s: got\n%s", name, shownProblems(got))
		}
	}
}

func TestGoodStack(t *testing.T) {
	if got := CheckStack([]byte(goodStack), withConfig(t)); len(got) > 0 {
		t.Errorf("got\n%s", shownProblems(got))
	}
}

func TestBadStacks(t *testing.T) {
	dir, good := t.TempDir(), withConfig(t)
	if err := os.WriteFile(filepath.Join(dir, "app.ini"), make([]byte, maxConfig+1), 0o644); err != nil {
		t.Fatal(err)
	}
	const restart = "      restart_policy: {condition: on-failure}\n"
	for _, test := range []struct{ old, instead, want string }{
		{"networks:\n  net: {}", "name: lab\nnetworks:\n  net: {}", `1:1: error: docker stack deploy does not know the key "name": docker stack deploy names the stack`},
		{"    image: server:1", "    image: server:1\n    cpus: 2", `12:5: error: docker stack deploy does not know the key "cpus": write deploy.resources.limits.cpus`},
		{"    image: server:1", "    image: server:1\n    profiles: [a]", `12:5: error: docker stack deploy does not know the key "profiles"`},
		{"    image: server:1", "    image: server:1\n    depends_on: {client: {condition: service_started}}", "12:17: error: docker stack deploy refuses services.server.depends_on: must be a list"},
		{"    image: server:1", "    image: server:1\n    depends_on: [client]", "12:5: warning: service server: Swarm ignores depends_on: all services start at once"},
		{"    image: server:1", "    image: server:1\n    restart: always", "12:5: warning: service server: Swarm ignores restart: write deploy.restart_policy"},
		{"    image: server:1", "    image: server:1\n    container_name: x", "12:5: warning: service server: Swarm ignores container_name"},
		{"    image: server:1", "    image: server:1\n    image: server:2", `12:5: error: key "image" is in line 11 already`},
		{"    image: server:1", "    image: server:1\n    stop_grace_period: soon", "12:24: error: docker stack deploy refuses services.server.stop_grace_period"},
		{"[net, default]", "[nat]", `23:16: error: service client: the network "nat" is not declared, did you mean "net"?`},
		{"configs: [app]", "configs: [{source: ap, target: /x}]", `13:24: error: service server: the config "ap" is not declared`},
		{"- bets:/more", "- bots:/more", `16:9: error: service server: the volume "bots" is not declared, did you mean "bets"?`},
		{"name: app-003edc1731d3", "name: app", "6:3: warning: config app: what Swarm has of it never changes"},
		{"name: app-003edc1731d3", "name: app-20260101", "6:3: warning: config app: what Swarm has of it never changes"},
		{"name: app-003edc1731d3", "name: app-abcdef123456", "7:11: warning: config app: the hash in its name is not that of app.ini"},
		{"file: app.ini", "file: none.ini", "8:11: warning: config app: there is no file none.ini"},
		{"file: app.ini", "file: .", "8:11: error: config app: . is a folder"},
		{"/srv/data:/data:ro", "./data:/data:ro", `17:9: error: service server: the source "./data" begins on the machine that deploys`},
		{`source: "/srv/agency`, `source: "./agency`, `25:30: error: service client: the source "./agency-`},
		{"target: /agency.csv}", "target: /agency.csv, bind: {create_host_path: false}}", "25:"},
		{restart, "", "27:7: error: service client: without deploy.restart_policy.condition Swarm starts its 5 tasks again for ever"},
		{"      replicas: 5\n", "      mode: replicated-job\n      replicas: 5\n", "20:15: error: service client: the slots of a replicated-job begin with 0"},
		{"image: client:1", "image: \"client:{{.Task.Slot}}\"", "19:12: error: service client: Swarm does not replace {{.Task.Slot}} here"},
		{"    image: server:1\n", "", "10:3: error: service server: there is no image"},
		{"image: server:1", "image: \"server:\"", "11:12: error: service server: "},
		{"  server:\n", "  ser.ver:\n", "10:3: error: service ser.ver: Swarm takes names of letters"},
		{"  server:\n", "  " + strings.Repeat("s", 62) + ":\n", "10:3: error: service ssss"},
		{"condition: on-failure", "condition: always", "28:35: error: service client: Swarm refuses deploy.restart_policy.condition always: write any"},
		{"condition: on-failure", "condition: sometimes", `28:35: error: service client: deploy.restart_policy.condition: "sometimes" is not one of any, on-failure, none`},
		{"      replicas: 5\n", "      replicas: 5\n      mode: replicatd\n", `28:13: error: service client: deploy.mode: "replicatd" is not one of replicated, global, replicated-job, global-job`},
		{"      replicas: 5\n", "      replicas: -1\n", "27:17: error: service client: -1 is no number of replicas"},
		{"      replicas: 5\n", "      replicas: 99999999999999999999\n", "27:17: error: service client: 99999999999999999999 is no number of replicas"},
		{"    image: server:1", "    image: server:1\n    environment: {1: a}", "12:19: error: docker stack deploy wants text for a key: put 1 in quotes"},
		{"    image: server:1", "    image: server:1\n    ports: [\"80:80\", {published: 80, target: 81}]", "12:22: error: service server publishes port 80/tcp of the host twice"},
		{"    image: server:1", "    image: server:1\n    ports: [{published: 80, target: 80, mode: host}, {published: 80, target: 81, mode: host}]", ""},
		{"      replicas: 5\n", "      replicas: 5\n      endpoint_mode: any\n", `28:22: error: service client: deploy.endpoint_mode: "any" is not one of vip, dnsrr`},
		{"      replicas: 5\n", "      replicas: 5\n      placement: {constraints: [node.role is worker]}\n", `28:33: error: service client: Swarm refuses the constraint "node.role is worker"`},
		{"      replicas: 5\n", "      replicas: 5\n      resources: {limits: {memory: lots}}\n", `28:36: error: service client: "lots" is no size`},
		{"      replicas: 5\n", "      replicas: 5\n      resources: {limits: {cpus: abc}}\n", `28:34: error: service client: "abc" is no number of processors`},
		{"    image: server:1", "    image: server:1\n    deploy: {endpoint_mode: dnsrr}\n    ports: [\"80:80\"]", "13:13: error: service server: endpoint_mode dnsrr has no address"},
		{"    image: server:1", "    image: server:1\n    deploy: {mode: global, replicas: 2}", "12:38: error: service server: docker stack deploy refuses replicas in mode global"},
		{"    image: server:1", "    image: server:1\n    hostname: \"s{{.Task.Slot}}\"\n    deploy: {mode: global}", "12:15: error: service server: in mode global a slot is the ID of a node"},
		{"    image: server:1", "    image: server:1\n    ports: [\"127.0.0.1:80:80\"]", "12:13: warning: service server: Swarm ignores the address 127.0.0.1 of a port"},
		{"networks: [net]", "networks: {net: {ipv4_address: 10.0.0.9}}", "12:22: warning: service server: Swarm ignores ipv4_address"},
		{"  net: {}", "  net: {driver: bridge}", "2:17: error: network net: a bridge network reaches one node"},
		{"  net: {}", "  net: {external: true, driver: overlay}", "2:33: error: network net: docker stack deploy refuses"},
		{"image: server:1", "image: \"${IMAGE\"", `11:12: error: docker stack deploy refuses "${IMAGE"`},
		{"- bets:/more", "- \"/{{.Task.Slot}}:/more\"\n      - \"/a:/b/{{.Task.Slut}}\"", "17:9: error: service server: Swarm takes \"/a:/b/{{.Task.Slut}}\" for a template and refuses it: .Task has no field Slut: have ID, Name, Slot, did you mean \"Slot\"?"},
		{"- bets:/more", "- \"${D:-./x}:/more\"", `16:9: error: service server: the source "./x" begins`},
		{"- bets:/more", "- bets/x:/more", `16:9: error: service server: "bets/x" is neither`},
		{"- bets:/more", "- {type: bind, source: data, target: /more}", `16:30: error: service server: the source "data" begins`},
		{"- bets:/more", "- {type: nfs, source: data, target: /more}", `16:16: error: service server: there is no type "nfs" of mounts`},
		{"- bets:/more", "- bets:/bets", `16:9: error: service server: two mounts at "/bets"`},
		{"    image: server:1", "    image: server:1\n    comand: x", `12:5: error: docker stack deploy does not know the key "comand", did you mean "command"?`},
		{"    image: server:1", "    image: server:1\n    logging: {driver: local, optoins: {}}", `12:30: error: docker stack deploy does not know the key "optoins", did you mean "options"?`},
		{"    image: server:1", "    image: server:1\n    ports: [{target: 80, publishd: 80}]", `12:26: error: docker stack deploy does not know the key "publishd", did you mean "published"?`},
		{"      replicas: 5\n", "      replics: 5\n", `27:7: error: docker stack deploy does not know the key "replics", did you mean "replicas"?`},
		{"      replicas: 5\n", "      replicas: 5\n      resources: {limits: {memroy: 1g}}\n", `28:28: error: docker stack deploy does not know the key "memroy", did you mean "memory"?`},
		{"      replicas: 5\n", "      replicas: 5\n      update_config: {paralelism: 1}\n", `28:23: error: docker stack deploy does not know the key "paralelism", did you mean "parallelism"?`},
		{"networks:\n  net: {}", "network:\n  net: {}", `1:1: error: docker stack deploy does not know the key "network", did you mean "networks"?`},
		{"  net: {}", "  net: {drivr: overlay}", `2:9: error: docker stack deploy does not know the key "drivr", did you mean "driver"?`},
		{goodStack, "- a\n", "1:1: error: want a mapping with services, not a list"},
		{goodStack, "", "1:1: error: there is nothing in it"},
		{goodStack, "a: [", "1:5: error: "},
		{goodStack, goodStack + "---\nservices: {}\n", "30:1: error: a second document begins here"},
	} {
		text := strings.Replace(goodStack, test.old, test.instead, 1)
		got := shownProblems(CheckStack([]byte(text), good))
		if first, _, _ := strings.Cut(got, "\n"); !strings.HasPrefix(first, test.want) || test.want == "" && got != "" {
			t.Errorf("%q: got %q, want %s", test.instead, got, test.want)
		}
	}
	got := shownProblems(CheckStack([]byte(goodStack), dir))
	if want := "8:11: error: config app: the file has more than 1023999 bytes"; !strings.HasPrefix(got, want) {
		t.Errorf("got %s, want %s", got, want)
	}
}

// A near key that Docker's client refuses, too, helps nobody.
func TestNoHintIsRefusedItself(t *testing.T) {
	got := shownProblems(CheckStack([]byte(strings.Replace(goodStack, "    image: server:1", "    image: server:1\n    profile: [a]", 1)), withConfig(t)))
	if strings.Contains(got, "did you mean") {
		t.Errorf("got %s", got)
	}
}

// Swarm's limits are in the swarmkit of the engine: 1000 KiB for a config, 500 KiB for a secret, one byte at least for each.
func TestSizesOfConfigsAndSecrets(t *testing.T) {
	const config = "services: {a: {image: x}}\nconfigs: {c: {name: \"c-003edc1731d3\", file: c}}\n"
	const secret = "services: {a: {image: x}}\nsecrets: {s: {name: \"s-003edc1731d3\", file: c}}\n"
	for _, test := range []struct {
		text string
		size int
		want string
	}{
		{config, 1000<<10 - 1, "2:21: warning: config c: the hash"},
		{config, 1000 << 10, "2:45: error: config c: the file has more than 1023999 bytes"},
		{config, 0, "2:45: error: config c: the file is empty, and Swarm takes no empty config"},
		{secret, 500<<10 - 1, "2:21: warning: secret s: the hash"},
		{secret, 500 << 10, "2:45: error: secret s: the file has more than 511999 bytes"},
		{secret, 0, "2:45: error: secret s: the file is empty, and Swarm takes no empty secret"},
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "c"), make([]byte, test.size), 0o644); err != nil {
			t.Fatal(err)
		}
		if got := shownProblems(CheckStack([]byte(test.text), dir)); !strings.HasPrefix(got, test.want) {
			t.Errorf("%d bytes: got %s, want %s", test.size, got, test.want)
		}
	}
}

// Swarm executes templates in the environment, in hostnames and mounts. What it would refuse there has a place before it is
// deployed.
func TestStackTemplates(t *testing.T) {
	dir := withConfig(t)
	for name, content := range map[string]string{
		"good.env": "# {{.Nothing}}\nA={{.Task.Slot}}\nB\n", "bad.env": "A={{.Task.Slt}}\n", "broken.env": "A B=1\n",
		"good.tmpl": "{{env \"A\"}} {{secret \"x\"}} {{.Task.Slot}}", "bad.tmpl": "{{printenv}}",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	const variable = `CLI_ID: "{{.Task.Slot}}"`
	for _, test := range []struct{ old, instead, want string }{
		{variable, `CLI_ID: '{{ join "-" .Service.Name .Node.Hostname .Node.Platform.OS }}'`, ""},
		{variable, `CLI_ID: '{{ index .Service.Labels "a.b" }}'`, ""},
		{variable, `CLI_ID: '{{ .Service.Labels.a }}'`, `22:15: error: service client: Swarm takes "{{ .Service.Labels.a }}" for a template and refuses it: a label is read with index`},
		{variable, `CLI_ID: '{{ with .Task }}{{ .Slot }}{{ $$.Node.ID }}{{ end }}{{ range $$k, $$v := .Service.Labels }}{{ $$k }}{{ end }}'`, ""},
		{variable, `CLI_ID: '{{ printf "%03s" .Task.Slot }}'`, ""},
		{variable, `CLI_ID: '{{"{{"}}.Values}}'`, ""},
		{variable, `CLI_ID: '}} { {'`, ""},
		{variable, `CLI_ID: "{{.Task.Slt}}"`, `22:15: error: service client: Swarm takes "{{.Task.Slt}}" for a template and refuses it: .Task has no field Slt: have ID, Name, Slot, did you mean "Slot"?`},
		{variable, `CLI_ID: "{{.Task.Slot"`, `22:15: error: service client: Swarm takes "{{.Task.Slot" for a template and refuses it: unclosed action`},
		{variable, `CLI_ID: "{{.Taks.Slot}}"`, `22:15: error: service client: Swarm takes "{{.Taks.Slot}}" for a template and refuses it: a template of Swarm has no field Taks`},
		{variable, `CLI_ID: "{{.Task.Slot.ID}}"`, `22:15: error: service client: Swarm takes "{{.Task.Slot.ID}}" for a template and refuses it: .Task.Slot has no fields`},
		{variable, `CLI_ID: "{{add 1 .Task.Slot}}"`, `22:15: error: service client: Swarm takes "{{add 1 .Task.Slot}}" for a template and refuses it: function "add" not defined`},
		{variable, `CLI_ID: "{{if .Task}}{{$$.Task.X}}{{end}}"`, `22:15: error: service client: Swarm takes `},
		{variable, `CLI_ID: "${PREFIX:-a}{{.Task.X}}"`, `22:15: error: service client: Swarm takes "a{{.Task.X}}"`},
		{`"client{{.Task.Slot}}"`, `"client{{.Task.ID.}}"`, `20:15: error: service client: Swarm takes`},
		{`/srv/agency-{{ .Task.Slot }}.csv`, `/srv/{{ .Task.Index }}`, `25:30: error: service client: Swarm takes`},
		{"  bets: {}", "  bets: {name: \"bets-{{.Task.Slot}}\"}", ""},
		{"  bets: {}", "  bets: {name: \"bets-{{.Slot}}\"}", `4:16: error: volume bets: Swarm takes "bets-{{.Slot}}"`},
		{"  bets: {}", "  bets: {driver_opts: {device: \"{{.Slot}}\"}}", `4:32: error: volume bets: Swarm takes`},
		{"    image: client:1", "    image: client:1\n    env_file: good.env", ""},
		{"    image: client:1", "    image: client:1\n    env_file: [none.env]", `20:16: warning: service client: there is no file none.env in the folder of the stack file`},
		{"    image: client:1", "    image: client:1\n    env_file: .", `20:15: error: service client: . is a folder`},
		{"    image: client:1", "    image: client:1\n    env_file: broken.env", `20:15: error: service client: docker stack deploy refuses the env_file broken.env: variable 'A B' contains whitespaces`},
		{"    image: client:1", "    image: client:1\n    env_file: bad.env", `20:15: error: service client: Swarm takes "A={{.Task.Slt}}" of bad.env for a template`},
		{"    image: client:1", "    image: client:1\n    command: [a, \"{{.Node.Hostname}}\"]", `20:18: error: service client: Swarm does not replace {{.Node.Hostname}} here`},
		{"    image: client:1", "    image: client:1\n    labels: {a: \"{{.Node.Hostname}}\"}", ""},
		{"    image: client:1", "    image: client:1\n    labels: {a: \"{{.Task.Slot}}\"}", `20:17: error: service client: Swarm does not replace {{.Task.Slot}} here`},
		{"name: app-003edc1731d3\n    file: app.ini", "name: app-1a2b3c4d\n    template_driver: jinja\n    file: app.ini", `8:22: error: config app: Swarm has no template driver "jinja"`},
		{"name: app-003edc1731d3\n    file: app.ini", "name: app-1a2b3c4d\n    template_driver: golang\n    file: bad.tmpl", `9:11: error: config app: the file is a template for Swarm, which fails at it: function "printenv" not defined`},
		{"name: app-003edc1731d3\n    file: app.ini", "name: app-1a2b3c4d\n    template_driver: golang\n    file: good.tmpl", `7:11: warning: config app: the hash`},
	} {
		text := strings.Replace(goodStack, test.old, test.instead, 1)
		got := shownProblems(CheckStack([]byte(text), dir))
		if first, _, _ := strings.Cut(got, "\n"); !strings.HasPrefix(first, test.want) || test.want == "" && got != "" {
			t.Errorf("%q: got %q, want %s", test.instead, got, test.want)
		}
	}
}
