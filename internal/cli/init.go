package cli

import (
	"errors"
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/tp0-lab/composer/internal/template/bundle"
)

func initCommand() *cli.Command {
	return &cli.Command{
		Name:      "init",
		Usage:     "write a small bundle of templates to begin with",
		UsageText: "composer init [--force] DIR",
		ArgsUsage: "DIR",
		Description: examples(
			"composer init mine", "a directory with a stage, values, their schema and two templates, each explained in comments",
			"composer render --bundle mine -n 5", "what they make",
			"composer values --bundle mine", "what can be set",
		) + "\n\nThe directory is written as a whole or not at all.",
		Flags: []cli.Flag{
			boolFlag("force", "COMPOSER_INIT_FORCE",
				"write into a directory that is not empty; files of the bundle's names are replaced"),
		},
		Action: func(c *cli.Context) error {
			if c.NArg() != 1 || c.Args().First() == "" {
				return usagef("%s wants one DIR; see `%[1]s --help`", c.Command.HelpName)
			}
			dir := c.Args().First()
			if err := bundle.WriteStarter(dir, c.Bool("force")); err != nil {
				if errors.Is(err, bundle.ErrNotEmpty) {
					return fmt.Errorf("%w; --force writes into it all the same", err)
				}
				return err
			}
			printLine(c.App.ErrWriter, "%s: a bundle; `composer render --bundle %[1]s` renders it", dir)
			return nil
		},
	}
}
