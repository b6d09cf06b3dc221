package verify

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// dockerEngine runs labs in containers, each in a Compose project of its own,
// from images of its own, and removes both.
type dockerEngine struct {
	name string // begins the names of all that it makes
	now  func() time.Time

	mu     sync.Mutex        // guards what follows; held while an image is built
	images map[string]string // names, by what they were built from
	labs   int               // made so far
}

func newDockerEngine(ctx context.Context, now func() time.Time) (*dockerEngine, error) {
	if out, err := exec.CommandContext(ctx, "docker", "compose", "version", "--short").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("docker compose does not work here: %w\n%s", err, tail(out))
	}
	if out, err := exec.CommandContext(ctx, "docker", "version", "--format", "{{.Server.Version}}").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("the Docker engine does not answer: %w\n%s", err, tail(out))
	}
	id := make([]byte, 4)
	_, _ = rand.Read(id) // it never fails
	return &dockerEngine{name: "composer-verify-" + hex.EncodeToString(id), images: make(map[string]string), now: now}, nil
}

func (e *dockerEngine) build(ctx context.Context, s *site) error {
	_, err := e.imagesOf(ctx, s)
	return err
}

// imagesOf returns the images of a site's server and client. They are built once
// for all sites that are made of the same.
func (e *dockerEngine) imagesOf(ctx context.Context, s *site) (images map[string]string, err error) {
	images = make(map[string]string)
	for service, config := range map[string]string{"server": s.serverConfig, "client": s.clientConfig} {
		if images[service], err = e.image(ctx, s, service, config); err != nil {
			return nil, err
		}
	}
	return images, nil
}

func (e *dockerEngine) image(ctx context.Context, s *site, service, config string) (string, error) {
	from := service + " of " + s.dir
	if s.ours {
		from = service // the stages are all made of the same tree
	}
	if s.stage == "ej1" { // later the files are mounted, and what is in the image does not count
		text, err := os.ReadFile(filepath.Join(s.dir, config))
		if err != nil {
			return "", fmt.Errorf("build the %s: %w", service, err)
		}
		from += "\n" + string(text)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if name, ok := e.images[from]; ok {
		return name, nil
	}
	name := fmt.Sprintf("%s-%d-%s", e.name, len(e.images), service)
	dockerfile := filepath.Join(filepath.Dir(config), "Dockerfile")
	build := exec.CommandContext(ctx, "docker", "build", "-f", dockerfile, "-t", name, ".")
	build.Dir = s.dir
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("docker build -f %s: %w\n%s", dockerfile, err, tail(out))
	}
	e.images[from] = name
	return name, nil
}

func (e *dockerEngine) close(ctx context.Context) error {
	if len(e.images) == 0 {
		return nil
	}
	names := slices.Collect(maps.Values(e.images))
	if out, err := exec.CommandContext(ctx, "docker", append([]string{"rmi", "-f"}, names...)...).CombinedOutput(); err != nil {
		return fmt.Errorf("remove the images: %w\n%s", err, tail(out))
	}
	return nil
}

// dockerLab is a lab of containers.
type dockerLab struct {
	project string
	now     func() time.Time
	site    *site
	journal *journal
	names   []string // of services
	network string   // that the server is in

	stopLogs func()          // nil before the first up
	seen     map[string]bool // lines that are in the journal; the follower's
}

// compose is a docker compose command on the lab's files.
func (l *dockerLab) compose(ctx context.Context, arguments ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, "docker", append([]string{"compose", "-p", l.project, "-f", composeFile, "-f", overrideFile}, arguments...)...)
	c.Dir = l.site.dir
	return c
}

func (l *dockerLab) do(ctx context.Context, arguments ...string) error {
	if out, err := l.compose(ctx, arguments...).CombinedOutput(); err != nil {
		return fmt.Errorf("docker compose %s: %w\n%s", strings.Join(arguments, " "), err, tail(out))
	}
	return nil
}

func (l *dockerLab) up(ctx context.Context, services ...string) error {
	if err := l.serverFirst(ctx, services); err != nil {
		return err
	}
	if err := l.do(ctx, append([]string{"up", "-d", "--no-build", "--pull", "never"}, services...)...); err != nil {
		return err
	}
	if l.stopLogs != nil {
		l.stopLogs() // the new ones are followed from their beginning
	}
	return l.follow()
}

func (l *dockerLab) stop(ctx context.Context, services ...string) error {
	return l.do(ctx, append([]string{"stop", "-t", "10"}, services...)...)
}

func (l *dockerLab) kill(ctx context.Context, services ...string) error {
	return l.do(ctx, append([]string{"kill"}, services...)...)
}

func (l *dockerLab) pause(ctx context.Context, services ...string) error {
	return l.do(ctx, append([]string{"pause"}, services...)...)
}

func (l *dockerLab) resume(ctx context.Context, services ...string) error {
	return l.do(ctx, append([]string{"unpause"}, services...)...)
}

// container returns the container of a service, running or not.
func (l *dockerLab) container(ctx context.Context, service string) (string, error) {
	out, err := l.compose(ctx, "ps", "-aq", service).Output()
	id := strings.TrimSpace(string(out))
	if err != nil || id == "" {
		return "", fmt.Errorf("no container of %s: %w", service, err)
	}
	return id, nil
}

// exitCode asks the engine: the line in the logs may never come.
func (l *dockerLab) exitCode(ctx context.Context, service string) (int, error) {
	id, err := l.container(ctx, service)
	if err != nil {
		return 0, err
	}
	out, err := exec.CommandContext(ctx, "docker", "wait", id).Output()
	if ctx.Err() != nil {
		return 0, ctx.Err()
	}
	if err != nil {
		return 0, fmt.Errorf("docker wait %s: %w", service, err)
	}
	return strconv.Atoi(strings.TrimSpace(string(out)))
}

// bets looks where the server says, else where the course's skeleton has it.
func (l *dockerLab) bets(ctx context.Context) ([]byte, error) {
	id, err := l.container(ctx, "server")
	if err != nil {
		return nil, err
	}
	out, err := exec.CommandContext(ctx, "docker", "inspect", "-f", "{{.Config.WorkingDir}}\n{{range .Config.Env}}{{println .}}{{end}}", id).Output()
	if err != nil {
		return nil, fmt.Errorf("docker inspect: %w", err)
	}
	dir, variables, _ := strings.Cut(string(out), "\n")
	places := []string{path.Join("/", dir, "bets.csv"), "/bets/bets.csv"}
	for variable := range strings.Lines(variables) {
		if file, ok := strings.CutPrefix(strings.TrimSpace(variable), "SERVER_STORAGE="); ok {
			places = slices.Insert(places, 0, path.Join("/", file))
		}
	}
	for _, place := range places {
		archive, err := exec.CommandContext(ctx, "docker", "cp", id+":"+place, "-").Output()
		if err != nil {
			continue // it is not there
		}
		r := tar.NewReader(bytes.NewReader(archive))
		if _, err := r.Next(); err != nil {
			return nil, fmt.Errorf("docker cp %s: %w", place, err)
		}
		return io.ReadAll(r)
	}
	return nil, nil
}

func (l *dockerLab) talk(ctx context.Context, port int, message []byte) ([]byte, error) {
	script := fmt.Sprintf("for i in 1 2 3 4 5 6 7 8 9 10; do timeout 5 nc server %d </m && exit; sleep 0.2; done; exit 1", port)
	c := exec.CommandContext(ctx, "docker", "run", "--rm", "-i", "--network", l.network, "busybox:latest", "sh", "-c", "cat >/m && "+script)
	c.Stdin = bytes.NewReader(message)
	out, err := c.Output()
	if err != nil {
		return out, fmt.Errorf("nc server %d: %w", port, err)
	}
	return out, nil
}

func (l *dockerLab) check(ctx context.Context, shell ...string) (said, complaints string, err error) {
	ctx, cancel := context.WithTimeout(ctx, 75*time.Second)
	defer cancel()
	c := exec.CommandContext(ctx, shell[0], append(shell[1:], "validar-echo-server.sh")...)
	c.Dir = l.site.dir
	c.Env = append(os.Environ(), "COMPOSE_PROJECT_NAME="+l.project)
	c.WaitDelay = time.Second
	var stderr bytes.Buffer
	c.Stderr = &stderr
	out, err := c.Output()
	if ctx.Err() != nil {
		return "", "", fmt.Errorf("%s validar-echo-server.sh hangs: %w", strings.Join(shell, " "), ctx.Err())
	}
	if _, failed := errors.AsType[*exec.ExitError](err); err != nil && !failed {
		return "", "", err
	}
	return string(out), tail(stderr.Bytes()), nil // what it prints is its answer, whatever its exit code
}

func (l *dockerLab) impostor(ctx context.Context, port int, program string) (func(), error) {
	out, err := exec.CommandContext(ctx, "docker", "run", "-d", "--rm", "--network", l.network, "--network-alias", "server",
		"busybox:latest", "sh", "-c", fmt.Sprintf("nc -lk -p %d -e %s", port, program)).Output()
	if err != nil {
		return nil, fmt.Errorf("start an impostor: %w", err)
	}
	id := strings.TrimSpace(string(out))
	return func() {
		_ = exec.Command("docker", "rm", "-f", id).Run() // down would say if it stayed
	}, nil
}

func (l *dockerLab) down(ctx context.Context) error {
	err := errors.Join(l.removeGuests(ctx), l.do(ctx, "down", "-t", "1", "--volumes", "--remove-orphans"))
	if l.stopLogs != nil {
		l.stopLogs()
	}
	return err
}

// removeGuests removes the containers in the lab's network that are not
// Compose's: those of a checkout's script that does not say --rm.
func (l *dockerLab) removeGuests(ctx context.Context) error {
	out, err := exec.CommandContext(ctx, "docker", "ps", "-a", "--filter", "network="+l.network,
		"--format", `{{.ID}} {{.Label "com.docker.compose.project"}}`).Output()
	if err != nil {
		return fmt.Errorf("list the containers in %s: %w", l.network, err)
	}
	remove := []string{"rm", "-f", "-v"}
	for line := range strings.Lines(string(out)) {
		if id, project, _ := strings.Cut(strings.TrimSpace(line), " "); project != l.project {
			remove = append(remove, id)
		}
	}
	if len(remove) == 3 {
		return nil
	}
	if out, err := exec.CommandContext(ctx, "docker", remove...).CombinedOutput(); err != nil {
		return fmt.Errorf("remove the containers in %s: %w\n%s", l.network, err, tail(out))
	}
	return nil
}

var _ lab = (*dockerLab)(nil)
