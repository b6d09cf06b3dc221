// Package engine tells which engine a file is for: some are YAML as Compose files are, but no Compose would run them as they
// are meant.
package engine

import (
	"bytes"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/tp0-lab/composer/internal/compose/yamltree"
)

// Kind describes a file for an engine other than Compose.
type Kind struct {
	// Name is what the file is, such as "a Kubernetes file".
	Name string
	// Takes is the command that takes it, with FILE for its name.
	Takes string
	// Target is the name of the target that composer renders such files for.
	Target string
}

// The kinds.
var (
	Stack      = Kind{"a stack file for Docker Swarm", "docker stack deploy -c FILE NAME", "swarm"}
	Kubernetes = Kind{"a Kubernetes file", "kubectl apply -f FILE", "kubernetes"}
)

// Explain says what a file is, and which command takes it.
func (k Kind) Explain(file string) string {
	return "this is " + k.Name + ": `" + strings.Replace(k.Takes, "FILE", file, 1) + "` takes it"
}

// Of returns the kind of a file for another engine than Compose, by the first of its YAML documents. Kubernetes's have
// apiVersion and kind; a stack file has a template of Swarm in it, such as a task's
// number, or an overlay network of its own.
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
	for _, network := range yamltree.Entries(yamltree.Get(root, "networks")) {
		if driver := yamltree.Get(network, "driver"); driver != nil && driver.Value == "overlay" && yamltree.Get(network, "external") == nil {
			return Stack, true
		}
	}
	for _, service := range yamltree.Entries(yamltree.Get(root, "services")) {
		if hasSlot(service) {
			return Stack, true
		}
	}
	return Kind{}, false
}

// hasSlot reports whether a value has a template that Swarm replaces for each task.
func hasSlot(n *yaml.Node) bool {
	if n.Kind == yaml.ScalarNode {
		return strings.Contains(strings.ReplaceAll(n.Value, " ", ""), "{{.Task.")
	}
	for _, one := range yamltree.Entries(n) {
		if hasSlot(one) {
			return true
		}
	}
	for one := range yamltree.Items(n) {
		if hasSlot(one) {
			return true
		}
	}
	return false
}
