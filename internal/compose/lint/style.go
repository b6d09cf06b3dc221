package lint

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/tp0-lab/composer/internal/compose/rules"
	"github.com/tp0-lab/composer/internal/compose/yamltree"
)

var styleRules = inSet("style",
	rules.New("unquoted-port", Note, "a port has no quotes",
		"Some ports need quotes, such as 22:22, which is a number to readers of YAML 1.1; with quotes everywhere nobody has to know which."),
	rules.New("key-order", Note, "keys are in an unusual order",
		"Readers find what they look for where it usually stands. At the top that is: x-…, name, include, services, networks, volumes, secrets, configs. In a service: image, build, container_name; depends_on; volumes, volumes_from, configs, secrets; environment, env_file; ports, networks, network_mode, extra_hosts; command, entrypoint, working_dir, restart, healthcheck; logging, labels; user, isolation; others anywhere."),
)

// The usual orders of keys. Those that are not listed may stand anywhere.
var (
	topOrder     = []string{"version", "name", "include", "services", "networks", "volumes", "secrets", "configs"}
	serviceOrder = []string{
		"image", "build", "container_name", "depends_on", "volumes", "volumes_from", "configs", "secrets", "environment", "env_file",
		"ports", "networks", "network_mode", "extra_hosts", "command", "entrypoint", "working_dir", "restart", "healthcheck",
		"logging", "labels", "user", "isolation",
	}
)

func checkStyle(d *document) {
	if !slices.ContainsFunc(styleRules, func(r Rule) bool { return d.options.applies(r.Name) }) {
		return
	}
	d.checkOrder("the file", d.root, func(key string) int {
		if strings.HasPrefix(key, "x-") {
			return 0
		}
		return slices.Index(topOrder, key)
	})
	for _, s := range d.project.Services {
		d.checkOrder("service "+s.Name, s.Body, func(key string) int { return slices.Index(serviceOrder, key) })
		for _, key := range []string{"ports", "expose"} {
			for item := range yamltree.Items(yamltree.Get(s.Body, key)) {
				if item.Kind != yaml.ScalarNode || !isPlain(item) || yamltree.IsNull(item) {
					continue
				}
				if becomes, _ := changed(item); becomes == "" { // else unquoted-value says so
					d.reportWithEdit("unquoted-port", item, d.quoted(item), "service %s: port %s has no quotes: write %q", s.Name, item.Value, item.Value)
				}
			}
		}
	}
}

// checkOrder reports the first key of a mapping that comes after one that has a higher rank. Keys below rank 0 may stand
// anywhere.
func (d *document) checkOrder(who string, mapping *yaml.Node, rank func(key string) int) {
	mapping = yamltree.Follow(mapping)
	if mapping.Kind != yaml.MappingNode {
		return
	}
	highest, last := -1, ""
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		key := mapping.Content[i]
		switch r := rank(key.Value); {
		case r < 0:
		case r < highest:
			d.report("key-order", key, "%s: %s usually stands before %s", who, key.Value, last)
			return
		default:
			highest, last = r, key.Value
		}
	}
}
