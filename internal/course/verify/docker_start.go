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

// reserve waits where a lab has the usual names of networks or fixed addresses.
func (e *dockerEngine) reserve(ctx context.Context, s *site) func() {
	project, err := loadCompose(ctx, s)
	if err != nil { // start returns the error
		return func() {}
	}
	if !knowsNetworks(s) && !fixedAddresses(project) {
		return func() {}
	}
	e.single.Lock()
	return e.single.Unlock
}

func loadCompose(ctx context.Context, s *site) (*types.Project, error) {
	text, err := files.ReadIn(s.root, composeFile, project.MaxFile)
	if err != nil {
		return nil, fmt.Errorf("read the Compose file: %w", err)
	}
	return local.Load(ctx, text, composeFile, s.dir, os.Environ())
}

// fixedAddresses reports whether a service has an address of its own, which needs the subnet of the file.
func fixedAddresses(project *types.Project) bool {
	for _, service := range project.Services {
		for _, n := range service.Networks {
			if n != nil && (n.Ipv4Address != "" || n.Ipv6Address != "") {
				return true
			}
		}
	}
	return false
}

// knowsNetworks reports whether validar-echo-server.sh looks for the usual names of networks.
func knowsNetworks(s *site) bool {
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
		project: name, site: s, journal: j, names: slices.Sorted(maps.Keys(project.Services)),
		last: make(map[string]time.Time), now: e.now,
	}
	networks, err := networkNames(ctx, s, project, name)
	if err != nil {
		return nil, err
	}
	if in := slices.Sorted(maps.Keys(project.Services["server"].Networks)); len(in) > 0 {
		l.network = networks[in[0]]
	}
	return l, s.root.WriteFile(overrideFile, override(name, project, images, variables, networks, knowsNetworks(s)), 0o644)
}

// networkNames returns the names of a Compose file's networks by key. They begin with the lab's name, unless
// validar-echo-server.sh looks for the usual names.
func networkNames(ctx context.Context, s *site, project *types.Project, lab string) (map[string]string, error) {
	known := knowsNetworks(s)
	names := make(map[string]string)
	for key, network := range project.Networks {
		names[key] = lab + "_" + key
		if !known {
			continue
		}
		names[key] = "tp0_" + key // the course's project
		if !strings.HasPrefix(network.Name, project.Name+"_") {
			names[key] = network.Name
		}
		if err := docker(ctx, stepLimit, "network", "inspect", names[key]).finish(); err == nil {
			return nil, engineError{fmt.Errorf("validar-echo-server.sh looks for the network %s, and a lab that is up has it: `make docker-compose-down` first", names[key])}
		}
	}
	return names, nil
}

// override returns a Compose file that keeps a lab apart from others: it resets names, ports and addresses that only
// one lab of a machine can have, and sets images and variables. named leaves containers their names, which a script may look
// for.
func override(lab string, project *types.Project, images map[string]string, variables map[string]map[string]string, networks map[string]string, named bool) []byte {
	var b bytes.Buffer
	b.WriteString("services:\n")
	for _, name := range slices.Sorted(maps.Keys(project.Services)) {
		fmt.Fprintf(&b, "  %q:\n    ports: !reset null\n", name)
		if !named {
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
	if len(project.Volumes) > 0 { // a volume that the file names may hold somebody's data
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

// startLimit bounds the head start of a checkout's server.
const (
	startLimit = 10 * time.Second
	startPoll  = 200 * time.Millisecond
)

// serverFirst starts a checkout's server and waits until it listens: the course does not ask clients to try again.
func (l *dockerLab) serverFirst(ctx context.Context, services []string) error {
	if l.site.ours || len(services) > 0 && !slices.Contains(services, "server") || len(l.names) == 1 {
		return nil
	}
	if err := l.do(ctx, "up", "-d", "--no-build", "--pull", "never", "server"); err != nil {
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
	// A connection would be one too many for some servers.
	out, err := l.compose(ctx, stepLimit, "exec", "-T", "server", "cat", "/proc/net/tcp", "/proc/net/tcp6").output(maxOutput)
	if failed, ok := errors.AsType[*exec.ExitError](err); ok && failed.ExitCode() > 1 {
		return true // it is down, or has no cat
	}
	return listens(out, uint16(l.site.port))
}

// listens reports whether a table like /proc/net/tcp has a listening socket of a port. Its second and fourth columns
// are the local address and the state, of which 0A is LISTEN.
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
