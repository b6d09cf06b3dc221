package cli

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/tp0-lab/composer/internal/compose/engine"
	"github.com/tp0-lab/composer/internal/compose/project"
	"github.com/tp0-lab/composer/internal/files"
	"github.com/tp0-lab/composer/internal/template/bundle"
	"github.com/tp0-lab/composer/internal/template/existing"
	"github.com/tp0-lab/composer/internal/text"
)

func initCommand() *cli.Command {
	return &cli.Command{
		Name:      "init",
		Usage:     "write a small bundle of templates to begin with",
		UsageText: "composer init [--force] DIR\ncomposer init --from FILE DIR",
		ArgsUsage: "DIR",
		Description: examples(
			"composer init mine", "a directory with a stage, values, their schema and two templates, each explained in comments",
			"composer render --bundle mine -n 5", "the Compose file that they make",
			"composer values --bundle mine", "the values that can be set",
			"composer init --from compose.yaml mine", "a bundle that renders an existing Compose file: numbered services become a kind of replicas",
			"composer render --bundle mine -n client=50", "that file with 50 clients",
		) + "\n\nThe directory is written as a whole or not at all. --from renders its bundle and compares it with the file before it writes.",
		Flags: []cli.Flag{
			boolFlag("force", "COMPOSER_INIT_FORCE",
				"write into a directory that is not empty; files of the bundle's names are replaced"),
			stringFlag("from", "COMPOSER_INIT_FROM", "",
				"make the bundle of an existing Compose `FILE`, - is stdin; DIR has to be new or empty"),
		},
		Action: func(c *cli.Context) error {
			if c.NArg() != 1 || c.Args().First() == "" {
				return usagef("%s wants one DIR; see `%[1]s --help`", c.Command.HelpName)
			}
			dir := c.Args().First()
			if file := c.String("from"); file != "" {
				return initFrom(c, file, dir)
			}
			if err := bundle.WriteFiles(dir, bundle.StarterFS(), c.Bool("force")); err != nil {
				if errors.Is(err, bundle.ErrNotEmpty) {
					return fmt.Errorf("%w; --force writes into it all the same", err)
				}
				return err
			}
			printLine(c.App.ErrWriter, "%s: a bundle; `composer render --bundle %s` renders it", dir, text.ShellWord(dir))
			return nil
		},
	}
}

// initFrom does `composer init --from FILE DIR`.
func initFrom(c *cli.Context, file, dir string) error {
	if c.Bool("force") {
		return usagef("init: --from writes only into a new DIR: leave out --force")
	}
	content, name, err := streams(c).read(file, project.MaxFile)
	if err != nil {
		return fmt.Errorf("init: %s: %w", file, files.Cause(err))
	}
	if kind, other := engine.Of(content); other && !kind.Runs {
		return fmt.Errorf("init: %s: %s; --from makes bundles of Compose files only", name, kind.Explain(name))
	}
	made, err := existing.Make(c.Context, name, content, filepath.Dir(file))
	if err != nil {
		return fmt.Errorf("init: %w", err)
	}
	if err := bundle.WriteFiles(dir, made.FS(), false); err != nil {
		if errors.Is(err, bundle.ErrNotEmpty) {
			return fmt.Errorf("%w; --from writes into a new directory, or an empty one", err)
		}
		return err
	}
	var numbers []string
	for _, k := range made.Kinds {
		numbers = append(numbers, fmt.Sprintf("-n %s=%d", k.Name, k.Count))
		if len(k.Values) > 0 {
			printLine(c.App.ErrWriter, "composer: %s: these keys differ without a pattern, so values.yaml has them for each replica: %s", k.Name, strings.Join(k.Values, ", "))
		}
	}
	if len(numbers) == 0 {
		numbers = []string{"no numbers: there are no services whose names differ by one"}
	}
	for _, one := range made.Literal {
		warn(c.App.ErrWriter, "the service %s and those like it stay separate: as a kind of replicas they would differ from the file at %s", one.First, one.Why)
	}
	printLine(c.App.ErrWriter, "%s: a bundle of %s, %s; `composer render --bundle %s` renders that file: %s",
		dir, name, text.Plural(made.Lines(), "line"), text.ShellWord(dir), strings.Join(numbers, " "))
	return nil
}
