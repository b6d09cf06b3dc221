package cluster

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/docker/cli/cli/compose/schema"
	"go.yaml.in/yaml/v4"

	"github.com/tp0-lab/composer/internal/compose/specification"
	"github.com/tp0-lab/composer/internal/compose/yamltree"
	"github.com/tp0-lab/composer/internal/text"
)

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
	at, steps := s.find(path)
	if _, quoted, ok := strings.Cut(message, "additional property '"); ok {
		name, _, _ := strings.Cut(quoted, "'")
		if key := keyOf(at, name); key != nil {
			at = key
		}
		message = fmt.Sprintf("docker stack deploy does not know the key %q", name)
		if why := forbidden[name]; why != "" {
			message += ": " + why
		} else {
			message += s.nearKey(at, steps)
		}
	} else if path == "" || path == "(root)" {
		message = "docker stack deploy refuses it: " + message
	} else {
		message = "docker stack deploy refuses " + path + ": " + message
	}
	s.fail(at, "%s", message)
}

// nearKey returns `, did you mean "NAME"?` with the name of a key of the Compose specification that may have been meant by
// key, a key of the mapping at path, and that the schema of the Docker client takes in its place, or "".
func (s *stack) nearKey(key *yaml.Node, path []string) string {
	written := key.Value
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

// find returns the node at a path of keys that dots join, which may have dots themselves, or the nearest one around it. steps
// are the keys, and numbers of items, that lead there.
func (s *stack) find(path string) (at *yaml.Node, steps []string) {
	at = s.root
	for path != "" {
		var next *yaml.Node
		step, rest := "", ""
		for key, value := range yamltree.Entries(at) {
			if behind, ok := strings.CutPrefix(path, key.Value); ok && (behind == "" || behind[0] == '.') {
				next, step, rest = value, key.Value, strings.TrimPrefix(behind, ".")
			}
		}
		if at.Kind == yaml.SequenceNode {
			index, behind, _ := strings.Cut(path, ".")
			if i, err := strconv.Atoi(index); err == nil && i >= 0 && i < len(at.Content) {
				next, step, rest = yamltree.Follow(at.Content[i]), index, behind
			}
		}
		if next == nil {
			break
		}
		at, path, steps = next, rest, append(steps, step)
	}
	return at, steps
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
