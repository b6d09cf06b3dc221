package verify

import (
	"archive/tar"
	"bytes"
	"cmp"
	"context"
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

// dockerLab is a lab of containers.
type dockerLab struct {
	tool    []string // the command line of Compose
	project string
	now     func() time.Time
	site    *site
	journal *journal
	names   []string // of services
	// services has the service of each container whose name does not contain the service's name.
	services map[string]string
	network  string   // the server's network
	guests   bool     // the network may have containers that Compose did not start
	betsAt   []string // paths at which the container betsOf may have its file of bets
	betsOf   string

	stopLogs func() // nil before the first up

	mu   sync.Mutex           // guards last
	last map[string]time.Time // the time of each container's last line in the journal

	listing sync.Mutex        // guards ids; held while the engine lists them
	ids     map[string]string // the containers' ids, by service; nil from up until list
}

// compose is a docker compose command on the lab's files.
func (l *dockerLab) compose(ctx context.Context, limit time.Duration, arguments ...string) process {
	line := slices.Concat(l.tool, []string{"-p", l.project, "-f", composeFile, "-f", overrideFile}, arguments)
	c := command(ctx, limit, line[0], line[1:]...)
	c.Dir, c.shown = l.site.dir, "docker compose "+strings.Join(line[len(l.tool):], " ")
	return c
}

func (l *dockerLab) do(ctx context.Context, arguments ...string) error {
	return l.compose(ctx, stepLimit, arguments...).finish()
}

func (l *dockerLab) up(ctx context.Context, services ...string) error {
	if err := l.serverFirst(ctx, services); err != nil {
		return err
	}
	if err := l.composeUp(ctx, services...); err != nil {
		return err
	}
	if l.stopLogs != nil {
		l.stopLogs() // the logs of the new containers are read from their beginning
	}
	return l.follow()
}

// composeUp starts the named services, or all services if no name is given.
func (l *dockerLab) composeUp(ctx context.Context, services ...string) error {
	l.listing.Lock()
	defer l.listing.Unlock()
	l.ids = nil // up may replace containers
	return l.do(ctx, append([]string{"up", "-d", "--no-build", "--pull", "never"}, services...)...)
}

func (l *dockerLab) stop(ctx context.Context, services ...string) error {
	return l.do(ctx, append([]string{"stop", "-t", "10"}, services...)...)
}

func (l *dockerLab) interrupt(ctx context.Context, subcommand, service string) error {
	return l.do(ctx, subcommand, service)
}

// container returns the id of a service's container, running or not. It asks the engine once after each up, and not
// Compose, which takes five times as long.
func (l *dockerLab) container(ctx context.Context, service string) (string, error) {
	l.listing.Lock()
	defer l.listing.Unlock()
	if l.ids[service] == "" {
		if err := l.list(ctx); err != nil {
			return "", err
		}
	}
	if l.ids[service] == "" {
		return "", fmt.Errorf("%s has no container", service)
	}
	return l.ids[service], nil
}

// list finds the containers of the services. The caller holds listing.
func (l *dockerLab) list(ctx context.Context) error {
	out, err := docker(ctx, stepLimit, "ps", "-a", "--no-trunc", "--filter", "label=com.docker.compose.project="+l.project,
		"--filter", "label=com.docker.compose.oneoff=False", "--format", `{{.ID}} {{.Label "com.docker.compose.service"}}`).output(maxOutput)
	l.ids = make(map[string]string)
	for line := range strings.Lines(string(out)) {
		id, service, _ := strings.Cut(strings.TrimSpace(line), " ")
		l.ids[service] = id
	}
	return err
}

// exitCode asks the engine for the exit code, because the line about it in the logs may never come.
func (l *dockerLab) exitCode(ctx context.Context, service string) (int, error) {
	// ctx limits only the wait for the service. The commands of Docker before and after the wait have limits of their
	// own, because their duration says nothing about the service.
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

// exitCodeOf parses the output of `docker wait`, or the exit code and "true" or "false" for a container that runs or
// not. It returns the error still if the container runs.
func exitCodeOf(printed string, still error) (int, error) {
	code, running, _ := strings.Cut(strings.TrimSpace(printed), " ")
	if running == "true" {
		return 0, still
	}
	return strconv.Atoi(code)
}

// bets reads the server's file of bets: the file at SERVER_STORAGE, or else the file where the course's skeleton has
// it.
func (l *dockerLab) bets(ctx context.Context) ([]byte, error) {
	id, err := l.container(ctx, "server")
	if err != nil {
		return nil, err
	}
	if l.betsOf != id {
		if l.betsAt, err = betPlaces(ctx, id); err != nil {
			return nil, err
		}
		l.betsOf = id
	}
	for _, place := range l.betsAt {
		archive, err := docker(ctx, stepLimit, "cp", "-L", id+":"+place, "-").output(maxBets)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			continue // the file is not at this path
		}
		r := tar.NewReader(bytes.NewReader(archive))
		if _, err := r.Next(); err != nil {
			return nil, fmt.Errorf("docker cp %s: %w", place, err)
		}
		return io.ReadAll(r)
	}
	return nil, nil
}

// betPlaces returns the paths at which a server's container may have its file of bets.
func betPlaces(ctx context.Context, id string) ([]string, error) {
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
	return places, nil
}

func (l *dockerLab) talk(ctx context.Context, port int, message []byte) ([]byte, error) {
	l.guests = true
	script := fmt.Sprintf("for i in 1 2 3 4 5 6 7 8 9 10; do timeout 5 nc server %d </m && exit; sleep 0.2; done; exit 1", port)
	c := docker(ctx, stepLimit, "run", "--rm", "-i", "--network", l.network, "busybox:latest", "sh", "-c", "cat >/m && "+script)
	c.Stdin = bytes.NewReader(message)
	return c.output(1 << 20)
}

// beside starts a container that runs a script in the lab's network.
func (l *dockerLab) beside(ctx context.Context, script string, options ...string) (id string, stop func(), err error) {
	l.guests = true
	arguments := slices.Concat([]string{"run", "-d", "--rm", "--network", l.network}, options, []string{"busybox:latest", "sh", "-c", script})
	out, err := docker(ctx, stepLimit, arguments...).output(maxOutput)
	if err != nil {
		return "", nil, err
	}
	id = strings.TrimSpace(string(out))
	return id, func() {
		_ = docker(context.WithoutCancel(ctx), stepLimit, "rm", "-f", id).finish() // down fails if the container stays
	}, nil
}

func (l *dockerLab) hold(ctx context.Context, port int) (func(), error) {
	_, release, err := l.beside(ctx, fmt.Sprintf("sleep 100 | nc server %d", port))
	return release, err
}

func (l *dockerLab) check(ctx context.Context, shell ...string) (printed, complaints string, err error) {
	const limit = 75 * time.Second
	l.guests = true
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
	return string(out.text), stderr.String(), nil // the output counts, whatever the exit code is
}

// confinedCheck is check, with the script in a container that has the engine's socket.
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
		err = nil // the output counts, whatever the exit code is
	}
	return string(out.text), stderr.String(), err
}

// has reports whether the container of the scripts, or this machine if they run on it, has a program.
func (l *dockerLab) has(ctx context.Context, program string) bool {
	if l.site.scripts == nil {
		_, err := exec.LookPath(program)
		return err == nil
	}
	return l.site.scripts.run(ctx, stepLimit, l.site, confinedProgram{arguments: []string{"bash", "-c", "command -v " + program}}) == nil
}

func (l *dockerLab) running(ctx context.Context) (string, error) {
	out, err := docker(ctx, stepLimit, "ps", "-q", "--no-trunc", "--filter", "label=com.docker.compose.project="+l.project,
		"--filter", "label=com.docker.compose.service=server", "--filter", "label=com.docker.compose.oneoff=False").output(maxOutput)
	return strings.TrimSpace(string(out)), err
}

func (l *dockerLab) impostor(ctx context.Context, port int, program string) (func(), error) {
	id, stop, err := l.beside(ctx, fmt.Sprintf("while :; do nc -l -p %d -e %s; done", port, program), "--network-alias", "server")
	if err != nil {
		return nil, err
	}
	for ctx.Err() == nil { // a script that finds no server proves nothing before the impostor listens
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

// relay listens on this machine's address in the lab's network. If the engine runs in a virtual machine, this machine
// has no such address.
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

// descriptors counts in a helper container that sees the service's processes, because the service's image may have no
// shell. The count includes the helper's own descriptors, whose number is constant.
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

// removeGuests removes the containers in the lab's network that Compose did not start: a checkout's script may start a
// container without --rm.
func (l *dockerLab) removeGuests(ctx context.Context) error {
	if !l.guests || l.network == "" { // the engine takes "" for every network
		return nil
	}
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
