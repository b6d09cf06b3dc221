package cli

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/urfave/cli/v2"

	"github.com/tp0-lab/composer/internal/lab/local"
	"github.com/tp0-lab/composer/internal/template/bundle"
	"github.com/tp0-lab/composer/internal/template/render"
)

func runCommand() *cli.Command {
	source := &bundleFlags{}
	return &cli.Command{
		Name:      "run",
		Usage:     "run a stage on this machine, without Docker",
		UsageText: "composer run [--stage NAME] [-n N] [--values FILE]… [--set KEY=VALUE]… [-f FILE]… [--profile NAME]… [--allow-outside] [--keep] [--network addresses|ports] [--json]",
		Description: examples(
			"composer run --stage ej8 -n 5", "five agencies and their central, and a summary at the end",
			"composer run --stage ej1 -n 0", "an echo server to talk to, until Ctrl-C",
			"composer run -f dev.yaml --json", "a Compose file of your own; the summary for programs, the logs on stderr",
		) + "\n\nEach service is a process with the environment, mounted files, names, start order, stop signal and grace of the\n" +
			"Compose file. Each process has a directory of its own, and a loopback address or ports of its own. A run removes all that\n" +
			"it made. If there is no agency file at all, the run invents 1000 bets for each agency; likewise it has the lab's own\n" +
			"configuration files where there are none. It says so at the start and at the end.\n\nServices read, change and empty what they mount, as you. The mounts of --file stay in the directory of the first file,\n" +
			"those of --bundle in this one, links included, unless --allow-outside is given.",
		Flags: append(
			source.renderingFlags(),
			listFlag("file", "COMPOSER_RUN_FILE",
				"the Compose `FILE` to run, instead of a stage; - is stdin; several are laid over each other", "f"),
			profileFlag("COMPOSER_RUN_PROFILE", "start the services of the `PROFILE`, too"),
			boolFlag("allow-outside", "COMPOSER_RUN_ALLOW_OUTSIDE",
				"let --file and --bundle mount what is outside of the Compose file's directory, or of this one"),
			boolFlag("keep", "COMPOSER_RUN_KEEP", "leave the server up after the last client, until Ctrl-C"),
			networkFlag(),
			jsonFlag("print the summary as JSON, and the logs on stderr"),
		),
		Action: func(c *cli.Context) error { return runStage(c, source) },
	}
}

// networkFlag returns the flag that says how the services of processes are told apart.
func networkFlag() cli.Flag {
	return stringFlag("network", "COMPOSER_NETWORK", "",
		"how services find each other, `MODE`: addresses, a loopback address for each service, or ports, one address and free ports (default: addresses on Linux, ports elsewhere)")
}

func chosenNetwork(c *cli.Context) (local.Network, error) {
	switch n := local.Network(c.String("network")); n {
	case "":
		return local.DefaultNetwork(), nil
	case local.Addresses, local.Ports:
		return n, nil
	default:
		return "", usagef("%s: unknown network %q: have %s, %s", c.Command.Name, n, local.Addresses, local.Ports)
	}
}

func runStage(c *cli.Context, source *bundleFlags) error {
	network, err := chosenNetwork(c)
	if err != nil {
		return err
	}
	project, configs, inside, err := projectToRun(c, source)
	if err != nil {
		return err
	}
	s := streams(c)
	logs := s.Out
	if c.Bool("json") {
		logs = s.Err
	}
	options := local.RunOptions{
		Options: local.Options{
			InventMissing: true,
			Configs:       configs,
			Network:       network,
			Inside:        inside,
			Now:           s.Now,
			Note:          func(sentence string) { printLine(s.Err, "composer: %s", sentence) },
		},
		Output:   logs,
		Coloured: logs.coloured,
		Keep:     c.Bool("keep"),
	}
	defer s.tidy()()
	sum, err := local.Run(c.Context, project, options)
	if errors.As(err, new(*local.OutsideError)) {
		err = fmt.Errorf("%w; --allow-outside allows it, for files that you trust", err)
	}
	if sum.Services == nil {
		return err
	}
	if c.Bool("json") {
		return errors.Join(err, printJSON(c.App.Writer, sum))
	}
	fmt.Fprintln(c.App.Writer)
	err = errors.Join(err, sum.WriteTable(c.App.Writer))
	for _, note := range sum.Notes {
		printLine(s.Err, "composer: %s", note)
	}
	return err
}

// projectToRun loads the Compose file of --file, or else of the stage, and returns the configuration files that the
// images of a stage have. inside is the directory that the mounts of somebody else's file or bundle stay in.
func projectToRun(c *cli.Context, source *bundleFlags) (p *types.Project, configs map[local.Kind]string, inside string, err error) {
	file, err := readComposeFiles(c, source)
	if err != nil {
		return nil, nil, "", err
	}
	confined := func(dir string) string {
		if c.Bool("allow-outside") {
			return ""
		}
		return dir
	}
	if file != nil {
		project, err := local.LoadProject(c.Context, file.Project, file.dir, file.environment)
		if explained := file.explain(c.Context, err); explained != err { //nolint:errorlint // it is the same one, or another
			err = fmt.Errorf("load %w", explained)
		}
		return project, nil, confined(file.dir), err
	}
	b, err := source.open(c)
	if err != nil {
		return nil, nil, "", err
	}
	if c.String("bundle") != "" {
		inside = confined(".")
	}
	project, err := loadStage(c, b)
	configs = make(map[local.Kind]string)
	for kind, file := range map[local.Kind]string{local.Server: "services/server/config.ini", local.Client: "services/client/config.yaml"} {
		if _, err := os.Stat(file); err == nil {
			configs[kind] = file
		}
	}
	return project, configs, inside, err
}

func loadStage(c *cli.Context, b *bundle.Bundle) (*types.Project, error) {
	stage, text, err := renderStage(c, b)
	if err != nil {
		return nil, err
	}
	environ := streams(c).Environ
	if named := c.StringSlice("profile"); len(named) > 0 {
		environ = append(slices.Clip(environ), "COMPOSE_PROFILES="+strings.Join(named, ","))
	}
	return local.Load(c.Context, text, "stage "+stage, ".", environ)
}

// renderStage renders a stage of a bundle, and returns its name and its Compose file. The stage is that of --stage,
// else of the file .stage, else the default.
func renderStage(c *cli.Context, b *bundle.Bundle) (stage string, text []byte, err error) {
	chosen, err := b.Choose(c.String("stage"), stageFile(c))
	if err != nil {
		return "", nil, err
	}
	engine, err := render.New(b)
	if err != nil {
		return "", nil, err
	}
	doc, err := engine.Render(chosen.Name, render.Counted)
	if err != nil {
		return "", nil, err
	}
	warnWithoutEffect(c.App.ErrWriter, b, chosen.Name)
	warnUnreadValues(c.App.ErrWriter, engine.UnreadValues(chosen.Name))
	if kinds, err := b.Kinds(chosen.Name); err == nil {
		warnUnread(c.App.ErrWriter, b, engine.Unread(kinds))
	}
	return chosen.Name, doc.Bytes, nil
}
