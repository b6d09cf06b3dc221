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
	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"

	"github.com/tp0-lab/composer/internal/compose/yamltree"
	"github.com/tp0-lab/composer/internal/text"
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
	if err := yamltree.Sound(raw); err != nil {
		return nil, fmt.Errorf("load %s:%w", name, err)
	}
	environment, err := Environment(dir, environ)
	if err != nil {
		return nil, fmt.Errorf("load %s: %w", name, err)
	}
	var profiles []string
	if named := environment["COMPOSE_PROFILES"]; named != "" {
		profiles = strings.Split(named, ",")
	}
	project, err := loader.LoadWithContext(ctx, types.ConfigDetails{
		WorkingDir:  dir,
		ConfigFiles: []types.ConfigFile{{Filename: filepath.Join(dir, filepath.Base(name)), Content: raw}},
		Environment: environment,
	}, func(o *loader.Options) {
		o.Profiles = profiles
		o.SetProjectName("local", false)
	})
	if err != nil {
		return nil, fmt.Errorf("load %s: %s", name, text.Line(err.Error()))
	}
	return project, nil
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
