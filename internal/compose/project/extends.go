package project

import (
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/tp0-lab/composer/internal/compose/yamltree"
	"github.com/tp0-lab/composer/internal/text"
)

// pool is services of a file that others extend.
type pool struct {
	layer *layer
	scope scope
	kinds map[string]*yaml.Node // services and jobs
	done  map[string]bool       // services that were extended, by kind and name
}

// extend replaces each service of a layer that extends another one by the other one with its own values laid over it.
func (r *reader) extend(l *layer, s scope) {
	p := r.pool(l, s)
	for kind, all := range p.kinds {
		for i := 0; i+1 < len(all.Content); i += 2 {
			r.extendService(p, kind, all.Content[i].Value, nil)
		}
	}
}

func (r *reader) pool(l *layer, s scope) *pool {
	p := &pool{layer: l, scope: s, kinds: map[string]*yaml.Node{}, done: map[string]bool{}}
	for _, kind := range []string{"services", "jobs"} {
		if all := yamltree.Get(l.root, kind); all != nil {
			p.kinds[kind] = all
		}
	}
	return p
}

const maxChain = 100 // services that extend each other in a row

// extendService returns a service of a pool, merged with the services that it extends, or nil if the pool has no
// service of that name. chain is the services on the way to it.
func (r *reader) extendService(p *pool, kind, name string, chain []link) *yaml.Node {
	all := p.kinds[kind]
	at := indexOf(all, name)
	if at < 0 {
		return nil
	}
	service := all.Content[at+1]
	extends := yamltree.Get(service, "extends")
	if extends == nil || p.done[kind+" "+name] {
		return service
	}
	if r.goesRound(chain, service, name) {
		p.done[kind+" "+name] = true
		return service
	}
	target, file := extends, (*yaml.Node)(nil)
	if extends.Kind == yaml.MappingNode {
		target, file = yamltree.Get(extends, "service"), yamltree.Get(extends, "file")
	}
	if isEmpty(target) || isEmpty(file) {
		r.fault(target, UnknownService, "service %s: there is no name in what it extends", name)
		p.done[kind+" "+name] = true
		return service
	}
	base, from := r.base(p, kind, file, append(slices.Clip(chain), link{service, name, target}))
	if base == nil || r.isFull(target) {
		return service
	}
	base = r.clone(base)
	wrapped := r.wrap(base, kind, name)
	if from != p {
		r.rebase(wrapped, from.scope.base, from.scope)
	}
	p.layer.reset(wrapped)
	merged := r.mergeExtended(base, service, kind, name)
	all.Content[at+1] = merged
	p.done[kind+" "+name] = true
	return merged
}

// goesRound reports whether a chain comes back to a service, or is too long, and notes the fault.
func (r *reader) goesRound(chain []link, service *yaml.Node, name string) bool {
	for i, other := range chain {
		if other.service == service || len(chain) == maxChain {
			r.fault(chain[len(chain)-1].at, ExtendsCircle, "services extend each other: %s → %s", circle(chain[i:]), name)
			return true
		}
	}
	return false
}

// base returns the service that the last one of a chain extends, and the pool that has it: that of file, or p without a
// file. It returns a nil service, and notes why, if there is no such service or its name is not known.
func (r *reader) base(p *pool, kind string, file *yaml.Node, chain []link) (*yaml.Node, *pool) {
	last := chain[len(chain)-1]
	ref, known := r.text(last.at, p.scope)
	if !known {
		r.Partial = true
		return nil, nil
	}
	from := p
	if file != nil {
		if from = r.otherPool(p, file); from == nil {
			return nil, nil
		}
	}
	base := r.extendService(from, kind, ref, chain)
	if base == nil {
		r.fault(last.at, UnknownService, "service %s: there is no service %q%s%s", last.name, ref, inFile(from, p), text.Suggestion(ref, yamltree.Keys(from.kinds[kind])))
		p.done[kind+" "+last.name] = true
	}
	return base, from
}

// mergeExtended lays a service over the one that it extends. The result extends no service. But if base still has an
// extends, because the service that it extends was not found, the result has it, too; that fault has been noted
// already.
func (r *reader) mergeExtended(base, service *yaml.Node, kind, name string) *yaml.Node {
	missing := yamltree.Get(base, "extends")
	remove(service, "extends")
	remove(base, "extends")
	merged := r.merge(base, service, []string{kind, name})
	if missing != nil {
		merged.Content = append(merged.Content, r.scalar(missing, "extends"), missing)
	}
	return merged
}

// link is a service of a chain, and where it names the next one.
type link struct {
	service *yaml.Node
	name    string
	at      *yaml.Node
}

// circle names the services of a chain.
func circle(chain []link) string {
	const most = 8
	var names []string
	for i, one := range chain {
		if i == most {
			names = append(names, "…")
			break
		}
		names = append(names, one.name)
	}
	return strings.Join(names, " → ")
}

// inFile returns " in FILE" with the file of the pool p, or "" if p is the pool other.
func inFile(p, other *pool) string {
	if p == other {
		return ""
	}
	return " in " + p.layer.file.Name
}

// otherPool returns the services of another file, or nil if it cannot be read.
func (r *reader) otherPool(p *pool, at *yaml.Node) *pool {
	path, known := r.text(at, p.scope)
	if !known || remote(path) {
		r.Partial = true
		return nil
	}
	path = join(p.scope.dir, path)
	f := r.open(at, path)
	if f == nil {
		return nil
	}
	if made := r.pools[key(path)]; made != nil {
		return made
	}
	documents, err := r.documents(f)
	if err != nil {
		r.fault(at, MissingFile, "%v", err)
		return nil
	}
	dir := filepath.Dir(path)
	l := &layer{file: f}
	for _, document := range documents {
		root := r.copy(document, nil, l)
		switch {
		case root == nil:
			return nil
		case l.root == nil:
			l.root = root
		default:
			l.root = r.merge(l.root, root, nil)
		}
	}
	made := r.pool(l, scope{dir: dir, base: relative(p.scope.dir, dir), environment: p.scope.environment})
	r.pools[key(path)] = made
	return made
}

// clone copies a value, because merging and resolving paths change it.
func (r *reader) clone(n *yaml.Node) *yaml.Node {
	c := *n
	c.Content = make([]*yaml.Node, len(n.Content))
	for i, child := range n.Content {
		c.Content[i] = r.clone(child)
	}
	r.note(&c, r.File(n))
	r.left--
	return &c
}

// wrap returns a tree that has a value as the service, or the network, of that name.
func (r *reader) wrap(value *yaml.Node, kind, name string) *yaml.Node {
	outer, inner := r.mapping(value), r.mapping(value)
	inner.Content = []*yaml.Node{r.scalar(value, name), value}
	outer.Content = []*yaml.Node{r.scalar(value, kind), inner}
	return outer
}

func indexOf(mapping *yaml.Node, name string) int {
	if mapping == nil || mapping.Kind != yaml.MappingNode {
		return -1
	}
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == name {
			return i
		}
	}
	return -1
}

// isEmpty reports whether a node is a text without characters.
func isEmpty(n *yaml.Node) bool { return n != nil && n.Kind == yaml.ScalarNode && n.Value == "" }
