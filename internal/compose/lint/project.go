package lint

import "github.com/tp0-lab/composer/internal/compose/rules"

// checkProject reports the rules of package rules.
func checkProject(d *document) {
	for p := range rules.Check(d.project) {
		at := p.At
		if at == nil {
			at = d.node(p.Path)
		}
		d.report(p.Rule.Name, at, "%s", p.Message)
	}
}

// readProject reads the project. The base of an override file may have more subnets.
func (d *document) readProject() rules.Project {
	p := rules.Read(d.root, nil)
	p.Base, p.File = d.base, d.Name
	if d.options != nil {
		p.Profiles = d.options.Profiles
	}
	for i, n := range p.Networks {
		p.Networks[i].Complete = n.Complete && !d.overrides("networks", n.Name)
	}
	return p
}
