package cli

import (
	"github.com/urfave/cli/v2"
)

const helpName = "help"

// helpCommand is `composer help`. That of the CLI package knows one level only.
func helpCommand() *cli.Command {
	return &cli.Command{
		Name:      helpName,
		Aliases:   []string{"h"},
		Usage:     "print all about a command",
		UsageText: "composer help [COMMAND [SUBCOMMAND]]",
		ArgsUsage: "[COMMAND [SUBCOMMAND]]",
		Description: examples(
			"composer help", "what commands there are",
			"composer help render", "one of them, the same as composer render --help",
			"composer help config show", "a command of a command",
		),
		Action: func(c *cli.Context) error {
			name, commands := c.App.Name, c.App.Commands
			for i, word := range c.Args().Slice() {
				var next *cli.Command
				for _, command := range commands {
					if command.HasName(word) {
						next = command
					}
				}
				if next == nil {
					return noCommand(word, commands, name)
				}
				name, commands = name+" "+next.Name, next.Subcommands
				if i == c.NArg()-1 {
					next.HelpName = name
					return printHelp(streams(c).Out, next)
				}
			}
			return printHelp(streams(c).Out, c.App)
		},
	}
}
