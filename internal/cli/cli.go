// Package cli is the command line of composer: a file for each command.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"

	"github.com/sirupsen/logrus"
	"github.com/urfave/cli/v2"

	"github.com/tp0-lab/composer/internal/cli/help"
	"github.com/tp0-lab/composer/internal/text"
)

// Streams are what a command has of the process that runs it.
type Streams struct {
	In  io.Reader // read where a command line names the file -
	Out io.Writer // data
	Err io.Writer // messages, warnings and progress
}

// Exit codes.
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2
)

// Main executes a command line, whose first word is the program's name, and returns the exit code:
// 0 done, 1 failed, 2 wrong command line. It stops early when ctx is done.
func Main(ctx context.Context, args []string, streams Streams) int {
	stdout, stderr := streams.Out, streams.Err
	// An empty variable counts as not set, which the CLI package does not know.
	for _, variable := range os.Environ() {
		if name, ok := strings.CutSuffix(variable, "="); ok && strings.HasPrefix(name, "COMPOSER_") {
			os.Unsetenv(name)
		}
	}
	logrus.SetOutput(stderr)
	logrus.SetFormatter(foreign{})
	data := &checkedWriter{w: stdout}
	app := newApp(data, stderr)
	app.Reader = streams.In
	err := app.RunContext(ctx, operandsLast(app.Commands, args))
	if err == nil {
		err = data.err // some, such as the help, do not look
	}
	if err == nil {
		return exitOK
	}
	printError(stderr, err)
	// The CLI package has an exit code of its own for a help topic that is not there.
	// A program that we ran and that failed has one, too, and that is no wrong command line.
	if errors.As(err, new(usageError)) || errors.As(err, new(cli.ExitCoder)) && !errors.As(err, new(*exec.ExitError)) {
		return exitUsage
	}
	return exitFailure
}

// printError prints an error, which may be of several lines.
func printError(w io.Writer, err error) {
	first, more, _ := strings.Cut(err.Error(), "\n")
	say(w, "composer: %s", first)
	for line := range strings.Lines(more) {
		say(w, "%s", strings.TrimSuffix(line, "\n"))
	}
}

// say prints a line for people. It may quote names and texts of others, and those do
// nothing to a terminal.
func say(w io.Writer, format string, args ...any) {
	fmt.Fprintln(w, text.Printable(fmt.Sprintf(format, args...)))
}

// warn says what may not be as it is meant.
func warn(w io.Writer, format string, args ...any) {
	say(w, "composer: warning: "+format, args...)
}

// foreign writes what compose-go logs, such as a variable that is not set, like
// composer's own warnings.
type foreign struct{}

// Format implements logrus.Formatter.
func (foreign) Format(entry *logrus.Entry) ([]byte, error) {
	return []byte("composer: " + entry.Level.String() + ": " + text.Line(entry.Message) + "\n"), nil
}

// checkedWriter remembers the first error of w.
type checkedWriter struct {
	w   io.Writer
	err error
}

func (c *checkedWriter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	if c.err == nil {
		c.err = err
	}
	return n, err
}

func newApp(stdout, stderr io.Writer) *cli.App {
	app := &cli.App{
		Name:      "composer",
		Usage:     "render Docker Compose files from templates, one numbered replica at a time",
		UsageText: "composer COMMAND [options]",
		Description: examples(
			"composer render --stage ej6 -n 5", "a stage with five clients, to stdout",
			"composer run --stage ej8 -n 5", "run it here, without Docker",
			"composer verify --repo DIR", "check a student's eight branches",
			"composer render -n 5 -o dev.yaml", "the stage of COMPOSER_STAGE, .stage or the default, to a file",
			"composer lint compose.yaml", "what is wrong with any Compose file",
			"composer graph --format svg -o ej8.svg", "a picture of a stage, or of any Compose file",
			"composer diff ej5 ej6", "what one stage adds to another",
			"composer stages", "what stages there are",
			"composer values --stage ej6", "what can be set, and where each value comes from",
			"composer data extract", "the agencies' files, for ej6 and later",
			"composer config check FILE", "what is wrong with config.ini or config.yaml",
			"composer deliver", "a branch for each stage, as the course takes them",
			"composer COMMAND --help", "all about a command",
		) + "\n\nExit codes: 0 done, 1 failed, 2 wrong command line.",
		HideVersion: true,
		// What has commas in it is for listed to take apart: names of files may have some.
		DisableSliceFlagSeparator: true,
		Flags:                     []cli.Flag{cli.HelpFlag},
		Writer:                    stdout,
		ErrWriter:                 stderr,
		ExitErrHandler:            func(*cli.Context, error) {}, // run prints, main exits
		OnUsageError:              onUsageError,
		Action:                    unknownCommand,
		Commands: []*cli.Command{
			renderCommand(), runCommand(), verifyCommand(), lintCommand(), graphCommand(), diffCommand(), valuesCommand(), stagesCommand(), initCommand(),
			dataCommand(), configCommand(), deliverCommand(), versionCommand(), helpCommand(),
			completionCommand(), completeCommand(), manCommand(), doctorCommand(),
		},
	}
	cli.HelpPrinter = showHelp
	inform(app.Commands)
	return app
}

// inform gives all commands, at every depth, the same answer to a wrong flag,
// and to a wrong command.
func inform(commands []*cli.Command) {
	for _, c := range commands {
		c.OnUsageError = onUsageError
		c.HideHelpCommand = true // `composer help` is for all
		if len(c.Subcommands) > 0 {
			c.Action = unknownCommand
		}
		inform(c.Subcommands)
	}
}

// examples are pairs of a command and what it does, as manual.Command has them.
func examples(pairs ...string) string {
	var lines []string
	for i := 0; i < len(pairs); i += 2 {
		lines = append(lines, pairs[i]+"\t"+pairs[i+1])
	}
	return strings.Join(lines, "\n")
}

// usageError is a command line that cannot be meant.
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// onUsageError says in our words what the flag package found.
func onUsageError(c *cli.Context, err error, _ bool) error {
	s := err.Error()
	if name, ok := strings.CutPrefix(s, "flag provided but not defined: -"); ok {
		s = "unknown flag " + help.Dashed(name)
		if name == "version" || name == "v" {
			s += ", did you mean `composer version`?"
		} else if near := text.UniqueNearest(name, flagNames(c.Command.Flags)); near != "" {
			s += ", did you mean " + help.Dashed(near) + "?"
		} else if number := strings.TrimLeft(name[1:], "0123456789"); number == "" && hasFlag(c.Command.Flags, name[:1]) {
			s = fmt.Sprintf("unknown flag -%s, did you mean -%s %s?", name, name[:1], name[1:])
		}
	} else if name, ok := strings.CutPrefix(s, "flag needs an argument: -"); ok {
		s = help.Dashed(name) + " wants a value"
	} else if parts := wrongVariable().FindStringSubmatch(s); parts != nil {
		s = fmt.Sprintf("%s=%s: want %s", parts[3], parts[1], wanted(parts[2]))
	} else if parts := wrongValue().FindStringSubmatch(s); parts != nil {
		s = fmt.Sprintf("%s=%s: want %s", help.Dashed(parts[3]), parts[2], wanted(typeOf(c.Command.Flags, parts[3], parts[1])))
	}
	return usagef("%s; see `%s --help`", s, c.Command.HelpName)
}

// flagNames are those that are worth a suggestion: a letter is near to any other.
func flagNames(flags []cli.Flag) []string {
	var names []string
	for _, f := range flags {
		for _, name := range f.Names() {
			if len(name) > 1 {
				names = append(names, name)
			}
		}
	}
	return names
}

func hasFlag(flags []cli.Flag, name string) bool {
	return slices.ContainsFunc(flags, func(f cli.Flag) bool { return slices.Contains(f.Names(), name) })
}

// listed are the values of a flag that may be repeated, or has several with commas.
func listed(c *cli.Context, name string) []string {
	var all []string
	for _, text := range c.StringSlice(name) {
		for part := range strings.SplitSeq(text, ",") {
			all = append(all, strings.TrimSpace(part))
		}
	}
	return all
}

// noArguments refuses operands, and says which flag a file or another name most likely belongs to.
func noArguments(c *cli.Context) error {
	if !c.Args().Present() {
		return nil
	}
	name, hint := c.Args().First(), ""
	likely := "stage"
	if _, err := os.Stat(name); err == nil {
		likely = "f"
	} else if strings.Trim(name, "0123456789") == "" {
		likely = "n"
	}
	if hasFlag(c.Command.Flags, likely) && (likely == "f" || !strings.ContainsAny(name, "./")) {
		hint = fmt.Sprintf(", did you mean %s %s?", help.Dashed(likely), name)
	}
	return usagef("%s takes flags only, and there is %q%s; see `%[1]s --help`", c.Command.HelpName, name, hint)
}

// unknownCommand is what the program, or a command of several, does with none of
// its commands.
func unknownCommand(c *cli.Context) error {
	name := c.Args().First()
	if name == "" || name == helpName {
		return branch(c.Command.HelpName, c.Command).WriteHelp(c.App.Writer, helpWidth(c.App.Writer))
	}
	return noCommand(name, c.Command.Subcommands, c.Command.HelpName)
}

// noCommand says that there is no command of that name among those of parent.
func noCommand(name string, commands []*cli.Command, parent string) error {
	var names []string
	for _, c := range commands {
		if !c.Hidden {
			names = append(names, c.Names()...)
		}
	}
	return usagef("unknown command %q%s; see `%s --help`", name, text.DidYouMean(name, names), parent)
}
