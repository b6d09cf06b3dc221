package cli

import (
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/tp0-lab/composer/internal/template/build"
	"github.com/tp0-lab/composer/internal/template/bundle"
	"github.com/tp0-lab/composer/internal/template/render"
	"github.com/tp0-lab/composer/internal/text"
)

func stagesCommand() *cli.Command {
	return &cli.Command{
		Name:      "stages",
		Usage:     "list the stages",
		UsageText: "composer stages [--bundle DIR] [--json]",
		Description: examples(
			"composer stages", "a line for each stage",
			"composer stages --json", "for programs: name, summary, default, kinds of replicas, files beside the Compose file, targets",
			"composer stages --bundle DIR", "the stages of your own bundle",
		),
		Flags: []cli.Flag{
			bundleFlag(),
			jsonFlag("print JSON"),
		},
		Action: func(c *cli.Context) error {
			b, err := openBundle(c.String("bundle"))
			if err != nil {
				return err
			}
			if c.Bool("json") {
				return printStagesJSON(c, b)
			}
			var table text.Table
			for _, s := range b.Stages {
				mark := ""
				if s.Name == b.Default {
					mark = " (default)"
				}
				table.Row(s.Name, s.Summary+mark)
			}
			return table.Write(c.App.Writer, streams(c).Out.tableWidth())
		},
	}
}

func printStagesJSON(c *cli.Context, b *bundle.Bundle) error {
	type kind struct {
		Name  string `json:"name"`
		Of    string `json:"of,omitempty"`
		Count int    `json:"count"`
		First string `json:"first"`
	}
	type stage struct {
		Name    string          `json:"name"`
		Summary string          `json:"summary"`
		Default bool            `json:"default"`
		Kinds   []kind          `json:"kinds"`
		Outputs []bundle.Output `json:"outputs"`
		// Targets are those for which the stage renders.
		Targets []string `json:"targets"`
	}
	targets, err := build.Targets(b)
	if err != nil {
		return err
	}
	outputs := append([]bundle.Output{}, b.Outputs...) // [] without any
	stages := make([]stage, len(b.Stages))
	for i, s := range b.Stages {
		kinds, err := b.Kinds(s.Name)
		if err != nil {
			return render.OfStage(s.Name, err)
		}
		stages[i] = stage{s.Name, s.Summary, s.Name == b.Default, make([]kind, len(kinds.All)), outputs, []string{}}
		for j, k := range kinds.All {
			stages[i].Kinds[j] = kind{k.Name, k.Table, k.Count, k.NameOf(k.First)}
		}
		for _, t := range targets {
			if slices.Contains(t.Stages, s.Name) {
				stages[i].Targets = append(stages[i].Targets, t.Name)
			}
		}
	}
	return printJSON(c.App.Writer, stages)
}
