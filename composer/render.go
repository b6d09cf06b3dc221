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
		Name:  "render",
		Usage: "render a stage as a Compose file",
		Description: `   composer render --stage ej6 -n 5                    to stdout
   composer render --stage ej1 -n 3 -o dev.yaml        to a file, replaced as a whole
   composer render -n 5 | docker compose -f - config   straight into Compose

 The stage is that of --stage, else of COMPOSER_STAGE, else of the one-line file .stage, else ej8.`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "stage", EnvVars: []string{"COMPOSER_STAGE"}, Usage: "the `NAME` of the stage; see `composer stages`"},
			&cli.StringFlag{Name: "replicas", Aliases: []string{"n"}, EnvVars: []string{"COMPOSER_REPLICAS"}, Value: "5", Usage: "how many clients, `N` from 0 to 1022"},
			&cli.PathFlag{Name: "output", Aliases: []string{"o"}, EnvVars: []string{"COMPOSER_OUTPUT"}, Usage: "write to `FILE` instead of stdout; left alone if it would not change"},
			&cli.BoolFlag{Name: "no-validate", EnvVars: []string{"COMPOSER_NO_VALIDATE"}, Usage: "do not check the result against the Compose specification"},
		},
		Action: func(c *cli.Context) error {
			if err := noArguments(c); err != nil {
				return err
			}
			n, err := parseReplicas(c.String("replicas"))
			if err != nil {
				return err
			}
			if c.IsSet("output") && c.Path("output") == "" {
				return usagef("-o wants the name of a file")
			}
			return renderTo(c.Context, renderRequest{
				stage: c.String("stage"), replicas: n, output: c.Path("output"), validate: !c.Bool("no-validate"),
			}, c.App.Writer, c.App.ErrWriter)
		},
	}
}

type renderRequest struct {
	stage    string // "" for the one that .stage or the bundle says
	replicas int
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
	engine, err := render.New(b)
	if err != nil {
		return err
	}
	doc, err := engine.Render(stage.Name, r.replicas)
	if err != nil {
		return asUsage(err)
	}
	if r.validate {
		report, err := check.Document(ctx, doc)
		if err != nil {
			return err
		}
		warnMissing(stderr, report.Missing(filepath.Dir(r.output)))
	}
	if r.output == "" {
		_, err = stdout.Write(doc.Bytes)
		return err
	}
	_, err = output.WriteFile(r.output, doc.Bytes)
	return err
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
		return 0, usagef("-n %s: a number of clients that large cannot be", text)
	case err != nil:
		return 0, usagef("-n %q: want a whole number of clients, such as 5", text)
	}
	return n, nil
}

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
	if strings.Contains(shown, "agency-") {
		hint = "; `composer data extract` brings the agencies' files"
	}
	fmt.Fprintf(stderr, "composer: warning: the file mounts what is not there: %s%s\n", shown, hint)
}
