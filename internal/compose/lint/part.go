package lint

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/tp0-lab/composer/internal/compose/project"
	"github.com/tp0-lab/composer/internal/compose/rules"
	"github.com/tp0-lab/composer/internal/compose/specification"
	"github.com/tp0-lab/composer/internal/compose/yamltree"
	"github.com/tp0-lab/composer/internal/text"
)

var partRules = []Rule{
	rules.New("part-of-project", Note, "the file looks like a part of a project",
		"Its services have no image, or use names that the file does not define. The file gets one note instead of an error for each missing thing in two cases. Either the file that Compose reads by itself is beside it and defines everything that is missing. Or another YAML file is in the folder, at least half of the services have no image, and an undefined name resembles no defined one. Check the project: `composer lint -f compose.yaml -f FILE`."),
}

// checkPart finds out whether a file, which has problems, is a part of a project, and reports that.
func (d *document) checkPart(problems []rules.Problem) {
	if !d.mayBePart || d.project.Partial || isDefaultName(d.Name) {
		return
	}
	p := partial{document: d}
	for _, s := range d.project.Services {
		if !s.Complete() && yamltree.Get(s.Body, "extends") == nil {
			p.incomplete = append(p.incomplete, s)
		}
	}
	for _, problem := range problems {
		if problem.Name != "" {
			p.undefined = append(p.undefined, problem)
		}
	}
	base, found := p.base()
	if !found && (!p.likely() || !p.hasNeighbour()) {
		return
	}
	d.isPart = true
	at, because := p.reason()
	name := d.Name
	if name == "stdin" {
		name = "-"
	}
	d.report("part-of-project", at, "the file looks like a part of a project: %s. Check them together: composer lint -f %s -f %s", because, base, name)
}

// isDefaultName reports whether Compose reads a file of that name by itself.
func isDefaultName(name string) bool {
	stem, ext, _ := strings.Cut(filepath.Base(name), ".")
	return (stem == "compose" || stem == "docker-compose") && (ext == "yaml" || ext == "yml")
}

// partial is a file that lacks something.
type partial struct {
	*document
	incomplete []rules.Service // without an image
	undefined  []rules.Problem
}

// reason says what is missing, and where first.
func (p *partial) reason() (at *yaml.Node, because string) {
	var parts []string
	if n := len(p.undefined); n > 0 {
		at = p.undefined[0].At
		parts = append(parts, fmt.Sprintf("it does not define %s %s", strings.TrimSuffix(p.undefined[0].Kind, "s"), p.undefined[0].Name))
		if n > 1 {
			parts[0] += fmt.Sprintf(" and %d more", n-1)
		}
	}
	if n := len(p.incomplete); n > 0 {
		at = p.incomplete[0].Key
		verb := "have"
		if n == 1 {
			verb = "has"
		}
		parts = append([]string{text.Plural(n, "service") + " " + verb + " no image"}, parts...)
	}
	return at, strings.Join(parts, ", and ")
}

// likely reports whether so much is missing that no slip explains it. A file is no part of
// a project because one service of several has no image, or because of a misspelt key or name.
func (p *partial) likely() bool {
	for _, s := range p.incomplete {
		for key := range yamltree.Entries(s.Body) {
			if !specification.IsServiceKey(key.Value) {
				return false
			}
		}
	}
	far := slices.ContainsFunc(p.undefined, func(u rules.Problem) bool { return !strings.Contains(u.Message, "did you mean") })
	return far && len(p.incomplete) > 0 && 2*len(p.incomplete) >= len(p.project.Services)
}

// hasNeighbour reports whether another YAML file is in the folder. A file alone is no part of anything.
func (p *partial) hasNeighbour() bool {
	entries, _ := os.ReadDir(filepath.Dir(p.Name))
	return slices.ContainsFunc(entries, func(e os.DirEntry) bool {
		ext := filepath.Ext(e.Name())
		return (ext == ".yaml" || ext == ".yml") && e.Name() != filepath.Base(p.Name)
	})
}

// base returns the file that the project is most likely to begin with, and whether that has all that is missing.
func (p *partial) base() (name string, found bool) {
	dir := filepath.Dir(p.Name)
	names := project.DefaultFiles(dir)
	if base := strings.Split(filepath.Base(p.Name), "."); len(base) > 2 { // stack.yaml for stack.prod.yaml
		names = append(names, filepath.Join(dir, base[0]+"."+base[len(base)-1]))
	}
	for _, name := range names {
		if filepath.Clean(name) != filepath.Clean(p.Name) && p.isIn(name) {
			return name, true
		}
	}
	if len(names) > 0 && isDefaultName(names[0]) {
		return names[0], false
	}
	return "compose.yaml", false
}

// isIn reports whether a file defines all that is missing. If nothing is missing, isIn returns false.
func (p *partial) isIn(name string) bool {
	if len(p.incomplete)+len(p.undefined) == 0 {
		return false
	}
	base, err := project.Read([]*project.File{{Name: name}}, project.Options{Dir: filepath.Dir(name)})
	if err != nil {
		return false
	}
	for _, s := range p.incomplete {
		if yamltree.Get(base.Root, "services", s.Name) == nil {
			return false
		}
	}
	for _, u := range p.undefined {
		if !slices.Contains(yamltree.Keys(yamltree.Get(base.Root, u.Kind)), u.Name) {
			return false
		}
	}
	return true
}
