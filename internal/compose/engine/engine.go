// Package engine recognises files for engines other than Compose. They are YAML, too, but Compose would not run them as
// their authors mean them.
package engine

import (
	"bytes"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/tp0-lab/composer/internal/compose/yamltree"
	"github.com/tp0-lab/composer/internal/text"
)

// Kind describes a file for an engine other than Compose.
type Kind struct {
	// Name describes such a file: "a Kubernetes file".
	Name string
	// Command is the command that takes such a file, with FILE for the file's name.
	Command string
	// Target is the name of the target that composer renders such files for.
	Target string
	// Runs reports that Compose takes the file as well, and ignores a part of it.
	Runs bool
}

// The kinds.
var (
	Stack       = Kind{Name: "a stack file for Docker Swarm", Command: "docker stack deploy -c FILE NAME", Target: "swarm"}
	LikelyStack = Kind{Name: "most likely a stack file for Docker Swarm", Command: Stack.Command, Target: Stack.Target, Runs: true}
	Kubernetes  = Kind{Name: "a Kubernetes file", Command: "kubectl apply -f FILE", Target: "kubernetes"}
)

// Explain returns a half-sentence that says for which engine a file is, and which command takes it. file is the name of the
// file in messages, "stdin" for standard input.
func (k Kind) Explain(file string) string {
	if file = text.ShellWord(file); file == "stdin" {
		file = "-"
	}
	return "this is " + k.Name + ": `" + strings.Replace(k.Command, "FILE", file, 1) + "` takes it"
}

// Of returns the kind of a file for an engine other than Compose, by the first YAML document of the file. A Kubernetes
// file has apiVersion and kind. A stack file has a template of Swarm in it, such as a task's number, or defines an
// overlay network that Compose cannot use. A file is most likely a stack file if it asks for something that only Swarm
// does, and for nothing that only Compose does.
func Of(content []byte) (Kind, bool) {
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	var document yaml.Node
	if decoder.Decode(&document) != nil || len(document.Content) == 0 || yamltree.CheckLimits(document.Content[0], yamltree.MaxValues) != nil {
		return Kind{}, false
	}
	root := document.Content[0]
	if yamltree.Get(root, "apiVersion") != nil && yamltree.Get(root, "kind") != nil && yamltree.Get(root, "services") == nil {
		return Kubernetes, true
	}
	for _, service := range yamltree.Entries(yamltree.Get(root, "services")) {
		if hasTemplate(service) {
			return Stack, true
		}
	}
	switch {
	case !isWhole(root):
		return Kind{}, false // one of several files, of which another may say more
	case ownOverlay(root):
		return Stack, true
	case onlySwarm(root) && !onlyCompose(root):
		return LikelyStack, true
	}
	return Kind{}, false
}

// isWhole reports whether a file has services that all say what they run.
func isWhole(root *yaml.Node) bool {
	services := 0
	for _, service := range yamltree.Entries(yamltree.Get(root, "services")) {
		if yamltree.Get(service, "image") == nil && yamltree.Get(service, "build") == nil {
			return false
		}
		services++
	}
	return services > 0
}

// ownOverlay reports whether a file makes an overlay network to which containers of Compose cannot be attached.
func ownOverlay(root *yaml.Node) bool {
	for _, network := range yamltree.Entries(yamltree.Get(root, "networks")) {
		driver, attachable := yamltree.Get(network, "driver"), yamltree.Get(network, "attachable")
		if driver != nil && driver.Value == "overlay" && yamltree.Get(network, "external") == nil && (attachable == nil || attachable.Value == "false") {
			return true
		}
	}
	return false
}

// swarmModes are the values of deploy.mode that Compose does not have.
var swarmModes = []string{"global", "replicated-job", "global-job"}

// onlySwarm reports whether a service says what only Swarm does, and Compose ignores or refuses.
func onlySwarm(root *yaml.Node) bool {
	for _, service := range yamltree.Entries(yamltree.Get(root, "services")) {
		deploy := yamltree.Get(service, "deploy")
		for _, key := range []string{"placement", "update_config", "rollback_config", "endpoint_mode"} {
			if yamltree.Get(deploy, key) != nil {
				return true
			}
		}
		if mode := yamltree.Get(deploy, "mode"); mode != nil && slices.Contains(swarmModes, mode.Value) {
			return true
		}
	}
	return false
}

// composeKeys are keys of a service that docker stack deploy refuses or ignores.
var composeKeys = []string{
	"build", "container_name", "cpus", "develop", "devices", "extends", "links", "mem_limit", "network_mode", "privileged",
	"profiles", "provider", "pull_policy", "restart", "scale",
}

// composeConditions are conditions of a restart that Swarm refuses.
var composeConditions = []string{"no", "always", "unless-stopped"}

// onlyCompose reports whether a file says what only Compose does.
func onlyCompose(root *yaml.Node) bool {
	if yamltree.Get(root, "name") != nil || yamltree.Get(root, "include") != nil {
		return true
	}
	for _, service := range yamltree.Entries(yamltree.Get(root, "services")) {
		for _, key := range composeKeys {
			if yamltree.Get(service, key) != nil {
				return true
			}
		}
		if needs := yamltree.Get(service, "depends_on"); needs != nil && needs.Kind == yaml.MappingNode {
			return true
		}
		condition := yamltree.Get(service, "deploy", "restart_policy", "condition")
		if condition != nil && slices.Contains(composeConditions, condition.Value) {
			return true
		}
	}
	return false
}

// TaskField matches the part of a text in which a template of Swarm asks for a field of the task or its node.
var TaskField = text.LazyRegexp(`\{\{[^{}]*\.(?:Task|Node)\.[A-Z][^{}]*\}\}`)

// hasTemplate reports whether a service has a template that Swarm replaces for each task. Other programs have templates
// with a .Node, too, and get them by their command or labels: such a template counts only where Swarm executes it.
func hasTemplate(service *yaml.Node) bool {
	for path, n := range Scalars(service) {
		if found := TaskField().FindString(n.Value); found != "" && (IsTemplate(path) || strings.Contains(found, ".Task.")) {
			return true
		}
	}
	return false
}

// IsTemplate reports whether Swarm executes the template at a path of keys in a service (swarmkit template/expand.go).
func IsTemplate(path []string) bool {
	switch path[0] {
	case "environment", "hostname":
		return true
	case "volumes":
		return len(path) == 1 || path[1] == "source" || path[1] == "target"
	}
	return false
}

// Scalars iterates over the scalars below n with the keys that lead to them. Items of lists add no key.
func Scalars(n *yaml.Node) func(yield func(path []string, n *yaml.Node) bool) {
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
