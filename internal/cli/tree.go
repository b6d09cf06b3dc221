package cli

import (
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"
	"golang.org/x/sys/unix"

	"github.com/tp0-lab/composer/internal/cli/help"
)

// tree returns the program's commands as help, man page and completion want them.
func tree(app *cli.App) *help.Command {
	return &help.Command{
		Name: app.Name, Usage: app.Usage, Synopsis: app.UsageText, Description: app.Description,
		Flags: []help.Flag{helpFlag()}, Commands: branches(app.Name, app.Commands),
	}
}

func branches(above string, commands []*cli.Command) []*help.Command {
	var all []*help.Command
	for _, c := range commands {
		if !c.Hidden {
			all = append(all, branch(above+" "+c.Name, c))
		}
	}
	return all
}

func branch(name string, c *cli.Command) *help.Command {
	m := &help.Command{
		Name: name, Usage: c.Usage, Synopsis: c.UsageText, Arguments: c.ArgsUsage, Description: c.Description,
		Commands: branches(name, c.Subcommands),
	}
	for _, f := range c.Flags {
		if f != cli.HelpFlag {
			m.Flags = append(m.Flags, documented(f))
		}
	}
	m.Flags = append(m.Flags, helpFlag())
	return m
}

// helpFlag is the one that the CLI package gives each command.
func helpFlag() help.Flag {
	return help.Flag{Names: []string{"help", "h"}, Usage: "show this help"}
}

// documented is what there is to say of a flag. The word for its value is the first
// one of its usage in backquotes.
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

// showHelp prints the help of the program or of one of its commands, as the CLI
// package asks for it.
func showHelp(w io.Writer, _ string, of any) {
	var err error
	switch of := of.(type) {
	case *cli.App:
		err = tree(of).WriteHelp(w, helpWidth(w))
	case *cli.Command:
		err = branch(of.HelpName, of).WriteHelp(w, helpWidth(w))
	}
	_ = err // w remembers it
}

// helpWidth is how long the lines of the help may be.
func helpWidth(w io.Writer) int {
	const usual, most = 80, 120
	if n := terminalWidth(w); n > 0 {
		return min(n, most)
	}
	return usual
}

// tableWidth is how long the lines of a table may be: as long as they like, for
// programs.
func tableWidth(w io.Writer) int {
	if !isTerminal(w) {
		return 0
	}
	return terminalWidth(w)
}

// terminalWidth is what COLUMNS says, or else the terminal itself, or 0.
func terminalWidth(w io.Writer) int {
	if n, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && n > 0 {
		return n
	}
	if c, ok := w.(*checkedWriter); ok {
		w = c.w
	}
	if f, ok := w.(*os.File); ok {
		if size, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ); err == nil {
			return int(size.Col)
		}
	}
	return 0
}
