package lint

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/tp0-lab/composer/internal/compose/project"
	"github.com/tp0-lab/composer/internal/compose/yamltree"
	"github.com/tp0-lab/composer/internal/files"
)

// CheckProject checks files as the one project that Compose makes of them in dir, with what they include and extend. Each
// finding is in the file that its value is from. optionsOf returns the options for a file. Errors are those of Check.
func CheckProject(ctx context.Context, all []*project.File, dir string, optionsOf func(name string) *Options) ([]Finding, error) {
	w := whole{ctx: ctx, all: all, dir: dir, optionsOf: optionsOf}
	for _, f := range all {
		var err error
		if f.Text == nil {
			f.Text, err = files.Read(f.Name, project.MaxFile)
		}
		w.unread = append(w.unread, err)
	}
	return w.check()
}

// baseOf returns the file over which Compose lays the file called name: compose.yaml or compose.yml for
// compose.override.yaml. It returns nil for another name, and if the file cannot be read.
func baseOf(name string) *project.File {
	ext := filepath.Ext(name)
	stem, ok := strings.CutSuffix(strings.TrimSuffix(name, ext), ".override")
	if !ok {
		return nil
	}
	for _, ext := range []string{".yaml", ".yml"} {
		if text, err := files.Read(stem+ext, project.MaxFile); err == nil {
			return &project.File{Name: stem + ext, Text: text}
		}
	}
	return nil
}

// whole is files that are checked as one project.
type whole struct {
	ctx    context.Context
	all    []*project.File
	unread []error // why a file cannot be read, by its index in all
	dir    string
	// base says that the first file is only what the others are laid over: findings in it are left out.
	base bool
	// alone says that no other files are read.
	alone bool
	// part says that the project may be a part of another one.
	part      bool
	optionsOf func(name string) *Options

	documents []*document
	byFile    map[string]*document
}

func (w *whole) check() ([]Finding, error) {
	w.byFile = map[string]*document{}
	sound := true
	for i, f := range w.all {
		ok := w.open(f, w.unread[i])
		if !ok && i == 0 && w.base { // the file that is overridden is checked when somebody names it
			w.all, w.unread, w.base, w.part = w.all[1:], w.unread[1:], false, true
			w.documents = nil
			return w.check()
		}
		sound = sound && ok
	}
	if sound {
		w.checkTogether()
	}
	if w.ctx.Err() != nil {
		return nil, fmt.Errorf("%s: not all was checked: %w", w.all[len(w.all)-1].Name, context.Cause(w.ctx))
	}
	var found []Finding
	for i, d := range w.documents {
		own := d.findings()
		if i == 0 && w.base { // but for what a value of another file clashes with
			own = slices.DeleteFunc(own, func(f Finding) bool { return f.Related.File == "" || f.Related.File == d.Name })
		}
		found = append(found, own...)
	}
	return found, nil
}

// open makes the checks that need only one file, and reports whether the file can be read.
func (w *whole) open(f *project.File, err error) bool {
	d := &document{ctx: w.ctx, Source: Source{Name: f.Name, Dir: w.dir, Text: f.Text}, options: w.optionsOf(f.Name)}
	d.among = len(w.all) > 1 || len(w.documents) > 0
	w.documents = append(w.documents, d)
	w.byFile[f.Name] = d
	if err != nil {
		if errors.Is(err, files.ErrDirectory) {
			err = errors.New("it is a directory without Compose files")
		}
		d.reportAt("unreadable", 1, 1, "%v", files.Cause(err))
		return false
	}
	d.readSilencers()
	if !d.parse() {
		return false
	}
	for _, check := range []func(*document){(*document).checkVersion, (*document).checkAllVariables, checkNotation, checkScalars, checkStyle} {
		if w.ctx.Err() == nil {
			check(d)
		}
	}
	return true
}

// checkTogether checks the project that the files make together. All of them can be read.
func (w *whole) checkTogether() {
	d := w.documents[0]
	if len(w.all) > 1 || !w.alone && (len(d.more) > 0 || project.Combines(d.root)) {
		d = w.merge()
	}
	d.mayBePart = w.part
	for _, check := range []func(*document){(*document).checkSchema, checkProject, checkFiles, checkSecurity, checkSample} {
		if w.ctx.Err() == nil {
			check(d)
		}
	}
}

// merge returns a document of all files, with what they include and extend. It reports in the documents of the files.
func (w *whole) merge() *document {
	d := &document{
		merged: true, ctx: w.ctx, Source: Source{Name: w.all[len(w.all)-1].Name, Dir: w.dir}, options: w.documents[len(w.documents)-1].options,
		root: &yaml.Node{Kind: yaml.MappingNode}, values: plain{},
	}
	p, err := project.Read(w.all, project.Options{Dir: w.dir})
	if err != nil {
		w.documents[0].reportAt("unreadable", 1, 1, "%v", err)
		return d
	}
	broken := []string{}
	for _, f := range p.Files[len(w.all):] {
		if !w.open(f, nil) {
			broken = append(broken, f.Name+":")
		}
	}
	for _, fault := range p.Faults {
		if !slices.ContainsFunc(broken, func(name string) bool { return strings.HasPrefix(fault.Message, name) }) { // or it is reported there
			w.byFile[fault.File].reportAt(string(fault.Kind), fault.Line, fault.Column, "%s", fault.Message)
		}
	}
	for _, one := range w.documents {
		one.merged = true
		for _, root := range one.roots() {
			for key, services := range yamltree.Entries(root) {
				if key.Value == "services" && yamltree.IsNull(services) {
					one.report("specification", key, "services must be a mapping: leave it out, or write {}")
				}
			}
		}
	}
	d.root = p.Root
	d.of = func(n *yaml.Node) *document { return w.byFile[p.File(n).Name] }
	d.project = d.readProject()
	d.project.Partial, d.project.Extended = p.Partial, true
	return d
}

// checkVersion reports the key version.
func (d *document) checkVersion() {
	for key := range yamltree.Entries(d.root) {
		if key.Value == "version" {
			d.reportWithEdit("obsolete-version", key, d.withoutKey("version"), "`version` has had no meaning since 2020: leave it out")
		}
	}
}
