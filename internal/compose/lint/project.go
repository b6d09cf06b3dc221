package lint

import "github.com/tp0-lab/composer/internal/compose/rules"

// checkProject reports the rules of package rules.
func checkProject(d *document) {
	for p := range rules.Check(d.project) {
		d.report(p.Rule.Name, d.node(p.Path), "%s", p.Message)
	}
}

// readProject reads the project. The base of an override file may have more subnets.
func (d *document) readProject() rules.Project {
	p := rules.Read(d.root, nil)
	for i, n := range p.Networks {
		p.Networks[i].Complete = n.Complete && !d.overrides("networks", n.Name)
	}
	return p
}
