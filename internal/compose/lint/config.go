package lint

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/tp0-lab/composer/internal/compose/yamltree"
	"github.com/tp0-lab/composer/internal/files"
	"github.com/tp0-lab/composer/internal/text"
)

// ConfigName is the name of the configuration file that FindConfig looks for.
const ConfigName = ".composer-lint.yaml"

// Config is a configuration file of lint:
//
//	sets: [security]                # sets of rules that are on
//	rules:
//	  missing-mount-source: off     # a rule: off, on, note, warning or error
//	ignore: [vendor, "*.old.yaml"]  # files that are not checked
type Config struct {
	File   string
	levels []namedLevel // in the order in which they are set
	dir    string       // absolute: where the patterns of ignore begin
	ignore []*regexp.Regexp
}

type namedLevel struct{ name, level string }

// Options returns the default options with the levels that the configuration sets. For a nil *Config it returns the
// defaults.
func (c *Config) Options() *Options {
	o := &Options{}
	if c != nil {
		for _, l := range c.levels {
			o.Set(l.name, l.level)
		}
	}
	return o
}

// Ignores reports whether the configuration leaves a file out. A pattern without a slash matches names at any depth. A
// pattern with a slash matches paths below the directory of the configuration. A pattern that matches a directory
// leaves out all that is in it.
func (c *Config) Ignores(name string) bool {
	if c == nil || len(c.ignore) == 0 {
		return false
	}
	absolute, err := filepath.Abs(name)
	if err != nil {
		return false
	}
	relative, err := filepath.Rel(c.dir, absolute)
	if err != nil {
		return false
	}
	relative = filepath.ToSlash(relative)
	return slices.ContainsFunc(c.ignore, func(p *regexp.Regexp) bool { return p.MatchString(relative) })
}

// FindConfig reads the file ConfigName in dir or, without one, in the nearest directory around it. It returns nil if
// there is no such file. Files further out are not read.
func FindConfig(dir string) (*Config, error) {
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	for at := dir; ; at = filepath.Join(at, "..") {
		config, err := ReadConfig(filepath.Join(at, ConfigName))
		if err == nil || !errors.Is(err, fs.ErrNotExist) {
			return config, err
		}
		if absolute == filepath.Dir(absolute) {
			return nil, nil //nolint:nilnil // no file is no error
		}
		absolute = filepath.Dir(absolute)
	}
}

// ReadConfig reads a configuration file. Errors name the file and, for what is wrong in it, the line and column.
func ReadConfig(name string) (*Config, error) {
	const limit = 1 << 20
	content, err := files.ReadRegular(name, limit)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, files.Cause(err))
	}
	dir, err := filepath.Abs(filepath.Dir(name))
	if err != nil {
		return nil, err
	}
	c := &Config{File: name, dir: dir}
	var root *yaml.Node
	for document, err := range yamltree.Documents(content) {
		switch {
		case err != nil:
			line, column, message := yamltree.DescribeSyntaxError(content, err)
			return nil, fmt.Errorf("%s: %s", text.Place{File: name, Line: line, Column: column}, message)
		case root != nil:
			return nil, c.fail(document.Content[0], "a second document begins here: write one")
		}
		root = document.Content[0]
		if excess := yamltree.CheckLimits(root, yamltree.MaxValues); excess != nil {
			return nil, c.fail(excess.Node, "%s", excess.Message)
		}
	}
	if root == nil || yamltree.IsNull(root) {
		return c, nil
	}
	return c, c.read(root)
}

func (c *Config) fail(at *yaml.Node, format string, args ...any) error {
	return fmt.Errorf("%s: %s", text.Place{File: c.File, Line: at.Line, Column: at.Column}, text.Line(fmt.Sprintf(format, args...)))
}

func (c *Config) read(root *yaml.Node) error {
	if root.Kind != yaml.MappingNode {
		return c.fail(root, "want a mapping with sets, rules or ignore, not %s", yamltree.KindName(root))
	}
	for key := range yamltree.RepeatedKeys(root) {
		return c.fail(key, "key %q is there twice", key.Value)
	}
	keys := []string{"sets", "rules", "ignore"} // rules come after sets
	for key := range yamltree.Entries(root) {
		if !slices.Contains(keys, key.Value) {
			return c.fail(key, "unknown key %q%s: have sets, rules, ignore", key.Value, text.Suggestion(key.Value, keys))
		}
	}
	for i, read := range []func(*yaml.Node) error{c.readSets, c.readRules, c.readIgnore} {
		if value := yamltree.Get(root, keys[i]); value != nil && !yamltree.IsNull(value) {
			if err := read(value); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *Config) readSets(list *yaml.Node) error {
	return c.eachItem(list, "sets", func(item *yaml.Node) error {
		if !slices.Contains(Sets, item.Value) {
			return c.fail(item, "unknown set %q%s: have %s", item.Value, text.Suggestion(item.Value, Sets), strings.Join(Sets, ", "))
		}
		c.levels = append(c.levels, namedLevel{item.Value, On})
		return nil
	})
}

func (c *Config) readRules(levels *yaml.Node) error {
	if levels.Kind != yaml.MappingNode {
		return c.fail(levels, "rules: want a mapping such as {unquoted-value: error}, not %s", yamltree.KindName(levels))
	}
	for key := range yamltree.RepeatedKeys(levels) {
		return c.fail(key, "rule %q is there twice", key.Value)
	}
	var ofRules []namedLevel // which come after those of sets
	for key, value := range yamltree.Entries(levels) {
		unknown := UnknownRule(key.Value)
		switch {
		case unknown != "":
			return c.fail(key, "%s; see `composer lint --list-rules`", unknown)
		case value.Kind != yaml.ScalarNode:
			return c.fail(value, "rules.%s: want one of %s, not %s", key.Value, strings.Join(Levels, ", "), yamltree.KindName(value))
		}
		level := value.Value
		if value.ShortTag() == "!!bool" { // as readers of YAML 1.1 write on and off
			level = map[bool]string{true: On, false: Off}[yamltree.IsTrue(value)]
		}
		if !slices.Contains(Levels, level) {
			return c.fail(value, "rules.%s: %q is not one of %s%s", key.Value, value.Value, strings.Join(Levels, ", "), text.Suggestion(value.Value, Levels))
		}
		if slices.Contains(Sets, key.Value) {
			c.levels = append(c.levels, namedLevel{key.Value, level})
		} else {
			ofRules = append(ofRules, namedLevel{key.Value, level})
		}
	}
	c.levels = append(c.levels, ofRules...)
	return nil
}

func (c *Config) readIgnore(list *yaml.Node) error {
	return c.eachItem(list, "ignore", func(item *yaml.Node) error {
		pattern, err := compileGlob(item.Value)
		if err != nil {
			return c.fail(item, "ignore: %q is no pattern such as vendor/** or *.old.yaml: %v", item.Value, err)
		}
		c.ignore = append(c.ignore, pattern)
		return nil
	})
}

// eachItem calls read with the scalars of a list.
func (c *Config) eachItem(list *yaml.Node, key string, read func(*yaml.Node) error) error {
	if list.Kind != yaml.SequenceNode {
		return c.fail(list, "%s: want a list, not %s", key, yamltree.KindName(list))
	}
	for item := range yamltree.Items(list) {
		if item.Kind != yaml.ScalarNode || yamltree.IsNull(item) {
			return c.fail(item, "%s: want names, not %s", key, yamltree.KindName(item))
		}
		if err := read(item); err != nil {
			return err
		}
	}
	return nil
}

// compileGlob returns the regular expression of a pattern of Config.Ignores: *, ? and [a-z] stand for characters but
// slashes, ** for any.
func compileGlob(pattern string) (*regexp.Regexp, error) {
	clean := strings.TrimSuffix(strings.TrimPrefix(pattern, "./"), "/")
	if clean == "" {
		return nil, errors.New("it is empty")
	}
	if _, err := path.Match(clean, ""); err != nil {
		return nil, errors.New("a [ without its ], or a \\ at the end")
	}
	var b strings.Builder
	b.WriteString("^")
	if anchored, ok := strings.CutPrefix(clean, "/"); ok {
		clean = anchored
	} else if !strings.Contains(clean, "/") {
		b.WriteString("(?:.*/)?")
	}
	for i := 0; i < len(clean); i++ {
		switch rest := clean[i:]; {
		case strings.HasPrefix(rest, "**/"):
			b.WriteString("(?:.*/)?")
			i += 2
		case strings.HasPrefix(rest, "**"):
			b.WriteString(".*")
			i++
		case rest[0] == '*':
			b.WriteString("[^/]*")
		case rest[0] == '?':
			b.WriteString("[^/]")
		case rest[0] == '[':
			end := i + 2 + strings.IndexByte(clean[i+2:], ']') // path.Match has found one, which is no first character
			b.WriteString(clean[i : end+1])
			i = end
		case rest[0] == '\\':
			i++
			b.WriteString(regexp.QuoteMeta(clean[i : i+1]))
		default:
			b.WriteString(regexp.QuoteMeta(rest[:1]))
		}
	}
	b.WriteString("(?:/.*)?$")
	return regexp.Compile(b.String())
}
