package cli

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/urfave/cli/v2"

	"github.com/tp0-lab/composer/internal/compose/graph"
	"github.com/tp0-lab/composer/internal/files"
	"github.com/tp0-lab/composer/internal/template/build"
	"github.com/tp0-lab/composer/internal/template/bundle"
	"github.com/tp0-lab/composer/internal/template/cluster"
	"github.com/tp0-lab/composer/internal/text"
)

func graphCommand() *cli.Command {
	source := &bundleFlags{}
	return &cli.Command{
		Name:      "graph",
		Usage:     "draw a stage, or any Compose file: services in start order, networks, ports and mounts",
		UsageText: "composer graph [--stage NAME] [-n N] [-f FILE]… [--profile NAME]… [--format mermaid|dot|svg] [--all] [-o FILE]",
		Description: examples(
			"composer graph --stage ej8 -n 5 --format svg -o ej8.svg", "a picture, made without another program",
			"composer graph -f compose.yaml", "a Mermaid diagram, for a README",
			"composer graph -f compose.yaml -f prod.yaml", "files laid over each other, as Compose does it",
			"composer graph --target kubernetes -n 1000", "each kind once, with its count",
			"composer graph -n 30 --format svg --all -o all.svg", "each of thirty clients",
			"composer graph -f compose.yaml --format dot | dot -Tpdf -o compose.pdf", "drawn by Graphviz",
		) + "\n\nThree or more services that differ only in names and numbers are drawn as one. " +
			"The variables of a file come from the environment and from the file .env beside it. A variable that is not set is drawn as ${NAME}.",
		Flags: append(
			source.renderingFlags(),
			targetFlag(),
			listFlag("file", "COMPOSER_GRAPH_FILE",
				"the Compose `FILE` to draw, instead of a stage; - is stdin; several are laid over each other", "f"),
			stringFlag("format", "COMPOSER_GRAPH_FORMAT", "mermaid",
				"the `FORMAT` to write: mermaid, dot or svg"),
			profileFlag("COMPOSER_GRAPH_PROFILE", "draw the services of the `PROFILE` and those without one, instead of all of a file"),
			boolFlag("all", "COMPOSER_GRAPH_ALL", "draw each service, however many are alike"),
			stringFlag("output", "COMPOSER_OUTPUT", "",
				"the `FILE` to write, untouched if it would not change (default: stdout)", "o"),
		),
		Action: func(c *cli.Context) error { return drawGraph(c, source) },
	}
}

func drawGraph(c *cli.Context, source *bundleFlags) error {
	write, ok := map[string]func(*graph.Graph, io.Writer) error{
		"mermaid": (*graph.Graph).WriteMermaid, "dot": (*graph.Graph).WriteDOT, "svg": (*graph.Graph).WriteSVG,
	}[c.String("format")]
	if !ok {
		return usagef("graph: unknown format %q: have %s", c.String("format"), strings.Join(graphFormats(), ", "))
	}
	project, title, err := projectToDraw(c, source)
	if err != nil {
		return err
	}
	var drawing bytes.Buffer
	if err := write(graph.New(project, title, c.Bool("all")), &drawing); err != nil {
		return err
	}
	if slices.Contains([]string{"", "-", "/dev/stdout"}, c.String("output")) {
		_, err = c.App.Writer.Write(drawing.Bytes())
	} else if err = source.refuseOverwritingInput(c, c.String("output")); err == nil {
		_, err = files.WriteFile(c.String("output"), drawing.Bytes())
	}
	return err
}

func graphFormats() []string { return []string{"mermaid", "dot", "svg"} }

// projectToDraw loads the Compose file of --file, or else of the stage, and returns a title for the drawing.
func projectToDraw(c *cli.Context, source *bundleFlags) (project *types.Project, title string, err error) {
	file, err := readComposeFiles(c, source)
	if err != nil {
		return nil, "", err
	}
	if file == nil {
		b, err := source.open(c)
		if err != nil {
			return nil, "", err
		}
		stage, content, err := renderStage(c, b)
		if err != nil {
			return nil, "", err
		}
		names := []string{stage}
		kinds, err := b.Kinds(stage)
		if err != nil {
			return nil, "", err
		}
		for _, kind := range kinds.Rows() {
			names = append(names, text.Plural(kind.Count, kind.Name))
		}
		if b.Target == bundle.Kubernetes {
			project, err = cluster.Project(content)
		} else {
			project, err = graph.Load(c.Context, content, ".", nil)
		}
		if err != nil {
			err = explainStage(c, b, stage, err)
		}
		return project, strings.Join(names, ", "), err
	}
	project, err = graph.LoadProject(c.Context, file.Project, file.dir, file.environment)
	if err != nil {
		return nil, "", fmt.Errorf("graph: %w", file.explain(c.Context, err))
	}
	return project, file.name, nil
}

// explainStage returns the error of `composer render` for a stage whose document cannot be drawn, which has its place in the
// templates. Without one it returns err, the error of drawing.
func explainStage(c *cli.Context, b *bundle.Bundle, stage string, err error) error {
	if _, wrong := (build.Job{Stages: []string{stage}, Validate: true}).Render(c.Context, b); wrong != nil {
		return wrong
	}
	return fmt.Errorf("graph: stage %s: %w", stage, err)
}
