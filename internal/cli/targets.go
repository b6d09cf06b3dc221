package cli

import (
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/tp0-lab/composer/internal/template/build"
	"github.com/tp0-lab/composer/internal/text"
)

func targetsCommand() *cli.Command {
	return &cli.Command{
		Name:      "targets",
		Usage:     "list the engines that a bundle renders for, and the stages of each",
		UsageText: "composer targets [--bundle DIR] [--json]",
		Description: examples(
			"composer targets", "target, main template, limit for replicas, stages",
			"composer targets --json", "for programs: name, template, max_replicas (0: none), stages",
		) + "\n\nDocker Compose runs on one machine; Docker Swarm and Kubernetes run on many. There a kind of replicas is\n" +
			"one service, which the engine numbers, so a document is as long for 5 replicas as for 100,000.",
		Flags: []cli.Flag{
			bundleFlag(),
			jsonFlag("print JSON"),
		},
		Action: func(c *cli.Context) error {
			b, err := openBundle(c.String("bundle"))
			if err != nil {
				return err
			}
			targets, err := build.Targets(b)
			if err != nil {
				return err
			}
			type target struct {
				Name        string   `json:"name"`
				Template    string   `json:"template"`
				MaxReplicas int      `json:"max_replicas"`
				Stages      []string `json:"stages"`
			}
			all := make([]target, len(targets))
			var table text.Table
			for i, t := range targets {
				all[i] = target{t.Name, t.Template, b.Limit(t.Target), append([]string{}, t.Stages...)}
				limit := "no limit"
				if all[i].MaxReplicas > 0 {
					limit = "at most " + strconv.Itoa(all[i].MaxReplicas)
				}
				if t.Err != nil {
					warn(c.App.ErrWriter, "no stage renders for %s: %v", t.Name, t.Err)
				}
				table.Row(t.Name, t.Template, limit, strings.Join(t.Stages, " "))
			}
			if c.Bool("json") {
				return printJSON(c.App.Writer, all)
			}
			return table.Write(c.App.Writer, streams(c).Out.tableWidth())
		},
	}
}
