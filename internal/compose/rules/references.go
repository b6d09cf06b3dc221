package rules

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	"go.yaml.in/yaml/v4"

	"github.com/tp0-lab/composer/internal/compose/circle"
	"github.com/tp0-lab/composer/internal/compose/yamltree"
	"github.com/tp0-lab/composer/internal/text"
)

// checkReferences looks up the names that services use. It looks up none if a name may be defined in another file.
func (c *checker) checkReferences() {
	p := &c.project
	if p.Root == nil || p.Partial || yamltree.Get(p.Root, "include") != nil {
		return
	}
	r := references{checker: c, services: map[string]*Service{}, definitions: map[string]map[string]bool{}, needs: map[string][]need{}, bases: map[string][]need{}}
	for _, kind := range []string{"services", "networks", "volumes", "configs", "secrets", "models", "jobs"} {
		r.definitions[kind] = map[string]bool{}
		for key := range yamltree.Entries(yamltree.Get(p.Root, kind)) {
			r.definitions[kind][key.Value] = true
		}
	}
	r.definitions["networks"]["default"] = true
	for i := range p.Services {
		s := &p.Services[i]
		r.services[s.Name], r.definitions["services"][s.Name] = s, true
	}
	for i := range p.Services {
		s := &p.Services[i]
		r.checkNames(s)
		r.checkServices(s)
		r.checkContexts(s)
		if !p.Extended {
			r.checkExtends(s)
		}
		if c.stopped {
			return
		}
	}
	circles := r.checkCycles(r.needs, dependencyCycle, "wait for")
	r.checkCycles(r.bases, extendsCycle, "extend")
	if !circles && !c.stopped {
		r.checkPaths()
	}
}

// references looks up names.
type references struct {
	*checker
	services    map[string]*Service
	definitions map[string]map[string]bool
	needs       map[string][]need // by service, the services that have to be up first
	bases       map[string][]need // and those that it extends
}

// need is another service that a service cannot do without.
type need struct {
	name string
	at   place
	// condition is the condition that it waits for, or "" for the start.
	condition string
}

// place is where a value of a service is.
type place struct {
	node *yaml.Node
	path []string // of keys and indices, below the service
}

var undefinedRules = map[string]Rule{
	"services": undefinedService, "networks": undefinedNetwork, "volumes": undefinedVolume,
	"configs": undefinedFile, "secrets": undefinedFile, "models": undefinedFile,
}

// want reports a name that is not defined, and returns whether it is.
func (r references) want(kind, name string, s *Service, at place) bool {
	if r.definitions[kind][name] {
		return true
	}
	hint := ""
	const mostCompared = 200_000
	if r.compared += len(r.definitions[kind]); r.compared <= mostCompared {
		hint = text.Suggestion(name, slices.Sorted(maps.Keys(r.definitions[kind])))
	}
	if kind == "volumes" && hint == "" && strings.ContainsAny(name, "/.") {
		hint = "; a path begins with ./ or /"
	}
	r.yieldProblem(Problem{
		Rule: undefinedRules[kind], Path: append([]string{"services", s.Name}, at.path...), At: at.node, Kind: kind, Name: name,
		Message: fmt.Sprintf("service %s: there is no %s %q%s", s.Name, strings.TrimSuffix(kind, "s"), name, hint),
	})
	return false
}

// listed iterates over the names that the value of a service's key lists, with their places and, for the keys of a
// mapping, their values.
func listed(s *Service, path ...string) func(yield func(place, *yaml.Node) bool) {
	return func(yield func(place, *yaml.Node) bool) {
		n := yamltree.Get(s.Body, path...)
		if n != nil && n.Kind == yaml.SequenceNode {
			for i, item := range index(n) {
				if item.Kind == yaml.ScalarNode && !yield(place{item, entry(path, i)}, nil) {
					return
				}
			}
			return
		}
		for key, value := range yamltree.Names(n) {
			own := path
			if value != nil {
				own = append(slices.Clip(path), key.Value)
			}
			if !yield(place{key, own}, value) {
				return
			}
		}
	}
}

// isEmpty reports whether a node is an empty text.
func isEmpty(n *yaml.Node) bool {
	return n != nil && n.Kind == yaml.ScalarNode && n.Value == "" && !yamltree.IsNull(n)
}

// name returns the name that a scalar has, which may be empty. It returns false if the name is not known.
func (r references) name(n *yaml.Node) (string, bool) {
	if isEmpty(n) {
		return "", true
	}
	return r.project.reader.known(n)
}

// checkNames checks the names of networks, models, configs, secrets and volumes.
func (r references) checkNames(s *Service) {
	for _, kind := range []string{"networks", "models"} {
		for at := range listed(s, kind) {
			if name, ok := r.name(at.node); ok {
				r.want(kind, name, s, at)
			}
		}
	}
	for _, path := range [][]string{{"configs"}, {"secrets"}, {"build", "secrets"}} {
		kind := path[len(path)-1]
		for i, item := range index(yamltree.Get(s.Body, path...)) {
			from := place{item, entry(path, i)}
			if item.Kind == yaml.MappingNode {
				if from = (place{yamltree.Get(item, "source"), append(from.path, "source")}); from.node == nil {
					r.reportOf(undefinedFile, s, place{item, entry(path, i)}, "%s: source is missing, which is the name of the %s", strings.Join(path, "."), strings.TrimSuffix(kind, "s"))
				}
			}
			if name, ok := r.name(from.node); ok {
				r.want(kind, name, s, from)
			}
		}
	}
	for _, m := range s.Mounts {
		if m.Type == types.VolumeTypeVolume && m.Source != "" {
			r.want("volumes", m.Source, s, place{m.At, entry([]string{"volumes"}, m.Item)})
		}
	}
}

// checkServices checks the names of other services that a service needs.
func (r references) checkServices(s *Service) {
	for at, settings := range listed(s, "depends_on") {
		if name, ok := r.name(at.node); ok && !r.definitions["jobs"][name] {
			optional := settings != nil && r.project.reader.is(false, settings, "required")
			condition := r.project.reader.value(settings, "condition")
			r.checkRestart(s, settings, at)
			if condition == types.ServiceConditionStarted {
				condition = ""
			}
			r.require(s, name, at, optional, condition)
			if condition == types.ServiceConditionHealthy {
				r.checkHealth(s, name, place{yamltree.Get(settings, "condition"), append(slices.Clip(at.path), "condition")})
			}
		}
	}
	for _, key := range []string{"links", "volumes_from"} {
		for at := range listed(s, key) {
			text, ok := r.name(at.node)
			switch name, rest, _ := strings.Cut(text, ":"); {
			case !ok, key == "volumes_from" && strings.HasPrefix(text, types.ContainerPrefix):
			case key == "links" && strings.Contains(rest, ":"):
				r.reportOf(undefinedService, s, at, "links: %q has more than one colon: write SERVICE:ALIAS", text)
			default:
				r.require(s, name, at, false, "")
			}
		}
	}
	for _, key := range namespaces {
		at := yamltree.Get(s.Body, key)
		if text, ok := r.name(at); ok {
			if name, ok := strings.CutPrefix(text, types.ServicePrefix); ok {
				r.require(s, name, place{at, []string{key}}, false, "")
			}
		}
	}
}

// checkRestart looks whether the restart of a dependency is a boolean in one of Compose's spellings.
func (r references) checkRestart(s *Service, settings *yaml.Node, at place) {
	restart := yamltree.Get(settings, "restart")
	text, known := r.name(restart)
	if _, ok := Boolean(text); known && !ok {
		r.reportOf(Specification, s, place{restart, append(slices.Clip(at.path), "restart")}, "depends_on: restart: %q is not a boolean: write true or false", text)
	}
}

// checkContexts checks the names of the services whose images a service's build uses.
func (r references) checkContexts(s *Service) {
	for at, target := range listed(s, "build", "additional_contexts") {
		if target != nil {
			at.node = target
			if target.Kind == yaml.ScalarNode && target.ShortTag() != "!!str" && !yamltree.IsNull(target) {
				r.reportOf(Specification, s, at, "build.additional_contexts: a context is text: put it in quotes")
				continue
			}
		}
		if text, ok := r.name(at.node); ok {
			if target == nil {
				_, context, found := strings.Cut(text, "=")
				if !found {
					r.reportOf(Specification, s, at, "build.additional_contexts: %q has no context: write NAME=CONTEXT", text)
				}
				text = context
			}
			if name, ok := strings.CutPrefix(text, types.ServicePrefix); ok {
				other := r.services[name]
				if !r.want("services", name, s, at) || other == nil {
					continue
				}
				r.wantEnabled(s, name, at)
				if other.Complete() && yamltree.Get(other.Body, "build") == nil {
					r.reportOf(Specification, s, at, "build.additional_contexts: service %s has no build", name)
				}
			}
		}
	}
}

// namespaces are the keys of a service that may say service:NAME.
var namespaces = []string{"network_mode", "ipc", "pid", "uts", "cgroup"}

func (r references) checkExtends(s *Service) {
	at := place{yamltree.Get(s.Body, "extends"), []string{"extends"}}
	if at.node != nil && at.node.Kind == yaml.MappingNode {
		file := r.project.reader.value(at.node, "file")
		if yamltree.Get(at.node, "file") != nil && (file == "" || r.project.File == "" || filepath.Join(filepath.Dir(r.project.File), file) != filepath.Clean(r.project.File)) {
			return // of another file
		}
		at = place{yamltree.Get(at.node, "service"), []string{"extends", "service"}}
	}
	if name, ok := r.project.reader.known(at.node); ok && r.want("services", name, s, at) {
		r.bases[s.Name] = append(r.bases[s.Name], need{name: name, at: at})
	}
}

// require notes that a service needs another one. Compose knows an optional one that is there, but not enabled.
func (r references) require(s *Service, name string, at place, optional bool, condition string) {
	if !r.want("services", name, s, at) {
		return
	}
	r.needs[s.Name] = append(r.needs[s.Name], need{name, at, condition})
	if !optional {
		r.wantEnabled(s, name, at)
	}
}

// wantEnabled reports a service that is not enabled, although one that needs it is.
func (r references) wantEnabled(s *Service, name string, at place) {
	if other := r.services[name]; other != nil && r.project.enabled(s) && !r.project.enabled(other) {
		r.reportOf(disabledDependency, s, at, "service %s is only up with the profile %s: leave out its profiles, or give this service the same", name, strings.Join(other.Profiles, " or "))
	}
}

// checkHealth looks whether a service that another one waits for can become healthy.
func (r references) checkHealth(s *Service, name string, at place) {
	other := r.services[name]
	if other == nil || !other.Complete() || yamltree.Get(other.Body, "provider") != nil {
		return
	}
	health := yamltree.Get(other.Body, "healthcheck")
	test := yamltree.Get(health, "test")
	first := ""
	for item := range yamltree.Names(test) {
		first = item.Value
		break
	}
	switch {
	case r.project.reader.is(true, health, "disable"), first == "NONE":
		r.reportOf(disabledHealthcheck, s, at, "service %s has its healthcheck disabled, so it never becomes healthy", name)
	case test == nil && (health == nil || health.Kind == yaml.MappingNode):
		r.reportOf(noHealthcheck, s, at, "service %s has no healthcheck: give it one, unless its image has", name)
	}
}

// checkCycles reports each circle once, where it closes, and returns whether there is one.
func (r references) checkCycles(needs map[string][]need, rule Rule, verb string) (found bool) {
	const most = 8 // services of a circle that are named
	services := func(yield func(string) bool) {
		for _, s := range r.project.Services {
			if !yield(s.Name) {
				return
			}
		}
	}
	for names, n := range circle.All(services, func(of string) []need { return needs[of] }, func(n need) string { return n.name }) {
		found = true
		last := names[len(names)-1]
		if len(names) > most {
			names = append(slices.Clone(names[:most]), "…")
		}
		r.reportAt(rule, n.at.node, append([]string{"services", last}, n.at.path...), "services %s each other: %s → %s", verb, strings.Join(names, " → "), n.name)
	}
	return found
}
