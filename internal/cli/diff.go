package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/tp0-lab/composer/internal/compose/diff"
	"github.com/tp0-lab/composer/internal/compose/engine"
	"github.com/tp0-lab/composer/internal/compose/project"
	"github.com/tp0-lab/composer/internal/files"
	"github.com/tp0-lab/composer/internal/template/bundle"
	"github.com/tp0-lab/composer/internal/template/render"
	"github.com/tp0-lab/composer/internal/text"
)

func diffCommand() *cli.Command {
	source := &bundleFlags{}
	return &cli.Command{
		Name:      "diff",
		Usage:     "show how two stages or two Compose files differ",
		UsageText: "composer diff [-n N] [--exit-code] [--json] [--normalize [--profile NAME]…] [--values FILE]… [--set KEY=VALUE]… [--bundle DIR] OLD NEW",
		ArgsUsage: "STAGE|FILE…",
		Description: examples(
			"composer diff ej5 ej6", "how the Compose files of two stages differ",
			"composer diff -n 1 --json ej5 ej6", "for programs: path, old and new value of each change",
			"composer diff --exit-code ej8 ./dev.yaml", "a stage and a file; exits with 1 if they differ",
			"composer diff --normalize old.yaml new.yaml", "what Compose would run, whatever the notation",
			"composer diff a.yaml b.yaml | patch -p0", "two files",
		) + "\n\nOLD and NEW are stages, or else Compose files; ./NAME is a file in any case, - is stdin, and\n" +
			"A.yaml:B.yaml is files laid over each other, as in COMPOSE_FILE. Both stages get the same\n" +
			"number of clients and the same values. With --normalize, variables are those of the environment and of .env beside the file.",
		Flags: append(
			source.documentFlags(),
			boolFlag("exit-code", "COMPOSER_EXIT_CODE",
				"exit with 1 if there is a difference, as git diff does"),
			jsonFlag("print JSON: the changes of what the files mean, whatever the order of keys, comments and quotes"),
			profileFlag("COMPOSER_DIFF_PROFILE", "with --normalize, compare the services of the `PROFILE` and those without one, instead of all"),
			boolFlag("normalize", "COMPOSER_NORMALIZE",
				"compare what Compose would run: short and long forms are the same, and so are lists and maps of the same"),
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
	renderer, err := render.New(b)
	if err != nil {
		return err
	}
	renderer.OmitStage = true
	var sides [2]diff.Text
	for i, name := range c.Args().Slice() {
		if sides[i], err = streams(c).textToCompare(c, b, renderer, name); err != nil {
			return err
		}
	}
	warnWithoutEffect(c.App.ErrWriter, b, c.Args().Slice()...)
	shareMadeBy(&sides[0].Content, &sides[1].Content)
	if c.Bool("normalize") {
		for i, name := range c.Args().Slice() {
			if sides[i], err = normalize(c, sides[i], filepath.Dir(name)); err != nil {
				return err
			}
		}
	}
	for _, name := range c.Args().Slice() {
		warnUnreadValues(c.App.ErrWriter, renderer.UnreadValues(name))
	}
	for _, name := range c.Args().Slice() {
		if kinds, err := b.Kinds(name); err == nil {
			warnUnread(c.App.ErrWriter, b, renderer.Unread(kinds))
			break
		}
	}
	if c.Bool("json") {
		return showChanges(c, sides)
	}
	if err := diff.Unified(c.App.Writer, sides[0], sides[1], diffStyle(c)); err != nil {
		return err
	}
	return differ(c, sides, sides[0].Content != sides[1].Content)
}

// normalize returns a side as what Compose would run of it in dir.
func normalize(c *cli.Context, side diff.Text, dir string) (diff.Text, error) {
	if kind, other := engine.Of([]byte(side.Content)); other && !kind.Runs {
		return side, fmt.Errorf("diff: %s: %s; --normalize asks Compose what it would run, and without it any YAML is compared", side.Name, kind.Explain(side.Name))
	}
	environment, err := project.Environment(dir, streams(c).Environ)
	if err == nil {
		setProfiles(c, environment)
		given := composeFiles{given: []*project.File{{Name: side.Name, Text: []byte(side.Content)}}, dir: dir}
		side, err = diff.Normalize(c.Context, side, dir, environment, true)
		err = given.explain(c.Context, err)
	}
	if err != nil {
		return side, fmt.Errorf("diff: %w", err)
	}
	return side, nil
}

var madeBy = text.LazyRegexp(`(?m)^# Made by: composer .*$`)

// shareMadeBy gives both texts the line of the second one that says by which command it was made, if both have one.
// The line says nothing of what they are.
func shareMadeBy(before, after *string) {
	if line := madeBy().FindString(*after); line != "" {
		if at := madeBy().FindStringIndex(*before); at != nil {
			*before = (*before)[:at[0]] + line + (*before)[at[1]:]
		}
	}
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
func (s *Streams) textToCompare(c *cli.Context, b *bundle.Bundle, renderer *render.Engine, name string) (diff.Text, error) {
	side := diff.Text{Name: name}
	_, unknown := b.Stage(name)
	if unknown == nil {
		doc, err := renderer.Render(name, render.Counted)
		side.Content = string(doc.Bytes)
		return side, render.OfStage(name, err)
	}
	if _, missing := os.Stat(name); missing != nil && len(filepath.SplitList(name)) > 1 {
		all, dir, err := openFiles(c, filepath.SplitList(name))
		if err != nil {
			return side, err
		}
		p, err := project.Read(all, project.Options{Dir: dir})
		if err != nil {
			return side, fmt.Errorf("diff: %w", err)
		}
		if len(p.Faults) > 0 {
			return side, fmt.Errorf("diff: %w", &p.Faults[0])
		}
		content, err := p.Text()
		side.Content = string(content)
		return side, err
	}
	content, shown, err := s.read(name, project.MaxFile)
	side.Name = shown
	if _, missing := os.Stat(name); missing != nil && err != nil && name != "-" && !strings.ContainsAny(name, "./") {
		return side, usagef("diff: %w, and no file has that name", unknown)
	}
	if err != nil {
		return side, fmt.Errorf("diff: %s: %w", side.Name, files.Cause(err))
	}
	if side.Content = string(content); side.Content == "" && name == "-" {
		return side, errors.New("diff: stdin is empty: the command before the pipe has written nothing")
	}
	return side, nil
}
