package cli

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/tp0-lab/composer/internal/compose/graph"
	"github.com/tp0-lab/composer/internal/compose/project"
	"github.com/tp0-lab/composer/internal/course/doctor"
	"github.com/tp0-lab/composer/internal/files"
	"github.com/tp0-lab/composer/internal/lab/local"
	"github.com/tp0-lab/composer/internal/template/bundle"
	"github.com/tp0-lab/composer/internal/text"
)

// goVersion is the version of Go that go.mod asks for.
const goVersion = "go1.26"

func doctorCommand() *cli.Command {
	source := &bundleFlags{}
	return &cli.Command{
		Name:      "doctor",
		Usage:     "say whether this machine and directory have all that a stage needs, and change nothing",
		UsageText: "composer doctor [--stage NAME] [-n N] [--bundle DIR] [--timeout TIME] [--json]",
		Description: examples(
			"composer doctor", "a line for each check: ok, warning or problem, and what to do next",
			"composer doctor --stage ej6 -n 30", "for another stage, with more clients",
			"composer doctor --json", "for programs: check, status, found, next",
		) + "\n\nA problem keeps the stage from being rendered or started, and the exit code is 1. A warning says which use does not\n" +
			"work here: a missing Docker is a warning, because `render`, `run` and `verify` work without.",
		Flags: append(
			source.renderingFlags(),
			&cli.DurationFlag{
				Name: "timeout", EnvVars: []string{"COMPOSER_DOCTOR_TIMEOUT"}, Value: 5 * time.Second,
				Usage: "the most `TIME` to wait for each program that doctor runs",
			},
			jsonFlag("print JSON"),
		),
		Action: func(c *cli.Context) error { return examine(c, source) },
	}
}

func examine(c *cli.Context, source *bundleFlags) error {
	if c.Duration("timeout") <= 0 {
		return usagef("doctor: --timeout wants more than zero, such as 5s")
	}
	b, err := source.open(c)
	if err != nil {
		return err
	}
	lab, err := labOf(c, b)
	if err != nil {
		return err
	}
	findings := doctor.Examine(c.Context, doctor.Machine{
		Run:      doctor.Command,
		ReadFile: func(name string) ([]byte, error) { return files.ReadRegular(name, 1<<20) },
		Exists:   func(name string) bool { _, err := os.Stat(name); return err == nil },
		Writable: writable,
	}, lab, c.Duration("timeout"))
	if err := c.Context.Err(); err != nil { // the checks that it stopped say nothing
		return fmt.Errorf("doctor: %w", err)
	}
	problems := 0
	for _, f := range findings {
		if f.Status == doctor.Problem {
			problems++
		}
	}
	if c.Bool("json") {
		err = printJSON(c.App.Writer, map[string]any{"checks": findings, "ok": problems == 0})
	} else {
		err = printFindings(streams(c), findings)
	}
	if err == nil && problems > 0 {
		err = errors.New("doctor: " + text.Plural(problems, "problem"))
	}
	return err
}

// labOf renders the stage for the checks. A wrong command line is an error; a fault of the directory is Lab.Err.
func labOf(c *cli.Context, b *bundle.Bundle) (doctor.Lab, error) {
	lab := doctor.Lab{Bundle: c.String("bundle"), Netcat: cmp.Or(streams(c).getenv("NETCAT_IMAGE"), "busybox:latest"), Go: goVersion}
	name, file := c.String("stage"), stageFile(c)
	stage, text, err := renderStage(c, b)
	if err != nil && (name != "" || exitCode(err) == exitUsage && !errors.Is(err, bundle.ErrUnknownStage)) {
		return lab, err
	}
	var environment map[string]string
	if err == nil {
		environment, err = project.Environment(".", streams(c).Environ)
	}
	if err == nil {
		lab.Project, err = graph.Load(c.Context, text, ".", environment)
	}
	if err == nil {
		err = local.Refuse(text, "stage "+stage, environment, []string{"*"})
	}
	if err != nil {
		lab.Err, lab.Next = err, "mend that; `composer render` says when it is right"
		if errors.Is(err, bundle.ErrUnknownStage) {
			lab.Next = "`composer stages` lists those there are"
		}
		return lab, nil
	}
	switch _, missing := os.Stat(file); {
	case name != "":
		lab.Stage = stage + ", by --stage or COMPOSER_STAGE"
	case file != "" && missing == nil:
		lab.Stage = stage + ", by " + file
	default:
		lab.Stage = stage + ", the default"
	}
	return lab, nil
}

func printFindings(s *Streams, findings []doctor.Finding) error {
	w := s.Out
	var table text.Table
	for _, f := range findings {
		table.Row(string(f.Status), s.renameMessage(f.Check), s.renameMessage(f.Found))
		if f.Next != "" {
			table.Row("", "", "→ "+s.renameMessage(f.Next))
		}
	}
	var text bytes.Buffer
	_ = table.Write(&text, w.tableWidth()) // a buffer takes all
	colours := map[doctor.Status]string{doctor.OK: "32", doctor.Warning: "33", doctor.Problem: "31"}
	for line := range strings.Lines(text.String()) {
		word, rest, _ := strings.Cut(line, " ")
		if colour := colours[doctor.Status(word)]; colour != "" && w.coloured {
			line = "\x1b[" + colour + "m" + word + "\x1b[0m " + rest
		}
		fmt.Fprint(w, line)
	}
	return w.err
}
