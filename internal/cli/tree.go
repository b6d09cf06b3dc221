package cli

import (
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/tp0-lab/composer/internal/cli/help"
)

// tree returns the program's commands for help, man page and completion.
func tree(app *cli.App) *help.Command {
	return branch(app.Name, &cli.Command{Usage: app.Usage, UsageText: app.UsageText, Description: app.Description, Subcommands: app.Commands})
}

func branch(name string, c *cli.Command) *help.Command {
	m := &help.Command{
		Name: name, Group: c.Category, Usage: c.Usage, Synopsis: c.UsageText, Arguments: c.ArgsUsage, Description: c.Description,
	}
	for _, sub := range c.Subcommands {
		if !sub.Hidden {
			m.Commands = append(m.Commands, branch(name+" "+sub.Name, sub))
		}
	}
	for _, f := range c.Flags {
		if f != cli.HelpFlag {
			m.Flags = append(m.Flags, documented(f))
		}
	}
	m.Flags = append(m.Flags, helpFlag())
	return m
}

// helpFlag returns --help, which urfave/cli gives each command.
func helpFlag() help.Flag {
	return help.Flag{Names: []string{"help", "h"}, Usage: "show this help"}
}

// documented returns the help of a flag. The first word of the flag's usage in backquotes names its value.
func documented(f cli.Flag) help.Flag {
	d := help.Flag{Names: f.Names()}
	doc, ok := f.(cli.DocGenerationFlag)
	if !ok {
		return d
	}
	d.Usage = doc.GetUsage()
	if v := doc.GetEnvVars(); len(v) > 0 {
		d.Variable = v[0]
	}
	if !doc.TakesValue() {
		return d
	}
	d.Value = "VALUE"
	if before, rest, ok := strings.Cut(d.Usage, "`"); ok {
		if word, after, ok := strings.Cut(rest, "`"); ok {
			d.Value, d.Usage = word, before+word+after
		}
	}
	d.Default = strings.Trim(doc.GetDefaultText(), `"`)
	return d
}

// printHelp writes the help of a command as wide as the output, with the name by which the program was called.
func printHelp(s *Streams, c *help.Command) error {
	c.Rename(s.rename)
	return c.WriteHelp(s.Out, s.Out.helpWidth())
}
