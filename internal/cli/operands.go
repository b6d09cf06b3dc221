package cli

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// operandsLast puts the operands of a command line behind its flags, as the CLI
// package wants them, wherever people write them (Utility Syntax Guideline 9 of
// POSIX.1-2017 wants them last, too; GNU's getopt moves them likewise). What
// stands behind -- is an operand, whatever it looks like. A line without a
// command that takes operands stays as it is.
func operandsLast(commands []*cli.Command, args []string) []string {
	var command *cli.Command
	at := 1 // behind the program's name
	for ; at < len(args); at++ {
		i := slices.IndexFunc(commands, func(c *cli.Command) bool { return c.HasName(args[at]) })
		if i < 0 {
			break
		}
		command = commands[i]
		commands = command.Subcommands
	}
	if command == nil || len(command.Subcommands) > 0 || command.SkipFlagParsing {
		return args
	}
	line := slices.Clone(args[:at])
	var operands []string
	for ; at < len(args); at++ {
		arg := args[at]
		switch {
		case arg == "--":
			operands = append(operands, args[at+1:]...)
			at = len(args)
		case arg == "-" || !strings.HasPrefix(arg, "-"):
			operands = append(operands, arg)
		case takesNext(command.Flags, arg):
			if at++; at == len(args) {
				return append(line, arg) // its value is missing, and no operand is to be taken for it
			}
			line = append(line, arg, args[at])
		default:
			line = append(line, arg)
		}
	}
	if slices.ContainsFunc(operands, func(o string) bool { return o != "-" && strings.HasPrefix(o, "-") }) {
		line = append(line, "--")
	}
	return append(line, operands...)
}

// takesNext tells whether what follows arg is its value.
func takesNext(flags []cli.Flag, arg string) bool {
	name := strings.TrimLeft(arg, "-")
	i := slices.IndexFunc(flags, func(f cli.Flag) bool { return slices.Contains(f.Names(), name) })
	if i < 0 {
		return false
	}
	documented, ok := flags[i].(cli.DocGenerationFlag)
	return ok && documented.TakesValue()
}
