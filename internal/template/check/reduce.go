package check

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/tp0-lab/composer/internal/compose/circle"
	"github.com/tp0-lab/composer/internal/compose/load"
	"github.com/tp0-lab/composer/internal/compose/rules"
	"github.com/tp0-lab/composer/internal/compose/yamltree"
)

// byShape checks a document of which compose-go loads one service of each shape, and returns false if that says nothing
// of the whole. It is right about the whole for these reasons:
//
//   - Two services have one shape only if they differ in values that compose-go takes whatever they are, within the
//     patterns of shape.go: text without variables where any text may stand, ports from 1 to 65535, paths, names. Which of
//     these values of a service are equal is a part of its shape, as lists must not have an item twice.
//   - A service names volumes, configs, secrets and services that it waits for. They are looked up here, in the whole
//     document, and so are circles of services that wait for each other.
//   - The rules are applied to the whole document.
//   - Aliases, tags, extends, include and jobs reach further, and rule it out, and so does a key that is there twice.
//
// Its error is that of the rules. Where compose-go refuses the shapes, the whole document is loaded, for its own error.
// compose-go reads 100,000 nodes of a document at most, so more of them are loaded in several parts, which the same reasons
// allow; the error is then that of a part.
func byShape(ctx context.Context, s *sample, alike bool, limit nodeLimits) (Report, bool, error) {
	root, ok := parseDocument(s, alike)
	if !ok {
		return Report{}, false, nil
	}
	refused := make(chan error, 1) // by compose-go, while the rules are applied
	go func() {
		r := reduction{root: root, limit: limit}
		parts, ok := r.reduce()
		if !ok {
			refused <- errIrreducible
			return
		}
		for _, part := range parts {
			if _, err := loadProject(ctx, part); err != nil {
				refused <- err
				return
			}
		}
		refused <- nil
	}()
	report, err := applyRules(rules.Read(root, nil))
	report.Warnings = report.warnings.located(s.doc.Bytes)
	wrong := <-refused
	switch at, ok := errors.AsType[*load.Error](wrong); {
	case errors.Is(wrong, errIrreducible):
		return Report{}, false, nil
	case wrong == nil:
		return report, true, err
	case countNodes(root) <= limit.whole: // the whole document has its own error
		return Report{}, false, nil
	case ok && at.Path != nil:
		return Report{}, true, &violation{at.Path, at.Message}
	}
	return Report{}, true, wrong
}

// errIrreducible is the error for a document whose services cannot be reduced to shapes.
var errIrreducible = errors.New("a document of which all has to be loaded")

// reduction is a document with one service of each shape.
type reduction struct {
	root     *yaml.Node
	limit    nodeLimits
	services map[string]*yaml.Node // the bodies of all services
	needs    map[string][]string   // what each service waits for
	shapes   map[string]bool
	kept     []*yaml.Node // the services that are kept: key, body, key, body …
	waited   []*yaml.Node // services that stand for those that are waited for
	defined  map[string]map[string]bool
	used     map[string]map[string]bool // what kept services name of each kind
}

// reducible are the top-level keys whose entries are left out where no service that is kept names them.
var reducible = []string{"volumes", "configs", "secrets"}

// nodeLimits are limits for the nodes of a document that compose-go loads, and of a part of one that exceeds the first.
type nodeLimits struct{ whole, part int }

// composeNodes are the limits in use; compose-go's own is 100,000.
var composeNodes = nodeLimits{whole: 90_000, part: 20_000}

func countNodes(n *yaml.Node) (count int) {
	for range yamltree.All(n) {
		count++
	}
	return count
}

// reduce returns the reduction as the texts of one or more documents. ok is false if nothing is left out of a document that
// is small enough as a whole, or if the reduction would say nothing of the whole.
func (r *reduction) reduce() (parts [][]byte, ok bool) {
	if !distinctKeys(r.root) || yamltree.Get(r.root, "jobs") != nil || yamltree.Get(r.root, "include") != nil {
		return nil, false
	}
	all := yamltree.Get(r.root, "services")
	if all == nil || all.Kind != yaml.MappingNode {
		return nil, false
	}
	r.services = make(map[string]*yaml.Node, len(all.Content)/2)
	for name, body := range yamltree.Entries(all) {
		if !isName(name.Value) || body.Kind != yaml.MappingNode || yamltree.Get(body, "extends") != nil {
			return nil, false
		}
		r.services[name.Value] = body
	}
	r.shapes = map[string]bool{}
	r.defined, r.used, r.needs = map[string]map[string]bool{}, map[string]map[string]bool{}, map[string][]string{}
	for _, kind := range reducible {
		r.defined[kind], r.used[kind] = map[string]bool{}, map[string]bool{}
		for name := range yamltree.Entries(yamltree.Get(r.root, kind)) {
			r.defined[kind][name.Value] = true
		}
	}
	for name, body := range yamltree.Entries(all) {
		s := shaper{reduction: r, ids: map[string]int{}, name: name.Value}
		s.service(body)
		if s.wrong {
			return nil, false
		}
		r.needs[name.Value] = s.needs
		if r.shapes[string(s.shape)] {
			continue
		}
		r.shapes[string(s.shape)] = true
		r.kept = append(r.kept, name, r.withoutNeeds(body))
		for kind, names := range s.named {
			for _, one := range names {
				r.used[kind][one] = true
			}
		}
	}
	if len(r.kept) == len(all.Content) && countNodes(r.root) <= r.limit.whole || r.circular() {
		return nil, false
	}
	for begin, size := 0, 0; begin < len(r.kept); size = 0 {
		end := begin
		for end < len(r.kept) && (size == 0 || size < r.limit.part) {
			size += countNodes(r.kept[end+1])
			end += 2
		}
		part, err := yaml.Marshal(r.document(r.kept[begin:end:end]))
		if err != nil {
			return nil, false
		}
		parts = append(parts, part)
		begin = end
	}
	return parts, true
}

// document returns the nodes of a document with some of the services that are kept.
func (r *reduction) document(kept []*yaml.Node) *yaml.Node {
	document := &yaml.Node{Kind: yaml.MappingNode}
	for key, value := range yamltree.Entries(r.root) {
		switch {
		case key.Value == "services":
			value = &yaml.Node{Kind: yaml.MappingNode, Content: append(kept, r.waited...)}
		case slices.Contains(reducible, key.Value) && value.Kind == yaml.MappingNode:
			value = r.namedOnly(key.Value, value)
		}
		document.Content = append(document.Content, key, value)
	}
	return document
}

// namedOnly returns the entries that kept services name, and one of each shape.
func (r *reduction) namedOnly(kind string, all *yaml.Node) *yaml.Node {
	rest := &yaml.Node{Kind: yaml.MappingNode}
	shapes := map[string]bool{}
	for name, value := range yamltree.Entries(all) {
		shape := yamltree.Literal(value)
		if r.used[kind][name.Value] || !isName(name.Value) || !shapes[shape] {
			rest.Content = append(rest.Content, name, value)
		}
		shapes[shape] = true
	}
	return rest
}

// withoutNeeds returns a copy of a service whose depends_on names placeholder services, one for each condition.
func (r *reduction) withoutNeeds(body *yaml.Node) *yaml.Node {
	needs := yamltree.Get(body, "depends_on")
	if needs == nil || len(needs.Content) == 0 {
		return body
	}
	own := *needs
	own.Content = nil
	shapes := map[string]bool{}
	ways := 0
	one := func(value *yaml.Node) {
		name := &yaml.Node{Kind: yaml.ScalarNode, Value: fmt.Sprintf("waited-for-by-composer-%d", ways)}
		if own.Content = append(own.Content, name); value != nil {
			own.Content = append(own.Content, value)
		}
		if ways++; len(r.waited) < ways*2 {
			image := &yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{{Kind: yaml.ScalarNode, Value: "image"}, {Kind: yaml.ScalarNode, Value: "image"}}}
			r.waited = append(r.waited, name, image)
		}
	}
	if needs.Kind == yaml.SequenceNode {
		one(nil)
	}
	for _, value := range yamltree.Entries(needs) {
		if shape := yamltree.Literal(value); !shapes[shape] {
			shapes[shape] = true
			one(value)
		}
	}
	copied := *body
	copied.Content = slices.Clone(body.Content)
	for i := 0; i+1 < len(copied.Content); i += 2 {
		if copied.Content[i].Value == "depends_on" {
			copied.Content[i+1] = &own
		}
	}
	return &copied
}

// circular reports whether services wait for each other, or for themselves.
func (r *reduction) circular() bool {
	needs := func(of string) []string { return r.needs[of] }
	for range circle.All(maps.Keys(r.needs), needs, func(name string) string { return name }) {
		return true
	}
	return false
}

// distinctKeys reports whether all keys of n are texts of which none is there twice, and nothing has a tag.
func distinctKeys(n *yaml.Node) bool {
	if n.Style&yaml.TaggedStyle != 0 {
		return false
	}
	if n.Kind == yaml.MappingNode {
		const few = 8 // keys that are compared one by one
		var seen map[string]bool
		if len(n.Content) > 2*few {
			seen = make(map[string]bool, len(n.Content)/2)
		}
		for i := 0; i < len(n.Content); i += 2 {
			key := n.Content[i]
			if key.Kind != yaml.ScalarNode || key.ShortTag() != "!!str" || seen[key.Value] {
				return false
			}
			for j := 0; seen == nil && j < i; j += 2 {
				if n.Content[j].Value == key.Value {
					return false
				}
			}
			if seen != nil {
				seen[key.Value] = true
			}
		}
	}
	return !slices.ContainsFunc(n.Content, func(child *yaml.Node) bool { return !distinctKeys(child) })
}

// isName reports whether a service, a volume, a config or a secret can have that name.
func isName(name string) bool {
	return name != "" && strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == "" && strings.IndexByte("._-", name[0]) < 0
}
