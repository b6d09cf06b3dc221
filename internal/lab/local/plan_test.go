package local_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tp0-lab/composer/internal/lab/local"
	"github.com/tp0-lab/composer/internal/lab/service"
)

func TestWhatCannotBeDone(t *testing.T) {
	for _, tt := range []struct {
		name, service string
		problem, note string
	}{
		{"another image", "image: postgres:16", "image postgres:16 is neither the lab's server nor its client", ""},
		{"no image", "build: .", "it has no image", ""},
		{"a command", "{image: server, command: [x, y]}", `command "x y": the server takes no arguments`, ""},
		{"a shell", "{image: server, entrypoint: [sh, -c, /server]}", "entrypoint", ""},
		{"replicas", "{image: server, scale: 2}", "2 replicas under one name", ""},
		{"a signal", "{image: server, stop_signal: SIGNOTHING}", "no signal", ""},
		{"a source", "{image: server, volumes: [./nothing:/x]}", "mounted files are missing", ""},
		{"everything", "{image: client, volumes: [.:/]}", "nothing can be mounted at /", ""},
		{"bets that are read-only", "{image: server, volumes: [{type: bind, source: ., target: /bets, read_only: true}]}", "is read-only, and the bets go there", ""},
		{"a restart", "{image: server, restart: always}", "", "restart has no effect"},
		{"ports", "{image: server, ports: ['80:80']}", "", "ports has no effect"},
		{"a volume", "{image: server, volumes: [{type: tmpfs, target: /x}]}", "", `tmpfs "/x" is a directory that goes with the run`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			text := "services:\n  x: " + tt.service + "\n"
			if !strings.Contains(tt.service, "{") {
				text = "services:\n  x:\n    " + tt.service + "\n"
			}
			project, err := local.Load(t.Context(), []byte(text), "compose.yaml", t.TempDir(), nil)
			var lab *local.Lab
			if err == nil {
				lab, err = local.New(project, local.Options{Now: time.Now})
			}
			if err == nil {
				defer lab.Close()
			}
			if tt.problem == "" && err != nil || tt.problem != "" && (err == nil || !strings.Contains(err.Error(), tt.problem)) {
				t.Errorf("got %v, want %q", err, tt.problem)
			}
			if tt.note != "" && (lab == nil || !strings.Contains(strings.Join(lab.Ignored(), "\n"), tt.note)) {
				t.Errorf("want %q", tt.note)
			}
		})
	}
}

// A secret that is a file is mounted where Compose mounts it.
func TestSecretsAreMounted(t *testing.T) {
	dir := t.TempDir()
	const text = `
services:
  server: {image: server, secrets: [a, {source: b, target: c}, {source: b, target: /d}, e]}
secrets: {a: {file: ./a.txt}, b: {file: b.txt}, e: {environment: E}}
`
	project, err := local.Load(t.Context(), []byte(text), "compose.yaml", dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	services, without, err := local.NewPlan(project)
	if err != nil {
		t.Fatal(err)
	}
	want := []service.Mount{
		{Target: "/run/secrets/a", Source: filepath.Join(dir, "a.txt")},
		{Target: "/run/secrets/c", Source: filepath.Join(dir, "b.txt")},
		{Target: "/d", Source: filepath.Join(dir, "b.txt")},
	}
	if !slices.Equal(services[0].Files, want) {
		t.Errorf("got %v, want %v", services[0].Files, want)
	}
	if note := `service "server": secret "e" is no file, and is not mounted`; !slices.Contains(without, note) {
		t.Errorf("got %q, want %s", without, note)
	}
}

func TestImageEnvironmentIsTheDockerfiles(t *testing.T) {
	text, err := os.ReadFile("../../../services/server/Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for line := range strings.Lines(string(text)) {
		if v, ok := strings.CutPrefix(strings.TrimSpace(line), "ENV "); ok {
			want = append(want, v)
		}
	}
	project, err := local.Load(t.Context(), []byte("services: {server: {image: server}}"), "compose.yaml", t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	services, _, err := local.NewPlan(project)
	if err != nil || !slices.Equal(services[0].Environ, want) {
		t.Errorf("%v, want %v: %v", services, want, err)
	}
}

func TestPlanOrder(t *testing.T) {
	const text = `services:
  client10: {image: client, depends_on: [server, client2]}
  client2: {image: client, depends_on: {server: {condition: service_healthy}}}
  server: {image: registry/lab-server:1, container_name: lab-server, hostname: db, networks: {n: {aliases: [central]}}}
networks: {n: {}}
`
	project, err := local.Load(t.Context(), []byte(text), "compose.yaml", t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	services, without, err := local.NewPlan(project)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range services {
		names = append(names, s.Name)
	}
	if !slices.Equal(names, []string{"server", "client2", "client10"}) || !slices.Equal(services[0].Names, []string{"server", "lab-server", "db", "central"}) {
		t.Errorf("got %v, %v", names, services[0].Names)
	}
	if len(without) != 1 || !strings.Contains(without[0], "not waited for until it is healthy") {
		t.Errorf("got %q", without)
	}
}

// What compose-go would take endless time for is an error with its place.
func TestDepth(t *testing.T) {
	text := "x-a: " + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + "\nservices: {a: {image: server}}"
	_, err := local.Load(t.Context(), []byte(text), "compose.yaml", t.TempDir(), nil)
	if err == nil || err.Error() != "load compose.yaml:1:206: values are nested more than 200 deep here" {
		t.Errorf("got %v", err)
	}
}

// What the rule book refuses is not run, with its place; variables have the values of the environment.
func TestLoadRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"services:\n  a: {image: server, container_name: ñandú}\n":                                               "load f.yaml:2:38: service a: container_name",
		"services:\n  a: {image: server, ports: ['${PORT}:80']}\n  b: {image: server, ports: ['80:80']}\n":       "load f.yaml:3:30: services a and b publish the same port",
		"services:\n  a: {image: server, ports: ['${PORT}:80']}\n  b: {image: server, ports: ['81:80']}\n":       "",
		"services:\n  a: {image: server, depends_on: [b]}\n  b: {image: server, profiles: [p]}\n":                "",
		"services:\n  a: {image: server, depends_on: [b]}\n  b: {image: server, healthcheck: {disable: true}}\n": "",
	} {
		_, err := local.Load(t.Context(), []byte(text), "f.yaml", t.TempDir(), []string{"PORT=80", "COMPOSE_PROFILES=p"})
		if want == "" && err != nil || want != "" && (err == nil || !strings.HasPrefix(err.Error(), want)) {
			t.Errorf("%sgot %v, want %s", text, err, want)
		}
	}
}
