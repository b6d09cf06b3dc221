// Package existing makes a bundle of an existing Compose file: services whose names differ by a number become a kind of
// replicas. Each difference between them becomes an expression of the number, or a value of the replica.
package existing

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing/fstest"

	"go.yaml.in/yaml/v4"

	"github.com/tp0-lab/composer/internal/compose/lint"
	"github.com/tp0-lab/composer/internal/compose/project"
	"github.com/tp0-lab/composer/internal/compose/yamltree"
	"github.com/tp0-lab/composer/internal/template/bundle"
	"github.com/tp0-lab/composer/internal/template/render"
)

// Bundle is the bundle that Make makes.
type Bundle struct {
	// Files are the contents of the files, by name.
	Files map[string][]byte
	// Kinds are the kinds of replicas, with their counts.
	Kinds []Kind
	// Literal are services whose names differ by a number, but which are written out one by one: as replicas they would
	// differ from those of the file.
	Literal []Literal
}

// Literal describes services whose names differ by a number, and of which Make could not make a kind.
type Literal struct {
	// First is the name of the first of the services. Why is the place at which replicas would differ from the file.
	First, Why string
}

// FS returns the files.
func (b *Bundle) FS() fs.FS { return filesystem(b.Files) }

func filesystem(contents map[string][]byte) fs.FS {
	files := fstest.MapFS{}
	for name, content := range contents {
		files[name] = &fstest.MapFile{Data: content}
	}
	return files
}

// Lines returns the number of lines of all files.
func (b *Bundle) Lines() (n int) {
	for _, content := range b.Files {
		n += bytes.Count(content, []byte{'\n'})
	}
	return n
}

// Kind is a kind of replicas of a Bundle.
type Kind struct {
	Name  string
	Count int
	// Values are the keys of the values that each replica has of its own.
	Values []string
}

// Make makes a bundle of a Compose file in dir. It renders the bundle, and fails unless compose-go normalizes the
// result and the file to the same project. name is the name of the file in messages. Errors have the place in the file.
func Make(ctx context.Context, name string, content []byte, dir string) (*Bundle, error) {
	given := []*project.File{{Name: name, Text: content}}
	p, err := project.Read(given, project.Options{Dir: dir, Alone: true})
	if err != nil {
		return nil, fmt.Errorf("read the Compose file: %w", err)
	}
	if len(p.Faults) > 0 {
		return nil, fmt.Errorf("read the Compose file: %w", &p.Faults[0])
	}
	if excess := yamltree.CheckLimits(p.Root, yamltree.MaxValues); excess != nil {
		return nil, fmt.Errorf("read the Compose file: %s:%w", name, excess)
	}
	c := comparison{dir: dir}
	if err := c.read(ctx, name, string(content)); err != nil {
		return nil, fmt.Errorf("read the Compose file: %w", lint.Explain(ctx, given, dir, err))
	}
	root := withoutShared(p.Root)
	services := yamltree.Get(root, "services")
	if services == nil {
		services = &yaml.Node{Kind: yaml.MappingNode}
	}
	without := map[string]bool{}
	made := &Bundle{}
	for {
		var at string
		var found []*family
		for _, rows := range []bool{true, false} { // first with families as rows of one kind
			found = families(entries(services), without)
			made.Files, err = files(found, root, yamltree.Heading(string(content)), rows)
			if err != nil {
				return nil, err
			}
			if at, err = c.differs(ctx, made); at == "" && err == nil {
				break
			}
		}
		if at == "" && err == nil {
			for _, f := range found {
				made.Kinds = append(made.Kinds, Kind{f.kind, f.count(), f.order})
			}
			return made, nil
		}
		if err != nil {
			at = err.Error()
		}
		culprit := blamed(found, at)
		if culprit == nil {
			return nil, fmt.Errorf("the bundle would not render the file again: %s", at)
		}
		without[culprit.names[0]] = true
		made.Literal = append(made.Literal, Literal{culprit.names[0], at})
	}
}

// blamed returns the family that a difference names, or else the last one.
func blamed(found []*family, at string) *family {
	for _, f := range found {
		if slices.ContainsFunc(f.names, func(name string) bool {
			return strings.Contains(at, "services."+name+".") || strings.HasSuffix(at, "services."+name)
		}) {
			return f
		}
	}
	if len(found) == 0 {
		return nil
	}
	return found[len(found)-1]
}

// withoutShared returns the root without keys at the top that are there for their anchors, and without the obsolete version.
func withoutShared(root *yaml.Node) *yaml.Node {
	c := plain(root)
	if root.Kind != yaml.MappingNode {
		return c
	}
	c.Content = nil
	for key, value := range yamltree.Entries(root) {
		if key.Value != "version" && (!strings.HasPrefix(key.Value, "x-") || !hasAnchor(value)) {
			c.Content = append(c.Content, plainEntry(key, value)...)
		}
	}
	return c
}

// files returns the files of a bundle.
// rows: families may be rows of one kind.
func files(found []*family, root *yaml.Node, head string, rows bool) (map[string][]byte, error) {
	k := maker{families: found}
	if services := yamltree.Get(root, "services"); services != nil {
		k.called = k.identities(entries(services))
	}
	k.bodies()
	if rows {
		k.tables()
		k.bodies() // rows have other kinds
		k.found = slices.DeleteFunc(k.found, func(t *table) bool { return !t.merge(k.trees) })
	}
	var w writer
	w.b.WriteString(strings.ReplaceAll(head, "{{", `{{ "{{" }}`))
	if rest, ok := strings.CutPrefix(root.HeadComment, strings.TrimSpace(head)); ok {
		w.comment(0, rest)
	}
	for i, e := range entries(root) {
		if i == 0 && e.value.HeadComment != "" && strings.Contains(head, e.value.HeadComment) {
			e.value.HeadComment = "" // it is written
		}
		if e.key == "services" {
			w.comment(0, e.value.HeadComment)
			w.line(0, "services:"+beside(e.value.LineComment))
			k.services(&w, entries(e.value))
			w.comment(0, e.value.FootComment)
			continue
		}
		w.items(&tree{kind: yaml.MappingNode, items: []item{{key: []part{{text: e.key}}, tree: k.literal(e.value, e.key)}}}, 0)
	}
	w.comment(0, root.FootComment)
	own, err := values(found, k.found)
	if err != nil {
		return nil, fmt.Errorf("write values: %w", err)
	}
	made := map[string][]byte{bundle.StagesFile: stages(found, k.found...), bundle.Compose.Template: []byte(w.b.String())}
	if own != nil {
		made[bundle.ValuesFile] = own
	}
	return made, nil
}

// bodies unifies the services of each family.
func (k *maker) bodies() {
	k.trees = map[*family]*tree{}
	for _, f := range k.families {
		f.asksOthers, f.order, f.values = false, nil, map[string][]*yaml.Node{}
		k.me = f
		k.trees[f], _ = k.unify(f.nodes, f, "service", true)
	}
	k.me = nil
}

// services writes the services, the members of a family, or of all families of a table, in one loop.
func (k *maker) services(w *writer, all []entry) {
	done := map[string]bool{}
	for _, s := range all {
		if done[s.key] {
			continue
		}
		at := slices.IndexFunc(k.families, func(f *family) bool { return slices.Contains(f.names, s.key) })
		if at < 0 {
			w.items(&tree{kind: yaml.MappingNode, items: []item{{key: []part{{text: s.key}}, tree: k.literal(s.value, s.key)}}}, 2)
			continue
		}
		f := k.families[at]
		body, of, walked := k.trees[f], []*family{f}, strings.Replace(f.ref("Kinds"), "$.", ".", 1)
		if t := k.tableOf(f); t != nil {
			body, of, walked = t.body, t.of, ".Kinds."+t.kind
		}
		for _, one := range of {
			for _, name := range one.names {
				done[name] = true
			}
		}
		key, _ := f.texts(f.names)
		one := *body
		one.above, one.below = "", ""
		var own writer
		own.items(&tree{kind: yaml.MappingNode, items: []item{{key: key, tree: &one}}}, 2)
		w.comment(2, body.above)
		w.line(0, "{{- range "+walked+" }}")
		if f.asksOthers {
			w.line(0, "{{- $me := .Index }}")
		}
		w.b.WriteString(own.b.String())
		w.line(0, "{{- end }}")
		w.comment(2, body.below)
	}
}

// rendered renders a bundle.
func rendered(b *bundle.Bundle) ([]byte, error) {
	engine, err := render.New(b)
	if err != nil {
		return nil, err
	}
	doc, err := engine.Render(b.Default, render.Counted)
	return doc.Bytes, err
}
