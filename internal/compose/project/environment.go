package project

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"github.com/compose-spec/compose-go/v2/dotenv"
	"github.com/compose-spec/compose-go/v2/types"
)

// Environment returns what Compose takes the variables of a project in dir from: environ ("NAME=value") and, of lower
// rank, dir's .env file.
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

// Names returns the files that COMPOSE_FILE lists in an environment, or nil.
func Names(environment map[string]string) []string {
	separator := environment["COMPOSE_PATH_SEPARATOR"]
	if separator == "" {
		separator = string(os.PathListSeparator)
	}
	if environment["COMPOSE_FILE"] == "" {
		return nil
	}
	return strings.Split(environment["COMPOSE_FILE"], separator)
}

// Profiles returns the profiles that COMPOSE_PROFILES enables in an environment. "*" is all of them.
func Profiles(environment map[string]string) (profiles []string) {
	for name := range strings.SplitSeq(environment["COMPOSE_PROFILES"], ",") {
		if name = strings.TrimSpace(name); name != "" {
			profiles = append(profiles, name)
		}
	}
	return profiles
}

// ProfilesOrAll is Profiles, or all if COMPOSE_PROFILES enables none.
func ProfilesOrAll(environment map[string]string) []string {
	if profiles := Profiles(environment); profiles != nil {
		return profiles
	}
	return []string{"*"}
}

// DefaultNames returns the file that Compose reads in a folder without being told, and the one that it lays over that, as
// far as they are there.
func DefaultNames(dir string) (names []string) {
	for _, list := range [][]string{
		{"compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"},
		{"compose.override.yml", "compose.override.yaml", "docker-compose.override.yml", "docker-compose.override.yaml"},
	} {
		for _, name := range list {
			if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
				names = append(names, filepath.Join(dir, name))
				break
			}
		}
		if names == nil {
			return nil
		}
	}
	return names
}
