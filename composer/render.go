package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/tp0-lab/composer/internal/bundle"
	"github.com/tp0-lab/composer/internal/check"
	"github.com/tp0-lab/composer/internal/output"
	"github.com/tp0-lab/composer/internal/render"
)

func renderCommand() *cli.Command {
	source := &bundleFlags{}
	return &cli.Command{
		Name:      "render",
		Usage:     "render a stage as a Compose file",
		UsageText: "composer render [--stage NAME] [-n N] [-o FILE] [--values FILE]… [--set KEY=VALUE]… [--bundle DIR] [--no-validate]",
		Description: examples(
			"composer render --stage ej6 -n 5", "to stdout",
			"composer render -n 3 -o dev.yaml", "to a file, which is replaced as a whole or not at all",
			"composer render --set project=tp1 --set client.linger=0s", "with values of your own, see `composer values`",
			"composer render --bundle DIR -n worker=3", "templates of your own, see `composer init`",
			"composer render | docker compose -f - config", "straight into Compose",
		) + "\n\nThe stage is that of --stage, else of COMPOSER_STAGE, else of the one-line file .stage, else the default of `composer stages`.",
		Flags: append(
			source.ofRendering(),
			&cli.StringFlag{
				Name: "max-replicas", EnvVars: []string{"COMPOSER_MAX_REPLICAS"}, DefaultText: "what the templates say",
				Usage: "how many clients there may be instead, `N`; 0 for any number. More than 1022 do not fit on a bridge",
			},
			&cli.StringFlag{
				Name: "output", Aliases: []string{"o"}, EnvVars: []string{"COMPOSER_OUTPUT"}, DefaultText: "stdout",
				Usage: "the `FILE` to write, untouched if it would not change",
			},
			&cli.BoolFlag{
				Name: "no-validate", EnvVars: []string{"COMPOSER_NO_VALIDATE"}, DisableDefaultText: true,
				Usage: "do not check what is rendered against the Compose specification; memory stays the same for any number of clients then",
			},
		),
		Action: func(c *cli.Context) error {
			if err := noArguments(c); err != nil {
				return err
			}
			if err := notEmpty(c, "stage", "output", "bundle"); err != nil {
				return err
			}
			b, err := source.open(c)
			if err != nil {
				return err
			}
			if err := lift(b, c.String("max-replicas")); err != nil {
				return err
			}
			r := renderRequest{stage: c.String("stage"), stageFile: stageFile(c), output: c.String("output"), validate: !c.Bool("no-validate")}
			if r.output == "-" || r.output == "/dev/stdout" {
				r.output = ""
			}
			return renderTo(c.Context, b, r, c.App.Writer, c.App.ErrWriter)
		},
	}
}

// notEmpty refuses flags of those names that were given nothing.
func notEmpty(c *cli.Context, names ...string) error {
	for _, name := range names {
		if c.IsSet(name) && c.String(name) == "" {
			return usagef("--%s wants a value; see `%s --help`", name, c.Command.HelpName)
		}
	}
	return nil
}

// lift sets the limit of --max-replicas, if there is one.
func lift(b *bundle.Bundle, text string) error {
	if text == "" {
		return nil
	}
	limit, err := parseReplicas(text)
	if err != nil {
		return usagef("--max-replicas: %w", err)
	}
	if limit < 0 {
		return usagef("--max-replicas %d: cannot be negative; 0 is no limit", limit)
	}
	b.Lift(limit)
	return nil
}

type renderRequest struct {
	stage     string // "" for the one that stageFile or the bundle says
	stageFile string
	output    string // "" for stdout
	validate  bool
}

func renderTo(ctx context.Context, b *bundle.Bundle, r renderRequest, stdout, stderr io.Writer) error {
	stage, err := b.Choose(r.stage, r.stageFile)
	if err != nil {
		return asUsage(err)
	}
	engine, err := render.New(b)
	if err != nil {
		return err
	}
	if !r.validate {
		return stream(engine, stage.Name, b.Kinds[0].Count, r.output, stdout)
	}
	doc, err := engine.Render(stage.Name, b.Kinds[0].Count)
	if err != nil {
		return asUsage(err)
	}
	report, err := check.Document(ctx, doc)
	if err != nil {
		return err
	}
	if r.output == "" {
		_, err = stdout.Write(doc.Bytes)
	} else {
		_, err = output.WriteFile(r.output, doc.Bytes)
	}
	if err != nil {
		return err
	}
	warnMissing(stderr, report.Missing(filepath.Dir(r.output)))
	return nil
}

// stream writes a stage as it is made, without a look at it.
func stream(engine *render.Engine, stage string, n int, file string, stdout io.Writer) error {
	write := func(w io.Writer) error { return engine.Stream(w, stage, n) }
	if file == "" {
		return asUsage(write(stdout))
	}
	_, err := output.WriteFrom(file, write)
	return asUsage(err)
}

func parseReplicas(text string) (int, error) {
	n, err := strconv.Atoi(text)
	switch {
	case errors.Is(err, strconv.ErrRange):
		return 0, usagef("number of replicas %s: far too large", text)
	case err != nil:
		return 0, usagef("number of replicas %q: want a whole number, such as 5", text)
	}
	return n, nil
}

// warnMissing says what `docker compose up` will not find.
func warnMissing(stderr io.Writer, missing []string) {
	const most = 3
	if len(missing) == 0 {
		return
	}
	shown := strings.Join(missing[:min(most, len(missing))], ", ")
	if len(missing) > most {
		shown += fmt.Sprintf(" and %d more", len(missing)-most)
	}
	hint := ""
	if strings.Contains(shown, "/agency-") {
		hint = "; `composer data extract` brings the agencies'"
	}
	fmt.Fprintf(stderr, "composer: warning: before `docker compose up`, provide the files it mounts: %s%s\n", shown, hint)
}
