package lint

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	"go.yaml.in/yaml/v4"

	"github.com/tp0-lab/composer/internal/compose/rules"
	"github.com/tp0-lab/composer/internal/compose/yamltree"
)

var referenceRules = []Rule{
	{
		Name: "undefined-network", Severity: Error, What: "a service is on a network that is not defined",
		Why: "Compose refuses the file. Only the network `default` needs no definition.",
	},
	{
		Name: "undefined-volume", Severity: Error, What: "a service mounts a volume that is not defined",
		Why: "Compose refuses the file. A source with no `./` or `/` at its beginning is a volume, not a path: that is often what is missing.",
	},
	{
		Name: "undefined-service", Severity: Error, What: "a service needs another one that is not defined",
		Why: "Compose refuses the file: in `depends_on`, `links`, `volumes_from`, `extends`, a build's `additional_contexts`, and in a namespace that is `service:NAME`.",
	},
	{
		Name: "undefined-file", Severity: Error, What: "a service uses a config or secret that is not defined",
		Why: "Compose refuses the file.",
	},
	{
		Name: "dependency-cycle", Severity: Error, What: "services wait for each other in a circle",
		Why: "None of them could start first, so Compose refuses the file.",
	},
	{
		Name: "extends-cycle", Severity: Error, What: "services extend each other in a circle",
		Why: "None of them has a beginning, so Compose refuses the file: `Circular reference`.",
	},
}

func checkReferences(d *document) {
	if yamltree.Get(d.root, "include") != nil || yamltree.Get(d.base, "include") != nil {
		return // what is not defined here may be there
	}
	definitions := map[string]map[string]bool{}
	for _, kind := range []string{"services", "networks", "volumes", "configs", "secrets"} {
		definitions[kind] = map[string]bool{}
		for _, root := range []*yaml.Node{d.root, d.base} {
			for key := range yamltree.Entries(yamltree.Get(root, kind)) {
				definitions[kind][key.Value] = true
			}
		}
	}
	definitions["networks"]["default"] = true
	r := references{document: d, definitions: definitions, needs: map[string][]need{}, bases: map[string][]need{}}
	for _, s := range d.project.Services {
		r.check(s)
	}
	r.checkCycles(r.needs, "dependency-cycle", "wait for")
	r.checkCycles(r.bases, "extends-cycle", "extend")
}

// references looks up names.
type references struct {
	*document
	definitions map[string]map[string]bool
	needs       map[string][]need // by service, those that have to be up first
	bases       map[string][]need // and those that it extends
}

// need is another service that a service cannot do without.
type need struct {
	name string
	at   *yaml.Node
}

var undefinedRules = map[string]string{
	"services": "undefined-service", "networks": "undefined-network", "volumes": "undefined-volume",
	"configs": "undefined-file", "secrets": "undefined-file",
}

// want reports a name that is not defined, and tells whether it is.
func (r references) want(kind, name string, s rules.Service, at *yaml.Node) bool {
	if r.definitions[kind][name] {
		return true
	}
	hint := r.suggest(name, r.definitions[kind])
	if kind == "volumes" && hint == "" && strings.ContainsAny(name, "/.") {
		hint = "; a path begins with ./ or /"
	}
	r.report(undefinedRules[kind], at, "service %s: there is no %s %q%s", s.Name, strings.TrimSuffix(kind, "s"), name, hint)
	return false
}

func (r references) check(s rules.Service) {
	for at := range yamltree.Names(yamltree.Get(s.Body, "networks")) {
		if name, ok := known(at); ok {
			r.want("networks", name, s, at)
		}
	}
	for _, kind := range []string{"configs", "secrets"} {
		for item := range yamltree.Items(yamltree.Get(s.Body, kind)) {
			at := item
			if item.Kind == yaml.MappingNode {
				at = yamltree.Get(item, "source")
			}
			if name, ok := known(at); ok {
				r.want(kind, name, s, at)
			}
		}
	}
	for _, m := range s.Mounts {
		if m.Type == types.VolumeTypeVolume && m.Source != "" {
			r.want("volumes", m.Source, s, m.At)
		}
	}
	for at, settings := range yamltree.Names(yamltree.Get(s.Body, "depends_on")) {
		if name, ok := known(at); ok {
			optional := settings != nil && value(settings, "required") == "false"
			if r.definitions["services"][name] || !optional {
				r.require(s, name, at)
			}
		}
	}
	for _, key := range []string{"links", "volumes_from"} {
		for at := range yamltree.Items(yamltree.Get(s.Body, key)) {
			if text, ok := known(at); ok && !strings.HasPrefix(text, "container:") {
				name, _, _ := strings.Cut(text, ":")
				r.require(s, name, at)
			}
		}
	}
	for _, key := range []string{"network_mode", "ipc", "pid"} {
		at := yamltree.Get(s.Body, key)
		if text, ok := known(at); ok {
			if name, ok := strings.CutPrefix(text, "service:"); ok {
				r.require(s, name, at)
			}
		}
	}
	for at, target := range yamltree.Names(yamltree.Get(s.Body, "build", "additional_contexts")) {
		if target == nil { // NAME=CONTEXT
			target = at
		}
		if text, ok := known(target); ok {
			if target == at {
				_, text, _ = strings.Cut(text, "=")
			}
			if name, ok := strings.CutPrefix(text, "service:"); ok {
				r.want("services", name, s, target)
			}
		}
	}
	r.checkExtends(s)
}

func (r references) checkExtends(s rules.Service) {
	at := yamltree.Get(s.Body, "extends")
	if at != nil && at.Kind == yaml.MappingNode {
		if file := value(at, "file"); yamltree.Get(at, "file") != nil && (file == "" || filepath.Join(r.Dir, file) != filepath.Clean(r.Name)) {
			return // of another file
		}
		at = yamltree.Get(at, "service")
	}
	if name, ok := known(at); ok && r.want("services", name, s, at) {
		r.bases[s.Name] = append(r.bases[s.Name], need{name, at})
	}
}

func (r references) require(s rules.Service, name string, at *yaml.Node) {
	if r.want("services", name, s, at) {
		r.needs[s.Name] = append(r.needs[s.Name], need{name, at})
	}
}

// checkCycles reports each circle once, where it closes.
func (r references) checkCycles(needs map[string][]need, rule, verb string) {
	const (
		open = 1
		done = 2
		most = 8 // services of a circle that are named
	)
	state := map[string]int{}
	var path []string
	var visit func(name string)
	visit = func(name string) {
		state[name] = open
		path = append(path, name)
		for _, n := range needs[name] {
			switch state[n.name] {
			case 0:
				visit(n.name)
			case open:
				begin := len(path) - 1
				for path[begin] != n.name {
					begin--
				}
				circle := path[begin:]
				if len(circle) > most {
					circle = append(slices.Clone(circle[:most]), "…")
				}
				r.report(rule, n.at, "services %s each other: %s → %s", verb, strings.Join(circle, " → "), n.name)
			}
		}
		path = path[:len(path)-1]
		state[name] = done
	}
	for _, s := range r.project.Services {
		if state[s.Name] == 0 {
			visit(s.Name)
		}
	}
}
