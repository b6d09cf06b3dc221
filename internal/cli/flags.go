package cli

import (
	"strings"

	"github.com/urfave/cli/v2"
)

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

// profileFlag returns --profile.
func profileFlag(variable, usage string) cli.Flag {
	return listFlag("profile", variable, usage+"; may be given several times; * is all of them (default: those of COMPOSE_PROFILES)")
}

// setProfiles puts the profiles of --profile into an environment, in place of those of COMPOSE_PROFILES.
func setProfiles(c *cli.Context, environment map[string]string) {
	if named := c.StringSlice("profile"); len(named) > 0 {
		environment["COMPOSE_PROFILES"] = strings.Join(named, ",")
	}
}
