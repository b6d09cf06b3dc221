package rules

import (
	"iter"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/tp0-lab/composer/internal/compose/yamltree"
)

// File is a file with a relative path that Compose reads before it starts anything. Compose fails if the file is
// missing.
type File struct {
	// Owner is the part of the project that needs the file, such as "service web", "include" and "secret key".
	Owner string
	At    *yaml.Node
	Path  string
	// Composed says that the file is included or extended.
	Composed bool
}

// Files iterates over the files that the project reads. It leaves out optional files, files with an unknown or absolute
// path, and files of other machines.
func (p *Project) Files() iter.Seq[File] {
	return func(yield func(File) bool) {
		stopped := false
		find := func(owner string, composed bool, at *yaml.Node, path string) {
			if path == "" || filepath.IsAbs(path) || strings.HasPrefix(path, "~") || IsWindowsPath(path) || composed && isRemote(path) || stopped {
				return
			}
			stopped = !yield(File{owner, at, path, composed})
		}
		look := func(owner string, composed bool, at *yaml.Node) {
			path, _ := p.reader.known(at)
			find(owner, composed, at, path)
		}
		for at := range p.includes() {
			look("include", true, at)
		}
		for i := range p.Services {
			s := &p.Services[i]
			look("service "+s.Name, true, yamltree.Get(s.Body, "extends", "file"))
			for _, key := range []string{"env_file", "label_file"} {
				for at := range p.filesOf(yamltree.Get(s.Body, key)) {
					look("service "+s.Name, false, at)
				}
			}
			for at := range yamltree.Items(yamltree.Get(s.Body, "security_opt")) {
				option, _ := p.reader.known(at)
				name, path, _ := strings.Cut(strings.Replace(option, ":", "=", 1), "=")
				if name == "seccomp" && path != "unconfined" && path != "builtin" {
					find("service "+s.Name, false, at, path)
				}
			}
		}
		for _, kind := range []string{"configs", "secrets"} {
			for key, body := range yamltree.Entries(yamltree.Get(p.Root, kind)) {
				look(strings.TrimSuffix(kind, "s")+" "+key.Value, false, yamltree.Get(body, "file"))
			}
		}
	}
}

// isRemote reports whether the path of an included or extended file is a URL or a git repository.
func isRemote(path string) bool {
	return strings.Contains(path, ":") && !strings.HasPrefix(path, ".") || strings.HasSuffix(path, ".git") || strings.Contains(path, ".git#")
}

// includes iterates over the paths of what the project includes.
func (p *Project) includes() iter.Seq[*yaml.Node] {
	return func(yield func(*yaml.Node) bool) {
		for item := range yamltree.Items(yamltree.Get(p.Root, "include")) {
			if item.Kind != yaml.MappingNode {
				if !yield(item) {
					return
				}
				continue
			}
			for _, key := range []string{"path", "env_file"} {
				for at := range yamltree.Names(yamltree.Get(item, key)) {
					if !yield(at) {
						return
					}
				}
			}
		}
	}
}

// filesOf iterates over the paths of a node: a path, a list of paths, or a list of mappings, each with a path. It
// leaves out optional files.
func (p *Project) filesOf(n *yaml.Node) iter.Seq[*yaml.Node] {
	return func(yield func(*yaml.Node) bool) {
		if n != nil && n.Kind == yaml.ScalarNode {
			yield(n)
		}
		for item := range yamltree.Items(n) {
			if item.Kind == yaml.MappingNode {
				if p.reader.is(false, item, "required") {
					continue
				}
				item = yamltree.Get(item, "path")
			}
			if item != nil && !yield(item) {
				return
			}
		}
	}
}
