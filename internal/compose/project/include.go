package project

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	"go.yaml.in/yaml/v4"

	"github.com/tp0-lab/composer/internal/compose/vars"
	"github.com/tp0-lab/composer/internal/compose/yamltree"
	"github.com/tp0-lab/composer/internal/files"
)

// resources are the keys that a file takes over from the files that it includes.
var resources = []string{"services", "jobs", "volumes", "networks", "secrets", "configs", "models"}

// include adds what a layer includes to it, with the layer's own values laid over that.
func (r *reader) include(l *layer, s scope) {
	list := yamltree.Get(l.root, "include")
	if list == nil {
		return
	}
	remove(l.root, "include")
	r.opening = append(r.opening, key(l.file.Name))
	defer func() { r.opening = r.opening[:len(r.opening)-1] }()
	for item := range yamltree.Items(list) {
		imported := r.included(item, s)
		if imported == nil {
			continue
		}
		for _, kind := range resources {
			from := yamltree.Get(imported, kind)
			if from == nil {
				continue
			}
			to := yamltree.Get(l.root, kind)
			if to == nil {
				to = r.mapping(from)
				l.root.Content = append(l.root.Content, r.scalar(from, kind), to)
			}
			r.importAll(l, kind, from, to)
		}
	}
}

// importAll adds the resources in from to to.
func (r *reader) importAll(l *layer, kind string, from, to *yaml.Node) {
	there := map[string]int{}
	for i := 0; i+1 < len(to.Content); i += 2 {
		there[to.Content[i].Value] = i
	}
	for name, value := range yamltree.Entries(from) {
		i, conflict := there[name.Value]
		if !conflict {
			to.Content = append(to.Content, name, value)
			continue
		}
		if yamltree.Literal(value) == yamltree.Literal(to.Content[i+1]) {
			continue
		}
		outer := r.wrap(value, kind, name.Value)
		l.reset(outer)
		if kept := yamltree.Get(outer, kind, name.Value); kept != nil {
			to.Content[i+1] = r.merge(kept, to.Content[i+1], []string{kind, name.Value})
		}
	}
}

// included returns the project that an item of include stands for, or nil if it cannot be read.
func (r *reader) included(item *yaml.Node, s scope) *yaml.Node {
	if item.Kind == yaml.SequenceNode {
		r.fault(item, OtherFault, "an item of include is a file, or a mapping with path, not a list")
		return nil
	}
	all, dir, envFiles := r.includedFiles(item, s)
	if len(all) == 0 {
		return nil
	}
	inner := scope{dir: dir, base: relative(s.dir, dir), environment: r.environment(envFiles, dir, s)}
	again := fmt.Sprintf("%q %q %q", fileNames(all), inner.base, inner.environment)
	if made, ok := r.imported[again]; ok { // by another way: it is the same
		return r.clone(made)
	}
	root, err := r.layers(all, inner)
	if err != nil {
		r.fault(item, MissingFile, "%v", err)
		return nil
	}
	if root != nil {
		for _, kind := range []string{"services", "jobs"} {
			for _, service := range yamltree.Entries(yamltree.Get(root, kind)) {
				r.buildHere(yamltree.Get(service, "build"))
			}
		}
		r.rebase(root, inner.base, inner)
		if s.environment != nil && !maps.Equal(inner.environment, s.environment) {
			fill(root, r.lookup(inner.environment))
		}
		r.imported[again] = r.clone(root)
	}
	return root
}

// includedFiles returns the files of an item of include, the folder in which their relative paths begin, and the nodes of
// their files of variables. It returns no files if one cannot be read.
func (r *reader) includedFiles(item *yaml.Node, s scope) (all []*File, dir string, envFiles []*yaml.Node) {
	paths := []*yaml.Node{item}
	if item.Kind == yaml.MappingNode {
		paths = scalars(yamltree.Get(item, "path"))
		dir, _ = r.text(yamltree.Get(item, "project_directory"), s)
		envFiles = scalars(yamltree.Get(item, "env_file"))
	}
	for i, at := range paths {
		path, known := r.text(at, s)
		if isEmpty(at) {
			r.fault(at, OtherFault, "include: there is no path")
			return nil, "", nil
		}
		if !known || remote(path) {
			r.Partial = true
			return nil, "", nil
		}
		path = join(s.dir, path)
		if i == 0 {
			switch {
			case dir == "":
				dir = filepath.Dir(path)
			case !filepath.IsAbs(dir):
				dir = filepath.Join(s.dir, dir)
			}
			if slices.Contains(r.opening, key(path)) {
				r.fault(at, OtherFault, "include cycle: %s includes itself", path)
				return nil, "", nil
			}
		}
		f := r.open(at, path)
		if f == nil {
			return nil, "", nil
		}
		all = append(all, f)
	}
	return all, dir, envFiles
}

func fileNames(all []*File) (names []string) {
	for _, f := range all {
		names = append(names, key(f.Name))
	}
	return names
}

// buildHere adds the default context to a build.
func (r *reader) buildHere(build *yaml.Node) {
	if build != nil && build.Kind == yaml.MappingNode && yamltree.Get(build, "context") == nil {
		build.Content = append(build.Content, r.scalar(build, "context"), r.scalar(build, "."))
	}
}

// environment returns the variables of included files: those of the project and, of lower rank, of env_file, or else of
// the file .env in their folder.
func (r *reader) environment(envFiles []*yaml.Node, dir string, s scope) map[string]string {
	var names []string
	for _, at := range envFiles {
		path, ok := r.text(at, s)
		if !ok || path == "/dev/null" {
			continue
		}
		names = append(names, join(s.dir, path))
		if _, err := os.Stat(join(s.dir, path)); err != nil && s.environment == nil { // or reading it says so
			r.fault(at, MissingFile, "%s: %v", path, files.Cause(err))
		}
	}
	if s.environment == nil {
		return nil
	}
	if len(envFiles) == 0 {
		names = []string{filepath.Join(dir, ".env")}
	}
	environment := types.Mapping{}
	for i, name := range names {
		file, err := readVariables(name, s.environment)
		if err != nil {
			if len(envFiles) > 0 {
				r.fault(envFiles[min(i, len(envFiles)-1)], MissingFile, "%v", err)
			}
			continue
		}
		maps.Copy(environment, file)
	}
	maps.Copy(environment, s.environment)
	return environment
}

// fill replaces the variables in a tree by their values, because the variables may have other values in the file that
// includes the tree.
func fill(n *yaml.Node, lookup vars.Lookup) {
	if n.Kind == yaml.ScalarNode && strings.Contains(n.Value, "$") {
		if filled, known := vars.Fill(n.Value, lookup); known {
			n.Value = strings.ReplaceAll(filled, "$", "$$")
		}
	}
	if n.Kind == yaml.MappingNode {
		for i := 1; i < len(n.Content); i += 2 {
			fill(n.Content[i], lookup)
		}
		return
	}
	for _, c := range n.Content {
		fill(c, lookup)
	}
}

// text returns the value of a scalar with its variables filled in. ok is false if not all of it is known.
func (r *reader) text(n *yaml.Node, s scope) (text string, ok bool) {
	return vars.Known(n, r.lookup(s.environment))
}

// scalars returns a text, or the items of a list.
func scalars(n *yaml.Node) (all []*yaml.Node) {
	for item := range yamltree.Names(n) {
		all = append(all, item)
	}
	return all
}

func join(dir, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

// relative returns a folder as the project names it.
func relative(dir, other string) string {
	if path, err := filepath.Rel(dir, other); err == nil {
		return path
	}
	if path, err := filepath.Abs(other); err == nil {
		return path
	}
	return other
}
