package cli

import (
	"fmt"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/tp0-lab/composer/internal/compose/lint"
	"github.com/tp0-lab/composer/internal/files"
)

// composeFile is the Compose file of --file.
type composeFile struct {
	name string // of the file, or stdin
	text []byte
	dir  string // where its relative paths start from
}

// readComposeFile reads the Compose file of --file, "-" being stdin; nil without --file. It refuses --file beside flags
// that choose a stage or its values, but not beside their variables, which are often set for all commands.
func readComposeFile(c *cli.Context, source *bundleFlags) (*composeFile, error) {
	name := c.String("file")
	if name == "" {
		return nil, nil
	}
	if source.onCommandLine("stage", "replicas", "bundle", "template", "values", "set", "set-string", "set-file") {
		return nil, usagef("%s: --file says all that a stage, replicas, a bundle and its values would; give one or the other", c.Command.Name)
	}
	f := &composeFile{dir: filepath.Dir(name)}
	var err error
	if f.text, f.name, err = streams(c).read(name, lint.MaxFile); err != nil {
		return nil, fmt.Errorf("%s: %s: %w", c.Command.Name, f.name, files.Cause(err))
	}
	return f, nil
}
