package lint

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tp0-lab/composer/internal/compose/load"
	"github.com/tp0-lab/composer/internal/compose/project"
)

func checkSource(t *testing.T, s Source, disabled ...string) []Finding {
	t.Helper()
	return checkWith(t, s, levels(Off, disabled...))
}

func levels(level string, names ...string) *Options {
	o := &Options{}
	for _, name := range names {
		o.Set(name, level)
	}
	return o
}

func checkWith(t *testing.T, s Source, o *Options) []Finding {
	t.Helper()
	found, err := Check(t.Context(), s, o)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// check returns what is found in a text, without the file's name.
func check(t *testing.T, text string, disabled ...string) []string {
	t.Helper()
	var lines []string
	for _, f := range checkSource(t, Source{Name: "f", Dir: t.TempDir(), Text: []byte(text)}, disabled...) {
		lines = append(lines, strings.TrimPrefix(f.String(), "f:"))
	}
	return lines
}

// What Compose lays over another file lacks nothing that is there.
func TestOverride(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"compose.yaml": "services: {web: {image: x, networks: [front]}, db: {image: x}}\nnetworks: {front: {ipam: {config: [{subnet: 10.9.0.0/24}]}}}\nvolumes: {data: {}}\n",
		"compose.override.yml": "services:\n  web: {networks: {front: {ipv4_address: 10.9.0.5}}, depends_on: {db: {restart: true}}}\n" +
			"  db: {volumes: ['data:/var']}\n  more: {image: x, depends_on: [db, bd], networks: [fornt]}\n  none: {volumes: ['data:/var']}\nnetworks: {front: {internal: true}}\n",
		"prod.yaml": "services: {web: {restart: always}}\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]string{
		"compose.yaml": "[]",
		"compose.override.yml": `[2:71 services.web.depends_on.db lacks condition 4:37 service more: there is no service "bd" 4:53 service more: there is no network "fornt", did you mean front?` +
			` 5:3 service "none" has neither an image nor a build context specified]`,
		"prod.yaml": `[1:12 the file looks like a part of a project: 1 service has no image. Check them together: composer lint -f DIR/compose.yaml -f DIR/prod.yaml]`,
	} {
		found, err := CheckFile(t.Context(), filepath.Join(dir, name), nil)
		if err != nil {
			t.Fatal(err)
		}
		lines := []string{}
		for _, f := range found {
			lines = append(lines, fmt.Sprintf("%d:%d %s", f.Line, f.Column, strings.ReplaceAll(f.Message, dir, "DIR")))
		}
		if diff := cmp.Diff(want, fmt.Sprint(lines)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// A file that is extended by its own name is no other one.
func TestExtendsItsOwnFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "compose.yaml")
	if err := os.WriteFile(name, []byte("services:\n  a: {image: x, extends: {file: ./compose.yaml, service: a}}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	found, err := CheckFile(t.Context(), name, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(found) != 1 || found[0].Rule != "extends-cycle" || found[0].Column != 58 {
		t.Errorf("got %v", found)
	}
}

func TestCheck(t *testing.T) {
	tests := []struct {
		name, text string
		want       []string // the beginnings of what is found
	}{
		{"right", "services: {a: {image: x}}", nil},
		{"empty", "", []string{"1:1: error: there is nothing in it"}},
		{"only a comment", "# x\n", []string{"1:1: error: there is nothing in it"}},
		{"null", "~", []string{"1:1: error: there is nothing in it"}},
		{"a list", "- a", []string{"1:1: error: want a mapping with services, not a list"}},
		{"a word", "hello", []string{"1:1: error: want a mapping with services, not a single value"}},
		{"binary", "services:\n  é\x00", []string{"2:4: error: is not text in UTF-8 from here on [unreadable]"}},
		{"latin 1", "services:\n  \xe9: x", []string{"2:3: error: is not text"}},
		{"a quote without an end", "a:\n  b: 'x\n  c: d\n", []string{"2:6: error: while scanning a quoted scalar, found unexpected end of stream [yaml-syntax]"}},
		{"a list without an end", "a:\n  b: [x\n\n", []string{"2:6: error: while parsing a flow sequence, did not find expected ',' or ']' [yaml-syntax]"}},
		{"a map without an end", "a: {b: 1\n\n", []string{"1:9: error: while parsing a flow mapping, did not find expected ',' or '}' [yaml-syntax]"}},
		{"a list that ends in another line", "a:\n  b: [x\nc: d", []string{"3:2: error: while parsing a flow sequence, did not find expected ',' or ']' [yaml-syntax]"}},
		{"a tab behind a dash", "services:\n  ñ: {image: x}\n  a:\n    image: x\n    ports:\n      -\t22:22\n", []string{"6:8: error: a tab is here; YAML wants spaces [yaml-syntax]"}},
		{"tab", "services:\n\ta: 1", []string{"2:1: error: a tab indents this line; YAML wants spaces [yaml-syntax]"}},
		{"flow that does not end", "a: 1\nb: [1", []string{"2:4: error: while parsing a flow sequence, did not find expected ',' or ']'"}},
		{"indent", "a:\n  b: c\n d: e", []string{"3:2: error: while parsing a block mapping, did not find expected key"}},
		{"mapping in a value", "a: b\n c: d", []string{"2:3: error: mapping values are not allowed in this context"}},
		{"no anchor", "a: 1\nb: *no", []string{"2:4: error: unknown anchor 'no' referenced"}},
		{"depth", strings.Repeat("[", 20000), []string{"1:10001: error: while increasing flow level, exceeded max depth"}},
		{"second document broken", "services: {}\n---\na: [", []string{"3:5: error: while parsing a flow node"}},
		{"anchor in itself", "services: &a {a: *a}", []string{`1:11: error: anchor "a" contains itself`}},
		{"restart", "services: {a: {image: x, restart: allways}, b: {image: x, restart: 'always:3'}, c: {image: x, restart: 'on-failure:x'}, d: {image: x, restart: 'onfailure:3'}}", []string{
			`1:35: error: service a: restart: "allways" is not one of no, always, on-failure, unless-stopped, did you mean always? [unlisted-value]`,
			`1:68: error: service b: restart: "always:3": only on-failure has a number`, `1:104: error: service c: restart: "on-failure:x": want a number`,
			`1:144: error: service d: restart: "onfailure:3" is not one of no, always, on-failure, unless-stopped, did you mean on-failure?`,
		}},
		{"restart that is right", "services: {a: {image: x, restart: no}, b: {image: x, restart: 'on-failure:3'}, c: {image: x, restart: '${X}'}, d: {image: x, restart: 'on-failure:${N}'}, e: {image: x, restart: ''}, f: {image: x, restart: any}, g: {image: x, restart: 'on-failure'}, h: {image: x, restart: unless-stopped}}", nil},
		{"values of deploy", "services: {a: {image: x, deploy: {mode: replicatd, endpoint_mode: vipp, restart_policy: {condition: onfailure}, update_config: {failure_action: rolback}, rollback_config: {failure_action: rollback}}}}", []string{
			"1:1: note: this is most likely a stack file for Docker Swarm",
			`1:41: error: service a: deploy.mode: "replicatd" is not one of`, `1:67: error: service a: deploy.endpoint_mode: "vipp" is not one of vip, dnsrr, did you mean vip?`,
			`1:101: error: service a: deploy.restart_policy.condition: "onfailure" is not one of any, on-failure, none, did you mean on-failure?`,
			`1:145: error: service a: deploy.update_config.failure_action: "rolback" is not one of continue, rollback, pause, did you mean rollback?`,
			`1:189: error: service a: deploy.rollback_config.failure_action: "rollback" is not one of continue, pause`,
		}},
		{"values of deploy that are right", "services: {a: {image: x, deploy: {mode: global-job, endpoint_mode: '${M}', restart_policy: {condition: always}, update_config: {failure_action: pause}}}}", nil},
		{"networks of anybody", "services: {a: {image: x, network_mode: somebodys}, b: {image: x, network_mode: 'container:x'}, c: {image: x, network_mode: 'service:a'}}", nil},
		{"extends in a circle", "services:\n  a: {image: x, extends: b}\n  b: {extends: {service: c}}\n  c: {extends: a}\n  d: {image: x, extends: {file: config.ini, service: d}}", []string{
			`4:16: error: services extend each other: a → b → c → a [extends-cycle]`, `5:33: error: config.ini: no such file or directory`,
		}},
		{"duplicate keys at all depths", "services:\n  a: {image: x, image: x}\n  a: {image: x}\n", []string{
			`2:17: error: key "image" is in line 2 already`, `3:3: error: key "a" is in line 2 already`,
		}},
		{"merged key is no duplicate", "x-a: &a {image: x}\nservices: {b: {<<: *a, image: y}, c: {<<: [*a]}}", nil},

		{"unknown keys", "sevices: {}\nservices:\n  a:\n    imag: x\n    image: x\n    healthcheck: {tset: x}\n", []string{
			`1:1: error: unknown key "sevices", did you mean services?`, `4:5: error: unknown key "services.a.imag", did you mean image?`,
			`6:19: error: unknown key "services.a.healthcheck.tset", did you mean test?`,
		}},
		{"types", "services:\n  a:\n    image: 3\n    scale: []\n    ports: {}\n    restart: no\n    read_only: 'yes'\n", []string{
			`3:12: error: services.a.image must be a string: write "3"`, "4:12: error: services.a.scale must be a whole number or a string",
			"5:12: error: services.a.ports must be a list", `7:16: note: read_only: write true, not yes`,
		}},
		{"one of several", "services:\n  a: {image: x, depends_on: {b: {condition: ready}}, environment: {A: [1]}}\n  b: {image: x}", []string{
			"2:45: error: services.a.depends_on.b.condition: \"ready\" is not one of service_completed_successfully, service_healthy, service_started [specification]",
			"2:71: error: services.a.environment.A must be",
		}},
		{"misspelt words", "services:\n  a: {image: x, depends_on: {b: {condition: service_helthy}}}\n  b: {image: x, pull_policy: nevr}", []string{
			`2:45: error: services.a.depends_on.b.condition: "service_helthy" is not one of service_completed_successfully, service_healthy, service_started, did you mean service_healthy?`,
			`3:30: error: services.b.pull_policy: "nevr" is not one of always, `,
		}},
		{"variables may be any word", "services:\n  a: {image: x, depends_on: {b: {condition: '${WHEN}'}}}\n  b: {image: x, pull_policy: $PULL}", nil},
		{"services of docker-compose 1", "web:\n  image: x\n  build: .\nwrb: {imgae: x}\nservice: {image: x}\nvolume: {a: {}}", []string{
			"1:1: error: unknown key \"web\": it looks like a service, and those stand below `services:` [specification]",
			`4:1: error: unknown key "wrb" [specification]`,
			"5:1: error: unknown key \"service\": it looks like a service",
			`6:1: error: unknown key "volume", did you mean volumes?`,
		}},
		{"service name", "services: {a b: {image: x}}", []string{`1:12: error: unknown key "services.a b": want letters, digits`}},
		{"no service", "services: {a: }", []string{"1:15: error: services.a must be a mapping"}},
		{"variables may be of any type", "services: {a: {image: x, healthcheck: {interval: $I}, container_name: 'c$N'}}", nil},
		{"no variable", "services: {a: {image: 'x${'}}", []string{`1:25: error: "${" looks like a variable, but Compose cannot read it`}},
		{"dollar", "services: {a: {image: x, command: 'echo $$HOME $${'}}", nil},
		{"from compose-go", "services:\n  b: {image: x}\n  a: {image: x, mem_limit: 5q}\n", []string{"3:28: error: services.a.mem_limit: there is no unit"}},
		{"beside a variable", "services:\n  a:\n    image: ñ:${TAG}\n    healthcheck: {interval: '${I:-1s}', test: [ñ, x]}\n    volumes: ['./ñ:/${V}', ./x:/y:ro:z:q, {type: bind, source: x}]\n    mem_limit: 12zz\n    cpus: '${C:-many}'\n    shm_size: ${S}\n  d: {image: '${I:-n}', mem_limit: '${M:-2x}', deploy: {replicas: '${N}', resources: {limits: {memory: 2q}}}}\n", []string{
			"4:41: error: service a: healthcheck.test must start either by", "5:28: error: service a: invalid spec: ./x:/y:ro:z:q: too many colons",
			"5:64: note: service a: x: no such file", "5:64: error: service volume services.a.volumes.0 is missing a mount target",
			"6:16: error: services.a.mem_limit: there is no unit", "7:11: error: services.a.cpus: ",
			"9:36: error: services.d.mem_limit: there is no unit", "9:104: error: services.d.deploy.resources.limits.memory: there is no unit",
		}},
		{"no image beside a variable", "services:\n  proxy:\n    ports: ['${PORT}:80']\n", []string{`2:3: error: service "proxy" has neither an image nor a build context`}},
		{"broken in the other branch", "services:\n  a:\n    image: ñ:${TAG:-${B%/}/x}\n    command: |\n      ñ\n      ${A:-${B/c/d}}\n  b: {image: n, mem_limit: 1q}\n", []string{
			`3:21: error: "${B%/}/x}" looks like a variable, but Compose cannot read it`, `6:12: error: "${B/c/d}}" looks`, "7:28: error: services.b.mem_limit: there is no unit",
		}},
		{"beside what is wrong", "services:\n  a:\n    imag: x\n    ports: [a]\n    mem_limit: 5q\n    cpus: many\n    shm_size: 1m\n", []string{
			`3:5: error: unknown key "services.a.imag"`, `4:13: error: service a: port "a"`, "5:16: error: services.a.mem_limit: there is no unit", "6:11: error: services.a.cpus: ",
		}},
		{"too many ports", "services:\n  a: {image: ñ, ports: [ñ, '${A:-1}-65535:1-65535']}\n  b: {image: ñ, ports: [1-65535]}\n", []string{"3:25: error: up to here the services have more than 100000 ports"}},
		{"no image", "services: {a: {command: x}}", []string{`1:12: error: service "a" has neither an image nor a build context`}},
		{"extends has an image", "services: {a: {extends: {file: https://example.com/other.git, service: a}}}", nil},
		{"Compose takes what is said twice", "services: {a: {image: x, environment: [A=1, A=1], cap_add: [KILL, CHOWN, KILL, KILL]}}", []string{
			"1:45: note: services.a.environment: this is the same as item 1 of the list [duplicate-item]",
			"1:74: note: services.a.cap_add: this is the same as item 1 of the list [duplicate-item]", "1:80: note: services.a.cap_add",
		}},
		{"the same twice", "services: {a: {image: x, security_opt: ['label:b', 'label:a', 'label:a']}}", []string{"1:63: error: services.a.security_opt: this is the same as item 2 of the list"}},
		{"additional contexts", "services:\n  a:\n    build: {context: ., additional_contexts: {b: 'service:b', c: 'service:c'}}\n  b:\n    build: {context: ., additional_contexts: ['a=service:d']}\n", []string{
			`3:66: error: service a: there is no service "c"`, `5:47: error: service b: there is no service "d"`,
		}},
		{"nested deep", "services: {a: {image: x, x-a: " + strings.Repeat("[", 9000) + strings.Repeat("]", 9000) + "}}", []string{"1:229: error: values are nested more than 200 deep here [yaml-syntax]"}},
		{"included and extended files", "include: [gone.yaml, {path: [gone2.yaml]}]\nservices: {a: {extends: {file: gone3.yaml, service: a}}}", []string{
			"1:11: error: gone.yaml: no such file or directory [missing-file]", "1:30: error: gone2.yaml: no such file or directory",
			"2:32: error: gone3.yaml: no such file or directory",
		}},
		{"duration", "services: {a: {image: x, stop_grace_period: 5 s}}", []string{`1:45: error: services.a.stop_grace_period: "5 s" is not a duration`}},

		{"optional dependency", "services: {a: {image: x, depends_on: {b: {condition: service_started, required: false}}}}", []string{`1:39: error: service a: there is no service "b"`}},
		{"optional dependency of a profile, in capitals", "services: {a: {image: x, env_file: [{path: none.env, required: FALSE}], depends_on: {b: {condition: service_started, required: FALSE}}}, b: {image: x, profiles: [p]}}", nil},
		{"optional dependency of a profile", "services: {a: {image: x, depends_on: {b: {condition: service_started, required: false}}}, b: {image: x, profiles: [p]}}", nil},
		{"references", "services:\n  a:\n    image: x\n    links: [b:c]\n    volumes_from: [d:ro, container:e]\n    network_mode: service:f\n    extends: g\n", []string{
			"4:12: error: service a: links: the container has the network of service:f",
			`4:13: error: service a: there is no service "b"`, `5:20: error: service a: there is no service "d"`,
			`6:19: error: service a: there is no service "f"`, `7:14: error: service a: there is no service "g"`,
		}},
		{"include may define it", "include: ['${OTHER}.yaml']\nservices: {a: {image: x, depends_on: [b], networks: [n]}}", nil},
		{"to itself", "services: {a: {image: x, depends_on: [a]}}", []string{"1:39: error: services wait for each other: a → a"}},
		{"volumes", "services: {a: {image: x, volumes: [vol:/v, '/anonymous', {type: volume, source: w, target: /w}]}}\nvolumes: {vv: {}}", []string{
			`1:36: error: service a: there is no volume "vol"`, `1:81: error: service a: there is no volume "w"`,
		}},
		{"a free port of a range", "services:\n  a: {image: x, ports: ['3000-3001:80']}\n  b: {image: x, ports: ['3000-3001:80', {target: 81, published: '3000-3009'}]}", nil},
		{"alternatives", "services:\n  a: {image: x, profiles: [one], container_name: cc, ports: ['80:80']}\n  b: {image: x, profiles: [two], container_name: cc, ports: ['80:80']}", nil},
		{"ports", "services:\n  a: {image: x, ports: ['127.0.0.1:80:80', '80:80/udp', '8000']}\n  b: {image: x, ports: ['127.0.0.2:80:80', '[::1]:80:80', '8000', {target: 80, published: '90-91'}]}\n  c: {image: x, ports: ['80:80', '91:1']}", []string{
			"4:25: error: services a and c publish the same port 80/tcp of the host",
		}},
		{"a range is told once", "services:\n  a: {image: x, scale: 2, ports: ['80-89:80-89']}\n  b: {image: x, ports: ['80-99:80-99', '85:1']}", []string{
			"2:35: warning: service a: 2 containers, and one port 80 of the host [scaled-port]",
			"3:25: error: services a and b publish the same port 80/tcp of the host", "3:40: error: services a and b publish the same port 85/tcp of the host",
		}},
		{"port twice in one", "services: {a: {image: x, ports: ['80:80', '80:81']}}", []string{"1:43: error: service a publishes port 80/tcp of the host twice"}},
		{"bad ports", "services: {a: {image: x, ports: ['99999:80', 'x', {target: 1, published: '70000'}]}}", []string{
			`1:34: error: service a: port "99999:80": `, `1:46: error: service a: port "x": `, `1:74: error: service a: published: "70000" is neither a port`,
		}},
		{"host network has no ports", "services:\n  a: {image: x, network_mode: host, ports: ['80:80']}\n  b: {image: x, ports: ['80:80']}", []string{"2:44: warning: service a: ports: Docker discards them"}},
		{"gateway", "services: {a: {image: x, networks: {n: {ipv4_address: 10.0.0.9}}}}\nnetworks: {n: {ipam: {config: [{subnet: 10.0.0.0/24, gateway: 10.0.0.9}]}}}", []string{
			"1:55: error: service a: address 10.0.0.9 is that of network n's gateway",
		}},
		{"no subnet of its own", "services: {a: {image: x, networks: {n: {ipv4_address: 10.0.0.9}}}}\nnetworks: {n: {}}", []string{
			"1:55: error: service a: address 10.0.0.9 is in no subnet: network n has none of its own",
		}},
		{"external network", "services: {a: {image: x, networks: {n: {ipv4_address: 10.0.0.9}}}}\nnetworks: {n: {external: true}}", nil},
		{"host bits", "networks: {n: {ipam: {config: [{subnet: 10.0.0.1/24}]}}}\nservices: {a: {image: x}}", []string{"1:41: error: network n: 10.0.0.1/24 is an address in a subnet: the subnet is 10.0.0.0/24"}},
		{"same subnet", "networks: {n: {ipam: {config: [{subnet: 10.0.0.0/24}]}}, m: {ipam: {config: [{subnet: 10.0.0.0/24}]}}}\nservices: {a: {image: x}}", []string{"1:87: error: networks n and m have the same subnet 10.0.0.0/24"}},
		{"IPv6 has room", "networks: {n: {ipam: {config: [{subnet: 'fd00::/64'}]}}}\nservices: {a: {image: x, networks: [n], scale: 900}}", nil},
		{"without containers there is no clash", "services:\n  a: {image: x, scale: 0, ports: ['80:80'], container_name: cc}\n  b: {image: x, deploy: {replicas: 0}, ports: ['80:80']}\n  c: {image: x, ports: ['80:80'], container_name: cc}", nil},
		{"default network is full", "services: {a: {image: x, scale: 1024}}", []string{"1:1: error: network default: 1024 containers, and a Linux bridge takes 1023"}},

		{"alias is checked where it is used", "x-e: &e {A: 007}\nservices: {a: {image: x, environment: *e}, b: {image: x, environment: *e}}", []string{"1:13: warning: without quotes, 007 is 7"}},
		{"texts", "services: {a: {image: x, labels: {a: on}, command: [1.0, 010], build: {context: ., args: {B: 0x10}}, cpus: 1.50, mem_limit: 007}}", []string{
			"1:38: warning: without quotes, on is true to readers of YAML 1.1",
		}},
		{"kept", "services: {a: {image: x, environment: {A: 5, B: true, C: ~, D: '007', E: word, F: -1, G: 1.5, H: 1:99}}}", nil},
		{"keys that are no texts", "services:\n  1: {image: x}\n  a: {image: x, environment: {ñ: x, true: q, ~: z}, x-k: {2: a, ? [b] : c}}\n", []string{
			`2:3: error: a key must be text: put 1 in quotes [specification]`,
			`3:37: error: a key must be text: put true in quotes`, `3:46: error: a key must be text: put ~ in quotes`,
			`3:59: error: a key must be text: put 2 in quotes`, `3:67: error: a key must be text, not a list`,
		}},
		{"tags that do not fit", "services: {a: {image: !!int \"x\", hostname: !foo y, x-a: !!bool maybe, x-b: !!int '5'}}", []string{
			`1:23: error: "x" is no value of the tag !!int [specification]`, `1:57: error: "maybe" is no value of the tag !!bool`,
		}},
		{"merge of no mapping", "x-a: &a [1]\nservices:\n  a: {<<: *a, image: x}\n  b: {<<: text, image: x}\n", []string{
			`3:7: error: the value of << is a mapping, or a list of mappings, not a single value [specification]`, `4:7: error: the value of <<`,
		}},
		{"include that is no list", "include: {path: a.yaml}\nservices: {a: {image: x}}\n", []string{`1:10: error: include must be a list`}},
		{"one cause", "services:\n  a: {image: x, container_name: aa, deploy: {replicas: 2}}\n  b: {image: x, tmpfs: /x, volumes: ['vol:/x']}\n  c: {image: x, networks: {n: {ipv4_address: 1}}}\nvolumes: {vol: }\nnetworks: {n: }\n", []string{
			`2:33: error: service a: one container_name for 2 containers`, `3:38: error: service b: volumes: a tmpfs is mounted at /x already`, `4:46: error: services.c.networks.n.ipv4_address must be a string`,
		}},
		{"include of lists", "include: [[a.yaml]]\nservices: {a: {image: x}}\n", []string{`1:11: error: an item of include is a file`}},
		{"an empty second document", "services: {a: {image: x}}\n---\n", []string{`3:1: warning: a second document`, `3:1: error: there is nothing in this document`}},
		{"a number for a file", "services: {a: {image: x, env_file: 5}}\n", []string{`1:36: error: services.a.env_file must be a string or a list`}},
		{"seccomp profiles", "services: {a: {image: x, security_opt: ['seccomp:none.json', 'seccomp=unconfined', 'seccomp=/etc/x.json']}}", []string{`1:41: error: service a: none.json: no such file`}},
		{"silenced", "services:\n  a:\n    image: x\n    environment:\n      A: 007 # composer-lint: disable=unquoted-value\n      B: 007\n      # composer-lint: disable=unquoted-value,specification\n      C: 007\n", []string{"6:10: warning"}},
		{"silence of nothing", "# composer-lint: disable=unquoted-valu\nservices: {a: {image: x}}", []string{`1:26: warning: unknown rule "unquoted-valu", did you mean unquoted-value?`}},
		{"merge bomb", "x-a: &a {k: v}\n" + bomb("{<<: [%s]}") + "services: {a: {image: x}}", []string{"6:19: error: up to here aliases add more than 100000 values"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := check(t, tt.text)
			if tt.name == "texts" { // the schema says more
				got = got[:1]
			}
			short := make([]string, len(got))
			for i, line := range got {
				short[i] = line
				if i < len(tt.want) && strings.HasPrefix(line, tt.want[i]) {
					short[i] = tt.want[i]
				}
				if strings.Contains(line, "\n") {
					t.Errorf("%q is more than a line", line)
				}
			}
			if diff := cmp.Diff(tt.want, short); diff != "" && len(tt.want)+len(short) > 0 {
				t.Error(diff)
			}
		})
	}
}

// bomb is seven anchors, each with ten aliases of the one before it.
func bomb(format string) string {
	var b strings.Builder
	for c := 'b'; c < 'i'; c++ {
		aliases := strings.Repeat(fmt.Sprintf("*%c, ", c-1), 10)
		fmt.Fprintf(&b, "x-%c: &%c "+format+"\n", c, c, strings.TrimSuffix(aliases, ", "))
	}
	return b.String()
}

func TestDisabled(t *testing.T) {
	if got := check(t, "services: {a: {image: x, environment: {A: 007}}}", "unquoted-value"); len(got) > 0 {
		t.Errorf("got %q", got)
	}
}

// Every rule has a name, a severity and texts, once.
func TestRules(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range Rules() {
		if seen[r.Name] || r.What == "" || !strings.HasSuffix(r.Why, ".") || strings.Trim(r.Name, "abcdefghijklmnopqrstuvwxyz-") != "" {
			t.Errorf("%+v", r)
		}
		if r.Severity != Error && r.Severity != Warning && r.Severity != Note {
			t.Errorf("%+v", r)
		}
		seen[r.Name] = true
	}
	if got := UnknownRule("duplicate-kye"); got != `unknown rule "duplicate-kye", did you mean duplicate-key?` {
		t.Error(got)
	}
}

func TestMissing(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "there"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("loop", filepath.Join(dir, "loop")); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, "compose.yaml")
	text := "services:\n  a:\n    image: x\n    env_file: [there, gone, 'c:/gone', 'gone:env']\n    volumes:\n      - ./there:/a\n      - ./gone2:/b\n      - ./gone2:/c\n" +
		"      - /absolute:/d\n      - ~/home:/e\n      - $DIR/x:/f\n      - ./loop:/g\n      - {type: bind, source: gone3, target: /h}\n"
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	found, err := CheckFile(t.Context(), name, nil)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range found {
		got = append(got, fmt.Sprintf("%d:%d %s", f.Line, f.Column, f.Message))
	}
	want := []string{
		"4:23 service a: gone: no such file or directory", "4:40 service a: gone:env: no such file or directory", "7:9 service a: ./gone2: no such file or directory",
		"12:9 service a: ./loop: it is a symbolic link that leads to itself", "13:30 service a: gone3: no such file or directory",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Of more findings than a report has, it is not by chance which are in it.
func TestSameFindings(t *testing.T) {
	var text strings.Builder
	text.WriteString("services:\n")
	for i := range 3 * maxFound {
		fmt.Fprintf(&text, "  s%d: {imag: x}\n", i)
	}
	check := func() []Finding {
		findings, err := Check(t.Context(), Source{Text: []byte(text.String())}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return findings
	}
	first := check()
	if again := check(); !slices.Equal(first, again) {
		t.Error("they are not the same")
	}
	if want := "services.s0.imag"; len(first) < 2 || !strings.Contains(first[1].Message, want) {
		t.Errorf("got %v, want %s", first[:2], want)
	}
}

// A base that cannot be followed is like none.
func TestBrokenBase(t *testing.T) {
	text := []byte("services:\n  web: {image: x, networks: [front]}\n")
	for _, base := range []string{
		"services: &a {<<: *a}", "services: &a {web: *a}", "services: &a [*a]", "a: &a {<<: *b}\nservices: &b {<<: *a}",
		"services: {", "services", "[]", "\x00", "services: " + strings.Repeat("[", 300) + strings.Repeat("]", 300),
		"a: &a [x, x, x, x, x, x, x, x, x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a]\nc: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b, *b]\n" +
			"d: &d [*c, *c, *c, *c, *c, *c, *c, *c, *c, *c]\ne: &e [*d, *d, *d, *d, *d, *d, *d, *d, *d, *d]\nnetworks: {front: [*e, *e, *e, *e]}",
	} {
		found, err := Check(t.Context(), Source{Name: "compose.override.yaml", Dir: ".", Text: text, Base: &project.File{Name: "compose.yaml", Text: []byte(base)}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if len(found) != 1 || found[0].Rule != "undefined-network" {
			t.Errorf("%.40q: got %v, want the undefined network only", base, found)
		}
	}
}

// compose-go takes an alias and a scalar for the same key only if the anchor has the name of the key, so lint does, too.
func TestRepeatedKeysByAlias(t *testing.T) {
	for text, want := range map[string]bool{
		"x-a: &k image\nservices:\n  a:\n    *k : a:1\n    image: b:1\n":                          false,
		"x-a: &k image\nservices:\n  a:\n    image: a:1\n    *k : b:1\n":                          false,
		"x-a: &k image\nservices:\n  a:\n    *k : a:1\n    *k : b:1\n":                            true,
		"x-a: &web web\nservices:\n  web: {image: a:1}\n  *web : {image: b:1}\n":                  true,
		"x-a: &web web\nservices:\n  *web : {image: a:1}\n  web: {image: b:1}\n":                  true,
		"x-a: &web web\nx-b: &wob web\nservices:\n  *wob : {image: a:1}\n  *web : {image: b:1}\n": false,
	} {
		found, err := Check(t.Context(), Source{Name: "a.yaml", Text: []byte(text)}, nil)
		if got := slices.ContainsFunc(found, func(f Finding) bool { return f.Rule == "duplicate-key" }); err != nil || got != want {
			t.Errorf("%q: got %v, error %v", text, found, err)
		}
		_, err = load.Load(t.Context(), []byte(text), load.Options{File: "a.yaml", Project: "a"})
		if (err != nil) != want {
			t.Errorf("%q: compose-go says %v", text, err)
		}
	}
}
