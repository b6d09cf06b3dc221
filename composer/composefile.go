package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/tp0-lab/composer/internal/lint"
)

// composeFile is the Compose file that --file gives.
type composeFile struct {
	name string // of the file, or stdin
	text []byte
	dir  string // where its relative paths start from
}

// readComposeFile reads the Compose file of --file, "-" being stdin. It is nil if
// there is none. Beside one, it refuses what says what would be rendered, if it
// stands on the command line: variables are often set for all commands.
func readComposeFile(c *cli.Context, source *bundleFlags) (*composeFile, error) {
	name := c.String("file")
	if name == "" {
		return nil, nil
	}
	for flag, variable := range map[string]string{"stage": "COMPOSER_STAGE", "replicas": "COMPOSER_REPLICAS", "bundle": "COMPOSER_BUNDLE"} {
		if c.IsSet(flag) && os.Getenv(variable) == "" {
			return nil, besideFile(c)
		}
	}
	if slices.ContainsFunc(source.given, func(g given) bool { return g.by == "--"+g.flag }) {
		return nil, besideFile(c)
	}
	f := &composeFile{name: name, dir: filepath.Dir(name)}
	var err error
	if name == "-" {
		f.name = "stdin"
		f.text, err = lint.ReadFrom(os.Stdin)
	} else {
		f.text, err = lint.Read(name)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %s: %w", c.Command.Name, f.name, err)
	}
	return f, nil
}

func besideFile(c *cli.Context) error {
	return usagef("%s: --file says all that a stage, replicas, a bundle and its values would; give one or the other", c.Command.Name)
}
