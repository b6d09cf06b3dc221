package cluster

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/tp0-lab/composer/internal/compose/engine"
	"github.com/tp0-lab/composer/internal/text"
)

// slots returns the values of a service whose templates have the number of the task, and reports templates where Swarm
// replaces nothing.
func (s *stack) slots(name string, service *yaml.Node) (slots []*yaml.Node) {
	for path, n := range engine.Scalars(service) {
		found := engine.TaskField().FindString(n.Value)
		if found == "" {
			continue
		}
		others := slices.Contains(path, "labels") || path[0] == "logging" // whose readers have templates of their own
		forOthers := others && !strings.Contains(found, ".Task.")
		extension := strings.HasPrefix(path[0], "x-") // nobody reads it
		if !engine.IsTemplate(path) && !forOthers && !extension {
			s.fail(n, "service %s: Swarm does not replace %s here, only in environment, hostname, and the source and target of a mount", name, text.Short(found, 60))
		}
		if strings.Contains(n.Value, ".Task.Slot") {
			slots = append(slots, n)
		}
	}
	return slots
}
