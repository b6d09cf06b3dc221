package cluster

import (
	"slices"
	"strconv"
	"strings"

	"github.com/docker/go-units"
	"go.yaml.in/yaml/v4"

	"github.com/tp0-lab/composer/internal/compose/engine"
	"github.com/tp0-lab/composer/internal/compose/rules"
	"github.com/tp0-lab/composer/internal/compose/vars"
	"github.com/tp0-lab/composer/internal/compose/yamltree"
	"github.com/tp0-lab/composer/internal/text"
)

// sharedRules are the rules of the rule book that hold for the containers of Swarm, too.
var sharedRules = []string{
	"unlisted-value", "invalid-image", "invalid-mount", "relative-working-dir", "unknown-capability", "unknown-signal", "invalid-limit",
	"duplicate-port", "invalid-host", "invalid-dns", "invalid-environment", "invalid-subnet", "subnet-overlap", "quoted-environment", "unquoted-date",
}

// checkRules reports what breaks a shared rule. Values that Swarm replaces for each task are not known.
func (s *stack) checkRules() {
	for p := range rules.Check(rules.Read(s.root, nil)) {
		at := p.At
		if at == nil {
			at, _ = s.find(strings.Join(p.Path, "."))
		}
		if !slices.Contains(sharedRules, p.Rule.Name) || strings.Contains(at.Value, "{{") {
			continue
		}
		if p.Rule.Name == "duplicate-port" && yamltree.Text(at, "mode") == "host" {
			continue // on nodes of their own
		}
		if p.Rule.Severity == rules.Error {
			s.fail(at, "%s", p.Message)
		} else {
			s.warn(at, "%s", p.Message)
		}
	}
}

// checkVariables reports values whose variables the Docker client cannot read.
func (s *stack) checkVariables() {
	for _, n := range engine.Scalars(s.root) {
		if vars.Broken(n.Value) >= 0 {
			s.fail(n, "docker stack deploy refuses %q: want ${NAME}, or $$ for a dollar sign", text.Short(n.Value, 60))
		}
	}
}

// maxServiceName is what swarmkit takes of a service's name (manager/controlapi/service.go), which begins with the
// name of the stack and "_".
const maxServiceName = 63

// serviceName matches the names that swarmkit takes (manager/controlapi/common.go: validateAnnotations).
var serviceName = text.LazyRegexp(`^[a-zA-Z0-9](?:[-_]*[A-Za-z0-9]+)*$`)

// checkName reports names of services and networks that Swarm does not take.
func (s *stack) checkName(kind string, name *yaml.Node) {
	switch {
	case !serviceName().MatchString(name.Value):
		s.fail(name, "%s %s: Swarm takes names of letters, digits, - and _, which begin and end with a letter or digit", kind, text.Short(name.Value, 60))
	case kind == "service" && len(name.Value) > maxServiceName-len("a_"):
		s.fail(name, "service %s…: the name has %d characters; with the name of the stack before it, Swarm takes %d in all", text.Short(name.Value, 20), len(name.Value), maxServiceName)
	}
}

// networkDrivers are the drivers whose networks reach one node only, which Swarm refuses for services.
var networkDrivers = []string{"bridge", "host", "ipvlan", "macvlan", "none"}

func (s *stack) network(name, network *yaml.Node) {
	s.checkName("network", name)
	driver := yamltree.Get(network, "driver")
	if yamltree.Get(network, "external") != nil {
		if driver != nil {
			s.fail(driver, "network %s: docker stack deploy refuses a driver of an external network: leave it out", name.Value)
		}
		return
	}
	if driver != nil && slices.Contains(networkDrivers, driver.Value) {
		s.fail(driver, "network %s: a %s network reaches one node, and Swarm refuses services in it: write driver: overlay", name.Value, driver.Value)
	}
}

// composeConditions are conditions of a restart that Compose takes and Swarm refuses, with that which Swarm calls alike.
var composeConditions = map[string]string{"no": "none", "always": "any", "unless-stopped": "any"}

// constraint matches a placement constraint (swarmkit manager/constraint).
var constraint = text.LazyRegexp(`^\s*[a-zA-Z_][a-zA-Z0-9_.-]*\s*(==|!=)\s*\S.*$`)

// maxTasks is how many tasks of a service are taken for meant. Swarm has no bound of its own, and makes them all.
const maxTasks = 1_000_000

// deploy checks the part deploy of a service.
func (s *stack) deploy(name string, service *yaml.Node) {
	deploy := yamltree.Get(service, "deploy")
	condition := yamltree.Get(deploy, "restart_policy", "condition")
	if instead := composeConditions[yamltree.Text(deploy, "restart_policy", "condition")]; instead != "" {
		s.fail(condition, "service %s: Swarm refuses deploy.restart_policy.condition %s: write %s", name, condition.Value, instead)
	}
	replicas := yamltree.Get(deploy, "replicas")
	if replicas != nil {
		if n, ok := wholeNumber(replicas); !ok || n < 0 || n > maxTasks {
			s.fail(replicas, "service %s: %s is no number of replicas: want 0 to %d", name, text.Short(replicas.Value, 40), maxTasks)
		}
	}
	if mode := yamltree.Text(deploy, "mode"); replicas != nil && strings.HasPrefix(mode, "global") {
		s.fail(replicas, "service %s: docker stack deploy refuses replicas in mode %s, which has a task on each node", name, mode)
	}
	for item := range yamltree.Items(yamltree.Get(deploy, "placement", "constraints")) {
		if !constraint().MatchString(item.Value) && !strings.Contains(item.Value, "$") {
			s.fail(item, "service %s: Swarm refuses the constraint %q: want KEY == VALUE or KEY != VALUE, as in node.role == worker", name, text.Short(item.Value, 60))
		}
	}
	for _, part := range []string{"limits", "reservations"} {
		s.resources(name, yamltree.Get(deploy, "resources", part))
	}
	if yamltree.Text(deploy, "endpoint_mode") == "dnsrr" {
		for port := range yamltree.Items(yamltree.Get(service, "ports")) {
			if yamltree.Text(port, "mode") != "host" {
				s.fail(port, "service %s: endpoint_mode dnsrr has no address to publish a port at: write the port with mode: host", name)
			}
		}
	}
}

// resources checks the limits or the reservations of a service.
func (s *stack) resources(name string, part *yaml.Node) {
	if at := yamltree.Get(part, "memory"); at != nil && !strings.Contains(at.Value, "$") {
		if _, err := units.RAMInBytes(at.Value); err != nil {
			s.fail(at, "service %s: %q is no size: want a number with b, k, m or g, such as 512m", name, text.Short(at.Value, 40))
		}
	}
	if at := yamltree.Get(part, "cpus"); at != nil && !strings.Contains(at.Value, "$") {
		if n, err := strconv.ParseFloat(at.Value, 64); err != nil || n <= 0 || n > 1e6 {
			s.fail(at, "service %s: %q is no number of processors: want one above 0, such as \"0.5\"", name, text.Short(at.Value, 40))
		}
	}
}

// ports warns of the address of a published port, which Swarm leaves out (cli/compose/loader: toServicePortConfigs).
func (s *stack) ports(name string, service *yaml.Node) {
	for port := range yamltree.Items(yamltree.Get(service, "ports")) {
		if address := hostAddress().FindString(port.Value); address != "" {
			s.warn(port, "service %s: Swarm ignores the address %s of a port and publishes it on all addresses of all nodes", name, strings.TrimSuffix(address, ":"))
		}
	}
	for network, attachment := range yamltree.Entries(yamltree.Get(service, "networks")) {
		for _, key := range []string{"ipv4_address", "ipv6_address"} {
			if at := keyOf(attachment, key); at != nil {
				s.warn(at, "service %s: Swarm ignores %s: tasks get addresses of network %s in their turn", name, key, network.Value)
			}
		}
	}
}

var hostAddress = text.LazyRegexp(`^(\d+\.\d+\.\d+\.\d+|\[[0-9a-fA-F:]+\]):`)
