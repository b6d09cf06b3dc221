package cluster

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/tp0-lab/composer/internal/compose/vars"
	"github.com/tp0-lab/composer/internal/compose/yamltree"
	"github.com/tp0-lab/composer/internal/text"
)

// StackSlot is the text that Swarm replaces by the number of a task, from 1, in the places where Swarm executes
// templates.
const StackSlot = "{{.Task.Slot}}"

// maxConfig and maxSecret are how many bytes Swarm takes for a config's file and for a secret's.
const (
	maxConfig = 1000<<10 - 1
	maxSecret = 500<<10 - 1
)

// CheckStack returns the mistakes in a stack file for `docker stack deploy`, errors first: those that the schema of the
// Docker client refuses, those that the client refuses after the schema, those that Swarm silently ignores, and those
// at which Swarm fails again and again after the deployment. dir is the folder of the stack file, where relative paths
// begin. CheckStack ignores files that do not exist.
func CheckStack(content []byte, dir string) []Problem {
	s := stack{dir: dir, names: map[string]map[string]bool{}}
	roots := s.parse(content)
	switch {
	case len(s.problems) > 0:
		return s.sorted()
	case len(roots) == 0:
		return []Problem{{Line: 1, Column: 1, Message: "there is nothing in it: want a mapping with services"}}
	case len(roots) > 1:
		s.fail(roots[1], "a second document begins here, and docker stack deploy reads the first one only")
	}
	s.root = roots[0]
	if s.root.Kind != yaml.MappingNode {
		s.fail(s.root, "want a mapping with services, not %s", yamltree.KindName(s.root))
		return s.sorted()
	}
	s.checkSchema()
	if len(s.problems) > 0 {
		return s.sorted() // the rest would stumble over it
	}
	s.checkTextKeys(s.root)
	s.checkVariables()
	s.checkRules()
	for name, service := range yamltree.Entries(yamltree.Get(s.root, "services")) {
		s.checkName("service", name)
		if yamltree.Get(service, "image") == nil {
			s.fail(name, "service %s: there is no image, and Swarm builds none", name.Value)
		}
		s.service(name.Value, service)
	}
	for name, network := range yamltree.Entries(yamltree.Get(s.root, "networks")) {
		s.network(name, network)
	}
	for name, volume := range yamltree.Entries(yamltree.Get(s.root, "volumes")) {
		s.volumeTemplates(name, volume)
	}
	for _, kind := range []string{"configs", "secrets"} {
		for name, one := range yamltree.Entries(yamltree.Get(s.root, kind)) {
			s.file(strings.TrimSuffix(kind, "s"), name, one)
		}
	}
	return s.sorted()
}

type stack struct {
	problems
	root  *yaml.Node
	dir   string
	names map[string]map[string]bool // of networks, volumes, configs and secrets that are declared, by these words
}

// ignored are keys of services that the schema has and Swarm does not look at, with what to write instead.
var ignored = map[string]string{
	"build":         "the nodes want an image that they can pull",
	"cgroup_parent": "", "cgroupns_mode": "", "devices": "", "domainname": "", "ipc": "", "mac_address": "", "pid": "",
	"privileged": "", "security_opt": "", "shm_size": "", "userns_mode": "",
	"container_name": "tasks have names of their own; others reach the service by its name",
	"depends_on":     "all services start at once, so clients have to wait and try again",
	"expose":         "services of one network reach all ports",
	"external_links": "networks do that", "links": "networks do that",
	"network_mode": "write networks",
	"restart":      "write deploy.restart_policy",
}

// service checks one service.
func (s *stack) service(name string, service *yaml.Node) {
	for key := range yamltree.Entries(service) {
		if instead, ok := ignored[key.Value]; ok {
			if instead != "" {
				instead = ": " + instead
			}
			s.warn(key, "service %s: Swarm ignores %s%s", name, key.Value, instead)
		}
	}
	s.references(name, service)
	s.templates(name, service)
	s.deploy(name, service)
	s.ports(name, service)
	deploy := yamltree.Get(service, "deploy")
	mode := yamltree.Text(deploy, "mode")
	slots := s.slots(name, service)
	if strings.HasPrefix(mode, "global") && len(slots) > 0 {
		s.fail(slots[0], "service %s: in mode %s a slot is the ID of a node and not a number: write mode: replicated", name, mode)
	}
	if mode == "replicated-job" && len(slots) > 0 {
		s.fail(slots[0], "service %s: the slots of a replicated-job begin with 0, and %s of slot 0 is not a number: write mode: replicated, and restart_policy: {condition: on-failure}", name, StackSlot)
	}
	replicas, err := strconv.Atoi(yamltree.Text(deploy, "replicas"))
	if err == nil && replicas > 1 && (mode == "" || mode == "replicated") && yamltree.Get(deploy, "restart_policy", "condition") == nil {
		s.fail(keyOf(deploy, "replicas"), "service %s: without deploy.restart_policy.condition Swarm starts its %d tasks again for ever when they are done: write condition: on-failure, or any if they never are done", name, replicas)
	}
	targets := map[string]bool{}
	for mount := range yamltree.Items(yamltree.Get(service, "volumes")) {
		s.mount(name, mount)
		target := yamltree.Text(mount, "target")
		if _, short, both := strings.Cut(mount.Value, ":"); both {
			target, _, _ = strings.Cut(short, ":")
		}
		if target != "" && targets[target] {
			s.fail(mount, "service %s: two mounts at %q, and Swarm takes one", name, text.Short(target, 60))
		}
		targets[target] = true
	}
}

// mountTypes are the types of mounts that swarmkit knows.
var mountTypes = []string{"bind", "volume", "tmpfs", "npipe", "cluster"}

// mount checks one of the mounts of a service.
func (s *stack) mount(name string, mount *yaml.Node) {
	at, short := mount, mount.Kind != yaml.MappingNode
	if !short {
		if kind := yamltree.Get(mount, "type"); kind != nil && !slices.Contains(mountTypes, kind.Value) {
			s.fail(kind, "service %s: there is no type %q of mounts, have %s%s", name, text.Short(kind.Value, 40), strings.Join(mountTypes, ", "), text.DidYouMean(kind.Value, mountTypes))
		}
		if yamltree.Text(mount, "type") != "bind" {
			return
		}
		if create := keyOf(yamltree.Get(mount, "bind"), "create_host_path"); create != nil {
			s.warn(create, "service %s: Swarm ignores create_host_path: a source that a node lacks is refused there, again and again", name)
		}
		if at = yamltree.Get(mount, "source"); at == nil {
			s.fail(mount, "service %s: a bind mount without a source: write an absolute path of a directory that all nodes have", name)
			return
		}
	}
	source, known := vars.Fill(at.Value, nil)
	if short {
		var both bool
		if source, _, both = strings.Cut(source, ":"); !both {
			return
		}
	}
	relative := strings.HasPrefix(source, ".") || strings.HasPrefix(source, "~") || !short && !strings.HasPrefix(source, "/") && !strings.HasPrefix(source, "{{") && !strings.Contains(source, `:\`)
	switch {
	case !known:
	case relative:
		s.fail(at, "service %s: the source %q begins on the machine that deploys, and each node needs it at the same place: write an absolute path of a directory that all nodes have", name, text.Short(source, 60))
	case short && strings.Contains(strings.TrimPrefix(source, "/"), "/") && !strings.HasPrefix(source, "/") && !strings.Contains(source, "{{"):
		s.fail(at, "service %s: %q is neither the name of a volume nor an absolute path", name, text.Short(source, 60))
	}
}

// references checks that what a service names is declared.
func (s *stack) references(name string, service *yaml.Node) {
	for _, kind := range []string{"networks", "configs", "secrets"} {
		of := yamltree.Get(service, kind)
		for item := range yamltree.Names(of) {
			s.declared(name, kind, item)
		}
		for item := range yamltree.Items(of) {
			if source := yamltree.Get(item, "source"); item.Kind == yaml.MappingNode && source != nil {
				s.declared(name, kind, source)
			}
		}
	}
	for mount := range yamltree.Items(yamltree.Get(service, "volumes")) {
		source := yamltree.Get(mount, "source")
		if yamltree.Text(mount, "type") == "volume" && source != nil && !strings.Contains(source.Value, "{{") {
			s.declared(name, "volumes", source)
		}
		if from, _, both := strings.Cut(mount.Value, ":"); both && !strings.ContainsAny(from, `/\.~{`) {
			own := *mount
			own.Value = from
			s.declared(name, "volumes", &own)
		}
	}
}

func (s *stack) declared(service, kind string, name *yaml.Node) {
	if kind == "networks" && name.Value == "default" {
		return
	}
	have, ok := s.names[kind]
	if !ok {
		have = map[string]bool{}
		for key := range yamltree.Entries(yamltree.Get(s.root, kind)) {
			have[key.Value] = true
		}
		s.names[kind] = have
	}
	if have[name.Value] {
		return
	}
	names := slices.Sorted(maps.Keys(have))
	s.fail(name, "service %s: the %s %q is not declared%s", service, strings.TrimSuffix(kind, "s"), name.Value, text.DidYouMean(name.Value, names))
}

// keyOf returns the node of a key, or nil.
func keyOf(n *yaml.Node, name string) *yaml.Node {
	for key := range yamltree.Entries(n) {
		if key.Value == name {
			return key
		}
	}
	return nil
}
