package load

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/errdefs"
	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"

	"github.com/tp0-lab/composer/internal/compose/circle"
	"github.com/tp0-lab/composer/internal/text"
)

// withoutDependencies takes what services and jobs of a model wait for out of it, and returns a model of that. Its
// search for circles takes compose-go as many steps as there are paths of dependencies: an hour for 36 services of which
// each waits for all before it.
func withoutDependencies(model map[string]any) (dependencies map[string]any) {
	dependencies = map[string]any{}
	for _, kind := range []string{"services", "jobs"} {
		all, _ := model[kind].(map[string]any)
		needs := map[string]any{}
		for name, one := range all {
			if body, ok := one.(map[string]any); ok && body["depends_on"] != nil {
				needs[name] = map[string]any{"depends_on": body["depends_on"]}
				delete(body, "depends_on")
			}
		}
		dependencies[kind] = needs
	}
	return dependencies
}

// addDependencies puts what withoutDependencies took away into a project.
func addDependencies(project *types.Project, dependencies map[string]any) error {
	options := &loader.Options{Profiles: []string{"*"}, SkipConsistencyCheck: true, SkipResolveEnvironment: true, SkipResolveLabels: true}
	read, err := loader.ModelToProject(dependencies, options, types.ConfigDetails{})
	if err != nil {
		return err
	}
	for _, services := range []types.Services{project.Services, project.DisabledServices} {
		for name, service := range services {
			service.DependsOn = read.Services[name].DependsOn
			services[name] = service
		}
	}
	for _, jobs := range []types.Jobs{project.Jobs, project.DisabledJobs} {
		for name, job := range jobs {
			job.DependsOn = read.Jobs[name].DependsOn
			jobs[name] = job
		}
	}
	return nil
}

// checkDependencies returns an *Error, in the words of compose-go, if a service or a job waits for one that is not defined or
// not enabled, or if services wait for each other.
func checkDependencies(project *types.Project) error {
	for _, name := range sorted(project.Services) {
		if err := checkNeeds(project, "service", name, project.Services[name].DependsOn); err != nil {
			return err
		}
	}
	for _, name := range sorted(project.Jobs) {
		if err := checkNeeds(project, "job", name, project.Jobs[name].DependsOn); err != nil {
			return err
		}
	}
	needs := func(of string) []string { return sorted(project.Services[of].DependsOn) }
	for names, first := range circle.All(slices.Values(sorted(project.Services)), needs, func(name string) string { return name }) {
		return &Error{
			Path:    []string{"services", names[len(names)-1], "depends_on", first},
			Message: "dependency cycle detected: " + strings.Join(shortened(append(names, first)), " -> "),
		}
	}
	return nil
}

// sorted returns the keys of a map, name2 before name10.
func sorted[V any](m map[string]V) []string {
	return slices.SortedFunc(maps.Keys(m), text.NaturalCompare)
}

func checkNeeds(project *types.Project, kind, name string, needs types.DependsOnConfig) error {
	for _, other := range sorted(needs) {
		_, err := project.GetService(other)
		_, isJob := project.Jobs[other]
		var message string
		switch {
		case err == nil, kind == "job" && isJob, errors.Is(err, errdefs.ErrDisabled) && !needs[other].Required:
			continue
		case isJob:
			message = fmt.Sprintf("service %q cannot depend on job %q: services can only depend on other services", name, other)
		case errors.Is(err, errdefs.ErrDisabled):
			message = fmt.Sprintf("%s %q depends on service %q, which needs one of the profiles %s", kind, name, other, strings.Join(project.DisabledServices[other].Profiles, ", "))
		default:
			message = fmt.Sprintf("%s %q depends on undefined service %q", kind, name, other)
		}
		return &Error{Path: []string{kind + "s", name, "depends_on", other}, Message: message}
	}
	return nil
}

// shortened leaves out the middle of a long circle.
func shortened(circle []string) []string {
	const most = 8
	if len(circle) <= most+1 {
		return circle
	}
	return append(slices.Clone(circle[:most]), "…", circle[len(circle)-1])
}
