package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/tp0-lab/composer/internal/files"
	"github.com/tp0-lab/composer/internal/lab/client"
	"github.com/tp0-lab/composer/internal/lab/config"
	"github.com/tp0-lab/composer/internal/lab/server"
	"github.com/tp0-lab/composer/internal/text"
)

// configCommand returns `composer config`, which works on the services' configuration without running them.
func configCommand() *cli.Command {
	return &cli.Command{
		Name:  "config",
		Usage: "show, make and check the services' configuration",
		Description: examples(
			"composer config show -s server", "print the server's values here, and their origins",
			"composer config keys -s client", "list the client's keys",
			"composer config check FILE", "check a file",
		),
		Subcommands: []*cli.Command{
			configShowCommand(), configKeysCommand(), configInitCommand(), configCheckCommand(), configSchemaCommand(),
		},
	}
}

func serviceFlag() cli.Flag {
	return stringFlag("service", "COMPOSER_CONFIG_SERVICE", "",
		"the `NAME` of the service: server or client", "s")
}

func configShowCommand() *cli.Command {
	return &cli.Command{
		Name:      "show",
		Usage:     "print the values that a service would use here, and where each comes from",
		UsageText: "composer config show --service NAME [--file FILE] [--json]",
		Description: examples(
			"composer config show --service server", "environment, then services/server/config.ini, then the defaults",
			"CLI_ID=1 composer config show -s client", "what a variable changes",
			"composer config show --file my/config.yaml", "with a file of your own; its name says which service reads it",
		) + "\n\nEach line is ORIGIN VARIABLE=VALUE. Values that the service would refuse are warnings on stderr.",
		Flags: []cli.Flag{
			serviceFlag(),
			stringFlag("file", "COMPOSER_CONFIG_FILE", "",
				"the `FILE` that the service would read (default: services/NAME/config.*, or ./config.*, if it is there)"),
			jsonFlag("print JSON"),
		},
		Action: configShow,
	}
}

func configShow(c *cli.Context) error {
	path := c.String("file")
	service, err := chooseService(c, path)
	if err != nil {
		return err
	}
	path = cmp.Or(path, service.DefaultFile())
	layers := []config.Layer{config.Environ(streams(c).Environ)}
	if path != "" {
		var file config.Layer
		if file, path, err = readConfig(c, service, path); err != nil {
			return err
		}
		layers = append(layers, file)
	}
	findings, err := service.Findings(layers...)
	if err != nil {
		return err
	}
	for _, f := range findings {
		warn(c.App.ErrWriter, "%s", f)
	}
	settings := service.Settings(layers...)
	if c.Bool("json") {
		return printJSON(c.App.Writer, map[string]any{"service": service.Name, "file": path, "settings": settings})
	}
	var table text.Table
	for _, s := range settings {
		table.Row(s.Origin, s.String())
	}
	return table.Write(c.App.Writer, 0)
}

// readConfig reads a configuration file, standard input if path is -, and returns its name for messages.
func readConfig(c *cli.Context, service config.Service, path string) (file config.Layer, shown string, err error) {
	if path != "-" {
		file, err = service.Read(path)
		return file, path, err
	}
	content, shown, err := streams(c).read(path, config.MaxFile)
	if err != nil {
		return nil, shown, err
	}
	file, err = service.Parse(shown, content)
	return file, shown, err
}

func configKeysCommand() *cli.Command {
	return &cli.Command{
		Name:      "keys",
		Usage:     "list the keys of a service's configuration",
		UsageText: "composer config keys --service NAME [--json]",
		Description: examples(
			"composer config keys --service client", "variable, key in config.yaml, default and meaning of each",
			"composer config keys --service server --json", "for programs: kind, limits and choices, too",
		),
		Flags: []cli.Flag{serviceFlag(), jsonFlag("print JSON")},
		Action: func(c *cli.Context) error {
			service, err := chooseService(c, "")
			if err != nil {
				return err
			}
			if c.Bool("json") {
				return printJSON(c.App.Writer, service.Keys)
			}
			var table text.Table
			table.Row("VARIABLE", "KEY IN "+service.File, "DEFAULT", "MEANING")
			for _, k := range service.Keys {
				text := "-"
				if k.Default != nil {
					text = *k.Default
				}
				table.Row(k.Variable, cmp.Or(k.Path, "-"), text, k.Doc)
			}
			return table.Write(c.App.Writer, streams(c).Out.tableWidth())
		},
	}
}

func configInitCommand() *cli.Command {
	return &cli.Command{
		Name:      "init",
		Usage:     "write a commented configuration file with the defaults",
		UsageText: "composer config init --service NAME [-o FILE] [--force]",
		Description: examples(
			"composer config init --service server", "config.ini, to stdout",
			"composer config init --service client -o config.yaml", "to a new file",
			"composer config init -o config.yaml --force", "to an existing file; its name says which service reads it",
		),
		Flags: []cli.Flag{
			serviceFlag(),
			stringFlag("output", "COMPOSER_CONFIG_OUTPUT", "", "write to `FILE`, and make missing directories (default: stdout)", "o"),
			boolFlag("force", "COMPOSER_CONFIG_FORCE", "replace an existing FILE", "f"),
		},
		Action: configInit,
	}
}

func configInit(c *cli.Context) error {
	path := c.String("output")
	service, err := chooseService(c, path)
	if err != nil {
		return err
	}
	if path == "" {
		_, err := c.App.Writer.Write(service.Sample())
		return err
	}
	if _, err := os.Lstat(path); err == nil && !c.Bool("force") {
		return fmt.Errorf("%s is there already: --force replaces it", path)
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("write %s: %w", path, files.Cause(err))
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("write %s: %w", path, files.Cause(err))
	}
	_, err = files.WriteFile(path, service.Sample())
	return err
}

func configCheckCommand() *cli.Command {
	return &cli.Command{
		Name:      "check",
		Usage:     "report every mistake in configuration files",
		UsageText: "composer config check [--service NAME] [--json] FILE…",
		ArgsUsage: "FILE…",
		Description: examples(
			"composer config check services/*/config.*", "both files of this project",
			"composer config check --service client settings", "a name that does not say which service reads the file",
			"composer config check --json config.yaml", "for programs: file, line, column, key, value, reason, suggestion",
		) + "\n\nEach line is FILE:LINE:COLUMN: WHAT. Unknown keys, keys without a value and wrong values count, and the\n" +
			"exit code is 1 if there are any. A key that the file does not set is right: the environment may set it.",
		Flags:  []cli.Flag{serviceFlag(), jsonFlag("print JSON")},
		Action: configCheck,
	}
}

func configCheck(c *cli.Context) error {
	if !c.Args().Present() {
		return usagef("%s wants files; see `%[1]s --help`", c.Command.HelpName)
	}
	type report struct {
		File     string           `json:"file"`
		Service  string           `json:"service"`
		Problems []config.Finding `json:"problems"`
	}
	reports := []report{}
	count := 0
	for _, path := range c.Args().Slice() {
		service, err := chooseService(c, path)
		if err != nil {
			return err
		}
		file, path, err := readConfig(c, service, path)
		findings, err := service.Check(file, err)
		if err != nil {
			return err
		}
		reports = append(reports, report{path, service.Name, findings})
		count += len(findings)
	}
	if c.Bool("json") {
		if err := printJSON(c.App.Writer, map[string]any{"files": reports, "ok": count == 0}); err != nil {
			return err
		}
	} else {
		for _, r := range reports {
			for _, f := range r.Problems {
				printLine(c.App.Writer, "%s", f)
			}
			if len(r.Problems) == 0 {
				printLine(c.App.Writer, "%s: nothing wrong", r.File)
			}
		}
	}
	if count > 0 {
		return errors.New("config check: " + text.Plural(count, "problem"))
	}
	return nil
}

func configSchemaCommand() *cli.Command {
	return &cli.Command{
		Name:      "schema",
		Usage:     "print a JSON schema of a service's configuration file",
		UsageText: "composer config schema --service NAME",
		Description: examples(
			"composer config schema -s client >config.schema.json", "for editors; see docs/configuration.md",
		) + "\n\nDraft 2020-12. The schema of config.ini describes its keys as one object.",
		Flags: []cli.Flag{serviceFlag()},
		Action: func(c *cli.Context) error {
			service, err := chooseService(c, "")
			if err != nil {
				return err
			}
			return printJSON(c.App.Writer, service.Schema())
		},
	}
}

// chooseService returns the service that --service names, or else the one that reads files with the name of path.
func chooseService(c *cli.Context, path string) (config.Service, error) {
	name := c.String("service")
	for _, s := range []config.Service{server.Configuration(), client.Configuration()} {
		if s.Name == name || name == "" && s.Reads(path) {
			return s, nil
		}
	}
	switch {
	case name != "":
		return config.Service{}, usagef("unknown service %q: have server, client", name)
	case path != "":
		return config.Service{}, usagef("the name %q does not say which service reads the file: give --service server or --service client", path)
	default:
		return config.Service{}, usagef("%s wants --service server or --service client", c.Command.HelpName)
	}
}
