package lint

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/format"
	"github.com/compose-spec/compose-go/v2/types"
	"go.yaml.in/yaml/v4"

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
	for _, s := range d.services {
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
func (r references) want(kind, name string, s service, at *yaml.Node) bool {
	if r.definitions[kind][name] {
		return true
	}
	hint := r.suggest(name, r.definitions[kind])
	if kind == "volumes" && hint == "" && strings.ContainsAny(name, "/.") {
		hint = "; a path begins with ./ or /"
	}
	r.report(undefinedRules[kind], at, "service %s: there is no %s %q%s", s.name, strings.TrimSuffix(kind, "s"), name, hint)
	return false
}

func (r references) check(s service) {
	for at := range names(yamltree.Get(s.body, "networks")) {
		if name, ok := known(at); ok {
			r.want("networks", name, s, at)
		}
	}
	for _, kind := range []string{"configs", "secrets"} {
		for item := range items(yamltree.Get(s.body, kind)) {
			at := item
			if item.Kind == yaml.MappingNode {
				at = yamltree.Get(item, "source")
			}
			if name, ok := known(at); ok {
				r.want(kind, name, s, at)
			}
		}
	}
	for m := range mounts(s) {
		if m.kind == types.VolumeTypeVolume && m.source != "" {
			r.want("volumes", m.source, s, m.at)
		}
	}
	for at, settings := range names(yamltree.Get(s.body, "depends_on")) {
		if name, ok := known(at); ok {
			optional := settings != nil && value(settings, "required") == "false"
			if r.definitions["services"][name] || !optional {
				r.require(s, name, at)
			}
		}
	}
	for _, key := range []string{"links", "volumes_from"} {
		for at := range items(yamltree.Get(s.body, key)) {
			if text, ok := known(at); ok && !strings.HasPrefix(text, "container:") {
				name, _, _ := strings.Cut(text, ":")
				r.require(s, name, at)
			}
		}
	}
	for _, key := range []string{"network_mode", "ipc", "pid"} {
		at := yamltree.Get(s.body, key)
		if text, ok := known(at); ok {
			if name, ok := strings.CutPrefix(text, "service:"); ok {
				r.require(s, name, at)
			}
		}
	}
	for at, target := range names(yamltree.Get(s.body, "build", "additional_contexts")) {
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

func (r references) checkExtends(s service) {
	at := yamltree.Get(s.body, "extends")
	if at != nil && at.Kind == yaml.MappingNode {
		if file := value(at, "file"); yamltree.Get(at, "file") != nil && (file == "" || filepath.Join(r.Dir, file) != filepath.Clean(r.Name)) {
			return // of another file
		}
		at = yamltree.Get(at, "service")
	}
	if name, ok := known(at); ok && r.want("services", name, s, at) {
		r.bases[s.name] = append(r.bases[s.name], need{name, at})
	}
}

func (r references) require(s service, name string, at *yaml.Node) {
	if r.want("services", name, s, at) {
		r.needs[s.name] = append(r.needs[s.name], need{name, at})
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
	for _, s := range r.services {
		if state[s.name] == 0 {
			visit(s.name)
		}
	}
}

// mount is one entry of a service's volumes.
type mount struct {
	kind   string // as Compose calls it: bind, volume, …
	source string // "" for none, or one that is not known
	at     *yaml.Node
}

// mounts iterates over the mounts of a service that can be read.
func mounts(s service) func(yield func(mount) bool) {
	return func(yield func(mount) bool) {
		for item := range items(yamltree.Get(s.body, "volumes")) {
			m := mount{at: item}
			if item.Kind == yaml.MappingNode {
				m.kind = value(item, "type")
				if at := yamltree.Get(item, "source"); at != nil {
					m.at = at
				}
				m.source = value(item, "source")
			} else if text, ok := known(item); ok {
				parsed, err := format.ParseVolume(text)
				if err != nil {
					continue // the specification's
				}
				m.kind, m.source = parsed.Type, parsed.Source
			}
			if !yield(m) {
				return
			}
		}
	}
}
