package cluster

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/tp0-lab/composer/internal/compose/yamltree"
	"github.com/tp0-lab/composer/internal/text"
)

// taskField matches the part of a text in which a template asks for a field of the task or its node.
var taskField = text.LazyRegexp(`\{\{[^{}]*\.(?:Task|Node)\.[A-Z][^{}]*\}\}`)

// slots returns the values of a service whose templates have the number of the task, and reports templates where Swarm
// replaces nothing.
func (s *stack) slots(name string, service *yaml.Node) (slots []*yaml.Node) {
	for path, n := range scalarsOf(service) {
		found := taskField().FindString(n.Value)
		if found == "" {
			continue
		}
		others := slices.Contains(path, "labels") || path[0] == "logging" // whose readers have templates of their own
		forOthers := others && !strings.Contains(found, ".Task.")
		if !isTemplate(path) && !forOthers {
			s.fail(n, "service %s: Swarm does not replace %s here, only in environment, hostname, and the source and target of a mount", name, text.Short(found, 60))
		}
		if strings.Contains(n.Value, ".Task.Slot") {
			slots = append(slots, n)
		}
	}
	return slots
}

// isTemplate reports whether Swarm executes the template at a path of keys in a service (swarmkit template/expand.go).
func isTemplate(path []string) bool {
	switch first := path[0]; first {
	case "environment", "hostname":
		return true
	case "volumes":
		return len(path) == 1 || path[1] == "source" || path[1] == "target"
	default:
		return strings.HasPrefix(first, "x-")
	}
}

// scalarsOf returns the scalars below n with the keys that lead to them.
func scalarsOf(n *yaml.Node) func(yield func(path []string, n *yaml.Node) bool) {
	return func(yield func([]string, *yaml.Node) bool) { walkScalars(n, nil, yield) }
}

func walkScalars(n *yaml.Node, path []string, yield func([]string, *yaml.Node) bool) bool {
	if n.Kind == yaml.ScalarNode {
		return len(path) == 0 || yield(path, n)
	}
	for key, value := range yamltree.Entries(n) {
		if !walkScalars(value, append(slices.Clone(path), key.Value), yield) {
			return false
		}
	}
	for item := range yamltree.Items(n) {
		if !walkScalars(item, path, yield) {
			return false
		}
	}
	return true
}
