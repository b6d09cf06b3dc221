package cluster

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/docker/cli/cli/compose/schema"
	"go.yaml.in/yaml/v4"

	"github.com/tp0-lab/composer/internal/compose/specification"
	"github.com/tp0-lab/composer/internal/compose/vars"
	"github.com/tp0-lab/composer/internal/compose/yamltree"
	"github.com/tp0-lab/composer/internal/files"
	"github.com/tp0-lab/composer/internal/text"
)

// StackSlot is what Swarm replaces by the number of a task, from 1, in those places where it replaces templates.
const StackSlot = "{{.Task.Slot}}"

// maxConfig and maxSecret are how many bytes Swarm takes for a config's file and for a secret's.
const (
	maxConfig = 1000<<10 - 1
	maxSecret = 500<<10 - 1
)

// CheckStack returns what is wrong with a stack file for `docker stack deploy`, errors first: what the schema of the
// Docker client refuses, what the client refuses behind it, what Swarm ignores without a word, and what Swarm fails at
// again and again once it is deployed. dir is the folder of the stack file, where relative paths begin; a file that is
// not there is not looked at.
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
	s.checkVariables(s.root)
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

// forbidden are keys of services that the Docker client refuses with a reason, before the schema.
var forbidden = map[string]string{
	"extends": "it knows no extends", "volumes_from": "declare a volume, and let both services mount it",
	"cpus": "write deploy.resources.limits.cpus", "cpu_quota": "write deploy.resources.limits.cpus",
	"cpu_shares": "write deploy.resources", "cpuset": "it has none", "mem_limit": "write deploy.resources.limits.memory",
	"memswap_limit": "it has none", "scale": "write deploy.replicas", "profiles": "leave the service out instead",
	"pull_policy": "docker stack deploy has --resolve-image", "name": "docker stack deploy names the stack",
}

// checkSchema reports the first thing that the schema of the Docker client refuses.
func (s *stack) checkSchema() {
	config, _ := plainValue(s.root).(map[string]any)
	err := schema.Validate(config, schema.Version(config))
	if err == nil {
		return
	}
	path, message, _ := strings.Cut(err.Error(), ": ")
	at := s.find(path)
	if _, quoted, ok := strings.Cut(message, "additional property '"); ok {
		name, _, _ := strings.Cut(quoted, "'")
		for key := range yamltree.Entries(at) {
			if key.Value == name {
				at = key
			}
		}
		message = fmt.Sprintf("docker stack deploy does not know the key %q", name)
		if why := forbidden[name]; why != "" {
			message += ": " + why
		} else {
			message += s.nearKey(at)
		}
	} else if path == "" || path == "(root)" {
		message = "docker stack deploy refuses it: " + message
	} else {
		message = "docker stack deploy refuses " + path + ": " + message
	}
	s.fail(at, "%s", message)
}

// nearKey returns `, did you mean "NAME"?` with the name of a key of the Compose specification that may have been meant by
// key, and that the schema of the Docker client takes in its place, or "".
func (s *stack) nearKey(key *yaml.Node) string {
	written := key.Value
	path, _ := pathTo(s.root, key)
	near := text.UniqueNearest(written, specification.Keys(path...))
	if near == "" {
		return ""
	}
	key.Value = near
	config, _ := plainValue(s.root).(map[string]any)
	key.Value = written
	err := schema.Validate(config, schema.Version(config))
	if err != nil && strings.Contains(err.Error(), "additional property '"+near+"'") {
		return ""
	}
	return text.DidYouMean(written, []string{near})
}

// pathTo returns the path from n to the mapping that has key: keys, and numbers of items.
func pathTo(n, key *yaml.Node) (path []string, found bool) {
	for one, value := range yamltree.Entries(n) {
		if one == key {
			return nil, true
		}
		if path, found = pathTo(value, key); found {
			return append([]string{one.Value}, path...), true
		}
	}
	i := 0
	for item := range yamltree.Items(n) {
		if path, found = pathTo(item, key); found {
			return append([]string{strconv.Itoa(i)}, path...), true
		}
		i++
	}
	return nil, false
}

// checkTextKeys reports keys that are no text, which the Docker client refuses.
func (s *stack) checkTextKeys(n *yaml.Node) {
	for key, value := range yamltree.Entries(n) {
		if key.ShortTag() != "!!str" {
			s.fail(key, "docker stack deploy wants text for a key: put %s in quotes", text.Short(key.Value, 40))
		}
		s.checkTextKeys(value)
	}
	for item := range yamltree.Items(n) {
		s.checkTextKeys(item)
	}
}

// find returns the node at a path of keys that dots join, which may have dots themselves, or the nearest one around it.
func (s *stack) find(path string) *yaml.Node {
	at := s.root
	for path != "" {
		var next *yaml.Node
		rest := ""
		for key, value := range yamltree.Entries(at) {
			if behind, ok := strings.CutPrefix(path, key.Value); ok && (behind == "" || behind[0] == '.') {
				next, rest = value, strings.TrimPrefix(behind, ".")
			}
		}
		if at.Kind == yaml.SequenceNode {
			index, behind, _ := strings.Cut(path, ".")
			if i, err := strconv.Atoi(index); err == nil && i >= 0 && i < len(at.Content) {
				next, rest = yamltree.Follow(at.Content[i]), behind
			}
		}
		if next == nil {
			return at
		}
		at, path = next, rest
	}
	return at
}

// plainValue returns a value as the Docker client reads it.
func plainValue(n *yaml.Node) any {
	n = yamltree.Follow(n)
	switch n.Kind {
	case yaml.MappingNode:
		m := make(map[string]any, len(n.Content)/2)
		for key, value := range yamltree.Entries(n) {
			m[key.Value] = plainValue(value)
		}
		return m
	case yaml.SequenceNode:
		list := make([]any, 0, len(n.Content))
		for item := range yamltree.Items(n) {
			list = append(list, plainValue(item))
		}
		return list
	}
	var value any
	if err := n.Decode(&value); err != nil || n.ShortTag() == "!!timestamp" {
		return n.Value
	}
	return value
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
			s.warn(key, "service %s: Swarm ignores %s%s", name, key.Value, because(instead))
		}
	}
	s.references(name, service)
	s.templates(name, service)
	s.deploy(name, service)
	s.ports(name, service)
	deploy := yamltree.Get(service, "deploy")
	mode := scalar(deploy, "mode")
	slots := s.slots(name, service)
	if strings.HasPrefix(mode, "global") && len(slots) > 0 {
		s.fail(slots[0], "service %s: in mode %s a slot is the ID of a node and not a number: write mode: replicated", name, mode)
	}
	if mode == "replicated-job" && len(slots) > 0 {
		s.fail(slots[0], "service %s: the slots of a replicated-job begin with 0, and %s of slot 0 is not a number: write mode: replicated, and restart_policy: {condition: on-failure}", name, StackSlot)
	}
	replicas, err := strconv.Atoi(scalar(deploy, "replicas"))
	if err == nil && replicas > 1 && (mode == "" || mode == "replicated") && yamltree.Get(deploy, "restart_policy", "condition") == nil {
		s.fail(keyOf(deploy, "replicas"), "service %s: without deploy.restart_policy.condition Swarm starts its %d tasks again for ever when they are done: write condition: on-failure, or any if they never are done", name, replicas)
	}
	targets := map[string]bool{}
	for mount := range yamltree.Items(yamltree.Get(service, "volumes")) {
		s.mount(name, mount)
		target := scalar(mount, "target")
		if _, short, both := strings.Cut(mount.Value, ":"); both {
			target, _, _ = strings.Cut(short, ":")
		}
		if target != "" && targets[target] {
			s.fail(mount, "service %s: two mounts at %q, and Swarm takes one", name, text.Short(target, 60))
		}
		targets[target] = true
	}
}

func because(why string) string {
	if why != "" {
		return ": " + why
	}
	return ""
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
		if scalar(mount, "type") != "bind" {
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
		if scalar(mount, "type") == "volume" && source != nil && !strings.Contains(source.Value, "{{") {
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

// read returns the content of a file that docker stack deploy reads, from the folder of the stack file on. It reports a file
// that is missing, and a folder. at is the value that names it, most the number of bytes from which on the error is files.ErrTooLarge.
func (s *stack) read(at *yaml.Node, what, path string, most int64) ([]byte, error) {
	full := path
	if !filepath.IsAbs(path) {
		full = filepath.Join(s.dir, path)
	}
	content, err := files.ReadRegular(full, most)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		s.warn(at, "%s: there is no file %s in the folder of the stack file, where docker stack deploy reads it", what, text.Short(path, 60))
	case errors.Is(err, files.ErrDirectory):
		s.fail(at, "%s: %s is a folder, and docker stack deploy reads a file", what, text.Short(path, 60))
	}
	return content, err
}

// file checks a config or a secret that is made of a file.
func (s *stack) file(kind string, name, one *yaml.Node) {
	at := yamltree.Get(one, "file")
	path := scalar(one, "file")
	if path == "" || strings.Contains(path, "$") {
		return
	}
	what, named := kind+" "+name.Value, scalar(one, "name")
	most := int64(maxConfig)
	if kind == "secret" {
		most = maxSecret
	}
	content, err := s.read(at, what, path, most)
	switch {
	case errors.Is(err, files.ErrTooLarge):
		s.fail(at, "%s: the file has more than %d bytes, which is all that Swarm takes: let nodes mount it, or get it by HTTP", what, most)
		return
	case err == nil && len(content) == 0:
		s.fail(at, "%s: the file is empty, and Swarm takes no empty %s", what, kind)
		return
	case err == nil:
		s.templateDriver(what, one, content)
		sum := sha256.Sum256(content)
		begins := hex.EncodeToString(sum[:])[:hashLike]
		if strings.Contains(named, begins) {
			return
		}
		if hasHash(named) {
			s.warn(yamltree.Get(one, "name"), "%s: the hash in its name is not that of %s, which docker stack deploy reads in the folder of the stack file: its SHA-256 begins with %s", what, text.Short(path, 60), begins)
			return
		}
	}
	if !hasHash(named) {
		s.warn(name, "%s: what Swarm has of it never changes, and docker stack deploy fails once the file has: put the content's hash into its name, as in name: %s-{{ fileHash … }}", what, name.Value)
	}
}

// hashLike is how many digits of a hash make a name that changes with the content.
const hashLike = 8

// hasHash reports whether a name has a part that looks like a hash: hexadecimal digits, both letters and numerals.
func hasHash(name string) bool {
	isNone := func(r rune) bool { return !strings.ContainsRune("0123456789abcdef", r) }
	return slices.ContainsFunc(strings.FieldsFunc(name, isNone), func(part string) bool {
		return len(part) >= hashLike && strings.ContainsAny(part, "0123456789") && strings.ContainsAny(part, "abcdef")
	})
}

// scalar returns the text at a path of keys, or "".
func scalar(n *yaml.Node, path ...string) string {
	if at := yamltree.Get(n, path...); at != nil && at.Kind == yaml.ScalarNode {
		return at.Value
	}
	return ""
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
