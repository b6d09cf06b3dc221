package local

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/tp0-lab/composer/internal/compose/load"
	"github.com/tp0-lab/composer/internal/compose/project"
	"github.com/tp0-lab/composer/internal/compose/rules"
	"github.com/tp0-lab/composer/internal/text"
)

// Unnamed is the name of a project if its files do not name it.
const Unnamed = "local"

// Load reads a Compose file as Compose does: raw is its text, name is its name in errors, and its relative paths begin in
// dir. Variables come from environ ("NAME=value") and, of lower rank, from dir's .env file. A service with a profile is
// left out unless COMPOSE_PROFILES names the profile.
func Load(ctx context.Context, raw []byte, name, dir string, environ []string) (*types.Project, error) {
	environment, err := project.Environment(dir, environ)
	if err != nil {
		return nil, fmt.Errorf("load %s: %w", name, err)
	}
	p, err := project.Read([]*project.File{{Name: name, Text: raw}}, project.Options{Dir: dir, Environment: environment})
	if err != nil {
		return nil, fmt.Errorf("load %w", err)
	}
	return LoadProject(ctx, p, dir, environment)
}

// LoadProject is Load for a project that the caller has read. The project's relative paths begin in dir, and its
// variables come from environment.
func LoadProject(ctx context.Context, p *project.Project, dir string, environment map[string]string) (*types.Project, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("load %s: %w", p.Files[0].Name, err)
	}
	profiles := project.Profiles(environment)
	loaded, err := p.Load(ctx, load.Options{Dir: dir, Environment: environment, Profiles: profiles, Project: Unnamed, Resolve: true})
	if err == nil {
		err = refuse(p, environment, profiles)
	}
	if err != nil {
		return nil, fmt.Errorf("load %w", err)
	}
	return loaded, nil
}

// Refuse returns the first error that package rules finds in a Compose file, as a *load.Error with its place. compose-go
// must have loaded the file without an error.
func Refuse(raw []byte, name string, environment map[string]string, profiles []string) error {
	p, err := project.Read([]*project.File{{Name: name, Text: raw}}, project.Options{Environment: environment})
	if err != nil {
		return err
	}
	return refuse(p, environment, profiles)
}

// refuse returns the first error of package rules in a project that compose-go loads, a *load.Error with its place.
func refuse(p *project.Project, environment map[string]string, profiles []string) error {
	read := rules.Read(p.Root, func(name string) (string, bool) {
		value, ok := environment[name]
		return value, ok
	})
	read.File, read.Profiles = p.Files[0].Name, profiles
	for problem := range rules.Check(read) {
		if problem.Rule.Severity != rules.Error {
			continue
		}
		refused := &load.Error{Message: problem.Message, Path: problem.Path, Place: placeOf(p, problem.Path)}
		if problem.Other != nil {
			refused.Message += "; the other is at " + placeOf(p, problem.Other).String()
		}
		return refused
	}
	return nil
}

// placeOf returns the place of the value at a path, or of the innermost one around it.
func placeOf(p *project.Project, path []string) text.Place {
	for ; len(path) > 0; path = path[:len(path)-1] {
		if n := load.Node(p.Root, path); n != nil {
			return p.Place(n)
		}
	}
	return text.Place{File: p.Files[0].Name}
}
