package cli

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/sirupsen/logrus"
	"github.com/urfave/cli/v2"

	"github.com/tp0-lab/composer/internal/compose/engine"
	"github.com/tp0-lab/composer/internal/compose/lint"
	"github.com/tp0-lab/composer/internal/compose/project"
	"github.com/tp0-lab/composer/internal/files"
)

// composeFiles is the Compose files of --file, as one project.
type composeFiles struct {
	*project.Project
	given       []*project.File
	name        string // of the files, or stdin
	dir         string // where relative paths start from
	environment map[string]string
}

// readComposeFiles reads the Compose files of --file, "-" being stdin, or else those of COMPOSE_FILE; nil without either.
// It refuses --file beside flags that choose a stage or its values, but not beside their variables, which are often set
// for all commands.
func readComposeFiles(c *cli.Context, source *bundleFlags) (*composeFiles, error) {
	ofStage := source.onCommandLine("stage", "replicas", "bundle", "template", "values", "set", "set-string", "set-file")
	names := c.StringSlice("file")
	if len(names) > 0 && ofStage {
		return nil, usagef("%s: --file says all that a stage, replicas, a bundle and its values would; give one or the other", c.Command.Name)
	}
	if len(names) == 0 && !ofStage {
		environment, err := project.Environment(".", streams(c).Environ)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.Command.Name, err)
		}
		names = project.ListedFiles(environment)
	}
	if len(names) == 0 {
		return nil, nil
	}
	all, dir, err := openFiles(c, names)
	if err != nil {
		return nil, err
	}
	if err := refuseOtherEngines(c, all); err != nil {
		return nil, err
	}
	f := &composeFiles{given: all, dir: dir}
	var bases []string
	for _, file := range all {
		bases = append(bases, filepath.Base(file.Name))
	}
	f.name = strings.Join(bases, " + ")
	if f.environment, err = project.Environment(f.dir, streams(c).Environ); err != nil {
		return nil, fmt.Errorf("%s: %s: %w", c.Command.Name, f.name, err)
	}
	setProfiles(c, f.environment)
	if f.Project, err = project.Read(all, project.Options{Dir: f.dir, Environment: f.environment}); err != nil {
		return nil, fmt.Errorf("%s: %w", c.Command.Name, err)
	}
	source.project = f.Project
	logrus.SetFormatter(newLogrusFormatter(f.Project))
	return f, nil
}

// explain returns an error of compose-go about the files as lint has it, with the place of the value. Other errors stay.
func (f *composeFiles) explain(ctx context.Context, err error) error {
	return lint.Explain(ctx, f.given, f.dir, err)
}

// refuseOtherEngines refuses files that are for another engine than Compose. A stack file can be drawn, and what is most
// likely one is taken with a warning.
func refuseOtherEngines(c *cli.Context, all []*project.File) error {
	for _, file := range all {
		kind, other := engine.Of(file.Text)
		if !other {
			continue
		}
		what, drawn := file.Name+": "+kind.Explain(file.Name), fmt.Sprintf("`composer graph --target %s` draws a stage for it", kind.Target)
		switch draws := c.Command.Name == "graph"; {
		case draws && kind.Target == engine.Stack.Target:
			warn(c.App.ErrWriter, "%s; it is drawn as Compose would read it, and %s", what, drawn)
		case kind.Runs:
			warn(c.App.ErrWriter, "%s; Compose ignores a part of it", what)
		case draws:
			return fmt.Errorf("graph: %s; %s", what, drawn)
		default:
			return fmt.Errorf("%s: %s", c.Command.Name, what)
		}
	}
	return nil
}

// openFiles reads files, "-" being stdin, and returns the folder of the first one that is not stdin.
func openFiles(c *cli.Context, names []string) (all []*project.File, dir string, err error) {
	for _, name := range names {
		if name == "" {
			return nil, "", usagef("--file wants a value; see `%s --help`", c.Command.HelpName)
		}
		content, shown, err := streams(c).read(name, project.MaxFile)
		if err != nil {
			return nil, "", fmt.Errorf("%s: %s: %w", c.Command.Name, shown, files.Cause(err))
		}
		if name != "-" && dir == "" {
			dir = filepath.Dir(name)
		}
		all = append(all, &project.File{Name: shown, Text: content})
	}
	return all, cmp.Or(dir, "."), nil
}
