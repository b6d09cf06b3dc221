// Package cli is the command line of composer: a file for each command.
package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"runtime/debug"
	"strings"
	"sync"

	"github.com/sirupsen/logrus"
	"github.com/urfave/cli/v2"

	"github.com/tp0-lab/composer/internal/cli/help"
	"github.com/tp0-lab/composer/internal/compose/load"
	"github.com/tp0-lab/composer/internal/compose/project"
	"github.com/tp0-lab/composer/internal/text"
)

// Main runs a command line, whose first word is the program's name, and returns the exit code: 0 done, 1 failed, 2
// wrong command line, 3 nothing could be judged. It stops early when ctx is done. Only one Main may run at a time,
// because Main copies the variables of flags, COMPOSER_…, from s.Environ to the environment of the process.
func Main(ctx context.Context, args []string, s Streams) (code int) {
	defer func() {
		if fault := recover(); fault != nil {
			printLine(s.Err, "composer: internal error: %v; please report it with the command line and these lines", fault)
			fmt.Fprintf(s.Err, "%s", debug.Stack())
			code = exitFailure
		}
	}()
	s.name, s.line = calledName(args[0]), args
	s.Err.Writer = renamer{s.Err.Writer, s.name}
	s.takeEnvironment()
	logrus.SetOutput(s.Err)
	logrus.SetFormatter(newLogrusFormatter(nil))
	app := newApp(&s)
	line, err := operandsLast(app.Commands, args)
	if err == nil {
		err = app.RunContext(ctx, line)
	}
	if err == nil {
		err = s.Out.err // printLine and help drop the errors of writes
	}
	if err != nil {
		printError(s.Err, err)
	}
	return exitCode(err)
}

// logrusFormatter writes what compose-go logs, such as a variable that is not set, like composer's warnings, each once:
// compose-go logs it for each value, and each time that it loads the file.
type logrusFormatter struct {
	project *project.Project // that is loaded, if it is known
	written *sync.Map        // lines
}

func newLogrusFormatter(p *project.Project) logrusFormatter {
	return logrusFormatter{p, &sync.Map{}}
}

// Format implements logrus.Formatter. It puts the place of a value before a message that begins with its path.
func (f logrusFormatter) Format(entry *logrus.Entry) ([]byte, error) {
	message := text.Line(entry.Message)
	if path, _, found := strings.Cut(message, ": "); found && f.project != nil {
		if n := load.Node(f.project.Root, strings.Split(path, ".")); n != nil {
			message = f.project.Place(n).String() + ": " + message
		}
	}
	line := "composer: " + entry.Level.String() + ": " + message + "\n"
	if _, before := f.written.LoadOrStore(line, true); before {
		return nil, nil
	}
	return []byte(line), nil
}

func newApp(s *Streams) *cli.App {
	app := &cli.App{
		Name:      "composer",
		Usage:     "render Docker Compose files from templates, check, draw and compare any, and run and judge a lab",
		UsageText: "composer COMMAND [options]",
		Description: examples(
			"composer init mine", "a small bundle of templates to begin with",
			"composer render --bundle mine -n 5 -o compose.yaml", "five numbered replicas, checked before they are written",
			"composer lint compose.yaml", "check any Compose file",
			"composer graph -f compose.yaml --format svg -o compose.svg", "a picture of it",
			"composer render --stage ej6 -n 5", "a stage of the built-in lab",
			"composer run --stage ej8 -n 5", "run it here, without Docker",
			"composer diff ej5 ej6", "compare two stages",
			"composer verify --repo DIR", "check a student's eight branches",
			"composer COMMAND --help", "explain a command",
		) + "\n\nExit codes: 0 done, 1 failed, 2 wrong command line, 3 `verify` could not judge.",
		HideVersion: true,
		// splitCommas takes lists apart: names of files may have commas.
		DisableSliceFlagSeparator: true,
		Flags:                     []cli.Flag{cli.HelpFlag},
		Writer:                    s.Out,
		ErrWriter:                 s.Err,
		Metadata:                  map[string]any{"streams": s},
		ExitErrHandler:            func(*cli.Context, error) {}, // Main prints
		OnUsageError:              onUsageError,
		Action:                    unknownCommand,
		Commands: []*cli.Command{
			completeCommand(),
		},
	}
	for _, group := range []struct {
		name     string
		commands []*cli.Command
	}{
		{"TEMPLATES", []*cli.Command{initCommand(), renderCommand(), valuesCommand(), stagesCommand(), targetsCommand()}},
		{"ANY COMPOSE FILE", []*cli.Command{lintCommand(), graphCommand(), diffCommand()}},
		{"THE LAB", []*cli.Command{doctorCommand(), dataCommand(), configCommand(), runCommand(), verifyCommand(), deliverCommand()}},
		{"THE PROGRAM", []*cli.Command{helpCommand(), versionCommand(), completionCommand(), manCommand()}},
	} {
		for _, c := range group.commands {
			c.Category = group.name
		}
		app.Commands = append(app.Commands, group.commands...)
	}
	cli.HelpPrinter = func(_ io.Writer, _ string, of any) {
		command := tree(app)
		if c, ok := of.(*cli.Command); ok {
			command = branch(c.HelpName, c)
		}
		_ = printHelp(s, command) // s.Out remembers the error
	}
	setUsageErrors(app.Commands)
	return app
}

// setUsageErrors makes all commands, at every depth, refuse wrong flags, subcommands and operands alike.
func setUsageErrors(commands []*cli.Command) {
	for _, c := range commands {
		c.OnUsageError = onUsageError
		c.HideHelpCommand = true // `composer help` is for all
		if len(c.Subcommands) > 0 {
			c.Action = unknownCommand
		} else if action := c.Action; !c.Hidden {
			c.Action = func(c *cli.Context) error {
				if c.Command.ArgsUsage == "" && c.Args().Present() {
					return operandError(c)
				}
				if err := cmp.Or(emptyFlag(c), stdinTwice(c)); err != nil {
					return err
				}
				return namingVariables(c, action(c))
			}
		}
		setUsageErrors(c.Subcommands)
	}
}

// emptyFlag returns an error if a flag on the command line has an empty value, which a variable of a shell script
// that is not set leaves. Only a prefix may be empty.
func emptyFlag(c *cli.Context) error {
	for _, f := range c.Command.Flags {
		name := f.Names()[0]
		if _, ok := f.(*cli.StringFlag); ok && name != "branch-prefix" && c.IsSet(name) && c.String(name) == "" {
			return usagef("--%s wants a value; see `%s --help`", name, c.Command.HelpName)
		}
	}
	return nil
}

// examples joins pairs of a command line and its effect to the Description of a help.Command.
func examples(pairs ...string) string {
	var lines []string
	for i := 0; i < len(pairs); i += 2 {
		lines = append(lines, pairs[i]+"\t"+pairs[i+1])
	}
	return strings.Join(lines, "\n")
}

// splitCommas returns the values of a list flag, whose values may hold several with commas between them.
func splitCommas(c *cli.Context, name string) []string {
	var all []string
	for _, list := range c.StringSlice(name) {
		for part := range strings.SplitSeq(list, ",") {
			all = append(all, strings.TrimSpace(part))
		}
	}
	return all
}

// operandError returns the error of a command that takes no operands and has one.
func operandError(c *cli.Context) error {
	return usagef("%s takes flags only, not %q; see `%[1]s --help`", c.Command.HelpName, c.Args().First())
}

// unknownCommand prints the help of a command that has subcommands if none is named, and refuses unknown ones.
func unknownCommand(c *cli.Context) error {
	command := branch(c.Command.HelpName, c.Command)
	if c.Command.Name == c.App.Name {
		command = tree(c.App)
	}
	if name := c.Args().First(); name != "" && name != helpName {
		return noCommand(name, command)
	}
	return printHelp(streams(c), command)
}

// noCommand returns the error for an unknown subcommand.
func noCommand(name string, parent *help.Command) error {
	var names []string
	for _, c := range parent.Commands {
		names = append(names, c.Base())
	}
	return usagef("unknown command %q%s; see `%s --help`", name, text.DidYouMean(name, names), parent.Name)
}
