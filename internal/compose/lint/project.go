package lint

import (
	"slices"

	"github.com/tp0-lab/composer/internal/compose/rules"
	"github.com/tp0-lab/composer/internal/text"
)

// checkProject reports the rules of package rules.
func checkProject(d *document) {
	problems := slices.Collect(rules.Check(d.project))
	d.checkPart(problems)
	for _, p := range problems {
		if p.Name != "" && d.isPart {
			continue // it is in another file
		}
		at := p.At
		if at == nil {
			at = d.node(p.Path)
		}
		if d.wrong[at] {
			continue // it is no value of that kind at all
		}
		if f := d.report(p.Rule.Name, at, "%s", p.Message); f != nil && p.Other != nil {
			other := d.node(p.Other)
			f.Related = text.Place{File: d.in(other).Name, Line: other.Line, Column: other.Column}
		}
	}
}

func (d *document) readProject() rules.Project {
	p := rules.Read(d.root, nil)
	p.File = d.Name
	if d.options != nil {
		p.Profiles = d.options.Profiles
	}
	return p
}
