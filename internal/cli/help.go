package cli

import "github.com/urfave/cli/v2"

const helpName = "help"

// helpCommand returns `composer help`, which explains subcommands too.
func helpCommand() *cli.Command {
	return &cli.Command{
		Name:      helpName,
		Aliases:   []string{"h"},
		Usage:     "explain a command",
		UsageText: "composer help [COMMAND [SUBCOMMAND]]",
		ArgsUsage: "[COMMAND [SUBCOMMAND]]",
		Description: examples(
			"composer help", "list the commands",
			"composer help render", "one of them, the same as composer render --help",
			"composer help config show", "a command of a command",
		),
		Action: func(c *cli.Context) error {
			command := tree(c.App)
			for _, word := range c.Args().Slice() {
				next := command.Find(word)
				if next == nil {
					return noCommand(word, command)
				}
				command = next
			}
			return printHelp(streams(c), command)
		},
	}
}
