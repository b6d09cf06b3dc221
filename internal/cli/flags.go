package cli

import "github.com/urfave/cli/v2"

// boolFlag returns a flag that takes no value, with its environment variable.
func boolFlag(name, variable, usage string, aliases ...string) cli.Flag {
	return &cli.BoolFlag{Name: name, Aliases: aliases, EnvVars: []string{variable}, DisableDefaultText: true, Usage: usage}
}

// stringFlag returns a flag with one value, its environment variable and its default. The first word of usage in
// backquotes names the value in the help.
func stringFlag(name, variable, value, usage string, aliases ...string) cli.Flag {
	return &cli.StringFlag{Name: name, Aliases: aliases, EnvVars: []string{variable}, Value: value, Usage: usage}
}

// listFlag returns a flag that may be repeated, with its environment variable.
func listFlag(name, variable, usage string, aliases ...string) cli.Flag {
	return &cli.StringSliceFlag{Name: name, Aliases: aliases, EnvVars: []string{variable}, Usage: usage}
}
