package project

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"github.com/compose-spec/compose-go/v2/dotenv"
	"github.com/compose-spec/compose-go/v2/types"

	"github.com/tp0-lab/composer/internal/files"
)

// Environment returns the variables of a project in dir: those of environ ("NAME=value"), and those of dir's .env file
// that environ does not set.
func Environment(dir string, environ []string) (map[string]string, error) {
	own := types.NewMapping(environ)
	environment := make(types.Mapping)
	file, err := readVariables(filepath.Join(dir, ".env"), own)
	if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, files.ErrDirectory) { // Compose reads no directory
		return nil, fmt.Errorf(".env: %w", files.Cause(err))
	}
	maps.Copy(environment, file)
	maps.Copy(environment, own)
	return environment, nil
}

// readVariables reads a file of variables, whose values may have variables of the environment.
func readVariables(name string, environment map[string]string) (map[string]string, error) {
	content, err := files.ReadRegular(name, MaxFile)
	if err != nil {
		return nil, err
	}
	return dotenv.ParseWithLookup(bytes.NewReader(content), types.Mapping(environment).Resolve)
}

// ListedFiles returns the files that COMPOSE_FILE lists in an environment, or nil.
func ListedFiles(environment map[string]string) []string {
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

// ProfilesOrAll is Profiles, or "*" for all if COMPOSE_PROFILES enables none.
func ProfilesOrAll(environment map[string]string) []string {
	if profiles := Profiles(environment); profiles != nil {
		return profiles
	}
	return []string{"*"}
}

// DefaultFiles returns the files that Compose reads in a folder if nobody names one: the Compose file and its override
// file, if they exist.
func DefaultFiles(dir string) (names []string) {
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
