package lint

import (
	"context"
	"fmt"

	"go.yaml.in/yaml/v4"

	"github.com/tp0-lab/composer/internal/compose/project"
	"github.com/tp0-lab/composer/internal/compose/yamltree"
	"github.com/tp0-lab/composer/internal/files"
)

// CheckProject checks files as the one project that Compose makes of them in dir, with what they include and extend. Each
// finding is in the file that its value is from. optionsOf returns the options for a file. Errors are those of Check.
func CheckProject(ctx context.Context, all []*project.File, dir string, optionsOf func(name string) *Options) ([]Finding, error) {
	var documents []*document
	byFile := map[string]*document{}
	// open checks what is said of a file alone, and reports whether it can be read.
	open := func(f *project.File, err error) bool {
		d := &document{ctx: ctx, Source: Source{Name: f.Name, Dir: dir, Text: f.Text}, options: optionsOf(f.Name)}
		documents = append(documents, d)
		byFile[f.Name] = d
		if err != nil {
			d.reportAt("unreadable", 1, 1, "%v", files.Cause(err))
			return false
		}
		d.readSilencers()
		if !d.parse() {
			return false
		}
		d.checkVersion()
		d.checkAllVariables()
		checkScalars(d)
		return true
	}
	findings := func() (found []Finding, err error) {
		if ctx.Err() != nil {
			return nil, fmt.Errorf("%s: not all was checked: %w", all[0].Name, context.Cause(ctx))
		}
		for _, d := range documents {
			found = append(found, d.findings()...)
		}
		return found, nil
	}
	sound := true
	for _, f := range all {
		var err error
		if f.Text == nil {
			f.Text, err = files.Read(f.Name, MaxFile)
		}
		sound = open(f, err) && sound
	}
	if !sound {
		return findings()
	}
	p, err := project.Read(all, project.Options{Dir: dir})
	if err != nil {
		return nil, err
	}
	for _, f := range p.Files[len(all):] {
		open(f, nil)
	}
	for _, fault := range p.Faults {
		rule := "specification"
		if fault.Missing {
			rule = "missing-file"
		}
		byFile[fault.File].reportAt(rule, fault.Line, fault.Column, "%s", fault.Message)
	}
	whole := &document{
		ctx: ctx, Source: Source{Name: all[0].Name, Dir: dir}, options: documents[0].options, root: p.Root, values: plain{},
		of: func(n *yaml.Node) *document { return byFile[p.File(n).Name] },
	}
	if p.Partly { // what is not defined may be in what was not read
		whole.base = &yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{
			{Kind: yaml.ScalarNode, Value: "include"}, {Kind: yaml.SequenceNode},
		}}
	}
	whole.project = whole.readProject()
	for _, check := range []func(*document){(*document).checkSchema, checkProject, checkFiles, checkSecurity, checkSample} {
		if ctx.Err() == nil {
			check(whole)
		}
	}
	return findings()
}

// checkVersion reports the key version.
func (d *document) checkVersion() {
	for key := range yamltree.Entries(d.root) {
		if key.Value == "version" {
			d.reportWithEdit("obsolete-version", key, d.withoutKey("version"), "`version` has had no meaning since 2020: leave it out")
		}
	}
}
