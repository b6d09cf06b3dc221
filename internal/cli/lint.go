package cli

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sirupsen/logrus"
	"github.com/urfave/cli/v2"

	"github.com/tp0-lab/composer/internal/compose/lint"
	"github.com/tp0-lab/composer/internal/compose/project"
	"github.com/tp0-lab/composer/internal/text"
)

func lintCommand() *cli.Command {
	return &cli.Command{
		Name:      "lint",
		Usage:     "check Compose files: the specification, and mistakes that otherwise show when containers start",
		UsageText: "composer lint [--fix] [--strict] [--enable SET]… [--disable RULE]… [--format text|json|sarif|github] [FILE|DIR… | -f FILE… [--profile NAME]…]",
		ArgsUsage: "FILE|DIR…",
		Description: examples(
			"composer lint compose.yaml", "file:line:column: severity: message [rule]",
			"composer lint --strict *.yaml", "warnings fail, too",
			"composer lint -f compose.yaml -f prod.yaml", "as one project: files laid over each other, with what they include",
			"composer lint .", "all Compose files in a directory and below it",
			"composer lint --fix compose.yaml", "mend what can be mended, then check",
			"composer render -n 5 | composer lint -", "check standard input",
			"composer lint --disable missing-mount-source dev.yaml", "without one of the rules",
			"composer lint --enable security compose.yaml", "with a set of rules that is off by default",
			"composer lint --format sarif dev.yaml", "for GitHub's code scanning and its like",
			"composer lint --format github .", "beside the lines of a pull request",
			"composer lint --list-rules", "list the rules",
		) + "\n\nA comment in the file silences rules, at the end of a line or in the line before it:\n" +
			"  # composer-lint: disable=RULE,RULE\n\n" +
			"The nearest .composer-lint.yaml in the directories around a file says which rules apply; flags override it:\n" +
			"  sets: [security]\n  rules: {missing-mount-source: off, unquoted-value: error}\n  ignore: [vendor, \"*.old.yaml\"]\n\n" +
			"Files of a project are given by -f, by COMPOSE_FILE, or are compose.yaml and compose.override.yaml. Each FILE\n" +
			"is a project of its own, with what it includes and extends; compose.override.yaml is laid over compose.yaml.\n" +
			"Exit codes: 0 no error; 1 an error, or more warnings than --strict or --max-warnings allows; 2 wrong command line.",
		Flags: []cli.Flag{
			listFlag("file", "COMPOSER_LINT_FILE",
				"a Compose `FILE` of a project; several are laid over each other (default: those of COMPOSE_FILE)", "f"),
			profileFlag("COMPOSER_LINT_PROFILE", "count services of the `PROFILE` as started"),
			stringFlag("format", "COMPOSER_LINT_FORMAT", "text",
				"the `FORMAT` of the findings: text, json, sarif or github"),
			jsonFlag("the same as --format json"),
			boolFlag("strict", "COMPOSER_LINT_STRICT", "exit with 1 for a warning, too"),
			&cli.IntFlag{
				Name: "max-warnings", EnvVars: []string{"COMPOSER_LINT_MAX_WARNINGS"}, Value: -1, DefaultText: "any number",
				Usage: "exit with 1 for more than `N` warnings in all files",
			},
			boolFlag("fix", "COMPOSER_LINT_FIX", "first mend what can be mended without changing what Compose reads"),
			listFlag("enable", "COMPOSER_LINT_ENABLE",
				"apply a `RULE` of a set, or all of a set, which are off by default; may be given several times, or with several names and commas"),
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
	defer logrus.SetLevel(logrus.GetLevel())
	logrus.SetLevel(logrus.ErrorLevel) // what compose-go warns of is a finding with a place
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
	found, err := l.checkProject()
	if err != nil {
		return err
	}
	if limit := c.Int("max-warnings"); c.IsSet("max-warnings") && limit < 0 {
		return usagef("lint: --max-warnings %d: want none or more", limit)
	}
	names, err := l.expand()
	if err != nil {
		return fmt.Errorf("lint: %w", err)
	}
	out := newFindingWriter(streams(c).Out, format)
	var progress func(done, total int)
	progress, l.wipe = countProgress(streams(c).Err)
	defer l.wipe()
	if len(found) > 0 {
		if err := out.add(found); err != nil {
			return err
		}
	}
	for i, name := range names {
		progress(i, len(names))
		here, err := l.check(name)
		if err != nil {
			return fmt.Errorf("lint: %w", err)
		}
		if len(here) > 0 && out.streams() {
			l.wipe()
		}
		if err := out.add(here); err != nil {
			return err
		}
	}
	l.wipe()
	if err := out.close(); err != nil {
		return err
	}
	return l.verdict(out.counts, len(names), format)
}

// expand returns the names of the files to check. A directory stands for the Compose files in it.
func (l *linter) expand() ([]string, error) {
	var names []string
	for _, name := range l.Args().Slice() {
		if name == "-" && l.Bool("fix") {
			return nil, usagef("--fix replaces files and cannot replace standard input; give a file")
		}
		if info, err := os.Stat(name); err != nil || !info.IsDir() {
			names = append(names, name)
			continue
		}
		var wrong error
		ignored := func(name string) bool {
			config, err := l.configOf(name)
			wrong = cmp.Or(wrong, err)
			return config.Ignores(name)
		}
		for _, file := range lint.FindFiles(name, ignored) {
			if !ignored(file) {
				names = append(names, file)
			}
		}
		if wrong != nil {
			return nil, wrong
		}
	}
	return names, nil
}

// checkProject checks the files of --file as one project, or without operands those that Compose would read: of
// COMPOSE_FILE, or compose.yaml and compose.override.yaml.
func (l *linter) checkProject() ([]lint.Finding, error) {
	names := l.StringSlice("file")
	switch {
	case len(names) > 0 && l.Args().Present():
		return nil, usagef("lint: give each file of a project behind -f, or files without a flag to check each of them alone")
	case l.Args().Present():
		return nil, nil
	case l.Bool("fix"):
		return nil, usagef("lint: --fix mends files that are checked alone; name them without -f")
	case len(names) == 0:
		environment, err := project.Environment(".", streams(l.Context).Environ)
		if err != nil {
			return nil, fmt.Errorf("lint: %w", err)
		}
		if names = project.ListedFiles(environment); names == nil {
			names = project.DefaultFiles("")
		}
	}
	if len(names) == 0 {
		return nil, usagef("%s wants files; see `%[1]s --help`", l.Command.HelpName)
	}
	all, dir, err := openFiles(l.Context, names)
	if err != nil {
		return nil, err
	}
	config, err := l.configOf(names[0])
	if err != nil {
		return nil, err
	}
	options := l.options(config, dir)
	found, err := lint.CheckProject(l.Context.Context, all, dir, func(string) *lint.Options { return options })
	if err != nil {
		return nil, fmt.Errorf("lint: %w", err)
	}
	found = slices.DeleteFunc(found, func(f lint.Finding) bool { return config.Ignores(f.File) })
	return found, nil
}

// linter checks files by the flags of a command line and the configuration of each file.
type linter struct {
	*cli.Context
	config  *lint.Config            // of --config
	configs map[string]*lint.Config // those that were found, by directory
	wipe    func()                  // takes the progress off the terminal
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
		return lint.CheckReader(l.Context.Context, streams(l.Context).In, "stdin", l.options(config, "."))
	}
	if config.Ignores(name) {
		return nil, nil
	}
	o := l.options(config, filepath.Dir(name))
	if l.Bool("fix") {
		if err := l.fix(name, o); err != nil {
			return nil, err
		}
	}
	return lint.CheckFile(l.Context.Context, name, o)
}

// fix mends a file, and says what it mended.
func (l *linter) fix(name string, o *lint.Options) error {
	mended, err := lint.FixFile(l.Context.Context, name, o)
	stderr := streams(l.Context).Err
	if err != nil || len(mended) > 0 {
		l.wipe()
	}
	if errors.Is(err, lint.ErrChanges) || errors.Is(err, lint.ErrRefused) {
		warn(stderr, "lint: %s is left as it is: %v", name, err)
		return nil
	}
	for _, f := range mended {
		printLine(stderr, "%s:%d:%d: mended: %s [%s]", f.File, f.Line, f.Column, f.Message, f.Rule)
	}
	return err
}

// options lays the flags over a configuration: a rule by its own name over its set. dir is the folder of the project.
func (l *linter) options(config *lint.Config, dir string) *lint.Options {
	o := config.Options()
	environment, err := project.Environment(dir, streams(l.Context).Environ)
	if err != nil { // whoever reads .env says why
		environment = map[string]string{}
	}
	setProfiles(l.Context, environment)
	o.Profiles = project.Profiles(environment)
	for _, ofSets := range []bool{true, false} {
		for _, flag := range []string{"enable", "disable"} {
			for _, name := range splitCommas(l.Context, flag) {
				if slices.Contains(lint.Sets, name) == ofSets {
					o.Set(name, map[string]string{"enable": lint.On, "disable": lint.Off}[flag])
				}
			}
		}
	}
	return o
}

func lintFormats() []string { return []string{"text", "json", "sarif", "github"} }

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

// verdict says how many findings there are. They are an error if one of them is, or if there are more warnings than the
// flags allow.
func (l *linter) verdict(counts map[lint.Severity]int, files int, format string) error {
	errorCount, warnings, notes := counts[lint.Error], counts[lint.Warning], counts[lint.Note]
	parts := []string{text.Plural(errorCount, "error"), text.Plural(warnings, "warning")}
	if notes > 0 {
		parts = append(parts, text.Plural(notes, "note"))
	}
	summary := strings.Join(parts, ", ")
	if files > 1 {
		summary += " in " + text.Plural(files, "file")
	}
	limit := l.Int("max-warnings")
	switch stderr := streams(l.Context).Err; {
	case errorCount > 0, l.Bool("strict") && warnings > 0:
		return errors.New("lint: " + summary)
	case limit >= 0 && warnings > limit:
		return fmt.Errorf("lint: %s; --max-warnings allows %d", summary, limit)
	case format == "json", format == "sarif": // for programs
	case warnings+notes > 0, files > 1, stderr.Terminal:
		printLine(stderr, "composer: lint: %s", summary)
	}
	return nil
}

// countProgress returns functions that show how many of many files are done, and that take it away before something
// else is written. Where w is no terminal, it shows each hundredth file.
func countProgress(w *Output) (show func(done, total int), wipe func()) {
	const step = 100
	if w.Terminal {
		bar, wipe := progressBar(w)
		return func(done, total int) {
			if total > 1 {
				bar(done, total)
			}
		}, wipe
	}
	return func(done, total int) {
		if done > 0 && done%step == 0 {
			printLine(w, "composer: lint: %d of %d files", done, total)
		}
	}, func() {}
}

func listRules(w *Output, format string) error {
	if format != "text" {
		return printJSON(w, lint.Rules())
	}
	var table text.Table
	for _, r := range lint.Rules() {
		what := r.What
		if r.Set != "" {
			what += " (set " + r.Set + ")"
		}
		table.Row(r.Name, string(r.Severity), what)
	}
	return table.Write(w, w.tableWidth())
}
