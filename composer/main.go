// Command composer renders Docker Compose files from templates, one numbered
// replica at a time.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/urfave/cli/v2"
)

func main() {
	// A run is short and its garbage small: collecting it costs more than it gives back.
	debug.SetGCPercent(400)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// Exit codes.
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2
)

// run executes the command line and returns the exit code. Data goes to
// stdout, everything else to stderr.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	err := newApp(stdout, stderr).RunContext(ctx, args)
	if err == nil {
		return exitOK
	}
	fmt.Fprintf(stderr, "composer: %v\n", err)
	if errors.As(err, new(usageError)) {
		return exitUsage
	}
	return exitFailure
}

func newApp(stdout, stderr io.Writer) *cli.App {
	app := &cli.App{
		Name:  "composer",
		Usage: "render Docker Compose files from templates, one numbered replica at a time",
		Description: `   composer render --stage ej6 -n 5              a stage with five clients, to stdout
   composer render -n 5 -o docker-compose-dev.yaml   the default stage, to a file
   composer stages                                   what stages there are
   composer data extract                             the agencies' files, for ej6 and later

 Exit codes: 0 done, 1 it failed, 2 the command line is wrong.`,
		HideVersion:    true,
		Writer:         stdout,
		ErrWriter:      stderr,
		ExitErrHandler: func(*cli.Context, error) {}, // run prints, main exits
		OnUsageError:   onUsageError,
		Suggest:        true,
		Action:         unknownCommand,
		Commands:       []*cli.Command{renderCommand(), stagesCommand(), dataCommand(), versionCommand()},
	}
	inform(app.Commands)
	return app
}

// inform gives all commands, at every depth, the same answer to a wrong flag.
func inform(commands []*cli.Command) {
	for _, c := range commands {
		c.OnUsageError = onUsageError
		inform(c.Subcommands)
	}
}

// usageError is a command line that cannot be meant.
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

func onUsageError(c *cli.Context, err error, _ bool) error {
	return usagef("%w; see `%s --help`", err, c.Command.HelpName)
}

// noArguments refuses what stands behind the flags.
func noArguments(c *cli.Context) error {
	if c.Args().Present() {
		return usagef("%s takes no arguments, and there is %q; flags come before arguments", c.Command.HelpName, c.Args().First())
	}
	return nil
}

func unknownCommand(c *cli.Context) error {
	name := c.Args().First()
	if name == "" {
		return cli.ShowAppHelp(c)
	}
	if near := cli.SuggestCommand(c.App.Commands, name); near != "" {
		return usagef("unknown command %q. %s", name, near)
	}
	return usagef("unknown command %q; see `composer --help`", name)
}
