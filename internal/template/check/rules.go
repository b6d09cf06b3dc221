package check

import (
	"cmp"
	"slices"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/tp0-lab/composer/internal/compose/rules"
)

// in returns where a service has what is at p, or nil.
func (p place) in(s *rules.Service) *string {
	switch p.field {
	case serviceName:
		return &s.Name
	case containerName:
		return &s.Container
	case hostname:
		return &s.Hostname
	case address:
		if i := slices.IndexFunc(s.Networks, func(a rules.Attachment) bool { return a.Network == p.network }); i >= 0 {
			return &s.Networks[i].IPv4
		}
	case source:
		mounted := func(m rules.Mount) bool { return m.Type == types.VolumeTypeBind && m.Source == p.value }
		if i := slices.IndexFunc(s.Mounts, mounted); i >= 0 {
			return &s.Mounts[i].Source
		}
	}
	return nil
}

// has reports whether s has the value of p at p.
func has(s *rules.Service, p place) bool {
	at := p.in(s)
	return p.field == free || at != nil && *at == p.value
}

// set puts value where p is, leaving what other services share with s alone.
// It returns false if p is not there: compose-go makes one of two equal mounts.
func set(s *rules.Service, p place, value string) bool {
	switch p.field {
	case address:
		s.Networks = slices.Clone(s.Networks)
	case source:
		s.Mounts = slices.Clone(s.Mounts)
	}
	at := p.in(s)
	if at != nil {
		*at = value
	}
	return at != nil || p.field == free
}

// applyRules returns the first error of package rules, or its warnings and the sources that services mount. It sorts
// services.
func applyRules(project rules.Project) (Report, error) {
	services := project.Services
	slices.SortStableFunc(services, func(a, b rules.Service) int { // client2 is before client10
		return cmp.Or(cmp.Compare(len(a.Name), len(b.Name)), cmp.Compare(a.Name, b.Name))
	})
	var report Report
	sources := map[string]bool{}
	for i, s := range services {
		if i > 0 && services[i-1].Name == s.Name {
			return Report{}, violationf([]string{"services", s.Name}, "service %q is there twice", s.Name)
		}
		for _, m := range s.Mounts {
			if m.Type == types.VolumeTypeBind && m.Source != "" && !sources[m.Source] {
				sources[m.Source] = true
				report.Sources = append(report.Sources, m.Source)
			}
		}
	}
	for f := range project.Files() {
		if !sources[f.Path] {
			sources[f.Path] = true
			report.Sources = append(report.Sources, f.Path)
		}
	}
	for p := range rules.Check(project) {
		switch p.Rule.Severity {
		case rules.Error:
			return Report{}, violationf(p.Path, "%s", p.Message)
		case rules.Warning:
			report.warnings.add(p)
		}
	}
	return report, nil
}
