package cluster

import (
	"slices"

	"go.yaml.in/yaml/v4"

	"github.com/tp0-lab/composer/internal/compose/yamltree"
)

// selector checks that a controller selects the pods that it makes.
func (m *manifests) selector(root *yaml.Node, kind string) {
	selector := yamltree.Get(root, "spec", "selector")
	selected := yamltree.Get(selector, "matchLabels")
	expressions := yamltree.Get(selector, "matchExpressions")
	switch {
	case selector == nil:
		m.fail(root, "%s: want spec.selector, which selects its pods", kind)
	case isUnset(selected) && isUnset(expressions):
		m.fail(selector, "%s: the selector is empty: want matchLabels with labels of its template", kind)
	}
	labels := yamltree.Get(root, "spec", "template", "metadata", "labels")
	for key, value := range yamltree.Entries(selected) {
		if have := yamltree.Text(labels, key.Value); have != value.Value {
			m.fail(key, "%s: it selects pods with the label %s: %s, and its template has not that one", kind, key.Value, value.Value)
		}
	}
	for one := range yamltree.Items(expressions) {
		if !selects(one, labels) {
			m.fail(one, "%s: its template's labels do not match this expression of its selector", kind)
		}
	}
}

// selects reports whether labels match an item of matchExpressions.
func selects(expression, labels *yaml.Node) bool {
	at := yamltree.Get(labels, yamltree.Text(expression, "key"))
	listed := at != nil && slices.ContainsFunc(slices.Collect(yamltree.Items(yamltree.Get(expression, "values"))),
		func(v *yaml.Node) bool { return yamltree.Follow(v).Value == yamltree.Follow(at).Value })
	switch yamltree.Text(expression, "operator") {
	case "In":
		return listed
	case "NotIn":
		return !listed
	case "Exists":
		return at != nil
	case "DoesNotExist":
		return at == nil
	}
	return true // the operator is refused already
}

// claimNames returns the names of the volumeClaimTemplates of a StatefulSet.
func claimNames(root *yaml.Node) []string {
	var names []string
	for claim := range yamltree.Items(yamltree.Get(root, "spec", "volumeClaimTemplates")) {
		if name := yamltree.Text(claim, "metadata", "name"); name != "" {
			names = append(names, name)
		}
	}
	return names
}

// always reports pods of a controller that are not to start again: it keeps its pods running.
func (m *manifests) always(pod *yaml.Node, kind string) {
	if at := yamltree.Get(pod, "restartPolicy"); !isMissing(at) && at.Value != "Always" {
		m.fail(at, "%s: restartPolicy: %s is for Jobs: want Always, or leave it out", kind, at.Value)
	}
}
