package cli

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/tp0-lab/composer/internal/course/report"
	"github.com/tp0-lab/composer/internal/course/verify"
	"github.com/tp0-lab/composer/internal/course/words"
	"github.com/tp0-lab/composer/internal/files"
	"github.com/tp0-lab/composer/internal/text"
)

func verifyCommand() *cli.Command {
	return &cli.Command{
		Name:      "verify",
		Usage:     "check the stages as black boxes: this project's, or a student's",
		UsageText: "composer verify [--stage NAME]… [--engine ENGINE] [--repo DIR | --repos LIST] [--report KIND=FILE]…",
		Description: examples(
			"composer verify", "this project, with processes for containers",
			"composer verify --engine docker --stage ej6", "one stage, in containers",
			"composer verify --repo ../tp0 --report html=tp0.html", "the branches ej1 … ej8 of a checkout, and a page about it",
			"composer verify --repo ../tp0 --branches 'ejercicio-{N}'", "branches with other names",
			"composer verify --repos alumnos --report-dir notas", "each repository in a directory: pages, grades.csv, class.json",
			"composer verify --repos list.csv --report-dir notas --jobs 4", "the repositories that a file lists, four at once; goes on after an interruption",
			"composer verify --list", "list the scenarios",
		) + "\n\nA checkout is not touched: each branch is checked in a directory of its own, in a Compose project of its own, and only\n" +
			"what was made for that is removed. It is asked for what the course's text asks: its server gets a head start, and scenarios beyond\n" +
			"that are left out unless --beyond asks for them or --scenario names them. Its scripts run in containers without a network, of which\n" +
			"only those of validar-echo-server.sh reach the engine; --trust runs them on this machine, as you.\n\n" +
			"Exit codes: 0 all is right, 1 something failed, 2 wrong command line, 3 not all could be judged: no repository or branch,\n" +
			"nothing checked in a stage, trouble with the engine, or an interruption. The last lines say what was not judged.",
		Flags:  verifyFlags(),
		Action: verifyStages,
	}
}

func verifyFlags() []cli.Flag {
	return []cli.Flag{
		listFlag("stage", "COMPOSER_STAGE", "only the stage of that `NAME`; may be repeated"),
		listFlag("scenario", "COMPOSER_VERIFY_SCENARIO", "only scenarios of that `NAME`; may be repeated"),
		stringFlag("engine", "COMPOSER_VERIFY_ENGINE", "",
			"`ENGINE` that runs the services: local or docker (default: docker with --repo, else local)"),
		networkFlag(),
		stringFlag("repo", "COMPOSER_VERIFY_REPO", "",
			"the root `DIR` of the git checkout whose branches are checked"),
		stringFlag("branches", "COMPOSER_VERIFY_BRANCHES", verify.DefaultBranches,
			"the `PATTERN` of the names of a checkout's branches, in which {N} stands for the stage's number"),
		boolFlag("trust", "COMPOSER_VERIFY_TRUST", "run a checkout's scripts on this machine, as you, and not in containers"),
		stringFlag("script-image", "COMPOSER_VERIFY_SCRIPT_IMAGE", "",
			"the `IMAGE` in which a checkout's scripts run; it has bash (default: one that composer builds once)"),
		stringFlag("repos", "COMPOSER_VERIFY_REPOS", "",
			"a class: a directory with a repository for each student, or a CSV `FILE` with the columns name, repo and branches"),
		stringFlag("report-dir", "COMPOSER_VERIFY_REPORT_DIR", "", "the `DIR` for the results of a class"),
		&cli.IntFlag{Name: "jobs", EnvVars: []string{"COMPOSER_VERIFY_JOBS"}, Value: 2, Usage: "judge `N` repositories of a class at once"},
		stringFlag("weights", "COMPOSER_VERIFY_WEIGHTS", "", "a YAML `FILE` with the points of each stage, such as ej5: 2 (default: 1 each)"),
		listFlag("report", "COMPOSER_VERIFY_REPORT",
			"write a report: `KIND=FILE`, where KIND is junit, json or html; may be repeated"),
		&cli.IntFlag{Name: "repeat", EnvVars: []string{"COMPOSER_VERIFY_REPEAT"}, Value: 1, Usage: "run each scenario `N` times"},
		&cli.DurationFlag{
			Name: "patience", EnvVars: []string{"COMPOSER_VERIFY_PATIENCE"}, Value: verify.DefaultPatience,
			Usage: "the most `TIME` to wait for each event that a right solution shows at once",
		},
		stringFlag("lang", "COMPOSER_VERIFY_LANG", "",
			"the `LANGUAGE` of messages and pages, es or en (default: that of LANG); JSON, JUnit and CSV are in English"),
		boolFlag("beyond", "COMPOSER_VERIFY_BEYOND", "check a checkout for what goes beyond the course's text, too"),
		boolFlag("list", "COMPOSER_VERIFY_LIST", "list the scenarios and run none"),
		jsonFlag("print the report (or the list) as JSON, and the progress on stderr"),
	}
}

// verifyStages does `composer verify`.
func verifyStages(c *cli.Context) error {
	run, what := runVerify, "scenario"
	if c.String("repos") != "" {
		run, what = runClass, "repository"
	}
	faults, err := run(c)
	switch {
	case errors.As(err, new(usageError)):
	case err != nil:
		err = unjudgedError{err}
	case faults > 0:
		err = fmt.Errorf("verify: %s failed", text.Plural(faults, what))
	}
	if lang, wrong := chosenLanguage(c); err != nil && wrong == nil {
		err = translatedError{err, lang}
	}
	return err
}

// translatedError says an error in a language.
type translatedError struct {
	error
	lang words.Language
}

func (e translatedError) Error() string { return e.lang.ErrorText(e.error.Error()) }

func (e translatedError) Unwrap() error { return e.error }

// reporters has the function that writes each kind of report.
var reporters = map[string]func(io.Writer, report.Report) error{
	"junit": report.WriteJUnit,
	"json":  report.WriteJSON,
	"html":  report.WriteHTML,
}

// runVerify returns the number of scenarios that failed. Its error says that something else than the solution is wrong.
func runVerify(c *cli.Context) (faults int, err error) {
	for _, name := range []string{"report-dir", "jobs", "weights"} {
		if c.IsSet(name) {
			return 0, usagef("verify: --%s wants --repos, the repositories of a class", name)
		}
	}
	o, err := verifyOptions(c)
	if err != nil {
		return 0, err
	}
	reports, err := reportFiles(c.StringSlice("report"))
	if err != nil {
		return 0, err
	}
	chosen, err := verify.Chosen(o)
	if err != nil {
		return 0, usageError{err}
	}
	if c.Bool("list") {
		return 0, listScenarios(streams(c).Out, chosen, o.Language, c.Bool("json"))
	}
	talk := streams(c).Out
	if c.Bool("json") {
		talk = streams(c).Err
	}
	progress := verify.NewProgress(talk, len(chosen), talk.Terminal, talk.coloured, o.Language, streams(c).Now)
	o.Began, o.Ended, o.Building = progress.Began, progress.Ended, progress.Building
	defer streams(c).tidy()()
	found, err := verify.Run(c.Context, o)
	progress.Close()
	if len(found.Scenarios) == 0 {
		return 0, err
	}
	for _, r := range reports {
		err = errors.Join(err, r.write(found))
	}
	if c.Bool("json") {
		err = errors.Join(err, report.WriteJSON(c.App.Writer, found))
	}
	printSummary(c, talk, found, o.Language)
	if err == nil && found.Verdict() == report.Unjudged {
		err = errors.New("verify: not all that was asked for could be judged")
	}
	return found.Count(report.Failed), err
}

// printSummary prints the last lines of a run: the branches, the number of scenarios of each verdict, and what was not
// judged.
func printSummary(c *cli.Context, talk *Output, found report.Report, l words.Language) {
	fmt.Fprintln(talk)
	for _, b := range found.Branches {
		printLine(talk, "%s: %s", b.Stage, l.Text(b.String()))
	}
	var others strings.Builder
	for _, status := range []report.Status{report.Unjudged, report.Unasked} {
		if n := found.Count(status); n > 0 {
			fmt.Fprintf(&others, ", %d %s", n, status)
		}
	}
	say := func(format string, a ...any) {
		printLine(talk, "%s", streams(c).renameMessage(l.Text(fmt.Sprintf(format, a...))))
	}
	say("%d passed, %d failed, %d skipped%s in %.1fs (%s, %s, composer %s)", found.Count(report.Passed), found.Count(report.Failed),
		found.Count(report.Skipped), others.String(), found.Duration.Seconds(), found.Target, found.Engine, found.Composer)
	if found.Building > 0 {
		say("%.1fs of that to build images", found.Building.Seconds())
	}
	for _, gap := range found.Gaps() {
		say("not judged: %s: %s", strings.Join(gap.Names, ", "), gap.Reason)
	}
}

func verifyOptions(c *cli.Context) (verify.Options, error) {
	o := verify.Options{
		Stages: splitCommas(c, "stage"), Names: splitCommas(c, "scenario"), Beyond: c.Bool("beyond"), Repo: c.String("repo"), Version: version(),
		Repeat: c.Int("repeat"), Patience: c.Duration("patience"), Now: streams(c).Now,
	}
	if o.Repeat < 1 || o.Patience <= 0 {
		return o, usagef("verify: --repeat and --patience want more than zero")
	}
	var err error
	if o.Language, err = chosenLanguage(c); err != nil {
		return o, err
	}
	if o.Network, err = chosenNetwork(c); err != nil {
		return o, err
	}
	others := o.Repo != "" || c.String("repos") != "" // and not this project
	if c.IsSet("branches") {
		if !others {
			return o, usagef("verify: --branches wants --repo or --repos, whose branches it names")
		}
		o.Branches = c.String("branches")
	}
	if err := scriptOptions(c, others, &o); err != nil {
		return o, err
	}
	switch engine := c.String("engine"); {
	case engine == "docker", engine == "" && others:
		o.Docker = true
		// Scenarios in containers wait for a third of their time.
		o.Slots = verify.NewSlots(min(runtime.NumCPU()+runtime.NumCPU()/2, mostLabs))
		if c.IsSet("network") {
			return o, usagef("verify: --network is for --engine local: containers have a network of their own")
		}
	case engine == "local" && others:
		return o, usagef("verify: --repo and --repos need --engine docker: only this project's services run as processes")
	case engine == "local", engine == "":
		// Scenarios in processes mostly wait.
		o.Slots = verify.NewSlots(4 * runtime.NumCPU())
	default:
		return o, usagef("verify: unknown engine %q: have local, docker", engine)
	}
	self, err := os.Executable()
	if err != nil {
		return o, fmt.Errorf("verify: find this program: %w", err)
	}
	o.Composer = self
	return o, nil
}

// mostLabs is the most labs in containers at once: an engine has addresses for about 30 networks.
const mostLabs = 12

// chosenLanguage returns the language of --lang, else that of the locale.
func chosenLanguage(c *cli.Context) (words.Language, error) {
	switch lang := words.Language(c.String("lang")); lang {
	case words.Spanish, words.English:
		return lang, nil
	case "":
		getenv := streams(c).getenv
		return words.Of(cmp.Or(getenv("LC_ALL"), getenv("LC_MESSAGES"), getenv("LANG"))), nil
	default:
		return "", usagef("verify: unknown language %q: have es, en", lang)
	}
}

// scriptOptions sets where a checkout's scripts run.
func scriptOptions(c *cli.Context, checkout bool, o *verify.Options) error {
	o.Trust, o.ScriptImage = c.Bool("trust"), c.String("script-image")
	switch {
	case !checkout && (c.IsSet("trust") || c.IsSet("script-image")):
		return usagef("verify: --trust and --script-image want --repo or --repos: this project's own scripts run on this machine")
	case o.Trust && o.ScriptImage != "":
		return usagef("verify: --trust runs scripts on this machine, and --script-image in containers: leave one out")
	}
	return nil
}

func listScenarios(w *Output, chosen []verify.Scenario, l words.Language, asJSON bool) error {
	if asJSON {
		return printJSON(w, chosen)
	}
	var table text.Table
	for _, s := range chosen {
		table.Row(s.Stage, s.Name, l.Text(s.Title))
	}
	return table.Write(w, w.tableWidth())
}

// reportFile is a report of --report.
type reportFile struct {
	kind, file string
}

func reportFiles(wanted []string) ([]reportFile, error) {
	var found []reportFile
	for _, w := range wanted {
		kind, file, ok := strings.Cut(w, "=")
		if !ok || file == "" || reporters[kind] == nil {
			return nil, usagef("verify: --report %q: want junit=FILE, json=FILE or html=FILE", w)
		}
		// A file that cannot be written is an error before the scenarios run.
		dir := filepath.Dir(file)
		if info, err := os.Stat(dir); err != nil || !info.IsDir() {
			return nil, usagef("verify: --report %s: there is no directory %s", w, dir)
		}
		if info, err := os.Stat(file); err == nil && info.IsDir() {
			return nil, usagef("verify: --report %s: %s is a directory", w, file)
		}
		if err := writable(dir); err != nil {
			return nil, usagef("verify: --report %s: no file can be written in %s: %w", w, dir, files.Cause(err))
		}
		found = append(found, reportFile{kind, file})
	}
	return found, nil
}

func (r reportFile) write(found report.Report) error {
	var text bytes.Buffer
	if err := reporters[r.kind](&text, found); err != nil {
		return fmt.Errorf("verify: %s report: %w", r.kind, err)
	}
	_, err := files.WriteFile(r.file, text.Bytes())
	return err
}
