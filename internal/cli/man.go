package cli

import (
	"github.com/urfave/cli/v2"

	"github.com/tp0-lab/composer/internal/cli/help"
)

func manCommand() *cli.Command {
	return &cli.Command{
		Name:      "man",
		Usage:     "print the manual page composer(1)",
		UsageText: "composer man",
		Description: examples(
			"composer man | man -l -", "read it (man-db; elsewhere `composer man | mandoc | less`)",
			"composer man >~/.local/share/man/man1/composer.1", "so that `man composer` finds it",
		) + "\n\nThe page has the same text as the help, in roff with the macros of man(7).",
		Action: func(c *cli.Context) error {
			page := manPage(c.App)
			page.Program.Rename(streams(c).rename)
			return page.WriteRoff(c.App.Writer)
		},
	}
}

func manPage(app *cli.App) help.Page {
	b := thisBuild()
	return help.Page{
		Program: tree(app),
		Version: b.Version,
		Date:    b.day(),
		About: []string{
			"Renders Compose files from text/template and sprig templates, one numbered replica at a time: client1 to clientN, each with its own identity, configuration and data. The built-in templates are a lab in eight stages, ej1 to ej8; `init` writes a bundle of templates to begin with.",
			"What is rendered is checked before it is written, and a file is replaced as a whole or not at all. Data goes to standard output, and talk to standard error. Each command has --help.",
		},
		Variables: []help.Entry{
			{Term: "NO_COLOR", Meaning: "If it is not empty, no colours are written; without it they are written to terminals only."},
			{Term: "TERM", Meaning: "If it is dumb, no colours are written."},
			{Term: "COLUMNS", Meaning: "The width of help and tables. The default is the terminal's width. Without a terminal help has 80 columns, and tables are not wrapped."},
		},
		Files: []help.Entry{
			{Term: ".stage", Meaning: "The stage, on one line, without --stage and COMPOSER_STAGE. For the built-in bundle only."},
			{Term: ".data/dataset.zip, .data/datasets.zip", Meaning: "The archive that `data extract` unpacks."},
			{Term: ".data/agency-N.csv", Meaning: "The bets of agency N, which stages from ej6 on mount."},
			{Term: "services/server/config.ini, services/client/config.yaml", Meaning: "The configuration of the two services."},
			{Term: "docker-compose-dev.yaml", Meaning: "The Compose file that make and generar-compose.sh use."},
		},
		ExitCodes: []help.Entry{
			{Term: "0", Meaning: "Done, and nothing was found to be wrong."},
			{Term: "1", Meaning: "It failed; or `verify`, `lint`, `doctor`, `data check`, `config check`, `render --check` or `diff --exit-code` found something. Nothing is written by halves."},
			{Term: "2", Meaning: "The command line, a variable or a value is wrong. Nothing was done."},
			{Term: "3", Meaning: "`verify` could not judge: no repository, no branch, nothing checked, trouble with the engine, or an interruption. It says nothing about the solution."},
			{Term: "128 + N", Meaning: "The signal N ended it: 130 after Ctrl-C, 143 after SIGTERM. `render --watch`, `run --keep` and `data serve` end with 0 then, as they are meant to, and `verify` with 3."},
		},
		SeeAlso: []string{"docker(1)", "docker-compose(1)", "git(1)"},
	}
}
