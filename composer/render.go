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
	"github.com/tp0-lab/composer/templates"
)

func renderCommand() *cli.Command {
	return &cli.Command{
		Name:      "render",
		Usage:     "render a stage as a Compose file",
		UsageText: "composer render [--stage NAME] [-n N] [-o FILE] [--max-replicas N] [--no-validate]",
		Description: examples(
			"composer render --stage ej6 -n 5", "to stdout",
			"composer render -n 3 -o dev.yaml", "to a file, which is replaced as a whole or not at all",
			"composer render | docker compose -f - config", "straight into Compose",
		) + "\n\nThe stage is that of --stage, else of COMPOSER_STAGE, else of the one-line file .stage, else the default of `composer stages`.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "stage", EnvVars: []string{"COMPOSER_STAGE"}, Usage: "the `NAME` of the stage, see `composer stages`"},
			&cli.StringFlag{
				Name: "replicas", Aliases: []string{"n"}, EnvVars: []string{"COMPOSER_REPLICAS"}, Value: "5", DefaultText: "5",
				Usage: "how many clients, `N` from 0 to 1022",
			},
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
		},
		Action: func(c *cli.Context) error {
			if err := noArguments(c); err != nil {
				return err
			}
			for _, name := range []string{"stage", "output"} {
				if c.IsSet(name) && c.String(name) == "" {
					return usagef("--%s wants a value; see `%s --help`", name, c.Command.HelpName)
				}
			}
			n, err := parseReplicas(c.String("replicas"))
			if err != nil {
				return err
			}
			r := renderRequest{stage: c.String("stage"), replicas: n, output: c.String("output"), validate: !c.Bool("no-validate")}
			if text := c.String("max-replicas"); text != "" {
				limit, err := parseReplicas(text)
				if err != nil {
					return usagef("--max-replicas: %w", err)
				}
				if limit < 0 {
					return usagef("--max-replicas %d: cannot be negative; 0 is no limit", limit)
				}
				r.limit = &limit
			}
			if r.output == "-" || r.output == "/dev/stdout" {
				r.output = ""
			}
			return renderTo(c.Context, r, c.App.Writer, c.App.ErrWriter)
		},
	}
}

type renderRequest struct {
	stage    string // "" for the one that .stage or the bundle says
	replicas int
	limit    *int   // of replicas, nil for the bundle's
	output   string // "" for stdout
	validate bool
}

func renderTo(ctx context.Context, r renderRequest, stdout, stderr io.Writer) error {
	b, err := bundle.Open(templates.FS)
	if err != nil {
		return err
	}
	stage, err := b.Choose(r.stage, ".stage")
	if err != nil {
		return asUsage(err)
	}
	if r.limit != nil {
		b.Lift(*r.limit)
	}
	engine, err := render.New(b)
	if err != nil {
		return err
	}
	if !r.validate {
		return stream(engine, stage.Name, r, stdout)
	}
	doc, err := engine.Render(stage.Name, r.replicas)
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
func stream(engine *render.Engine, stage string, r renderRequest, stdout io.Writer) error {
	write := func(w io.Writer) error { return engine.Stream(w, stage, r.replicas) }
	if r.output == "" {
		return asUsage(write(stdout))
	}
	_, err := output.WriteFrom(r.output, write)
	return asUsage(err)
}

// asUsage tells a wrong request from a failure.
func asUsage(err error) error {
	if errors.Is(err, bundle.ErrUnknownStage) || errors.Is(err, render.ErrReplicas) {
		return usageError{err}
	}
	return err
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
