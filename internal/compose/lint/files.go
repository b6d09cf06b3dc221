package lint

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	"go.yaml.in/yaml/v4"

	"github.com/tp0-lab/composer/internal/compose/yamltree"
	"github.com/tp0-lab/composer/internal/files"
)

var fileRules = []Rule{
	{
		Name: "missing-mount-source", Severity: Warning, What: "a service mounts a path that does not exist",
		Why: "Docker makes a directory that belongs to root in its place, unless `create_host_path: false` has it refuse. Only relative paths are looked for; absolute ones are of the machine where containers run.",
	},
	{
		Name: "missing-file", Severity: Error, What: "a file that Compose reads does not exist",
		Why: "It is an `env_file`, a `label_file`, what is included or extended, or the `file` of a config or secret; Compose fails without it. Only relative paths are looked for.",
	},
}

func checkFiles(d *document) {
	there := map[string]bool{} // paths that were looked for
	look := func(rule, what string, at *yaml.Node, path string) {
		if path == "" || filepath.IsAbs(path) || strings.HasPrefix(path, "~") || isRemote(path) {
			return
		}
		if _, seen := there[path]; seen {
			return // reported once, if it was
		}
		_, err := os.Stat(filepath.Join(d.Dir, path))
		there[path] = err == nil
		if err != nil {
			d.report(rule, at, "%s: %s: %v", what, path, files.Cause(err))
		}
	}
	for _, s := range d.project.Services {
		for _, m := range s.Mounts {
			if m.Type == types.VolumeTypeBind {
				look("missing-mount-source", "service "+s.Name, m.At, m.Source)
			}
		}
		for _, key := range []string{"env_file", "label_file"} {
			for at := range filesOf(yamltree.Get(s.Body, key)) {
				path, _ := known(at)
				look("missing-file", "service "+s.Name, at, path)
			}
		}
	}
	for at := range includes(yamltree.Get(d.root, "include")) {
		path, _ := known(at)
		look("missing-file", "include", at, path)
	}
	for _, s := range d.project.Services {
		at := yamltree.Get(s.Body, "extends", "file")
		path, _ := known(at)
		look("missing-file", "service "+s.Name, at, path)
	}
	for _, kind := range []string{"configs", "secrets"} {
		for key, body := range yamltree.Entries(yamltree.Get(d.root, kind)) {
			at := yamltree.Get(body, "file")
			path, _ := known(at)
			look("missing-file", strings.TrimSuffix(kind, "s")+" "+key.Value, at, path)
		}
	}
}

// isRemote reports whether a path is an address: a URL, or a git repository, or a drive of Windows.
func isRemote(path string) bool {
	return strings.Contains(path, ":") && !strings.HasPrefix(path, ".") || strings.HasSuffix(path, ".git") || strings.Contains(path, ".git#")
}

// includes iterates over the paths of what a file includes.
func includes(n *yaml.Node) func(yield func(*yaml.Node) bool) {
	return func(yield func(*yaml.Node) bool) {
		for item := range yamltree.Items(n) {
			if item.Kind != yaml.MappingNode {
				if !yield(item) {
					return
				}
				continue
			}
			for at := range yamltree.Names(yamltree.Get(item, "path")) {
				if !yield(at) {
					return
				}
			}
		}
	}
}

// filesOf iterates over a path, a list of them, or a list of mappings with one
// each, of which some may be missing.
func filesOf(n *yaml.Node) func(yield func(*yaml.Node) bool) {
	return func(yield func(*yaml.Node) bool) {
		if n != nil && n.Kind == yaml.ScalarNode {
			yield(n)
		}
		for item := range yamltree.Items(n) {
			if item.Kind == yaml.MappingNode {
				if value(item, "required") == "false" {
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
