package lint

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/compose-spec/compose-go/v2/types"
	"go.yaml.in/yaml/v4"

	"github.com/tp0-lab/composer/internal/compose/yamltree"
	"github.com/tp0-lab/composer/internal/files"
)

var fileRules = []Rule{
	{
		Name: "missing-mount-source", Severity: Warning, What: "a service mounts a path that does not exist",
		Why: "Docker makes a directory that belongs to root in its place. That is a note only if the name does not look like a file's and `create_host_path: false` does not have Docker refuse. Only relative paths are looked for; absolute ones are of the machine where containers run.",
	},
	{
		Name: "missing-file", Severity: Error, What: "a file that Compose reads does not exist",
		Why: "It is an `env_file`, a `label_file`, what is included or extended, the `file` of a config or secret, or a seccomp profile; Compose fails without it. Only relative paths are looked for.",
	},
}

func checkFiles(d *document) {
	there := map[string]bool{} // paths that were looked for
	look := func(severity Severity, rule, what string, at *yaml.Node, path string) {
		if path == "" || filepath.IsAbs(path) || strings.HasPrefix(path, "~") || isRemote(path) {
			return
		}
		if _, seen := there[path]; seen {
			return // reported once, if it was
		}
		_, err := os.Stat(filepath.Join(d.Dir, path))
		there[path] = err == nil
		if err != nil {
			d.in(at).reportAs(severity, rule, at.Line, at.Column, "%s: %s: %v", what, path, files.Cause(err))
		}
	}
	for _, s := range d.project.Services {
		for _, m := range s.Mounts {
			if m.Type == types.VolumeTypeBind {
				severity := Note
				if looksLikeFile(m.Source) || refusesMissing(s.Body, m.Item) {
					severity = Warning
				}
				look(severity, "missing-mount-source", "service "+s.Name, m.At, m.Source)
			}
		}
		for _, key := range []string{"env_file", "label_file"} {
			for at := range filesOf(yamltree.Get(s.Body, key)) {
				path, _ := known(at)
				look(Error, "missing-file", "service "+s.Name, at, path)
			}
		}
		for at := range yamltree.Items(yamltree.Get(s.Body, "security_opt")) {
			option, _ := known(at)
			name, path, _ := strings.Cut(strings.Replace(option, ":", "=", 1), "=")
			if name == "seccomp" && path != "unconfined" && path != "builtin" {
				look(Error, "missing-file", "service "+s.Name, at, path)
			}
		}
	}
	if !d.merged { // or the project has looked for them
		for at := range includes(yamltree.Get(d.root, "include")) {
			path, _ := known(at)
			look(Error, "missing-file", "include", at, path)
		}
		for _, s := range d.project.Services {
			at := yamltree.Get(s.Body, "extends", "file")
			path, _ := known(at)
			look(Error, "missing-file", "service "+s.Name, at, path)
		}
	}
	for _, kind := range []string{"configs", "secrets"} {
		for key, body := range yamltree.Entries(yamltree.Get(d.root, kind)) {
			at := yamltree.Get(body, "file")
			path, _ := known(at)
			look(Error, "missing-file", strings.TrimSuffix(kind, "s")+" "+key.Value, at, path)
		}
	}
}

// looksLikeFile reports whether a path ends in the name of a file, such as nginx.conf and .env, and not in that of a
// directory, such as data, conf.d, .cache and v1.2.
func looksLikeFile(path string) bool {
	name := filepath.Base(path)
	if name == ".env" || strings.HasPrefix(name, ".env.") || slices.Contains([]string{"Caddyfile", "Dockerfile", "Makefile"}, name) {
		return !strings.HasSuffix(path, "/")
	}
	extension := filepath.Ext(strings.TrimLeft(name, "."))
	return extension != ".d" && strings.ContainsFunc(extension, unicode.IsLetter) && !strings.HasSuffix(path, "/")
}

// refusesMissing reports whether an item of a service's volumes has Docker refuse a source that does not exist.
func refusesMissing(body *yaml.Node, item int) bool {
	volumes := yamltree.Get(body, "volumes")
	return volumes != nil && item < len(volumes.Content) && value(volumes.Content[item], "bind", "create_host_path") == "false"
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
