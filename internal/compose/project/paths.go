package project

import (
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/tp0-lab/composer/internal/compose/vars"
	"github.com/tp0-lab/composer/internal/compose/yamltree"
)

// rebase rewrites the relative paths of a tree so that they begin in another folder. base is the path from that folder
// to the one in which they begin now.
func (r *reader) rebase(root *yaml.Node, base string, s scope) {
	if base == "." {
		return
	}
	b := rebaser{base, r.lookup(s.environment)}
	for _, kind := range []string{"services", "jobs"} {
		for _, service := range yamltree.Entries(yamltree.Get(root, kind)) {
			b.service(service)
		}
	}
	for _, kind := range []string{"configs", "secrets"} {
		for _, body := range yamltree.Entries(yamltree.Get(root, kind)) {
			b.path(yamltree.Get(body, "file"))
		}
	}
	for _, body := range yamltree.Entries(yamltree.Get(root, "volumes")) {
		driver, o := yamltree.Get(body, "driver"), yamltree.Get(body, "driver_opts", "o")
		if driver != nil && driver.Value == "local" && o != nil && o.Value == "bind" {
			b.path(yamltree.Get(body, "driver_opts", "device"))
		}
	}
}

type rebaser struct {
	base   string
	lookup vars.Lookup
}

func (b rebaser) service(service *yaml.Node) {
	build := yamltree.Get(service, "build")
	if build != nil && build.Kind == yaml.ScalarNode {
		b.context(build)
	}
	b.context(yamltree.Get(build, "context"))
	for name, context := range yamltree.Names(yamltree.Get(build, "additional_contexts")) {
		if context != nil {
			b.context(context)
		} else if key, value, found := strings.Cut(name.Value, "="); found {
			context := &yaml.Node{Kind: yaml.ScalarNode, Value: value}
			b.context(context)
			name.Value = key + "=" + context.Value
		}
	}
	b.path(yamltree.Get(service, "extends", "file"))
	for item := range yamltree.Items(yamltree.Get(service, "develop", "watch")) {
		b.path(yamltree.Get(item, "path"))
	}
	b.files(service)
	for hook := range yamltree.Items(yamltree.Get(service, "pre_start")) {
		b.files(hook)
	}
}

// files rebases the files of a container.
func (b rebaser) files(container *yaml.Node) {
	for _, key := range []string{"env_file", "label_file"} {
		files := yamltree.Get(container, key)
		if files != nil && files.Kind == yaml.ScalarNode {
			b.path(files)
		}
		for item := range yamltree.Items(files) {
			if item.Kind == yaml.MappingNode {
				item = yamltree.Get(item, "path")
			}
			b.path(item)
		}
	}
	for item := range yamltree.Items(yamltree.Get(container, "volumes")) {
		if item.Kind == yaml.MappingNode {
			if kind := yamltree.Get(item, "type"); kind != nil && kind.Value == "bind" {
				b.path(yamltree.Get(item, "source"))
			}
			continue
		}
		filled, known := vars.Fill(item.Value, b.lookup)
		source, target, found := strings.Cut(filled, ":")
		if known && found && strings.HasPrefix(source, ".") {
			item.Value = escape(b.join(source) + ":" + target)
		}
	}
}

func (b rebaser) context(n *yaml.Node) {
	if n == nil || remote(n.Value) || strings.HasPrefix(n.Value, "service:") {
		return
	}
	b.path(n)
}

func (b rebaser) path(n *yaml.Node) {
	if n == nil || n.Kind != yaml.ScalarNode || n.Value == "" {
		return
	}
	if filled, known := vars.Fill(n.Value, b.lookup); known && !filepath.IsAbs(filled) && !strings.HasPrefix(filled, "~") {
		n.Value = escape(b.join(filled))
	}
}

// join returns a path behind the base, with ./ before it if it is relative, so that it is no name of a volume.
func (b rebaser) join(path string) string {
	joined := filepath.Join(b.base, path)
	if !filepath.IsAbs(joined) && !strings.HasPrefix(joined, ".") {
		joined = "./" + joined
	}
	return joined
}

func escape(value string) string { return strings.ReplaceAll(value, "$", "$$") }
