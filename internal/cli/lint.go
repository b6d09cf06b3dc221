package cli

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
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
		UsageText: "composer lint [--strict] [--enable SET]… [--disable RULE]… [--format text|json|sarif] FILE…",
		ArgsUsage: "FILE…",
		Description: examples(
			"composer lint compose.yaml", "file:line:column: severity: message [rule]",
			"composer lint --strict *.yaml", "warnings fail, too",
			"composer render -n 5 | composer lint -", "check standard input",
			"composer lint --disable missing-mount-source dev.yaml", "without one of the rules",
			"composer lint --enable security compose.yaml", "with a set of rules that is off by default",
			"composer lint --format sarif dev.yaml", "for GitHub's code scanning and its like",
			"composer lint --list-rules", "list the rules",
		) + "\n\nA comment in the file silences rules, at the end of a line or in the line before it:\n" +
			"  # composer-lint: disable=RULE,RULE\n\n" +
			"The nearest .composer-lint.yaml in the directories around a file says which rules apply; flags come before it:\n" +
			"  sets: [security]\n  rules: {missing-mount-source: off, unquoted-value: error}\n  ignore: [vendor, \"*.old.yaml\"]\n\n" +
			"Each file is checked alone, but compose.override.yaml is checked as laid over compose.yaml. Exit codes: 0 no\n" +
			"error; 1 an error, or a warning with --strict; 2 wrong command line.",
		Flags: []cli.Flag{
			stringFlag("format", "COMPOSER_LINT_FORMAT", "text",
				"the `FORMAT` of the findings: text, json or sarif"),
			jsonFlag("the same as --format json"),
			boolFlag("strict", "COMPOSER_LINT_STRICT", "exit with 1 for a warning, too"),
			listFlag("enable", "COMPOSER_LINT_ENABLE",
				"apply a `RULE` of a set, or all of a set: security; may be given several times, or with several names and commas"),
			listFlag("disable", "COMPOSER_LINT_DISABLE",
				"leave out a `RULE`, or all of a set; may be given several times, or with several names and commas"),
			stringFlag("config", "COMPOSER_LINT_CONFIG", "",
				"the configuration `FILE` of all files, instead of the nearest "+lint.ConfigName+" around each"),
			boolFlag("no-config", "COMPOSER_LINT_NO_CONFIG", "read no configuration file"),
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
	l, err := newLinter(c)
	if err != nil {
		return err
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
		here, err := l.check(name)
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

// linter checks files by the flags of a command line and the configuration of each file.
type linter struct {
	*cli.Context
	config  *lint.Config            // of --config
	configs map[string]*lint.Config // those that were found, by directory
}

func newLinter(c *cli.Context) (*linter, error) {
	l := &linter{Context: c, configs: map[string]*lint.Config{}}
	for _, name := range slices.Concat(splitCommas(c, "enable"), splitCommas(c, "disable")) {
		if problem := lint.UnknownRule(name); problem != "" {
			return nil, usagef("lint: %s; see `composer lint --list-rules`", problem)
		}
	}
	name := c.String("config")
	if name == "" {
		return l, nil
	}
	if c.Bool("no-config") {
		return nil, usagef("lint: --config and --no-config exclude each other")
	}
	var err error
	if l.config, err = lint.ReadConfig(name); err != nil {
		return nil, usagef("lint: %w", err)
	}
	return l, nil
}

// configOf returns the configuration of a file, or nil.
func (l *linter) configOf(name string) (*lint.Config, error) {
	if l.config != nil || l.Bool("no-config") {
		return l.config, nil
	}
	dir := filepath.Dir(name) // of -, too, that is the working directory
	config, known := l.configs[dir]
	if !known {
		var err error
		if config, err = lint.FindConfig(dir); err != nil {
			return nil, usageError{err}
		}
		l.configs[dir] = config
	}
	return config, nil
}

// check checks a file, or standard input for the name "-". It finds nothing in a file that is to be ignored.
func (l *linter) check(name string) ([]lint.Finding, error) {
	config, err := l.configOf(name)
	if err != nil {
		return nil, err
	}
	if name == "-" {
		return lint.CheckReader(l.Context.Context, streams(l.Context).In, "stdin", l.options(config))
	}
	if config.Ignores(name) {
		return nil, nil
	}
	return lint.CheckFile(l.Context.Context, name, l.options(config))
}

// options lays the flags over a configuration: a rule by its own name over its set.
func (l *linter) options(config *lint.Config) *lint.Options {
	o := config.Options()
	for _, ofSets := range []bool{true, false} {
		for _, flag := range []string{"enable", "disable"} {
			for _, name := range splitCommas(l.Context, flag) {
				if lint.IsSet(name) == ofSets {
					o.Set(name, map[string]string{"enable": lint.On, "disable": lint.Off}[flag])
				}
			}
		}
	}
	return o
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
	type listed struct {
		lint.Rule
		Set string `json:"set,omitempty"`
	}
	var all []listed
	var table text.Table
	for _, r := range lint.Rules() {
		set := lint.SetOf(r.Name)
		all = append(all, listed{r, set})
		what := r.What
		if set != "" {
			what += " (set " + set + ")"
		}
		table.Row(r.Name, string(r.Severity), what)
	}
	if format != "text" {
		return printJSON(w, all)
	}
	return table.Write(w, w.tableWidth())
}
