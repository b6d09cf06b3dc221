package cli

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// operandsLast moves the operands of a command line behind its flags, where urfave/cli reads them, as GNU's getopt does.
// All words behind -- are operands. A line whose command takes no flags, or has subcommands, stays as it is.
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
				return append(line, arg) // without a value: no operand may become it
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

// takesNext reports whether arg is a flag whose value is the next word.
func takesNext(flags []cli.Flag, arg string) bool {
	name := strings.TrimLeft(arg, "-")
	i := slices.IndexFunc(flags, func(f cli.Flag) bool { return slices.Contains(f.Names(), name) })
	if i < 0 {
		return false
	}
	documented, ok := flags[i].(cli.DocGenerationFlag)
	return ok && documented.TakesValue()
}
