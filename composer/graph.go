package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/urfave/cli/v2"

	"github.com/tp0-lab/composer/internal/graph"
	"github.com/tp0-lab/composer/internal/lint"
	"github.com/tp0-lab/composer/internal/output"
)

func graphCommand() *cli.Command {
	return &cli.Command{
		Name:      "graph",
		Usage:     "draw a stage, or any Compose file: services in start order, networks, ports and mounts",
		UsageText: "composer graph [--stage NAME] [-n N] [-f FILE] [--format mermaid|dot|svg] [--all] [-o FILE]",
		Description: examples(
			"composer graph --stage ej8 -n 5 --format svg -o ej8.svg", "a picture, made without another program",
			"composer graph -f compose.yaml", "a Mermaid diagram, for a README",
			"composer graph -n 30 --format svg --all -o all.svg", "each of thirty clients",
			"composer graph -f compose.yaml --format dot | dot -Tpdf -o compose.pdf", "drawn by Graphviz",
		) + "\n\nEight or more services whose names end with a number, and which are alike otherwise, are drawn as one.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "stage", EnvVars: []string{"COMPOSER_STAGE"}, Usage: "the `NAME` of the stage, see `composer stages`"},
			&cli.StringFlag{
				Name: "replicas", Aliases: []string{"n"}, EnvVars: []string{"COMPOSER_REPLICAS"}, Value: "5", DefaultText: "5",
				Usage: "how many clients, `N` from 0 to 1022",
			},
			&cli.StringFlag{
				Name: "file", Aliases: []string{"f"}, EnvVars: []string{"COMPOSER_GRAPH_FILE"}, TakesFile: true,
				Usage: "the Compose `FILE` to draw, instead of a stage; - for what is piped in",
			},
			&cli.StringFlag{
				Name: "format", EnvVars: []string{"COMPOSER_GRAPH_FORMAT"}, Value: "mermaid", DefaultText: "mermaid",
				Usage: "what is written: `FORMAT` is mermaid, dot or svg",
			},
			&cli.BoolFlag{
				Name: "all", EnvVars: []string{"COMPOSER_GRAPH_ALL"}, DisableDefaultText: true,
				Usage: "draw each service, however many are alike",
			},
			&cli.StringFlag{
				Name: "output", Aliases: []string{"o"}, EnvVars: []string{"COMPOSER_OUTPUT"}, DefaultText: "stdout",
				Usage: "the `FILE` to write, untouched if it would not change",
			},
		},
		Action: drawGraph,
	}
}

func drawGraph(c *cli.Context) error {
	if err := noArguments(c); err != nil {
		return err
	}
	for _, name := range []string{"stage", "file", "output"} {
		if c.IsSet(name) && c.String(name) == "" {
			return usagef("--%s wants a value; see `%s --help`", name, c.Command.HelpName)
		}
	}
	write, ok := map[string]func(*graph.Graph, io.Writer) error{
		"mermaid": (*graph.Graph).WriteMermaid, "dot": (*graph.Graph).WriteDOT, "svg": (*graph.Graph).WriteSVG,
	}[c.String("format")]
	if !ok {
		return usagef("graph: unknown format %q: have mermaid, dot, svg", c.String("format"))
	}
	project, title, err := projectToDraw(c)
	if err != nil {
		return err
	}
	var text bytes.Buffer
	if err := write(graph.New(project, title, c.Bool("all")), &text); err != nil {
		return err
	}
	if slices.Contains([]string{"", "-", "/dev/stdout"}, c.String("output")) {
		_, err = c.App.Writer.Write(text.Bytes())
	} else {
		_, err = output.WriteFile(c.String("output"), text.Bytes())
	}
	return err
}

// projectToDraw loads the Compose file that is given, or that of a stage, and says what it is.
func projectToDraw(c *cli.Context) (project *types.Project, title string, err error) {
	file := c.String("file")
	if file == "" {
		n, err := parseReplicas(c.String("replicas"))
		if err != nil {
			return nil, "", err
		}
		stage, text, err := renderStage(c.String("stage"), n)
		if err != nil {
			return nil, "", err
		}
		project, err = graph.Load(c.Context, text, ".", nil)
		return project, fmt.Sprintf("%s, %s", stage, plural(n, "client")), err
	}
	if c.IsSet("stage") && os.Getenv("COMPOSER_STAGE") == "" || c.IsSet("replicas") && os.Getenv("COMPOSER_REPLICAS") == "" {
		return nil, "", usagef("graph: --file says all that --stage and --replicas would; give one or the other")
	}
	var text []byte
	if file == "-" {
		file = "stdin"
		text, err = lint.ReadFrom(os.Stdin)
	} else {
		text, err = lint.Read(file)
	}
	if err != nil {
		return nil, "", fmt.Errorf("graph: %s: %w", file, err)
	}
	project, err = graph.Load(c.Context, text, filepath.Dir(file), os.Environ())
	if err != nil {
		return nil, "", fmt.Errorf("graph: %s: %w; `composer lint` says where", file, err)
	}
	return project, filepath.Base(file), nil
}
