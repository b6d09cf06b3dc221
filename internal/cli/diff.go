package cli

import (
	"fmt"
	"os"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/tp0-lab/composer/internal/compose/diff"
	"github.com/tp0-lab/composer/internal/compose/lint"
	"github.com/tp0-lab/composer/internal/files"
	"github.com/tp0-lab/composer/internal/template/bundle"
	"github.com/tp0-lab/composer/internal/template/render"
)

func diffCommand() *cli.Command {
	source := &bundleFlags{}
	return &cli.Command{
		Name:      "diff",
		Usage:     "show what one stage adds to another",
		UsageText: "composer diff [-n N] [--exit-code] [--json] [--values FILE]… [--set KEY=VALUE]… [--bundle DIR] OLD NEW",
		ArgsUsage: "STAGE|FILE…",
		Description: examples(
			"composer diff ej5 ej6", "how the Compose files of two stages differ",
			"composer diff -n 1 --json ej5 ej6", "for programs: path, old and new value of each change",
			"composer diff --exit-code ej8 ./dev.yaml", "a stage and a file; exits with 1 if they differ",
			"composer diff a.yaml b.yaml | patch -p0", "two files",
		) + "\n\nOLD and NEW are stages, or else Compose files; ./NAME is a file in any case, and - is stdin. Both stages get the same\n" +
			"number of clients and the same values.",
		Flags: append(
			source.documentFlags(),
			boolFlag("exit-code", "COMPOSER_EXIT_CODE",
				"exit with 1 if there is a difference, as git diff does"),
			jsonFlag("print JSON: the changes of what the files mean, whatever the order of keys, comments and quotes"),
		),
		Action: func(c *cli.Context) error { return showDiff(c, source) },
	}
}

func showDiff(c *cli.Context, source *bundleFlags) error {
	if c.NArg() != 2 || strings.HasPrefix(c.Args().Get(1), "-") && c.Args().Get(1) != "-" {
		return usagef("%s wants two stages or files, OLD and NEW; see `%[1]s --help`", c.Command.HelpName)
	}
	b, err := source.open(c)
	if err != nil {
		return err
	}
	engine, err := render.New(b)
	if err != nil {
		return err
	}
	engine.OfAnyStage = true
	var sides [2]diff.Text
	for i, name := range c.Args().Slice() {
		if sides[i], err = streams(c).textToCompare(b, engine, name); err != nil {
			return err
		}
	}
	warnWithoutEffect(c.App.ErrWriter, b, c.Args().Slice()...)
	if c.Bool("json") {
		return showChanges(c, sides)
	}
	if err := diff.Unified(c.App.Writer, sides[0], sides[1], diffStyle(c)); err != nil {
		return err
	}
	return differ(c, sides, sides[0].Content != sides[1].Content)
}

func showChanges(c *cli.Context, sides [2]diff.Text) error {
	changes, err := diff.Changes(sides[0], sides[1])
	if err != nil {
		return fmt.Errorf("diff: %w", err)
	}
	if err := printJSON(c.App.Writer, changes); err != nil {
		return err
	}
	return differ(c, sides, len(changes) > 0)
}

// differ returns the error of --exit-code if the sides differ.
func differ(c *cli.Context, sides [2]diff.Text, different bool) error {
	if !different || !c.Bool("exit-code") {
		return nil
	}
	return fmt.Errorf("diff: %s and %s differ", sides[0].Name, sides[1].Name)
}

// textToCompare renders the stage called name, or else reads the file called name.
func (s *Streams) textToCompare(b *bundle.Bundle, engine *render.Engine, name string) (diff.Text, error) {
	text := diff.Text{Name: name}
	_, unknown := b.Stage(name)
	if unknown == nil {
		doc, err := engine.Render(name, b.Kinds[0].Count)
		text.Content = string(doc.Bytes)
		return text, render.OfStage(name, err)
	}
	content, shown, err := s.read(name, lint.MaxFile)
	text.Name = shown
	if _, missing := os.Stat(name); missing != nil && err != nil && name != "-" && !strings.ContainsAny(name, "./") {
		return text, usagef("diff: %w, and no file has that name", unknown)
	}
	if err != nil {
		return text, fmt.Errorf("diff: %s: %w", text.Name, files.Cause(err))
	}
	text.Content = string(content)
	return text, nil
}
