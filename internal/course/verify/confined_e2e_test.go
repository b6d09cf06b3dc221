//go:build e2e

package verify

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// confinedSite returns the site of a checkout whose generar-compose.sh runs in a container.
func confinedSite(t *testing.T, script string) *site {
	t.Helper()
	s := checkout(t, "ej1", map[string]string{"server/Dockerfile": "FROM scratch\n", "generar-compose.sh": script})
	var err error
	if s.scripts, err = newConfined(t.Context(), Options{Now: time.Now}, filepath.Join(s.dir, "home")); err != nil {
		t.Fatal(err)
	}
	at, err := s.open(t.Context(), "ej1")
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// A script in a container gets at nothing outside of its tree and its home.
func TestConfinedScriptIsConfined(t *testing.T) {
	t.Setenv("COMPOSER_TEST_SECRET", "secret")
	outside := filepath.Join(t.TempDir(), "outside")
	at := confinedSite(t, `
id -u >uid; env >env
for path in /etc/x /usr/bin/x "$OUTSIDE" `+outside+`; do touch "$path" && echo "$path" >>written; done
ls -d /var/run/docker.sock /run/docker.sock >sockets
docker ps >/dev/null 2>&1 && touch engine
(exec 3<>/dev/tcp/192.0.2.1/80) 2>/dev/null && touch network
grep -h CapEff /proc/self/status >rights
ls /sys/class/net >devices
(for i in $(seq 400); do sleep 5 & done) 2>forks
echo 'services: {}' >"$1"
mkdir -p made && touch "$HOME/cache" made/file && chmod 700 made
exit 0
`)
	if err := at.generate(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join(at.dir, name))
		if err != nil {
			return "none"
		}
		return strings.TrimSpace(string(text))
	}
	for name, want := range map[string]string{
		"written": "none", "sockets": "", "engine": "none", "network": "none", "devices": "lo", "rights": "CapEff:\t0000000000000000", "made/file": "",
	} {
		if got := read(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if uid := read("uid"); uid == "0" || uid == "none" {
		t.Errorf("it runs as %s", uid)
	}
	if strings.Contains(read("env"), "secret") {
		t.Error("it reads this machine's environment")
	}
	if !strings.Contains(read("forks"), "fork") {
		t.Errorf("400 processes are no error: %s", read("forks"))
	}
	if _, err := os.Stat(outside); err == nil {
		t.Error("it has written outside")
	}
}

// A container ends with the time of its script, and leaves nothing behind.
func TestConfinedScriptThatHangs(t *testing.T) {
	at := confinedSite(t, "sleep 300 & sleep 300\n")
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	if err := at.generate(ctx, 1); err == nil {
		t.Error("it ends")
	}
	out, err := exec.Command("docker", "ps", "-aq", "--filter", "name=composer-verify-script-").Output()
	if err != nil || len(bytes.TrimSpace(out)) > 0 {
		t.Errorf("%s stays, %v", out, err)
	}
}

// Scripts in the languages of students run, and the reason names a program that is missing.
func TestConfinedScriptHasWhatStudentsUse(t *testing.T) {
	for name, tt := range map[string]struct{ script, lack string }{
		"bash":    {"cat >\"$1\" <<<'services: {}'", ""},
		"python":  {"python3 -c 'import yaml, sys; print(yaml.dump({\"services\": {}}), file=open(sys.argv[1], \"w\"))' \"$1\"", ""},
		"go":      {"mkdir -p gen; printf 'package main\\nimport \"os\"\\nfunc main() { os.WriteFile(os.Args[1], []byte(\"services: {}\"), 0o644) }' >gen/main.go; go run gen/main.go \"$1\"", ""},
		"missing": {"terraform apply", "terraform: command not found"},
		"docker":  {"docker run --rm busybox true", "docker daemon"},
	} {
		t.Run(name, func(t *testing.T) {
			at := confinedSite(t, tt.script)
			err := at.generate(t.Context(), 1)
			if tt.lack == "" && err != nil || tt.lack != "" && (err == nil || !strings.Contains(err.Error(), tt.lack) || at.lack == "") {
				t.Errorf("%v, %q", err, at.lack)
			}
		})
	}
}

// validar-echo-server.sh alone gets the engine.
func TestConfinedCheckHasTheEngine(t *testing.T) {
	at := confinedSite(t, "")
	if err := at.write("validar-echo-server.sh", []byte("docker version --format 'engine {{.Server.Version}}' && docker compose version\n")); err != nil {
		t.Fatal(err)
	}
	l := &dockerLab{site: at, project: "none"}
	printed, complaints, err := l.check(t.Context(), "bash")
	if err != nil || !strings.Contains(printed, "engine ") || !strings.Contains(printed, "Compose") {
		t.Errorf("%q, %q, %v", printed, complaints, err)
	}
	if !l.has(t.Context(), "dash") || !l.has(t.Context(), "busybox") || l.has(t.Context(), "nc") {
		t.Error("it has not the shells of check-any-sh, or it has netcat")
	}
}
