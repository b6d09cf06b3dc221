package cli

import (
	"errors"
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/tp0-lab/composer/internal/course/deliver"
	"github.com/tp0-lab/composer/internal/template/bundle"
	"github.com/tp0-lab/composer/internal/text"
	"github.com/tp0-lab/composer/templates"
)

func deliverCommand() *cli.Command {
	return &cli.Command{
		Name:      "deliver",
		Usage:     "write a git branch for each stage, in the course's layout",
		UsageText: "composer deliver [--repo DIR] [--branch-prefix P] [--force] [--list] [--json]",
		Description: examples(
			"composer deliver --list", "print the branches as `git ls-remote` will, and write nothing",
			"composer deliver", "ej1 … ej8 in the repository of this directory",
			"composer deliver --repo ../entrega", "in a repository beside it, made if it is missing",
			"composer deliver --branch-prefix tp0/", "tp0/ej1 … tp0/ej8",
		) + "\n\nA branch is the last commit of the repository that this directory is in, with .stage, client and server\n" +
			"in the root, and the stage's part of docs/ejercicios.md as README.md. Work tree and index stay as they\n" +
			"are. The same tree gives the same commits; branches that have them already are left alone. All branches\n" +
			"are written or none.",
		Flags: []cli.Flag{
			stringFlag("repo", "COMPOSER_DELIVER_REPO", "",
				"the repository `DIR` to write to; a missing or empty DIR becomes one, with main checked out (default: the one of this directory)"),
			stringFlag("branch-prefix", "COMPOSER_DELIVER_BRANCH_PREFIX", "",
				"the prefix `P` of the branches' names, before the stage's name"),
			boolFlag("force", "COMPOSER_DELIVER_FORCE", "replace branches that hold something else", "f"),
			boolFlag("list", "COMPOSER_DELIVER_LIST",
				"write nothing, and print what git ls-remote will show after a delivery", "l"),
			jsonFlag("print JSON"),
		},
		Action: deliverBranches,
	}
}

func deliverBranches(c *cli.Context) error {
	b, err := bundle.Open(templates.FS)
	if err != nil {
		return err
	}
	o := deliver.Options{Dir: ".", Repo: c.String("repo"), Prefix: c.String("branch-prefix")}
	for _, s := range b.Stages {
		o.Stages = append(o.Stages, deliver.Stage{Name: s.Name, Summary: s.Summary})
	}
	d, err := deliver.Plan(c.Context, o)
	if errors.Is(err, deliver.ErrName) {
		return usageError{err}
	}
	if err != nil {
		return fmt.Errorf("deliver: %w", err)
	}
	defer d.Close() // a temporary directory
	warnDirty(c, d)
	if !c.Bool("list") {
		if err := d.Write(c.Context, c.Bool("force")); err != nil {
			if errors.Is(err, deliver.ErrOtherCommit) && !c.Bool("force") {
				err = fmt.Errorf("%w; --force replaces it", err)
			}
			return fmt.Errorf("deliver: %w", err)
		}
		if len(d.Changes()) == 0 {
			printLine(c.App.ErrWriter, "nothing to do: all %d branches are there already", len(d.Branches))
		}
	}
	if c.Bool("json") {
		return printDeliveryJSON(c, d)
	}
	printDelivery(c, d)
	return nil
}

func warnDirty(c *cli.Context, d *deliver.Delivery) {
	if d.DirtyErr != nil {
		warn(c.App.ErrWriter, "composer delivers the commit %.7s, and cannot tell whether files are not committed: %v", d.Source, d.DirtyErr)
	}
	if len(d.Dirty) > 0 {
		warn(c.App.ErrWriter, "composer delivers the commit %.7s, without these uncommitted files: %s", d.Source, text.FirstNames(d.Dirty))
	}
}

// state describes a branch before the delivery: new if it is missing, unchanged if it has the commit already, other if
// it has another commit, which only --force replaces.
func state(b deliver.Branch) string {
	switch b.Found {
	case "":
		return "new"
	case b.Commit:
		return "unchanged"
	default:
		return "other"
	}
}

// printDelivery prints the branches: with --list as `git ls-remote` does, else with the outcome of each.
func printDelivery(c *cli.Context, d *deliver.Delivery) {
	counts := map[string]int{}
	for _, b := range d.Branches {
		counts[state(b)]++
		if c.Bool("list") {
			printLine(c.App.Writer, "%s\t%s", b.Commit, b.Ref)
		} else {
			printLine(c.App.Writer, "%s  %s  %s", b.Name, b.Commit, outcome(b))
		}
	}
	if c.Bool("list") {
		printLine(c.App.ErrWriter, "%d branches: %d new, %d unchanged, %d other",
			len(d.Branches), counts["new"], counts["unchanged"], counts["other"])
	}
}

// outcome describes the effect of a delivery on a branch.
func outcome(b deliver.Branch) string {
	return map[string]string{"new": "made", "other": fmt.Sprintf("replaced %.7s", b.Found), "unchanged": "unchanged"}[state(b)]
}

func printDeliveryJSON(c *cli.Context, d *deliver.Delivery) error {
	type branch struct {
		deliver.Branch
		State string `json:"state"`
	}
	out := struct {
		Source   string   `json:"source"`
		Dirty    []string `json:"dirty"` // null: not known
		Written  bool     `json:"written"`
		Branches []branch `json:"branches"`
	}{Source: d.Source, Dirty: d.Dirty, Written: !c.Bool("list")}
	if d.Dirty == nil && d.DirtyErr == nil {
		out.Dirty = []string{}
	}
	for _, b := range d.Branches {
		out.Branches = append(out.Branches, branch{b, state(b)})
	}
	return printJSON(c.App.Writer, out)
}
