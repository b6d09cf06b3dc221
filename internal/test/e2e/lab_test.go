//go:build e2e

package e2e

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

const (
	project     = "composer-e2e"
	serverImage = "composer-e2e-server:latest"
	clientImage = "composer-e2e-client:latest"
	root        = "../../.."
)

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	for image, service := range map[string]string{serverImage: "server", clientImage: "client"} {
		build := exec.Command("docker", "build", "-q", "-f", "services/"+service+"/Dockerfile", "-t", image, ".")
		build.Dir = root
		if out, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "build %s: %v\n%s", image, err, out)
			return 1
		}
		defer exec.Command("docker", "rmi", image).Run()
	}
	return m.Run()
}

// lab is one stage with n clients, in a directory of its own.
type lab struct {
	t   *testing.T
	dir string
	n   int
}

// serverKeys and clientKeys are the only ones that the course's tests write.
type serverKeys struct {
	backlog int
	level   string
}

type clientKeys struct {
	amount    int
	period    string
	level     string
	maxAmount int
}

// newLab renders the stage with the repo's own script.
func newLab(t *testing.T, stage string, n int) *lab {
	t.Helper()
	l := &lab{t: t, dir: t.TempDir(), n: n}
	l.write("services/server/config.ini", serverConfig(serverKeys{5, "INFO"}))
	l.write("services/client/config.yaml", clientConfig(clientKeys{3, "50ms", "INFO", 10}))
	generate := exec.Command("bash", filepath.Join(root, "generar-compose.sh"), l.path("docker-compose-dev.yaml"), strconv.Itoa(n))
	generate.Env = append(os.Environ(), "COMPOSER_STAGE="+stage)
	if out, err := generate.CombinedOutput(); err != nil {
		t.Fatalf("generar-compose.sh: %v\n%s", err, out)
	}
	var over strings.Builder
	fmt.Fprintf(&over, "services:\n  server: {container_name: !reset null, image: %q}\n", serverImage)
	for i := 1; i <= n; i++ {
		fmt.Fprintf(&over, "  client%d:\n    container_name: !reset null\n    image: %q\n", i, clientImage)
	}
	// The subnet stays a lab's that may run beside this one.
	over.WriteString("networks:\n  testing_net:\n    ipam: !reset null\n")
	l.write("override.yaml", over.String())
	t.Cleanup(func() { l.compose("down", "-t", "1", "--volumes") })
	return l
}

func serverConfig(k serverKeys) string {
	return fmt.Sprintf("[DEFAULT]\nSERVER_PORT = 12345\nSERVER_IP = server\nSERVER_LISTEN_BACKLOG = %d\nLOGGING_LEVEL = %s", k.backlog, k.level)
}

func clientConfig(k clientKeys) string {
	return fmt.Sprintf("server:\n  address: \"server:12345\"\nloop:\n  amount: %d\n  period: %q\nlog:\n  level: %q\nbatch:\n  maxAmount: %d\n",
		k.amount, k.period, k.level, k.maxAmount)
}

func (l *lab) path(name string) string { return filepath.Join(l.dir, name) }

func (l *lab) write(name, text string) {
	l.t.Helper()
	if err := os.MkdirAll(filepath.Dir(l.path(name)), 0o755); err != nil {
		l.t.Fatal(err)
	}
	if err := os.WriteFile(l.path(name), []byte(text), 0o644); err != nil {
		l.t.Fatal(err)
	}
}

func (l *lab) command(ctx context.Context, args ...string) *exec.Cmd {
	args = append([]string{"compose", "-p", project, "-f", "docker-compose-dev.yaml", "-f", "override.yaml"}, args...)
	c := exec.CommandContext(ctx, "docker", args...)
	c.Dir = l.dir
	return c
}

func (l *lab) compose(args ...string) {
	l.t.Helper()
	// Not the test's context: it has ended when Cleanup runs.
	if out, err := l.command(context.Background(), args...).CombinedOutput(); err != nil {
		l.t.Fatalf("docker compose %v: %v\n%s", args, err, out)
	}
}

// line is a line of the followed logs.
type line struct{ source, text string }

var (
	logLine  = regexp.MustCompile(`^(\S+?)(?:-1)?\s+\| (.*)$`)
	ansi     = regexp.MustCompile(`\r|\x1b\[[0-9;]*[A-Za-z]`) // Compose erases its line before an exit, --no-color or not
	exitLine = regexp.MustCompile(`^(\S+?)(?:-1)? exited with code (\d+)`)
)

func (l line) has(parts ...string) bool {
	for _, p := range parts {
		if !strings.Contains(l.text, p) {
			return false
		}
	}
	return true
}

// exited is the text of the line that says that a container has ended.
func exited(code int) string { return fmt.Sprintf("exited with code %d", code) }

// follow starts `docker compose logs -f` and reads until done says so.
func (l *lab) follow(done func(seen []line) bool) []line {
	l.t.Helper()
	ctx, cancel := context.WithTimeout(l.t.Context(), 60*time.Second)
	defer cancel()
	logs := l.command(ctx, "logs", "-f", "--no-color")
	out, err := logs.StdoutPipe()
	if err != nil {
		l.t.Fatal(err)
	}
	if err := logs.Start(); err != nil {
		l.t.Fatal(err)
	}
	defer logs.Wait()
	defer cancel()
	var seen []line
	scanner := bufio.NewScanner(out)
	for scanner.Scan() {
		text := ansi.ReplaceAllString(scanner.Text(), "")
		if m := exitLine.FindStringSubmatch(text); m != nil {
			seen = append(seen, line{m[1], "exited with code " + m[2]})
		} else if m := logLine.FindStringSubmatch(text); m != nil {
			seen = append(seen, line{m[1], m[2]})
		}
		if done(seen) {
			return seen
		}
	}
	l.t.Fatalf("the logs ended or took too long:\n%s", show(seen))
	return nil
}

// count returns how many lines of source (any, if empty) have all parts.
func count(seen []line, source string, parts ...string) int {
	n := 0
	for _, s := range seen {
		if (source == "" || s.source == source) && s.has(parts...) {
			n++
		}
	}
	return n
}

func show(seen []line) string {
	var b strings.Builder
	for _, s := range seen {
		fmt.Fprintf(&b, "%-8s | %s\n", s.source, s.text)
	}
	return b.String()
}
