package cli

import (
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/tp0-lab/composer/internal/compose/project"
	"github.com/tp0-lab/composer/internal/files"
	"github.com/tp0-lab/composer/internal/template/bundle"
	"github.com/tp0-lab/composer/internal/template/values"
	"github.com/tp0-lab/composer/templates"
)

// bundleFlags are the flags that choose a bundle and its values.
type bundleFlags struct {
	given []given
	set   *flag.FlagSet // of the command, once it is parsed
	// What the command has read: the bundle, and the Compose files in place of one. Either may be nil.
	opened  *bundle.Bundle
	project *project.Project
}

// onCommandLine reports whether the command line, and not only a variable, gives a flag of one of the names.
func (b *bundleFlags) onCommandLine(names ...string) bool {
	found := false
	b.set.Visit(func(f *flag.Flag) { found = found || slices.Contains(names, f.Name) })
	return found
}

// given is one value of a repeated flag, from the command line or from the flag's variable.
type given struct{ flag, by, text string }

func bundleFlag() cli.Flag {
	return stringFlag("bundle", "COMPOSER_BUNDLE", "",
		"the `DIR` of a bundle of templates, see `composer init` (default: the built-in lab)")
}

// targetFlag returns the flag that chooses the engine for which a bundle is rendered.
func targetFlag() cli.Flag {
	return stringFlag("target", "COMPOSER_TARGET", bundle.Compose.Name,
		"the `TARGET` to render for: compose, swarm or kubernetes, see `composer targets`")
}

func stageFlag() cli.Flag {
	return stringFlag("stage", "COMPOSER_STAGE", "", "the `NAME` of the stage, see `composer stages`")
}

// valueFlags returns the flags that set values.
func (b *bundleFlags) valueFlags() []cli.Flag {
	return []cli.Flag{
		b.repeated("values", "COMPOSER_VALUES", "lay the values in the `FILE` over the stage's, - is stdin; its ending says the format (yaml, json, toml, env, ini, properties, csv); may be repeated"),
		stringFlag("values-format", "COMPOSER_VALUES_FORMAT", "yaml", "the `FORMAT` of stdin and of files with other endings: "+strings.Join(values.Formats, ", ")),
		b.repeated("set", "COMPOSER_SET", "set one value, typed as YAML: `KEY.PATH=VALUE`; may be repeated, as the next two"),
		b.repeated("set-string", "COMPOSER_SET_STRING", "set one value to a string: `KEY.PATH=TEXT`"),
		b.repeated("set-file", "COMPOSER_SET_FILE", "set one value to the text in a file: `KEY.PATH=FILE`"),
	}
}

// renderingFlags returns the flags that choose a stage, its bundle, replicas and values.
func (b *bundleFlags) renderingFlags() []cli.Flag {
	return append([]cli.Flag{stageFlag()}, b.documentFlags()...)
}

// documentFlags returns renderingFlags without --stage.
func (b *bundleFlags) documentFlags() []cli.Flag {
	return append([]cli.Flag{
		listFlag("replicas", "COMPOSER_REPLICAS",
			"the number of replicas, at most 1022: `N` of the first kind, which are the lab's clients; KIND=N of another kind, all=N of each kind; may be repeated (default: 5 in the lab)", "n"),
		b.repeated("counts", "COMPOSER_COUNTS", "take the numbers of replicas from a `FILE` of KIND: N, in any format of --values; -n is laid over it; may be repeated"),
		bundleFlag(),
		b.repeated("template", "COMPOSER_TEMPLATE", "take a file for the bundle's template of a name: `NAME=FILE`; may be repeated"),
	}, b.valueFlags()...)
}

// composeOnly are the commands that work on what a bundle renders for Compose, and have no --target.
var composeOnly = []string{"run", "diff", "doctor"}

// open opens the bundle that the flags name.
func (b *bundleFlags) open(c *cli.Context) (*bundle.Bundle, error) {
	dir := c.String("bundle")
	opened, err := openBundle(dir)
	if err != nil {
		return nil, err
	}
	b.opened = opened
	if dir != "" {
		opened.Arguments = append(opened.Arguments, "--bundle", dir)
	}
	target := c.String("target")
	if slices.Contains(composeOnly, c.Command.Name) {
		target = bundle.Compose.Name // a bundle without it is refused here, with the targets that it has
	}
	if target != "" {
		if err := opened.SetTarget(target); err != nil {
			return nil, err
		}
		if opened.Target != bundle.Compose {
			opened.Arguments = append(opened.Arguments, "--target", target)
		}
	}
	format := c.String("values-format")
	if !slices.Contains(values.Formats, format) {
		return nil, usagef("%s: unknown format of values %q: have %s", c.Command.Name, format, strings.Join(values.Formats, ", "))
	}
	for _, g := range b.given {
		if g.flag == "counts" {
			if err := streams(c).addCounts(opened, g, format); err != nil {
				return nil, err
			}
		}
	}
	if counts := c.StringSlice("replicas"); len(counts) > 0 { // together, so that no kind is counted twice
		if err := opened.SetCounts(strings.Join(counts, ",")); err != nil {
			return nil, err
		}
	}
	opened.Overlay = &values.Overlay{Stdin: streams(c).In, Format: format}
	if format != "yaml" {
		opened.Arguments = append(opened.Arguments, "--values-format", format)
	}
	return opened, b.addGiven(c, opened)
}

// addGiven adds the templates and values of the flags to a bundle, in their order.
func (b *bundleFlags) addGiven(c *cli.Context, opened *bundle.Bundle) error {
	for _, g := range b.given {
		if g.flag == "counts" {
			continue // the command line has its numbers
		}
		opened.Arguments = append(opened.Arguments, "--"+g.flag, g.text)
		switch g.flag {
		case "template":
			name, file, ok := strings.Cut(g.text, "=")
			if !ok || file == "" {
				return usagef("%s %s: want NAME=FILE", g.by, g.text)
			}
			content, _, err := streams(c).read(file, bundle.MaxFile)
			if err != nil {
				return fmt.Errorf("%s %s: %w", g.by, g.text, files.Cause(err))
			}
			if err := opened.Replace(name, file, content); err != nil {
				return err
			}
		case "values":
			opened.Overlay.AddFile(g.text)
		case "set":
			opened.Overlay.AddKey(g.by, values.YAML, g.text)
		case "set-string":
			opened.Overlay.AddKey(g.by, values.Text, g.text)
		case "set-file":
			opened.Overlay.AddKey(g.by, values.File, g.text)
		}
	}
	return nil
}

// addCounts sets the numbers of replicas in the file of a flag.
func (s *Streams) addCounts(b *bundle.Bundle, g given, format string) error {
	content, name, err := s.read(g.text, bundle.MaxFile)
	if err != nil {
		return fmt.Errorf("%s %s: %w", g.by, g.text, files.Cause(err))
	}
	node, err := values.ParseFile(name, format, content)
	if err != nil {
		return err
	}
	return b.AddCounts(node)
}

// warnWithoutEffect says which values are about replicas that are not rendered.
func warnWithoutEffect(stderr io.Writer, b *bundle.Bundle, stages ...string) {
	var found []values.Problem
	for _, stage := range stages {
		for _, p := range b.WithoutEffect(stage) {
			if !slices.Contains(found, p) {
				found = append(found, p)
			}
		}
	}
	if len(found) == 0 {
		return
	}
	more := ""
	if n := len(found) - 1; n > 0 {
		more = fmt.Sprintf("; %d more like it", n)
	}
	warn(stderr, "%s%s", found[0], more)
}

// warnUnread says which kinds of replicas no template reads, so that their number has no effect.
func warnUnread(stderr io.Writer, b *bundle.Bundle, unread []bundle.Kind) {
	for _, kind := range unread {
		switch {
		case kind.Count == 0 && !kind.Given:
		case !b.NoKinds && !kind.Given:
			warn(stderr, "the number of %s, %d, has no effect: no template reads .Kinds.%[1]s, or its names or number", kind.Name, kind.Count)
		case !b.NoKinds:
			warn(stderr, "-n %s=%d has no effect: no template reads .Kinds.%[1]s, or its names or number", kind.Name, kind.Count)
		case kind.Given:
			warn(stderr, "-n %d has no effect: %s has no kinds of replicas, and no template reads .Clients", kind.Count, b.Path(bundle.StagesFile))
		}
	}
}

// warnUnreadValues says which values of the user no template reads.
func warnUnreadValues(stderr io.Writer, unread []values.Problem) {
	for i, p := range unread {
		if more := len(unread) - i; i == maxUnread && more > 1 {
			warn(stderr, "no template reads %d more values", more)
			return
		}
		warn(stderr, "%s", p)
	}
}

// maxUnread is the number of values that no template reads and that are named.
const maxUnread = 5

func openBundle(dir string) (*bundle.Bundle, error) {
	if dir == "" {
		return bundle.Open(templates.FS)
	}
	return bundle.OpenDir(dir)
}

// stageFile returns the name of the file that sets the stage, see stageFileOf.
func stageFile(c *cli.Context) string { return stageFileOf(c.String("bundle")) }

// stageFileOf returns the name of the file that sets the stage of a bundle: .stage for the built-in bundle,
// whose dir is "", and none for others.
func stageFileOf(dir string) string {
	if dir != "" {
		return ""
	}
	return ".stage"
}

// repeatedFlag is a flag that may be repeated. Its variable has a value on each line, which come before the values of
// the command line.
type repeatedFlag struct {
	*cli.GenericFlag
	values *repeatedValues
}

// repeated returns a flag whose values go to b.given, in the order of the command line.
func (b *bundleFlags) repeated(name, variable, usage string) cli.Flag {
	own := &repeatedValues{source: b, flag: name, by: "--" + name}
	return &repeatedFlag{&cli.GenericFlag{Name: name, EnvVars: []string{variable}, Usage: usage, Value: own}, own}
}

// Apply reads the values of the variable, and makes set read those of the command line.
func (f *repeatedFlag) Apply(set *flag.FlagSet) error {
	f.values.source.set = set
	f.values.by = f.EnvVars[0]
	err := f.GenericFlag.Apply(set)
	f.values.by = "--" + f.Name
	return err
}

type repeatedValues struct {
	source   *bundleFlags
	flag, by string
}

func (r *repeatedValues) String() string { return "" }

func (r *repeatedValues) Set(text string) error {
	if strings.HasPrefix(r.by, "--") {
		r.source.given = append(r.source.given, given{r.flag, r.by, text})
		return nil
	}
	for line := range strings.Lines(text) {
		if line = strings.TrimRight(line, "\r\n"); line != "" {
			r.source.given = append(r.source.given, given{r.flag, r.by, line})
		}
	}
	return nil
}
