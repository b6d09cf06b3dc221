package cli

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/tp0-lab/composer/internal/cli/completion"
	"github.com/tp0-lab/composer/internal/compose/lint"
	"github.com/tp0-lab/composer/internal/course/verify"
	"github.com/tp0-lab/composer/internal/course/words"
	"github.com/tp0-lab/composer/internal/lab/local"
	"github.com/tp0-lab/composer/internal/template/bundle"
	"github.com/tp0-lab/composer/internal/template/values"
)

func completionCommand() *cli.Command {
	return &cli.Command{
		Name:      "completion",
		Usage:     "print a script that makes a shell complete composer's commands, flags and values",
		UsageText: "composer completion bash|zsh|fish",
		ArgsUsage: "SHELL",
		Description: examples(
			"source <(composer completion bash)", "bash, this shell; put the line into ~/.bashrc for all",
			"source <(composer completion zsh)", "zsh, this shell; in ~/.zshrc behind compinit for all",
			"composer completion zsh >~/.zfunc/_composer", "zsh, with ~/.zfunc in fpath before compinit",
			"composer completion fish | source", "fish, this shell",
			"composer completion fish >~/.config/fish/completions/composer.fish", "fish, all shells",
		) + "\n\nStages, kinds of replicas and values for --set come from the bundle of the command line. The script runs\n" +
			"the program that is being typed, which must have the name composer.",
		Action: func(c *cli.Context) error {
			if c.NArg() != 1 || completion.Script(c.Args().First()) == "" {
				return usagef("%s wants one of bash, zsh, fish; see `%[1]s --help`", c.Command.HelpName)
			}
			_, err := fmt.Fprint(c.App.Writer, strings.ReplaceAll(completion.Script(c.Args().First()), programName, streams(c).name))
			return err
		},
	}
}

// completeCommand returns the hidden command that the scripts run.
func completeCommand() *cli.Command {
	return &cli.Command{
		Name: completion.Command, Hidden: true, SkipFlagParsing: true, HideHelp: true,
		Action: func(c *cli.Context) error {
			if !c.Args().Present() {
				return usagef("%s is for the scripts of `composer completion`", completion.Command)
			}
			shell := c.Args().First()
			words := append(completion.Words(shell, c.Args().Tail()), "")
			if c.NArg() > 1 {
				words = words[:len(words)-1]
			}
			return completion.Complete(tree(c.App), words, streams(c).completionValues).Write(c.App.Writer, shell, words[len(words)-1])
		},
	}
}

// completionValues returns the values that fit a place of the command line.
func (s *Streams) completionValues(r completion.Request) []completion.Value {
	switch {
	case strings.HasPrefix(r.Place, "STAGE"), r.Flag == "stage":
		return s.stageValues(r)
	case r.Place == "SHELL":
		return completion.Shells()
	}
	switch r.Flag {
	case "service":
		return choices("server", "client")
	case "lang":
		return choices(words.English.Code(), words.Spanish.Code())
	case "engine":
		return choices("local", "docker")
	case "network":
		return choices(string(local.Addresses), string(local.Ports))
	case "target":
		return choices(bundle.TargetNames(bundle.AllTargets())...)
	case "format":
		switch r.Command.Base() {
		case "lint":
			return choices(lintFormats()...)
		case "graph":
			return choices(graphFormats()...)
		}
		return choices("yaml", "json")
	case "values-format":
		return choices(values.Formats...)
	case "report":
		return choices("junit=", "json=", "html=")
	case "enable", "disable":
		var rules []completion.Value
		for _, set := range lint.Sets {
			rules = append(rules, completion.Value{Text: set, Meaning: "a set of rules"})
		}
		for _, rule := range lint.Rules() {
			rules = append(rules, completion.Value{Text: rule.Name, Meaning: rule.What})
		}
		return rules
	case "scenario":
		return scenarioValues(r)
	case "replicas", "template", "set", "set-string", "set-file":
		return s.bundleValues(r)
	}
	return nil
}

func choices(names ...string) []completion.Value {
	all := make([]completion.Value, len(names))
	for i, name := range names {
		all[i].Text = name
	}
	return all
}

// bundleDir returns the directory of the bundle that the command line, or else its variable, names; "" is
// the built-in bundle.
func (s *Streams) bundleDir(r completion.Request) string {
	if given := r.Given["bundle"]; len(given) > 0 {
		return given[len(given)-1]
	}
	return s.getenv("COMPOSER_BUNDLE")
}

func (s *Streams) stageValues(r completion.Request) []completion.Value {
	b, err := openBundle(s.bundleDir(r))
	if err != nil {
		return nil
	}
	var stages []completion.Value
	for _, s := range b.Stages {
		stages = append(stages, completion.Value{Text: s.Name, Meaning: s.Summary})
	}
	return stages
}

func scenarioValues(r completion.Request) []completion.Value {
	chosen, err := verify.Chosen(verify.Options{Stages: r.Given["stage"]})
	if err != nil {
		return nil
	}
	var scenarios []completion.Value
	seen := map[string]bool{}
	for _, s := range chosen {
		if !seen[s.Name] {
			scenarios = append(scenarios, completion.Value{Text: s.Name, Meaning: s.Title})
		}
		seen[s.Name] = true
	}
	return scenarios
}

// bundleValues returns the keys, each with its "=", of a flag that takes KEY=VALUE and is about a bundle.
func (s *Streams) bundleValues(r completion.Request) []completion.Value {
	b, err := openBundle(s.bundleDir(r))
	if err != nil {
		return nil
	}
	var all []completion.Value
	name := ""
	if given := r.Given["stage"]; len(given) > 0 {
		name = given[len(given)-1]
	}
	stage, unknown := b.Choose(name, stageFileOf(s.bundleDir(r)))
	b.Overlay = &values.Overlay{}
	if unknown != nil && r.Flag != "template" {
		return nil
	}
	switch r.Flag {
	case "replicas":
		kinds, err := b.Kinds(stage.Name)
		if err != nil {
			return nil
		}
		for _, k := range kinds.All {
			all = append(all, completion.Value{Text: k.Name + "=", Meaning: fmt.Sprintf("default: %d", k.Count)})
		}
	case "template":
		names, err := b.Templates()
		if err != nil {
			return nil
		}
		for _, name := range names {
			all = append(all, completion.Value{Text: strings.TrimSuffix(name, ".tmpl") + "="})
		}
	default:
		merged, err := b.Values(stage.Name)
		if err != nil {
			return nil
		}
		for _, leaf := range merged.Leaves() {
			all = append(all, completion.Value{Text: leaf.Path + "=", Meaning: values.Literal(leaf.Value)})
		}
	}
	return all
}
