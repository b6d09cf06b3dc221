package build

import (
	"github.com/tp0-lab/composer/internal/template/bundle"
	"github.com/tp0-lab/composer/internal/template/render"
)

// TargetStages is a target, and the names of the stages that render for it.
type TargetStages struct {
	bundle.Target
	Stages []string
	// Err is why the first stage does not render, if none does.
	Err error
}

// Targets returns the targets for which the bundle has a main template, each with the stages that the templates can
// render with the bundle's own values. It renders them all. It fails only if the files of the bundle cannot be listed: a
// target whose templates cannot be parsed has no stages, and Err has the reason.
func Targets(b *bundle.Bundle) ([]TargetStages, error) {
	targets, err := b.Targets()
	if err != nil {
		return nil, err
	}
	own := *b // SetTarget changes it
	all := make([]TargetStages, 0, len(targets))
	for _, t := range targets {
		one := TargetStages{Target: t}
		if err := own.SetTarget(t.Name); err != nil {
			return nil, err
		}
		engine, failed := render.New(&own)
		for i := 0; i < len(own.Stages) && engine != nil; i++ {
			_, err := engine.Render(own.Stages[i].Name, render.Counted)
			if err == nil {
				one.Stages = append(one.Stages, own.Stages[i].Name)
			} else if failed == nil {
				failed = err
			}
		}
		if len(one.Stages) == 0 {
			one.Err = failed
		}
		all = append(all, one)
	}
	return all, nil
}
