package local

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/tp0-lab/composer/internal/lab/secret"
	"github.com/tp0-lab/composer/internal/lab/service"
	"github.com/tp0-lab/composer/internal/text"
)

// Kind says whether a service is the lab's server or one of its clients.
type Kind string

// The kinds: the lab's two services.
const (
	Server Kind = "server"
	Client Kind = "client"
)

// Service holds those settings of a service in a Compose file that have an effect without a container.
type Service struct {
	Name    string
	Kind    Kind
	Names   []string        // the host names of the service for the others
	Environ []string        // "NAME=value", sorted
	Files   []service.Mount // mounted from outside
	After   []Dependency
	// StopSignal asks the service to stop. If it still runs after Grace, it is killed.
	StopSignal syscall.Signal
	Grace      time.Duration
}

// Dependency is a service that another one waits for, until it is started or, with Done, until it has exited with 0.
type Dependency struct {
	Name string
	Done bool // the service must have exited with 0
}

// Variable returns the value of an environment variable of the service.
func (s Service) Variable(name string) string {
	for _, v := range s.Environ {
		if value, ok := strings.CutPrefix(v, name+"="); ok {
			return value
		}
	}
	return ""
}

// defaultGrace is Compose's own.
const defaultGrace = 10 * time.Second

// imageEnvironment is what the images set; see services/server/Dockerfile.
var imageEnvironment = map[Kind]map[string]string{
	Server: {"SERVER_STORAGE": "/bets/bets.csv"},
}

// NewPlan returns the services of a project, each after the services that it depends on, and a sentence for each
// setting that has no effect. Its error names all services that cannot be run.
func NewPlan(project *types.Project) (services []Service, without []string, err error) {
	var problems []error
	names := slices.SortedFunc(maps.Keys(project.Services), text.NaturalCompare)
	for _, name := range names {
		if name == "." || name == ".." {
			problems = append(problems, fmt.Errorf("service %q: it would be a directory of that name", name))
			continue
		}
		s, lost, err := newService(project.Services[name], project.Secrets)
		if err != nil {
			problems = append(problems, fmt.Errorf("service %q: %w", name, err))
			continue
		}
		services = append(services, s)
		for _, l := range lost {
			without = append(without, fmt.Sprintf("service %q: %s", name, l))
		}
	}
	if len(problems) > 0 {
		return nil, nil, errors.Join(problems...)
	}
	return inOrder(services), without, nil
}

// inOrder sorts services behind what they depend on. Circles there are none:
// the loader refuses them.
func inOrder(services []Service) []Service {
	byName := make(map[string]Service, len(services))
	for _, s := range services {
		byName[s.Name] = s
	}
	var ordered []Service
	placed := make(map[string]bool)
	var place func(s Service)
	place = func(s Service) {
		if placed[s.Name] {
			return
		}
		placed[s.Name] = true
		for _, d := range s.After {
			if before, ok := byName[d.Name]; ok {
				place(before)
			}
		}
		ordered = append(ordered, s)
	}
	for _, s := range services {
		place(s)
	}
	return ordered
}

func newService(c types.ServiceConfig, secrets types.Secrets) (s Service, without []string, err error) {
	kind, err := kindOf(c)
	if err != nil {
		return Service{}, nil, err
	}
	s = Service{Name: c.Name, Kind: kind, Names: namesOf(c), StopSignal: syscall.SIGTERM, Grace: defaultGrace}
	if c.StopSignal != "" {
		if s.StopSignal, err = signalOf(c.StopSignal); err != nil {
			return Service{}, nil, err
		}
	}
	if c.StopGracePeriod != nil {
		s.Grace = time.Duration(*c.StopGracePeriod)
	}
	environment := make(map[string]string)
	maps.Copy(environment, imageEnvironment[kind])
	for name, value := range c.Environment {
		if value == nil {
			delete(environment, name) // neither the file nor the machine has a value
			continue
		}
		environment[name] = *value
	}
	for _, name := range slices.Sorted(maps.Keys(environment)) {
		s.Environ = append(s.Environ, name+"="+environment[name])
	}
	for _, v := range c.Volumes {
		if v.Type != types.VolumeTypeBind {
			without = append(without, fmt.Sprintf("%s %q is a directory that goes with the run", v.Type, v.Target))
			continue
		}
		s.Files = append(s.Files, service.Mount{Target: path.Clean("/" + v.Target), Source: v.Source})
		if v.ReadOnly && kind == Server && within(path.Clean("/"+environment["SERVER_STORAGE"]), path.Clean("/"+v.Target)) {
			return Service{}, nil, fmt.Errorf("%s is read-only, and the bets go there; without Docker nothing would keep them out", v.Target)
		}
	}
	mounts, lost := secretFiles(c, secrets)
	s.Files = append(s.Files, mounts...)
	without = append(without, lost...)
	for _, name := range slices.SortedFunc(maps.Keys(c.DependsOn), text.NaturalCompare) {
		d := c.DependsOn[name]
		if d.Condition == types.ServiceConditionHealthy {
			without = append(without, fmt.Sprintf("%q is not waited for until it is healthy, only until it is started", name))
		}
		s.After = append(s.After, Dependency{Name: name, Done: d.Condition == types.ServiceConditionCompletedSuccessfully})
	}
	return s, append(without, ignored(c)...), nil
}

// secretFiles returns the mounts of a service's secrets, and sentences about secrets that are no files.
func secretFiles(c types.ServiceConfig, secrets types.Secrets) (mounts []service.Mount, without []string) {
	for _, s := range c.Secrets {
		file := secrets[s.Source].File
		if file == "" {
			without = append(without, fmt.Sprintf("secret %q is no file, and is not mounted", s.Source))
			continue
		}
		target := cmp.Or(s.Target, s.Source)
		if !path.IsAbs(target) {
			target = path.Join(secret.EngineDir, target)
		}
		mounts = append(mounts, service.Mount{Target: path.Clean(target), Source: file})
	}
	return mounts, without
}

// within reports whether a path is outer, or below it.
func within(file, outer string) bool {
	return file == outer || strings.HasPrefix(file, strings.TrimSuffix(outer, "/")+"/")
}

// kindOf tells from the image which of the two services it is, whatever
// registry, owner, prefix and tag its name has.
func kindOf(c types.ServiceConfig) (Kind, error) {
	if n := c.GetScale(); n != 1 {
		return "", fmt.Errorf("%d replicas under one name cannot be run here", n)
	}
	name, _, _ := strings.Cut(path.Base(c.Image), "@")
	name, _, _ = strings.Cut(name, ":")
	var kind Kind
	switch {
	case c.Image == "":
		return "", errors.New("it has no image, so nothing says whether it is the lab's server or its client")
	case name == "server" || strings.HasSuffix(name, "-server"):
		kind = Server
	case name == "client" || strings.HasSuffix(name, "-client"):
		kind = Client
	default:
		return "", fmt.Errorf("image %s is neither the lab's server nor its client, and only these run without Docker", c.Image)
	}
	if len(c.Command) > 0 {
		return "", fmt.Errorf("command %q: the %s takes no arguments", strings.Join(c.Command, " "), kind)
	}
	if len(c.Entrypoint) > 1 || len(c.Entrypoint) == 1 && path.Base(c.Entrypoint[0]) != string(kind) {
		return "", fmt.Errorf("entrypoint %q is not that of the %s", strings.Join(c.Entrypoint, " "), kind)
	}
	return kind, nil
}

func namesOf(c types.ServiceConfig) []string {
	names := []string{c.Name, c.ContainerName, c.Hostname}
	for _, network := range slices.Sorted(maps.Keys(c.Networks)) {
		if n := c.Networks[network]; n != nil {
			names = append(names, n.Aliases...)
		}
	}
	return slices.DeleteFunc(names, func(name string) bool { return name == "" })
}

func signalOf(name string) (syscall.Signal, error) {
	if s := signalNumber("SIG" + strings.TrimPrefix(strings.ToUpper(name), "SIG")); s != 0 {
		return s, nil
	}
	return 0, fmt.Errorf("stop_signal %q is no signal", name)
}

// done are the keys of a service that are done here, or that say how a
// container is made and so mean nothing without one.
var done = []string{
	"attach", "build", "command", "container_name", "depends_on", "entrypoint", "env_file", "environment", "extends",
	"hostname", "image", "labels", "networks", "platform", "profiles", "pull_policy", "scale", "secrets", "stop_grace_period",
	"stop_signal", "tty", "stdin_open", "user", "volumes",
}

// ignored tells what is set for the service and has no effect.
func ignored(c types.ServiceConfig) []string {
	var set map[string]json.RawMessage
	text, err := json.Marshal(c)
	if err == nil {
		err = json.Unmarshal(text, &set)
	}
	if err != nil {
		return []string{fmt.Sprintf("what it sets is not understood: %v", err)}
	}
	var lost []string
	for _, key := range slices.Sorted(maps.Keys(set)) {
		if string(set[key]) != "null" && !slices.Contains(done, key) {
			lost = append(lost, key+" has no effect without Docker")
		}
	}
	for _, network := range slices.Sorted(maps.Keys(c.Networks)) {
		if n := c.Networks[network]; n != nil && n.Ipv4Address != "" {
			lost = append(lost, "it has a loopback address instead of "+n.Ipv4Address)
		}
	}
	return lost
}
