package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/tp0-lab/composer/internal/compose/diff"
	"github.com/tp0-lab/composer/internal/files/watch"
	"github.com/tp0-lab/composer/internal/lab/local"
	"github.com/tp0-lab/composer/internal/template/build"
	"github.com/tp0-lab/composer/internal/template/bundle"
	"github.com/tp0-lab/composer/internal/template/values"
	"github.com/tp0-lab/composer/internal/text"
)

func renderCommand() *cli.Command {
	source := &bundleFlags{}
	return &cli.Command{
		Name:  "render",
		Usage: "render a stage as a Compose file, a stack file or a Kubernetes file",
		UsageText: "composer render [--stage NAME]… [-n N] [-o FILE] [--target TARGET] [--check] [--diff] [--watch] " +
			"[--format yaml|json] [--values FILE]… [--set KEY=VALUE]… [--bundle DIR] [--no-validate]",
		Description: examples(
			"composer render --stage ej6 -n 5", "to stdout",
			"composer render -n 3 -o dev.yaml", "to a file, which is replaced as a whole or not at all",
			"composer render --set project=tp1 --set client.linger=0s", "with values of your own, see `composer values`",
			"composer render --bundle DIR -n worker=3", "templates of your own, see `composer init`",
			"composer render | docker compose -f - config", "straight into Compose",
			"composer render --stage all -o 'compose-{stage}.yaml'", "a file for each stage, all of them or none",
			"composer render -n 3 -o dev.yaml --check", "exit with 1 if dev.yaml is not what would be written, for CI",
			"composer render -n 3 -o dev.yaml --diff", "how dev.yaml would change",
			"composer render --format json -o dev.json", "the same project as JSON",
			"composer render --bundle DIR -o out/compose.yaml", "with the files of the bundle's `outputs:` beside it, all of them or none",
			"composer render --target swarm -n 500 -o stack.yaml", "for several machines, see `composer targets`",
			"composer render --bundle DIR -o dev.yaml --watch", "again at each change of a template or of values",
		) + "\n\nThe stage is that of --stage, else of COMPOSER_STAGE, else of the one-line file .stage, else the default of `composer stages`.",
		Flags: append([]cli.Flag{
			listFlag("stage", "COMPOSER_STAGE",
				"the `NAME` of the stage, see `composer stages`; may be repeated, or be all, if -o has {stage}"),
		}, append(
			source.documentFlags(),
			targetFlag(),
			stringFlag("max-replicas", "COMPOSER_MAX_REPLICAS", "",
				"allow `N` clients at most; 0 sets no limit, but a bridge network has room for 1022 (default: the templates' limit)"),
			stringFlag("output", "COMPOSER_OUTPUT", "",
				"the `FILE` to write, untouched if it would not change; {stage} in it is the stage's name, a file for each (default: stdout)", "o"),
			stringFlag("format", "COMPOSER_FORMAT", "yaml",
				"the `FORMAT` to write: yaml, or json, which Compose reads as well"),
			boolFlag("check", "COMPOSER_CHECK",
				"write nothing; list the files that are missing or would change, and exit with 1 if there are any"),
			boolFlag("diff", "COMPOSER_DIFF",
				"write nothing; print how the files would change; with --check exit with 1 if any would"),
			boolFlag("watch", "COMPOSER_WATCH",
				"render again when a template, a file of values or .stage changes, until Ctrl-C"),
			boolFlag("no-validate", "COMPOSER_NO_VALIDATE",
				"do not check what is rendered against the Compose specification; memory stays the same for any number of clients then"),
		)...),
		Action: func(c *cli.Context) error { return renderStages(c, source) },
	}
}

// renderStages does `composer render`.
func renderStages(c *cli.Context, source *bundleFlags) error {
	j := build.Job{
		Stages: splitCommas(c, "stage"), StageFile: stageFile(c), Output: c.String("output"),
		Format: c.String("format"), Validate: !c.Bool("no-validate"),
	}
	if j.Output == "-" || j.Output == "/dev/stdout" {
		j.Output = ""
	}
	if err := refuseContradictions(c, j); err != nil {
		return err
	}
	if c.Bool("watch") {
		return watchStages(c, source, j)
	}
	made, err := renderJob(c, source, j)
	switch {
	case err != nil:
		return err
	case c.Bool("check") || c.Bool("diff"):
		return compareStages(c, made)
	case j.Output == "":
		err = made.All[0].Write(c.App.Writer)
		if files := len(made.Unwritten); files > 0 {
			warn(c.App.ErrWriter, "this is the %s alone; -o FILE writes it and %s of its stage beside it: %s", source.opened.Target.Document, text.Plural(files, "file"), text.FirstNames(made.Unwritten))
		}
	default:
		_, err = made.Write()
	}
	if err != nil {
		return err
	}
	for _, d := range made.All {
		for _, w := range d.Report.Warnings {
			warn(c.App.ErrWriter, "%v", w)
		}
	}
	warnLeftOver(c.App.ErrWriter, made.LeftOver)
	warnMissing(c.App.ErrWriter, made.Missing())
	return nil
}

// refuseContradictions refuses flags that contradict each other.
func refuseContradictions(c *cli.Context, j build.Job) error {
	if slices.Contains(j.Stages, "") {
		return usagef("--stage wants a value; see `%s --help`", c.Command.HelpName)
	}
	if !slices.Contains(build.Formats, j.Format) {
		return usagef("render: unknown format %q: have %s", j.Format, strings.Join(build.Formats, ", "))
	}
	for _, name := range []string{"check", "diff", "watch"} {
		if c.Bool(name) && j.Output == "" {
			return usagef("render: --%s is about a file, and there is no -o FILE", name)
		}
	}
	if c.Bool("watch") && (c.Bool("check") || c.Bool("diff")) {
		return usagef("render: --watch writes files, and --check and --diff do not; give one or the other")
	}
	return nil
}

func renderJob(c *cli.Context, source *bundleFlags, j build.Job) (build.Documents, error) {
	b, err := source.open(c)
	if err != nil {
		return build.Documents{}, err
	}
	if err := setMaxReplicas(b, c.String("max-replicas")); err != nil {
		return build.Documents{}, err
	}
	made, err := j.Render(c.Context, b)
	if err != nil {
		return made, err
	}
	var stages []string
	for _, d := range made.All {
		if err := source.refuseOverwritingInput(c, d.Path); err != nil {
			return build.Documents{}, err
		}
		if !slices.Contains(stages, d.Stage) {
			stages = append(stages, d.Stage)
		}
	}
	warnWithoutEffect(c.App.ErrWriter, b, stages...)
	warnUnusedBases(c.App.ErrWriter, b, stages)
	warnUnread(c.App.ErrWriter, b, made.Unread)
	warnUnreadValues(c.App.ErrWriter, made.UnreadValues)
	return made, nil
}

// warnUnusedBases warns once of each base that the target has no use for.
func warnUnusedBases(w io.Writer, b *bundle.Bundle, stages []string) {
	places, without := []string{}, map[string][]string{}
	for _, stage := range stages {
		at := b.UnusedBase(stage)
		if at == "" {
			continue
		}
		if without[at] == nil {
			places = append(places, at)
		}
		without[at] = append(without[at], stage)
	}
	for _, at := range places {
		warn(w, "%s: base: only a Compose file is laid over a base; the %s of stage %s is without it", at, b.Target.Document, strings.Join(without[at], ", "))
	}
}

// compareStages does --check and --diff.
func compareStages(c *cli.Context, made build.Documents) error {
	if c.Bool("diff") {
		if err := made.Diff(c.App.Writer, diffStyle(c)); err != nil {
			return err
		}
	}
	if !c.Bool("check") {
		warnLeftOver(c.App.ErrWriter, made.LeftOver)
		return nil
	}
	stale, err := made.Stale()
	if err != nil {
		return err
	}
	if len(stale)+len(made.LeftOver) == 0 {
		return nil
	}
	for _, s := range stale {
		if c.Bool("diff") {
			break // it names them
		}
		what := "out of date"
		if s.Missing {
			what = "missing"
		}
		printLine(c.App.Writer, "%s: %s", s.Path, what)
	}
	for _, path := range made.LeftOver {
		printLine(c.App.Writer, "%s: left over: no replica makes this file any more", path)
	}
	if len(stale) == 0 {
		return fmt.Errorf("render: %s left over from replicas that no longer exist: delete what nothing else needs", text.Plural(len(made.LeftOver), "file"))
	}
	are := "are"
	if len(stale) == 1 {
		are = "is"
	}
	return fmt.Errorf("render: of %s, %d %s not what would be rendered; run `%s`", text.Plural(len(made.All), "file"), len(stale), are, made.Command)
}

// warnLeftOver names files of replicas that no longer exist.
func warnLeftOver(w io.Writer, left []string) {
	if len(left) > 0 {
		warn(w, "no replica makes %s; delete what nothing else needs", text.FirstNames(left))
	}
}

// diffStyle returns how differences are shown on stdout.
func diffStyle(c *cli.Context) diff.Style {
	return diff.Style{Terminal: streams(c).Out.Terminal, Colours: streams(c).Out.coloured}
}

// watchStages does --watch.
func watchStages(c *cli.Context, source *bundleFlags, j build.Job) error {
	set := watch.Set{Files: source.files(), Patterns: bundle.Files()}
	if dir := c.String("bundle"); dir != "" {
		set.Dirs = append(set.Dirs, dir)
	}
	if len(j.Stages) == 0 && j.StageFile != "" {
		set.Files = append(set.Files, j.StageFile)
	}
	if len(set.Files)+len(set.Dirs) == 0 {
		return usagef("render: --watch: the built-in templates do not change; name some --bundle, --template or --values")
	}
	if err := source.refuseUnrepeatable(c); err != nil {
		return err
	}
	ctx, stop := context.WithCancelCause(c.Context)
	defer stop(nil)
	first := true
	err := watch.Run(ctx, set, func() (read []string) {
		made, err := renderJob(c, source, j)
		var written []string
		if err == nil {
			written, err = made.Write()
		}
		switch {
		case c.Context.Err() != nil: // Ctrl-C, which is no error
		case err != nil && first && exitCode(err) == exitUsage && !errors.As(err, new(*values.Error)):
			stop(err) // no change of a file mends the command line
		case err != nil:
			printError(c.App.ErrWriter, err)
		case len(written) == 0:
			printLine(c.App.ErrWriter, "composer: nothing changes in %s", j.Output)
		default:
			printLine(c.App.ErrWriter, "composer: wrote %s", strings.Join(written, ", "))
		}
		if first && ctx.Err() == nil {
			printLine(c.App.ErrWriter, "composer: watching; Ctrl-C ends it")
		}
		first = false
		return source.read()
	})
	if cause := context.Cause(ctx); err == nil && c.Context.Err() == nil {
		return cause
	}
	return err
}

// setMaxReplicas sets the limit of --max-replicas, if there is one.
func setMaxReplicas(b *bundle.Bundle, text string) error {
	if text == "" {
		return nil
	}
	limit, err := strconv.Atoi(text)
	switch {
	case errors.Is(err, strconv.ErrRange):
		return usagef("--max-replicas: number of replicas %s: far too large", text)
	case err != nil:
		return usagef("--max-replicas: number of replicas %q: want a whole number, such as 5", text)
	case limit < 0:
		return usagef("--max-replicas %d: cannot be negative; 0 is no limit", limit)
	}
	b.LimitReplicas(limit)
	return nil
}

// warnMissing warns of files that are missing: of mounted ones, Docker would make directories, and without those that
// Compose reads it would refuse the document.
func warnMissing(stderr io.Writer, missing []string) {
	if len(missing) == 0 {
		return
	}
	hint := ""
	if commands := local.Provide(missing); commands != nil {
		hint = "; see " + strings.Join(commands, ", ")
	}
	warn(stderr, "before `docker compose up`, provide the files it needs: %s%s", text.FirstNames(missing), hint)
}
