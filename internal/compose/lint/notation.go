package lint

import (
	"slices"

	"go.yaml.in/yaml/v4"

	"github.com/tp0-lab/composer/internal/compose/yamltree"
)

// booleans are keys whose values compose-go reads as true or false in older notations, too.
var booleans = []string{
	"init", "oom_kill_disable", "privileged", "read_only", "stdin_open", "tty", "disable", "nocopy", "external", "internal", "attachable",
	"enable_ipv4", "enable_ipv6", "create_host_path", "no_cache", "pull", "use_api_socket",
}

// checkNotation reports notations that Compose warns about.
func checkNotation(d *document) {
	for _, root := range d.roots() {
		for _, kind := range []string{"services", "networks", "volumes", "configs", "secrets"} {
			for _, body := range yamltree.Entries(yamltree.Get(root, kind)) {
				if kind != "services" {
					for key, name := range yamltree.Entries(yamltree.Get(body, "external")) {
						if key.Value == "name" {
							d.report("obsolete-notation", key, "external.name is obsolete: write external: true, and beside it name: %s", name.Value)
						}
					}
				}
				d.checkBooleans(body)
			}
		}
	}
}

func (d *document) checkBooleans(n *yaml.Node) {
	for item := range yamltree.Items(n) {
		d.checkBooleans(item)
	}
	for key, value := range yamltree.Entries(n) {
		switch {
		case slices.Contains([]string{"environment", "labels", "args", "options", "driver_opts", "annotations"}, key.Value):
		case value.Kind != yaml.ScalarNode:
			d.checkBooleans(value)
		case slices.Contains(booleans, key.Value) && value.ShortTag() == "!!str" && oldBool().MatchString(value.Value):
			d.report("obsolete-notation", value, "%s: write %t, not %s", key.Value, meansTrue(value.Value), value.Value)
		}
	}
}
