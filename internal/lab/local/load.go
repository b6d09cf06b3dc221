package local

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"strings"

	"github.com/compose-spec/compose-go/v2/dotenv"
	"github.com/compose-spec/compose-go/v2/types"

	"go.yaml.in/yaml/v4" // the version that compose-go reads with

	"github.com/tp0-lab/composer/internal/compose/load"
	"github.com/tp0-lab/composer/internal/compose/rules"
)

// Load reads a Compose file as Compose does: text is what it holds, dir the
// folder that its relative paths start from. Variables come from environ
// ("NAME=value") and, of lower rank, from dir's .env file; services with a
// profile count if COMPOSE_PROFILES names it.
func Load(ctx context.Context, raw []byte, name, dir string, environ []string) (*types.Project, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("load %s: %w", name, err)
	}
	environment, err := Environment(dir, environ)
	if err != nil {
		return nil, fmt.Errorf("load %s: %w", name, err)
	}
	var profiles []string
	if named := environment["COMPOSE_PROFILES"]; named != "" {
		profiles = strings.Split(named, ",")
	}
	project, err := load.Load(ctx, raw, load.Options{File: name, Dir: dir, Environment: environment, Profiles: profiles, Project: "local", Resolve: true})
	if err == nil {
		err = Refuse(raw, name, environment, profiles)
	}
	if err != nil {
		return nil, fmt.Errorf("load %w", err)
	}
	return project, nil
}

// Refuse returns the first error of package rules in a Compose file that compose-go loads, a *load.Error with its place.
func Refuse(raw []byte, name string, environment map[string]string, profiles []string) error {
	var document yaml.Node
	if err := yaml.Unmarshal(raw, &document); err != nil || len(document.Content) == 0 {
		return err
	}
	project := rules.Read(document.Content[0], func(name string) (string, bool) {
		value, ok := environment[name]
		return value, ok
	})
	project.File, project.Profiles = name, profiles
	for p := range rules.Check(project) {
		if p.Rule.Severity != rules.Error {
			continue
		}
		refused := &load.Error{Message: p.Message, Path: p.Path}
		refused.File = name
		for path := p.Path; len(path) > 0 && refused.Line == 0; path = path[:len(path)-1] {
			refused.Line, refused.Column, _ = load.Find(raw, path...)
		}
		return refused
	}
	return nil
}

// Environment is what Compose takes the variables of a file in dir from: environ
// ("NAME=value") and, of lower rank, dir's .env file.
func Environment(dir string, environ []string) (map[string]string, error) {
	own := types.NewMapping(environ)
	environment := make(types.Mapping)
	file, err := dotenv.GetEnvFromFile(own, []string{filepath.Join(dir, ".env")})
	if err == nil {
		maps.Copy(environment, file)
	} else if !errors.Is(err, fs.ErrNotExist) && !strings.HasPrefix(err.Error(), "couldn't find env file") {
		return nil, fmt.Errorf(".env: %w", err)
	}
	maps.Copy(environment, own)
	return environment, nil
}
