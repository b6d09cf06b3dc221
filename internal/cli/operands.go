package cli

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/tp0-lab/composer/internal/cli/help"
)

// operandsLast moves the operands of a command line behind its flags, where urfave/cli reads them, as GNU's getopt does.
// All words behind -- are operands, and -n5 is -n 5, -oFILE is -o FILE. A line whose command takes no flags, or has
// subcommands, stays as it is. The error says that a flag with one value is given twice.
func operandsLast(commands []*cli.Command, args []string) ([]string, error) {
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
		return args, nil
	}
	line := slices.Clone(args[:at])
	called := strings.Join(append([]string{programName}, line[1:]...), " ")
	var operands, given []string
	spellings := map[string]string{} // of each flag, as it is given first: urfave/cli takes no flag in two forms
	args = slices.Clone(args)        // attached values are taken apart in it
	for ; at < len(args); at++ {
		if flag, value := attached(command.Flags, args[at]); flag != "" {
			args = slices.Replace(args, at, at+1, flag, value)
		}
		arg := args[at]
		if f := named(command.Flags, arg); f != nil && strings.HasPrefix(arg, "-") {
			dashed, _, _ := strings.Cut(arg, "=")
			if first, ok := spellings[f.Names()[0]]; ok {
				arg = first + arg[len(dashed):]
			} else {
				spellings[f.Names()[0]] = dashed
			}
		}
		if name := single(command.Flags, arg); name != "" {
			if slices.Contains(given, name) {
				return nil, usagef("%s: %s is given twice, and takes one value; see `%s --help`", command.Name, help.Dashed(name), called)
			}
			given = append(given, name)
		}
		switch {
		case arg == "--":
			operands = append(operands, args[at+1:]...)
			at = len(args)
		case arg == "-" || !strings.HasPrefix(arg, "-"):
			operands = append(operands, arg)
		case takesNext(command.Flags, arg):
			if at++; at == len(args) {
				return append(line, arg), nil // without a value: no operand may become it
			}
			line = append(line, arg, args[at])
		default:
			line = append(line, arg)
		}
	}
	if slices.ContainsFunc(operands, func(o string) bool { return o != "-" && strings.HasPrefix(o, "-") }) {
		line = append(line, "--")
	}
	return append(line, operands...), nil
}

// attached returns the parts of a word that is a short flag with its value, such as -n5, else "". -name is the flag --name
// if there is one.
func attached(flags []cli.Flag, arg string) (flag, value string) {
	if len(arg) < 3 || arg[0] != '-' || arg[1] == '-' || named(flags, arg) != nil || !takesNext(flags, arg[:2]) {
		return "", ""
	}
	return arg[:2], arg[2:]
}

// named returns the flag that arg gives, as -n, --name or --name=VALUE, or nil.
func named(flags []cli.Flag, arg string) cli.Flag {
	name, _, _ := strings.Cut(strings.TrimLeft(arg, "-"), "=")
	if i := slices.IndexFunc(flags, func(f cli.Flag) bool { return slices.Contains(f.Names(), name) }); i >= 0 {
		return flags[i]
	}
	return nil
}

// single returns the name of the flag that arg gives if that flag takes one value, else "".
func single(flags []cli.Flag, arg string) string {
	if !strings.HasPrefix(arg, "-") {
		return ""
	}
	switch f := named(flags, arg).(type) {
	case *cli.StringFlag, *cli.IntFlag, *cli.Int64Flag, *cli.UintFlag, *cli.Uint64Flag, *cli.DurationFlag, *cli.PathFlag:
		return f.Names()[0]
	}
	return ""
}

// takesNext reports whether arg is a flag whose value is the next word.
func takesNext(flags []cli.Flag, arg string) bool {
	documented, ok := named(flags, arg).(cli.DocGenerationFlag)
	return ok && documented.TakesValue() && !strings.Contains(arg, "=")
}
