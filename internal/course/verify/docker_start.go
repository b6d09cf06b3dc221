package verify

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/tp0-lab/composer/internal/compose/project"
	"github.com/tp0-lab/composer/internal/files"
	"github.com/tp0-lab/composer/internal/lab/local"
)

const overrideFile = "composer-verify.yaml"

// reserve takes the engine's lock for a lab with fixed addresses or the machine's network, and for every lab of ej3 in
// a checkout: its validar-echo-server.sh may look for the usual names of the project, its networks or its containers.
// While reserve waits, another scenario may use the slot.
func (e *dockerEngine) reserve(ctx context.Context, s *site) func() {
	project, err := loadCompose(ctx, s)
	if err != nil { // start returns the error
		return func() {}
	}
	if (s.ours || s.stage != "ej3") && !fixedAddresses(project) {
		return func() {}
	}
	e.slots.lock(e.single)
	return e.single.Unlock
}

func loadCompose(ctx context.Context, s *site) (*types.Project, error) {
	text, err := files.ReadIn(s.root, composeFile, project.MaxFile)
	if err != nil {
		return nil, fmt.Errorf("read the Compose file: %w", err)
	}
	return local.Load(ctx, text, composeFile, s.dir, os.Environ())
}

// fixedAddresses reports whether a service is in the machine's own network, or has a fixed address, which needs the
// subnet of the Compose file.
func fixedAddresses(project *types.Project) bool {
	for _, service := range project.Services {
		if service.NetworkMode == "host" {
			return true
		}
		for _, n := range service.Networks {
			if n != nil && (n.Ipv4Address != "" || n.Ipv6Address != "") {
				return true
			}
		}
	}
	return false
}

// knowsProject reports whether the site is of ej3 and its validar-echo-server.sh does not read COMPOSE_PROJECT_NAME.
// Such a script may look for the names that the Compose file gives the project and its networks, or start the lab
// itself.
func knowsProject(s *site) bool {
	script, err := files.ReadIn(s.root, "validar-echo-server.sh", maxFile)
	return err == nil && s.stage == "ej3" && !bytes.Contains(script, []byte("COMPOSE_PROJECT_NAME"))
}

func (e *dockerEngine) start(ctx context.Context, s *site, variables map[string]map[string]string, j *journal) (lab, error) {
	project, err := loadCompose(ctx, s)
	if err != nil {
		return nil, err
	}
	if err := supply(s, project); err != nil {
		return nil, err
	}
	images, err := e.imagesOf(ctx, s)
	if err != nil {
		return nil, err
	}
	e.mu.Lock()
	e.labs++
	name := fmt.Sprintf("%s-%d", e.name, e.labs)
	e.mu.Unlock()
	l := &dockerLab{
		tool: e.compose, project: name, site: s, journal: j, names: slices.Sorted(maps.Keys(project.Services)),
		services: make(map[string]string), last: make(map[string]time.Time), now: e.now,
	}
	known := knowsProject(s)
	networks := networkNames(s, project, name, known)
	if known {
		l.project = projectName(s, project, name)
		if err := unused(ctx, l.project, project, networks); err != nil {
			return nil, err
		}
	}
	if in := slices.Sorted(maps.Keys(project.Services["server"].Networks)); len(in) > 0 {
		l.network = networks[in[0]]
	}
	named := map[string]string{}
	if s.stage != "ej3" {
		named = neutralNames(name, project)
	}
	for service, container := range named {
		l.services[container] = service
	}
	return l, s.root.WriteFile(overrideFile, override(name, project, images, variables, networks, named, known), 0o644)
}

// neutralNames returns a name for the container of each service, by service. Names such as "server" are not in it,
// because a validar-echo-server.sh that runs at the same time may look for its own lab by them. A service with several
// containers gets no name.
func neutralNames(lab string, project *types.Project) map[string]string {
	names := make(map[string]string)
	for i, name := range slices.Sorted(maps.Keys(project.Services)) {
		if service := project.Services[name]; service.GetScale() == 1 {
			names[name] = fmt.Sprintf("%s-%d", lab, i+1)
		}
	}
	return names
}

// projectName returns the name of the project of a lab whose script looks for the usual name. It is the usual name,
// unless the Compose file has volumes: a script that starts or removes the lab would then use somebody's volume.
func projectName(s *site, project *types.Project, lab string) string {
	if len(project.Volumes) > 0 {
		return lab
	}
	return usualName(s, project)
}

// usualName returns the name that Compose gives a project: the name in the Compose file, or else the name of the
// directory.
func usualName(s *site, project *types.Project) string {
	if project.Name == local.Unnamed {
		return filepath.Base(s.dir)
	}
	return project.Name
}

// networkNames returns the names of a Compose file's networks by key. In ej3 with known set, they are the names that
// the Compose file gives, for which validar-echo-server.sh looks. Otherwise they begin with the lab's name. In ej3 the
// key follows, because the script may look for it; in other stages a number follows.
func networkNames(s *site, project *types.Project, lab string, known bool) map[string]string {
	names := make(map[string]string)
	for i, key := range slices.Sorted(maps.Keys(project.Networks)) {
		switch {
		case s.stage != "ej3":
			names[key] = fmt.Sprintf("%s_%d", lab, i+1)
		case known:
			names[key] = project.Networks[key].Name
			if names[key] == project.Name+"_"+key {
				names[key] = usualName(s, project) + "_" + key
			}
		default:
			names[key] = lab + "_" + key
		}
	}
	return names
}

// unused returns an engineError if the engine already has a container of the project name, running or not, a container
// with the container name of a service, or one of the networks. These belong to somebody, and down would remove them.
func unused(ctx context.Context, name string, project *types.Project, networks map[string]string) error {
	out, err := docker(ctx, stepLimit, "ps", "-a", "--format", `{{.Label "com.docker.compose.project"}}/{{.Names}}`).output(maxOutput)
	if err != nil {
		return engineError{err}
	}
	for line := range strings.Lines(string(out)) {
		of, container, _ := strings.Cut(strings.TrimSpace(line), "/")
		if of == name {
			return engineError{fmt.Errorf("validar-echo-server.sh looks for the Compose project %s, which has containers already: `docker compose -p %s down` first", name, name)}
		}
		for _, service := range project.Services {
			if service.ContainerName == container {
				return engineError{fmt.Errorf("validar-echo-server.sh looks for the container %s, which is somebody else's: rename it or take it down first", container)}
			}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(networks)) {
		if err := docker(ctx, stepLimit, "network", "inspect", networks[key]).finish(); err == nil {
			return engineError{fmt.Errorf("validar-echo-server.sh looks for the network %s, and a lab that is up has it: `make docker-compose-down` first", networks[key])}
		}
	}
	return nil
}

// override returns a Compose file that keeps a lab apart from others. It resets names, ports and addresses that only
// one lab of a machine can have, and sets images, variables and the names of containers. With keep, a container without
// a name in containers keeps its name of the Compose file, for which a script may look.
func override(lab string, project *types.Project, images map[string]string, variables map[string]map[string]string, networks, containers map[string]string, keep bool) []byte {
	var b bytes.Buffer
	b.WriteString("services:\n")
	for _, name := range slices.Sorted(maps.Keys(project.Services)) {
		fmt.Fprintf(&b, "  %q:\n    ports: !reset null\n", name)
		switch container := containers[name]; {
		case container != "":
			fmt.Fprintf(&b, "    container_name: %q\n", container)
		case !keep:
			b.WriteString("    container_name: !reset null\n")
		}
		switch {
		case name == "server":
			fmt.Fprintf(&b, "    image: %q\n    build: !reset null\n", images["server"])
		case strings.HasPrefix(name, "client"):
			fmt.Fprintf(&b, "    image: %q\n    build: !reset null\n", images["client"])
		}
		if values := variables[name]; len(values) > 0 {
			b.WriteString("    environment:\n")
			for _, key := range slices.Sorted(maps.Keys(values)) {
				fmt.Fprintf(&b, "      %s: %s\n", key, strconv.Quote(strings.ReplaceAll(values[key], "$", "$$")))
			}
		}
	}
	if len(project.Volumes) > 0 { // a volume with a name in the Compose file may hold somebody's data
		b.WriteString("volumes:\n")
		for _, key := range slices.Sorted(maps.Keys(project.Volumes)) {
			fmt.Fprintf(&b, "  %q:\n    name: %q\n    external: !reset null\n", key, lab+"_"+key)
		}
	}
	b.WriteString("networks:\n")
	for _, name := range slices.Sorted(maps.Keys(project.Networks)) {
		fmt.Fprintf(&b, "  %q:\n    name: %q\n", name, networks[name])
		if !fixedAddresses(project) {
			b.WriteString("    ipam: !reset null\n")
		}
	}
	return b.Bytes()
}

// startLimit bounds how long serverFirst waits until a checkout's server listens; it looks every startPoll.
const (
	startLimit = 10 * time.Second
	startPoll  = 200 * time.Millisecond
)

// serverFirst starts a checkout's server and waits until it listens: the course does not ask clients to try again.
func (l *dockerLab) serverFirst(ctx context.Context, services []string) error {
	if l.site.ours || len(services) > 0 && !slices.Contains(services, "server") || len(l.names) == 1 {
		return nil
	}
	if err := l.composeUp(ctx, "server"); err != nil {
		return err
	}
	limit := time.Now().Add(startLimit)
	for time.Now().Before(limit) && ctx.Err() == nil && !l.listening(ctx) {
		select {
		case <-time.After(startPoll):
		case <-ctx.Done():
		}
	}
	return ctx.Err() // a server that does not listen fails the scenario later
}

func (l *dockerLab) listening(ctx context.Context) bool {
	// It makes no connection, because some servers cannot serve one more.
	id, err := l.container(ctx, "server")
	if err != nil {
		return false
	}
	out, err := docker(ctx, stepLimit, "exec", id, "cat", "/proc/net/tcp", "/proc/net/tcp6").output(maxOutput)
	if failed, ok := errors.AsType[*exec.ExitError](err); ok && failed.ExitCode() > 1 {
		return true // the container is down, or has no cat
	}
	return listens(out, uint16(l.site.port))
}

// listens reports whether a table like /proc/net/tcp has a listening socket of a port. The second column is the local
// address, the fourth is the state, and the state 0A is LISTEN.
func listens(table []byte, port uint16) bool {
	want := ":" + strings.ToUpper(hex.EncodeToString([]byte{byte(port >> 8), byte(port)}))
	for line := range strings.Lines(string(table)) {
		f := strings.Fields(line)
		if len(f) > 3 && strings.HasSuffix(f[1], want) && f[3] == "0A" {
			return true
		}
	}
	return false
}
