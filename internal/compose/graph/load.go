package graph

import (
	"context"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/tp0-lab/composer/internal/compose/load"
	"github.com/tp0-lab/composer/internal/compose/project"
)

// Load reads a Compose file in dir. If COMPOSE_PROFILES in environment names profiles, Load leaves out the services of
// other profiles. A variable without a value in environment and without a default is drawn as ${NAME}. Paths stay as
// the file has them. An error about the file is a *load.Error.
func Load(ctx context.Context, raw []byte, dir string, environment map[string]string) (*types.Project, error) {
	p, err := project.Read([]*project.File{{Text: raw}}, project.Options{Dir: dir, Environment: environment})
	if err != nil {
		return nil, err
	}
	return LoadProject(ctx, p, dir, environment)
}

// LoadProject is Load for a project in dir.
func LoadProject(ctx context.Context, p *project.Project, dir string, environment map[string]string) (*types.Project, error) {
	return p.Load(ctx, load.Options{
		Dir:         dir,
		Environment: environment,
		Prepare:     func(text []byte) []byte { return drawable(text, environment) },
		Profiles:    project.ProfilesOrAll(environment),
		Project:     "unnamed",
	})
}
