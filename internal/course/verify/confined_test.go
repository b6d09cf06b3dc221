package verify

import (
	"strings"
	"testing"
	"time"

	"github.com/tp0-lab/composer/internal/course/report"
)

// A program that is missing in the container proves nothing about the script. A missing netcat does: the course wants the
// script to work without one.
func TestLackIn(t *testing.T) {
	tests := []struct{ name, output, want string }{
		{"a program", "writing\n./generar-compose.sh: line 3: terraform: command not found\nmore", "./generar-compose.sh: line 3: terraform: command not found"},
		{"a program of dash", "generar-compose.sh: 1: perl6: not found", "generar-compose.sh: 1: perl6: not found"},
		{"a module", "ModuleNotFoundError: No module named 'jinja2'", "ModuleNotFoundError: No module named 'jinja2'"},
		{"the engine", "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?", "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?"},
		{"the network", "curl: (6) Could not resolve host: example.com", "curl: (6) Could not resolve host: example.com"},
		{"memory", "generar-compose.sh: line 1:    12 Killed                  go run .", "generar-compose.sh: line 1:    12 Killed                  go run ."},
		{"a newer Go", "go: go.mod requires go >= 1.99 (running go 1.24.4; GOTOOLCHAIN=local)", "go: go.mod requires go >= 1.99 (running go 1.24.4; GOTOOLCHAIN=local)"},
		{"netcat", "validar-echo-server.sh: line 2: nc: command not found", ""},
		{"a test of bash in dash", "validar-echo-server.sh: 3: [[: not found", ""},
		{"a builtin of bash in dash", "validar-echo-server.sh: 3: source: not found", ""},
		{"a mistake", "generar-compose.sh: line 2: syntax error near unexpected token `fi'", ""},
		{"a file of its own", "cat: plantilla.yaml: No such file or directory", ""},
		{"nothing", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := lackIn(tt.output); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// A failure after a script has missed something is no verdict.
func TestLackIsNoFailure(t *testing.T) {
	s := checkout(t, "ej1", map[string]string{"server/Dockerfile": "FROM scratch\n"})
	for name, run := range map[string]func(*trial){
		"the script fails":        func(tr *trial) { tr.must("it works", func() error { return lackError{"go: command not found"} }) },
		"something else fails":    func(tr *trial) { tr.site.lack = "go: command not found"; tr.problem("a", "b", nil) },
		"both, with an exit code": func(tr *trial) { tr.site.lack = "go: command not found"; tr.fatal("a", "b") },
	} {
		got := runOne(t.Context(), Scenario{Stage: "ej1", Name: "x", run: run}, nil, s, Options{Now: time.Now})
		if got.Status != report.Unjudged || !strings.Contains(got.Reason, "go: command not found") || !strings.Contains(got.Reason, "--trust") {
			t.Errorf("%s: %s: %s", name, got.Status, got.Reason)
		}
	}
	// The next scenario begins anew.
	got := runOne(t.Context(), Scenario{Stage: "ej1", Name: "x", run: func(tr *trial) { tr.problem("a", "b", nil) }}, nil, s, Options{Now: time.Now})
	if got.Status != report.Failed {
		t.Errorf("%s: %s", got.Status, got.Reason)
	}
}

// The container of a script has no network, no rights, and no more of the machine than the tree.
func TestConfinedArguments(t *testing.T) {
	c := &confined{image: "i", user: "1000:1000", home: "/h"}
	got := c.arguments("n", "/a,b", confinedProgram{arguments: []string{"bash", "x.sh", "1"}, options: []string{"--o"}})
	all := strings.Join(got, " ")
	for _, want := range []string{
		" --network none ", " --user 1000:1000 ", " --cap-drop ALL ", " --security-opt no-new-privileges ", " --read-only ", " --pids-limit 256 ",
		" --memory 1g ", ` --mount type=bind,"src=/a,b","dst=/a,b" `, " --entrypoint bash --o i x.sh 1",
	} {
		if !strings.Contains(all, want) {
			t.Errorf("no %q in %s", want, all)
		}
	}
	if strings.Contains(all, "docker.sock") || strings.Count(all, "--mount") != 2 {
		t.Errorf("the engine's socket is in %s", all)
	}
}
