package bundle

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tp0-lab/composer/internal/template/values"
	"github.com/tp0-lab/composer/internal/text"
)

// Target is an engine that runs the documents that a bundle's templates write.
type Target struct {
	// Name is the target's name, as --target takes it.
	Name string
	// Template is the name of the target's main template file, with which rendering begins.
	Template string
	// Document is the name for its documents, such as "Compose file".
	Document string
}

// The targets.
var (
	Compose    = Target{"compose", "compose.yaml.tmpl", "Compose file"}
	Swarm      = Target{"swarm", "stack.yaml.tmpl", "stack file"}
	Kubernetes = Target{"kubernetes", "kubernetes.yaml.tmpl", "Kubernetes file"}
)

// AllTargets returns the targets, the default first.
func AllTargets() []Target { return []Target{Compose, Swarm, Kubernetes} }

// TargetNames returns the names of targets.
func TargetNames(targets []Target) []string {
	names := make([]string, len(targets))
	for i, t := range targets {
		names[i] = t.Name
	}
	return names
}

// Single reports whether the target has one service for all replicas of a kind. The engine then numbers the replicas.
func (t Target) Single() bool { return t != Compose }

// ErrTarget is wrapped by the errors of SetTarget.
var ErrTarget = errors.New("target")

// Targets returns the targets for which the bundle has a main template.
func (b *Bundle) Targets() ([]Target, error) {
	names, err := b.Templates()
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(AllTargets(), func(t Target) bool { return !slices.Contains(names, t.Template) }), nil
}

// SetTarget sets the target, and with it the limit for the number of replicas. It fails for an unknown name, and for a
// target that the bundle has no main template for.
func (b *Bundle) SetTarget(name string) error {
	all := AllTargets()
	at := slices.IndexFunc(all, func(t Target) bool { return t.Name == name })
	if at < 0 {
		names := TargetNames(all)
		return fmt.Errorf("unknown %w %q%s: have %s", ErrTarget, name, text.DidYouMean(name, names), strings.Join(names, ", "))
	}
	have, err := b.Targets()
	if err != nil {
		return err
	}
	if t := all[at]; !slices.Contains(have, t) && len(have) > 0 {
		return fmt.Errorf("%w %s: the bundle has no %s; its targets are: %s", ErrTarget, name, b.Path(t.Template), strings.Join(TargetNames(have), ", "))
	}
	b.Target = all[at]
	if !b.UserLimit {
		b.MaxReplicas = b.limits[name]
	}
	return nil
}

// Limit returns the limit of the table for the replicas of all kinds together, for a target; 0 is no limit.
func (b *Bundle) Limit(t Target) int { return b.limits[t.Name] }

// limits reads max_replicas: a number for all targets, or a map of a number for each.
func (r *tableReader) limits(table *values.Node) map[string]int {
	limits := map[string]int{}
	names := TargetNames(AllTargets())
	field := table.Fields["max_replicas"]
	if field != nil && field.Fields != nil {
		r.checkKeys(field, "max_replicas: ", names...)
		for _, name := range names {
			limits[name] = r.limit(field, name, "max_replicas."+name)
		}
		return limits
	}
	limit := r.limit(table, "max_replicas", "max_replicas")
	for _, name := range names {
		limits[name] = limit
	}
	return limits
}

func (r *tableReader) limit(n *values.Node, key, path string) int {
	limit := r.number(n, key)
	if limit < 0 {
		r.fail(n.Fields[key], "%s is %d, and 0 is no limit", path, limit)
	}
	return limit
}

// OtherTarget reports whether a template file is the main template of a target that is not the bundle's. The bundle's
// target cannot use the templates that such a file defines.
func (b *Bundle) OtherTarget(name string) bool {
	others := slices.DeleteFunc(AllTargets(), func(t Target) bool { return t == b.Target })
	return slices.ContainsFunc(others, func(t Target) bool { return t.Template == name })
}
