package cli

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A Compose file of another stage is not started.
func TestMakeRefusesAnotherStage(t *testing.T) {
	makefile, err := filepath.Abs("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	const refusal = "docker-compose-dev.yaml is of stage ej3, not ej5; make it anew: ./generar-compose.sh docker-compose-dev.yaml 5\n"
	for _, tt := range []struct{ name, text, file, variable, want string }{
		{"another branch", "# Made by: composer render --stage ej3 -n 5\n", "ej5\n", "", refusal},
		{"a variable", "# Made by: composer render --stage ej3\n", "ej3\n", "ej5", refusal},
		{"the same", "# Made by: composer render --stage ej3 -n 5\n", "ej3\n", "", ""},
		{"nobody says", "# Made by: composer render --stage ej3 -n 5\n", "", "", ""},
		{"another's file", "services: {}\n", "ej5\n", "", ""},
		{"a bundle's file", "# Made by: composer render --stage dev -n 5 --bundle mine\n", "ej5\n", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			files := map[string]string{"docker-compose-dev.yaml": tt.text}
			if tt.file != "" {
				files[".stage"] = tt.file
			}
			for name, text := range files {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			c := exec.Command("make", "-f", makefile, "-o", "docker-image", "-o", "data", "COMPOSE=echo started", "docker-compose-up")
			c.Dir, c.Env = dir, append(os.Environ(), "COMPOSER_STAGE="+tt.variable)
			var stdout, stderr bytes.Buffer
			c.Stdout, c.Stderr = &stdout, &stderr
			err := c.Run()
			started := strings.Contains(stdout.String(), "started up -d")
			if started != (tt.want == "") || started != (err == nil) || !strings.Contains(stderr.String(), tt.want) {
				t.Errorf("%v, started: %v, stderr %q, want %q", err, started, stderr.String(), tt.want)
			}
		})
	}
}

// The secrets that a Compose file mounts are made where it has them, and only then.
func TestMakeMakesSecrets(t *testing.T) {
	makefile, err := filepath.Abs("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"services: {}\n": "",
		"secrets:\n  master:\n    file: ./d/secrets/master.secret\n  agency-1:\n    file: ./d/secrets/agency-1.secret\n" +
			"  agency-2:\n    file: ./d/secrets/agency-2.secret\n": "data secrets -n 2 -o ./d/secrets\n",
	} {
		dir := t.TempDir()
		for name, text := range map[string]string{"docker-compose-dev.yaml": text, "bin/composer": "#!/bin/sh\necho $*\n"} {
			path := filepath.Join(dir, name)
			if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o755)); err != nil {
				t.Fatal(err)
			}
		}
		c := exec.Command("make", "-s", "-f", makefile, "-o", "bin/composer", "MAKE=true", "secrets")
		c.Dir = dir
		out, err := c.Output()
		if err != nil || string(out) != want {
			t.Errorf("%q: got %q, error %v, want %q", text, out, err, want)
		}
	}
}

// validar-echo-server.sh prints its one line, and why it fails on stderr.
func TestEchoCheckSaysWhyItFails(t *testing.T) {
	for name, tt := range map[string]struct{ docker, want string }{
		"no engine":      {"cat >/dev/null; echo 'Cannot connect' >&2; exit 125", "docker ran no netcat: Cannot connect"},
		"another answer": {"cat >/dev/null; echo hello", "answered 'hello' to 'echo check "},
		"no answer":      {"[ $1 = rm ] || cat >/dev/null; exit 1", "no answer from server:12345 in the network tp0_testing_net"},
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "docker"), []byte("#!/bin/sh\n"+tt.docker+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
		c := exec.Command("sh", "../../validar-echo-server.sh")
		c.Env = append(os.Environ(), "PATH="+dir+string(os.PathListSeparator)+os.Getenv("PATH"), "COMPOSE_PROJECT_NAME=")
		var stdout, stderr bytes.Buffer
		c.Stdout, c.Stderr = &stdout, &stderr
		if err := c.Run(); err == nil || stdout.String() != "action: test_echo_server | result: fail\n" || !strings.Contains(stderr.String(), tt.want) {
			t.Errorf("%s: %v, %q, %q, want %q", name, err, &stdout, &stderr, tt.want)
		}
	}
}
