package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/urfave/cli/v2"

	"github.com/tp0-lab/composer/internal/cli/help"
	"github.com/tp0-lab/composer/internal/template/build"
	"github.com/tp0-lab/composer/internal/template/bundle"
	"github.com/tp0-lab/composer/internal/template/render"
	"github.com/tp0-lab/composer/internal/template/values"
	"github.com/tp0-lab/composer/internal/text"
)

// Exit codes.
const (
	exitOK       = 0
	exitFailure  = 1
	exitUsage    = 2
	exitUnjudged = 3
)

// unjudgedError says that `composer verify` could not judge, which is no fault of the solution.
type unjudgedError struct{ error }

func (e unjudgedError) Unwrap() error { return e.error }

// usageError is an error of the command line.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// wrongRequests are errors of other packages that mean a wrong command line.
var wrongRequests = []error{
	bundle.ErrUnknownStage, bundle.ErrCount, bundle.ErrTemplate, bundle.ErrTarget, render.ErrReplicas, build.ErrOutput,
}

// exitCode returns the exit code for an error.
func exitCode(err error) int {
	if err == nil {
		return exitOK
	}
	if errors.As(err, new(usageError)) || slices.ContainsFunc(wrongRequests, func(wrong error) bool { return errors.Is(err, wrong) }) {
		return exitUsage
	}
	if wrong, ok := errors.AsType[*values.Error](err); ok && !wrong.Unread() {
		return exitUsage // a file of values that is missing is a failure, like any missing file
	}
	if errors.As(err, new(unjudgedError)) {
		return exitUnjudged
	}
	// urfave/cli has an exit code of its own for an unknown help topic. A failed program has one too.
	if errors.As(err, new(cli.ExitCoder)) && !errors.As(err, new(*exec.ExitError)) {
		return exitUsage
	}
	return exitFailure
}

// printError prints an error of one or more lines.
func printError(w io.Writer, err error) {
	message := err.Error()
	if errors.Is(err, context.Canceled) {
		message = strings.ReplaceAll(message, context.Canceled.Error(), "interrupted")
	}
	for line := range strings.Lines("composer: " + message) {
		printLine(w, "%s", strings.TrimSuffix(line, "\n"))
	}
}

// printLine prints a line for people. Control characters in names and texts of others do nothing to a terminal.
func printLine(w io.Writer, format string, args ...any) {
	fmt.Fprintln(w, text.Printable(fmt.Sprintf(format, args...)))
}

// warn prints a warning.
func warn(w io.Writer, format string, args ...any) {
	printLine(w, "composer: warning: "+format, args...)
}

// What urfave/cli says of a variable, and package flag of a flag: the value, its type, and the name.
var (
	wrongVariable = text.LazyRegexp(`^could not parse (".*") as \w+ value from environment variable "(\w+)"`)
	wrongValue    = text.LazyRegexp(`^invalid (?:boolean )?value (".*") for (?:flag )?-([\w-]+): (?:parse error|value out of range)$`)
)

// onUsageError returns the error about a flag in composer's own words.
func onUsageError(c *cli.Context, err error, _ bool) error {
	s := err.Error()
	if name, ok := strings.CutPrefix(s, "flag provided but not defined: -"); ok {
		s = "unknown flag " + help.Dashed(name)
		if name == "version" || name == "v" {
			s += ", did you mean `composer version`?"
		} else if near := text.UniqueNearest(name, longNames(c.Command.Flags)); near != "" {
			s += ", did you mean " + help.Dashed(near) + "?"
		}
	} else if name, ok := strings.CutPrefix(s, "flag needs an argument: -"); ok {
		s = help.Dashed(name) + " wants a value"
	} else if parts := wrongVariable().FindStringSubmatch(s); parts != nil {
		s = fmt.Sprintf("%s=%s: want %s", parts[2], parts[1], validValue(c.Command.Flags, parts[2]))
	} else if parts := wrongValue().FindStringSubmatch(s); parts != nil {
		s = fmt.Sprintf("%s=%s: want %s", help.Dashed(parts[2]), parts[1], validValue(c.Command.Flags, parts[2]))
	}
	return usagef("%s; see `%s --help`", s, c.Command.HelpName)
}

// namingVariables returns err with the names of the environment's variables that it is about, because nobody sees those on
// the command line: it quotes the value of one, or names the flag that one sets.
func namingVariables(c *cli.Context, err error) error {
	if err == nil {
		return nil
	}
	message := err.Error()
	var names []string
	for _, f := range c.Command.Flags {
		doc, ok := f.(cli.DocGenerationFlag)
		if !ok {
			continue
		}
		for _, name := range doc.GetEnvVars() {
			value := streams(c).getenv(name)
			if value == "" || strings.Contains(message, name) || onCommandLine(streams(c).line[1:], f, value) {
				continue
			}
			_, isSwitch := f.(*cli.BoolFlag) // true is a word of many messages
			if !isSwitch && quotes(message, value) || slices.ContainsFunc(f.Names(), func(flag string) bool { return quotes(message, help.Dashed(flag)) }) {
				names = append(names, name)
			}
		}
	}
	if names == nil {
		return err
	}
	before := " "
	if strings.Contains(message, "\n") {
		before = "\n  "
	}
	return fmt.Errorf("%w%s(from %s)", err, before, strings.Join(names, ", "))
}

// onCommandLine reports whether a command line gives a flag, or its value.
func onCommandLine(line []string, f cli.Flag, value string) bool {
	return slices.ContainsFunc(line, func(word string) bool {
		return strings.Contains(word, value) || strings.HasPrefix(word, "-") && named([]cli.Flag{f}, word) != nil
	})
}

// quotes reports whether a message has a value in quotes, or as a word of its own. A single character is too often one by
// chance, and so is the number of a line.
func quotes(message, value string) bool {
	if strings.Contains(message, strconv.Quote(value)) {
		return true
	}
	if len(value) < 2 {
		return false
	}
	inWord := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
	isNumber := strings.Trim(value, "0123456789") == ""
	for at := 0; ; at += len(value) {
		next := strings.Index(message[at:], value)
		if next < 0 {
			return false
		}
		at += next
		before, _ := utf8.DecodeLastRuneInString(message[:at])
		after, _ := utf8.DecodeRuneInString(message[at+len(value):])
		isPlace := isNumber && (before == ':' || strings.HasSuffix(message[:at], "line "))
		if !inWord(before) && !inWord(after) && !isPlace {
			return true
		}
	}
}

// validValue describes the values of the flag that has that name or variable.
func validValue(flags []cli.Flag, name string) string {
	for _, f := range flags {
		doc, ok := f.(cli.DocGenerationFlag)
		if !ok || !slices.Contains(append(f.Names(), doc.GetEnvVars()...), name) {
			continue
		}
		switch f.(type) {
		case *cli.BoolFlag:
			return "true or false"
		case *cli.DurationFlag:
			return "a duration such as 5s"
		}
	}
	return "a whole number"
}

// longNames returns the names of flags but for single letters, because any letter is near to any other.
func longNames(flags []cli.Flag) []string {
	var names []string
	for _, f := range flags {
		names = append(names, f.Names()...)
	}
	return slices.DeleteFunc(names, func(name string) bool { return len(name) == 1 })
}
