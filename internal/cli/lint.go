package cli

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/tp0-lab/composer/internal/compose/lint"
	"github.com/tp0-lab/composer/internal/text"
)

func lintCommand() *cli.Command {
	return &cli.Command{
		Name:      "lint",
		Usage:     "check Compose files: the specification, and what only shows when containers start",
		UsageText: "composer lint [--strict] [--disable RULE]… [--format text|json|sarif] FILE…",
		ArgsUsage: "FILE…",
		Description: examples(
			"composer lint compose.yaml", "file:line:column: severity: message [rule]",
			"composer lint --strict *.yaml", "warnings fail, too",
			"composer render -n 5 | composer lint -", "check standard input",
			"composer lint --disable missing-mount-source dev.yaml", "without one of the rules",
			"composer lint --format sarif dev.yaml", "for GitHub's code scanning and its like",
			"composer lint --list-rules", "list the rules",
		) + "\n\nA comment in the file silences rules, at the end of a line or in the line before it:\n" +
			"  # composer-lint: disable=RULE,RULE\n\n" +
			"Each file is checked alone, but compose.override.yaml is checked as laid over compose.yaml. Exit codes: 0 no\n" +
			"error; 1 an error, or a warning with --strict; 2 wrong command line.",
		Flags: []cli.Flag{
			stringFlag("format", "COMPOSER_LINT_FORMAT", "text",
				"the `FORMAT` of the findings: text, json or sarif"),
			jsonFlag("the same as --format json"),
			boolFlag("strict", "COMPOSER_LINT_STRICT", "exit with 1 for a warning, too"),
			listFlag("disable", "COMPOSER_LINT_DISABLE",
				"leave out a `RULE`; may be given several times, or with several names and commas"),
			boolFlag("list-rules", "COMPOSER_LINT_LIST_RULES", "list the rules, and check nothing"),
		},
		Action: lintFiles,
	}
}

func lintFiles(c *cli.Context) error {
	format, err := lintFormat(c)
	if err != nil {
		return err
	}
	for _, name := range splitCommas(c, "disable") {
		if problem := lint.UnknownRule(name); problem != "" {
			return usagef("lint: %s; see `composer lint --list-rules`", problem)
		}
	}
	if c.Bool("list-rules") {
		if c.Args().Present() {
			return operandError(c)
		}
		return listRules(streams(c).Out, format)
	}
	if !c.Args().Present() {
		return usagef("%s wants files; see `%[1]s --help`", c.Command.HelpName)
	}
	found := []lint.Finding{}
	for _, name := range c.Args().Slice() {
		here, err := lintFile(c, name)
		if err != nil {
			return fmt.Errorf("lint: %w", err)
		}
		found = append(found, here...)
	}
	if err := writeFindings(c.App.Writer, format, found); err != nil {
		return err
	}
	return verdict(found, c.Bool("strict"))
}

func lintFormats() []string { return []string{"text", "json", "sarif"} }

// lintFormat returns the format that --format and --json choose. A flag of the command line comes before the variable of
// the other flag.
func lintFormat(c *cli.Context) (string, error) {
	format := c.String("format")
	if c.Bool("json") && format != "json" {
		switch {
		case !c.IsSet("format"), streams(c).getenv("COMPOSER_LINT_FORMAT") != "":
			format = "json"
		case streams(c).getenv("COMPOSER_JSON") == "":
			return "", usagef("lint: --json and --format %s are two formats", format)
		}
	}
	if !slices.Contains(lintFormats(), format) {
		return "", usagef("lint: unknown format %q: have %s", format, strings.Join(lintFormats(), ", "))
	}
	return format, nil
}

// lintFile checks a file, or standard input for the name "-".
func lintFile(c *cli.Context, name string) ([]lint.Finding, error) {
	if name == "-" {
		return lint.CheckReader(c.Context, streams(c).In, "stdin", splitCommas(c, "disable"))
	}
	return lint.CheckFile(c.Context, name, splitCommas(c, "disable"))
}

func writeFindings(w io.Writer, format string, found []lint.Finding) error {
	switch format {
	case "json":
		return printJSON(w, found)
	case "sarif":
		return lint.WriteSARIF(w, found, version())
	}
	for _, f := range found {
		printLine(w, "%s", f)
	}
	return nil
}

// verdict returns an error if there is a finding that fails the check: an error or, if strict, a warning.
func verdict(found []lint.Finding, strict bool) error {
	counts := map[lint.Severity]int{}
	for _, f := range found {
		counts[f.Severity]++
	}
	if counts[lint.Error] == 0 && (!strict || counts[lint.Warning] == 0) {
		return nil
	}
	return errors.New("lint: " + text.Plural(counts[lint.Error], "error") + ", " + text.Plural(counts[lint.Warning], "warning"))
}

func listRules(w *Output, format string) error {
	if format != "text" {
		return printJSON(w, lint.Rules())
	}
	var table text.Table
	for _, r := range lint.Rules() {
		table.Row(r.Name, string(r.Severity), r.What)
	}
	return table.Write(w, w.tableWidth())
}
