package verify

import (
	"archive/tar"
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// dockerEngine runs each lab in a Compose project of its own, from images that it builds and removes.
type dockerEngine struct {
	name   string // prefix of the names of images and projects
	now    func() time.Time
	began  func(image string) // is told which image is built
	single sync.Locker        // held by a lab with names or addresses that only one lab of a machine can have

	mu       sync.Mutex // guards the fields below; held while an image is built
	images   map[string]image
	building time.Duration // spent on images
	labs     int           // made so far
}

func newDockerEngine(ctx context.Context, o Options) (*dockerEngine, error) {
	if err := docker(ctx, 20*time.Second, "compose", "version", "--short").finish(); err != nil {
		return nil, fmt.Errorf("docker compose does not work here: %w", err)
	}
	if err := docker(ctx, 20*time.Second, "version", "--format", "{{.Server.Version}}").finish(); err != nil {
		return nil, fmt.Errorf("the Docker engine does not answer: %w", err)
	}
	id := make([]byte, 4)
	_, _ = rand.Read(id) // it never fails
	e := &dockerEngine{name: "composer-verify-" + hex.EncodeToString(id), images: make(map[string]image), now: o.Now, began: o.Building, single: o.Single}
	if e.single == nil {
		e.single = new(sync.Mutex)
	}
	return e, nil
}

func (e *dockerEngine) build(ctx context.Context, s *site) error {
	_, err := e.imagesOf(ctx, s)
	return err
}

func (e *dockerEngine) close(ctx context.Context) error {
	remove := []string{"rmi", "-f"}
	for _, built := range e.images {
		if built.err == nil && !slices.Contains(remove, built.name) {
			remove = append(remove, built.name)
		}
	}
	if len(remove) == 2 {
		return nil
	}
	return docker(ctx, stepLimit, remove...).finish()
}

// dockerLab is a lab of containers.
type dockerLab struct {
	project string
	now     func() time.Time
	site    *site
	journal *journal
	names   []string // of services
	network string   // that the server is in

	stopLogs func() // nil before the first up

	mu   sync.Mutex           // guards last
	last map[string]time.Time // of each container's lines in the journal
}

// compose is a docker compose command on the lab's files.
func (l *dockerLab) compose(ctx context.Context, limit time.Duration, arguments ...string) process {
	c := docker(ctx, limit, append([]string{"compose", "-p", l.project, "-f", composeFile, "-f", overrideFile}, arguments...)...)
	c.Dir = l.site.dir
	return c
}

func (l *dockerLab) do(ctx context.Context, arguments ...string) error {
	return l.compose(ctx, stepLimit, arguments...).finish()
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

func (l *dockerLab) interrupt(ctx context.Context, subcommand, service string) error {
	return l.do(ctx, subcommand, service)
}

// container returns the container of a service, running or not.
func (l *dockerLab) container(ctx context.Context, service string) (string, error) {
	out, err := l.compose(ctx, stepLimit, "ps", "-aq", service).output(maxOutput)
	if err != nil {
		return "", err
	}
	id := strings.TrimSpace(string(out))
	if id == "" {
		return "", fmt.Errorf("%s has no container", service)
	}
	return id, nil
}

// exitCode asks the engine, because the line in the logs may never come.
func (l *dockerLab) exitCode(ctx context.Context, service string) (int, error) {
	// The limit is the service's. How long Docker's commands take before and after it says nothing about the service.
	patient := context.WithoutCancel(ctx)
	id, err := l.container(patient, service)
	if err != nil {
		return 0, err
	}
	out, err := docker(ctx, scenarioLimit, "wait", id).output(maxOutput)
	if ctx.Err() != nil {
		out, err = docker(patient, stepLimit, "inspect", "-f", "{{.State.ExitCode}} {{.State.Running}}", id).output(maxOutput)
	}
	if err != nil {
		return 0, err
	}
	return exitCodeOf(string(out), ctx.Err())
}

// exitCodeOf reads what `docker wait` prints, or the exit code and whether the service runs. It returns the error still if
// it does.
func exitCodeOf(printed string, still error) (int, error) {
	code, running, _ := strings.Cut(strings.TrimSpace(printed), " ")
	if running == "true" {
		return 0, still
	}
	return strconv.Atoi(code)
}

// bets reads the file at SERVER_STORAGE, else where the course's skeleton has it.
func (l *dockerLab) bets(ctx context.Context) ([]byte, error) {
	id, err := l.container(ctx, "server")
	if err != nil {
		return nil, err
	}
	const format = "{{.Config.WorkingDir}}\n{{range .Config.Env}}{{println .}}{{end}}"
	out, err := docker(ctx, stepLimit, "inspect", "-f", format, id).output(maxOutput)
	if err != nil {
		return nil, err
	}
	dir, variables, _ := strings.Cut(string(out), "\n")
	places := []string{path.Join("/", dir, "bets.csv"), "/bets/bets.csv"}
	for variable := range strings.Lines(variables) {
		if file, ok := strings.CutPrefix(strings.TrimSpace(variable), "SERVER_STORAGE="); ok {
			places = slices.Insert(places, 0, path.Join("/", file))
		}
	}
	for _, place := range places {
		archive, err := docker(ctx, stepLimit, "cp", "-L", id+":"+place, "-").output(maxBets)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
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
	c := docker(ctx, stepLimit, "run", "--rm", "-i", "--network", l.network, "busybox:latest", "sh", "-c", "cat >/m && "+script)
	c.Stdin = bytes.NewReader(message)
	return c.output(1 << 20)
}

// beside starts a container in the lab's network that runs a script.
func (l *dockerLab) beside(ctx context.Context, script string, options ...string) (id string, stop func(), err error) {
	arguments := slices.Concat([]string{"run", "-d", "--rm", "--network", l.network}, options, []string{"busybox:latest", "sh", "-c", script})
	out, err := docker(ctx, stepLimit, arguments...).output(maxOutput)
	if err != nil {
		return "", nil, err
	}
	id = strings.TrimSpace(string(out))
	return id, func() {
		_ = docker(context.WithoutCancel(ctx), stepLimit, "rm", "-f", id).finish() // down fails if it stays
	}, nil
}

func (l *dockerLab) hold(ctx context.Context, port int) (func(), error) {
	_, release, err := l.beside(ctx, fmt.Sprintf("sleep 100 | nc server %d", port))
	return release, err
}

func (l *dockerLab) check(ctx context.Context, shell ...string) (printed, complaints string, err error) {
	const limit = 75 * time.Second
	if l.site.scripts != nil {
		return l.confinedCheck(ctx, limit, append(shell, "validar-echo-server.sh"))
	}
	c := command(ctx, limit, shell[0], append(shell[1:], "validar-echo-server.sh")...)
	defer c.cancel()
	c.Dir = l.site.dir
	c.Env = append(os.Environ(), "COMPOSE_PROJECT_NAME="+l.project)
	var stderr ending
	out := beginning{limit: maxOutput}
	c.Stdout, c.Stderr = &out, &stderr
	begin := time.Now()
	err = c.Run()
	switch {
	case ctx.Err() != nil:
		return "", "", ctx.Err()
	case time.Since(begin) >= limit:
		return "", "", fmt.Errorf("it hangs: it is killed after %v", limit)
	}
	if _, failed := errors.AsType[*exec.ExitError](err); err != nil && !failed && !errors.Is(err, exec.ErrWaitDelay) {
		return "", "", err
	}
	return string(out.text), stderr.String(), nil // its output is its answer, whatever its exit code
}

// confinedCheck is check in a container that has the engine's socket.
func (l *dockerLab) confinedCheck(ctx context.Context, limit time.Duration, arguments []string) (printed, complaints string, err error) {
	socket, err := l.site.scripts.withSocket(ctx)
	if err != nil {
		return "", "", engineError{err}
	}
	var stderr ending
	out := beginning{limit: maxOutput}
	err = l.site.scripts.run(ctx, limit, l.site, confinedProgram{
		arguments: arguments, options: append(socket, "-e", "COMPOSE_PROJECT_NAME="+l.project), stdout: &out, stderr: &stderr,
	})
	if line := lackIn(string(stderr.text)); line != "" {
		l.site.lack = cmp.Or(l.site.lack, line)
	}
	if _, failed := errors.AsType[*exec.ExitError](err); failed && !errors.As(err, new(engineError)) {
		err = nil // its output is its answer, whatever its exit code
	}
	return string(out.text), stderr.String(), err
}

// has looks for a program in the container of the scripts, or on this machine.
func (l *dockerLab) has(ctx context.Context, program string) bool {
	if l.site.scripts == nil {
		_, err := exec.LookPath(program)
		return err == nil
	}
	return l.site.scripts.run(ctx, stepLimit, l.site, confinedProgram{arguments: []string{"bash", "-c", "command -v " + program}}) == nil
}

func (l *dockerLab) impostor(ctx context.Context, port int, program string) (func(), error) {
	id, stop, err := l.beside(ctx, fmt.Sprintf("while :; do nc -l -p %d -e %s; done", port, program), "--network-alias", "server")
	if err != nil {
		return nil, err
	}
	for ctx.Err() == nil { // before it listens, a script that finds no server would prove nothing
		out, err := docker(ctx, stepLimit, "exec", id, "cat", "/proc/net/tcp", "/proc/net/tcp6").output(maxOutput)
		if err == nil && listens(out, uint16(port)) {
			return stop, nil
		}
		if err != nil {
			stop()
			return nil, err
		}
		time.Sleep(startPoll)
	}
	stop()
	return nil, ctx.Err()
}

// relay listens on the address that this machine has in the lab's network, which engines in a virtual machine do not give
// it.
func (l *dockerLab) relay(ctx context.Context, port int) (*relay, error) {
	id, err := l.container(ctx, "server")
	if err != nil {
		return nil, err
	}
	format := fmt.Sprintf("{{with index .NetworkSettings.Networks %q}}{{.Gateway}} {{.IPAddress}}{{end}}", l.network)
	out, err := docker(ctx, stepLimit, "inspect", "-f", format, id).output(maxOutput)
	if err != nil {
		return nil, err
	}
	gateway, server, found := strings.Cut(strings.TrimSpace(string(out)), " ")
	if !found || gateway == "" {
		return nil, fmt.Errorf("the network %s has no gateway", l.network)
	}
	return newRelay(ctx, gateway, func(ctx context.Context) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", net.JoinHostPort(server, strconv.Itoa(port)))
	})
}

// descriptors counts from a container that sees the service's processes: the service's image may have no shell. The few of
// the counting itself are always as many.
func (l *dockerLab) descriptors(ctx context.Context, service string) (int, error) {
	id, err := l.container(ctx, service)
	if err != nil {
		return 0, err
	}
	const script = "ls -d /proc/[0-9]*/fd/* | wc -l"
	out, err := docker(ctx, stepLimit, "run", "--rm", "--pid", "container:"+id, "--cap-add", "SYS_PTRACE", "busybox:latest", "sh", "-c", script).output(maxOutput)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(string(out)))
}

func (l *dockerLab) down(ctx context.Context) error {
	err := errors.Join(l.removeGuests(ctx), l.do(ctx, "down", "-t", "1", "--volumes", "--remove-orphans"))
	if l.stopLogs != nil {
		l.stopLogs()
	}
	return err
}

// removeGuests removes the containers in the lab's network that are not Compose's: a checkout's script may not say
// --rm.
func (l *dockerLab) removeGuests(ctx context.Context) error {
	out, err := docker(ctx, stepLimit, "ps", "-a", "--filter", "network="+l.network,
		"--format", `{{.ID}} {{.Label "com.docker.compose.project"}}`).output(maxOutput)
	remove := []string{"rm", "-f", "-v"}
	for line := range strings.Lines(string(out)) {
		if id, project, _ := strings.Cut(strings.TrimSpace(line), " "); project != l.project {
			remove = append(remove, id)
		}
	}
	if err != nil || len(remove) == 3 {
		return err
	}
	return docker(ctx, stepLimit, remove...).finish()
}

var _ interface {
	lab
	containers
} = (*dockerLab)(nil)
