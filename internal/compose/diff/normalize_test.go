package diff

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func normalized(t *testing.T, dir, content string) string {
	t.Helper()
	text, err := Normalize(t.Context(), Text{"f.yaml", content}, dir, map[string]string{"PORT": "80"}, true)
	if err != nil {
		t.Fatalf("%v in\n%s", err, content)
	}
	return text.Content
}

// Each notation of a service is the same project, and another value is not.
func TestNormalize(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{"a.env": "A=1\nB=x\n", "Dockerfile": "FROM x\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct{ name, one, same, other string }{
		{"order of keys", "image: x, hostname: y", "hostname: y, image: x", "hostname: z, image: x"},
		{"environment", "environment: {A: '1', B: x}", "environment: [B=x, A=1]", "environment: [B=x, A=2]"},
		{"an environment file", "env_file: a.env", "environment: {A: 1, B: x}", "environment: {A: 1}"},
		{"a value of the host", "environment: [C, D]", "environment: {D: , C: }", "environment: {C: '', D: }"},
		{"ports", "ports: ['80:80', '53:53/udp']", "ports: [{target: 53, published: 53, protocol: udp}, {target: 80, published: '80'}]", "ports: ['80:80', '53:53']"},
		{"a range of ports", "ports: ['1-2:3-4']", "ports: ['2:4', '1:3']", "ports: ['1:4', '2:3']"},
		{"a variable", "ports: ['${PORT}:80', '${NONE:-81}:81']", "ports: ['81:81', '80:80']", "ports: ['82:81', '80:80']"},
		{"depends_on", "depends_on: [db]", "depends_on: {db: {condition: service_started}}", "depends_on: {db: {condition: service_healthy}}"},
		{"networks", "networks: [n, default]", "networks: {default: {}, n: }", "networks: [n]"},
		{"the network that nobody names", "image: x", "image: x, networks: [default]", "image: x, networks: [n]"},
		{"mounts", "volumes: [./x:/x:ro, vol:/v, /a]", "volumes: [/a/, {type: volume, source: vol, target: /v}, {type: bind, source: x, target: /x, read_only: true}]", "volumes: [./x:/x, vol:/v, /a]"},
		{"a mount that has to be there", "volumes: ['./x:/x']", "volumes: [{type: bind, source: x, target: /x, bind: {create_host_path: true}}]", "volumes: [{type: bind, source: x, target: /x, bind: {create_host_path: false}}]"},
		{"commands", "command: echo 'a b' c, entrypoint: /x", "command: [echo, a b, c], entrypoint: [/x]", "command: [echo, a, b, c], entrypoint: /x"},
		{"the order of a command", "command: [a, b]", "command: a b", "command: [b, a]"},
		{"no command", "command: ''", "command: []", "command: x"},
		{"health", "healthcheck: {test: curl x, interval: 90s}", "healthcheck: {test: [CMD-SHELL, curl x], interval: 1m30s}", "healthcheck: {test: [CMD, curl, x], interval: 90s}"},
		{"sizes", "mem_limit: 1g, shm_size: 64m, cpus: '0.5'", "mem_limit: 1024m, shm_size: 65536k, cpus: 0.50", "mem_limit: 1000m, shm_size: 64m, cpus: 0.5"},
		{"replicas", "scale: 2", "deploy: {replicas: 2}", "deploy: {replicas: 3}"},
		{"one replica", "image: x", "image: x, deploy: {replicas: 1}, restart: 'no'", "image: x, scale: 0"},
		{"limits", "ulimits: {nofile: 10}", "ulimits: {nofile: {soft: 10, hard: 10}}", "ulimits: {nofile: {soft: 10, hard: 11}}"},
		{"limits in deploy", "mem_limit: 64m, cpus: 0.5, pids_limit: 5, mem_reservation: 32m", "deploy: {mode: replicated, resources: {limits: {memory: 64m, cpus: '0.5', pids: 5}, reservations: {memory: 32m}}}", "mem_limit: 65m, cpus: 0.5, pids_limit: 5, mem_reservation: 32m"},
		{"no healthcheck", "healthcheck: {test: [NONE]}", "healthcheck: {disable: true}", "image: x"},
		{"paths of files", "secrets: [s], configs: [c]", "secrets: [{source: s, target: s}], configs: [{source: c, target: /c}]", "secrets: [{source: s, target: t}], configs: [c]"},
		{"what is so without it", "image: x, attach: true, develop: {watch: []}, expose: [80]", "image: x, expose: ['80/tcp']", "image: x, attach: false, expose: [80]"},
		{"a link by its own name", "links: [db]", "links: ['db:db']", "links: ['db:d']"},
		{"labels and hosts", "labels: [a=b], extra_hosts: ['h:1.2.3.4']", "labels: {a: b}, extra_hosts: {h: 1.2.3.4}", "labels: {a: c}, extra_hosts: {h: 1.2.3.4}"},
		{"lists without order", "cap_add: [B, A], expose: [1, 2], tmpfs: [/a, /b], profiles: [p, q]", "profiles: [q, p], tmpfs: [/b, /a], expose: [2, '1'], cap_add: [A, B]", "cap_add: [A], expose: [1, 2], tmpfs: [/a, /b], profiles: [p, q]"},
		{"a list with order", "dns: [1.1.1.1, 1.1.1.2]", "dns: [1.1.1.1, 1.1.1.2]", "dns: [1.1.1.2, 1.1.1.1]"},
		{"secrets, configs, models", "secrets: [s, r], configs: [c], models: [m]", "models: {m: {}}, configs: [{source: c}], secrets: [{source: r}, {source: s, target: /run/secrets/s}]", "secrets: [s], configs: [c], models: [m]"},
		{"building", "build: .", "build: {context: ./, dockerfile: Dockerfile}", "build: {context: ., dockerfile: Other}"},
		{"keys for people", "image: x, x-note: 1", "image: x, x-note: {a: 2}", "image: x, labels: {x-note: 1}"},
		{"tags", "image: x, labels: !reset null", "image: x", "image: y"},
	} {
		file := func(service string) string {
			image := "image: x, "
			if strings.Contains(service, "image:") || strings.Contains(service, "build:") {
				image = ""
			}
			return "services: {a: {" + image + service + "}, db: {image: db}}\nnetworks: {n: }\nvolumes: {vol: {}}\n" +
				"secrets: {s: {file: ./s}, r: {file: r}}\nconfigs: {c: {content: x}}\nmodels: {m: {model: x}}\n"
		}
		one := normalized(t, dir, file(tt.one))
		if diff := cmp.Diff(one, normalized(t, dir, file(tt.same))); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
		}
		if one == normalized(t, dir, file(tt.other)) {
			t.Errorf("%s: nothing differs in\n%s", tt.name, one)
		}
	}
}

// Normalize reads what the file names, writes paths from dir, and names the file in errors.
func TestNormalizeFiles(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "base.yaml"), []byte("services: {b: {image: base, volumes: ['./é:/x']}}"), 0o600); err != nil {
		t.Fatal(err)
	}
	got := normalized(t, dir, "services: {a: {extends: {file: base.yaml, service: b}, build: ., command: "+dir+"x}}")
	for _, want := range []string{"image: base", "source: ./é", "context: .\n", "- " + dir + "x"} {
		if !strings.Contains(got, want) {
			t.Errorf("there is no %q in\n%s", want, got)
		}
	}
	_, err := Normalize(t.Context(), Text{"f.yaml", "services:\n  a: {image: x, imag: y}"}, dir, nil, true)
	if err == nil || !strings.HasPrefix(err.Error(), "f.yaml:2:") {
		t.Errorf("got %v", err)
	}
}
