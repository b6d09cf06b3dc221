// Package bundle reads a bundle of templates: stages as data, values with their
// schema, and the *.tmpl files that turn a stage into a Compose file.
package bundle

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/tp0-lab/composer/internal/template/values"
	"github.com/tp0-lab/composer/internal/text"
)

// The files of a bundle, beside its templates. Only the first has to be there.
const (
	StagesFile = "stages.yaml"        // the table of stages
	ValuesFile = "values.yaml"        // what all stages are laid over
	SchemaFile = "values.schema.json" // what values may be
)

// Files are patterns of the names of all files of a bundle.
func Files() []string { return []string{"*.tmpl", StagesFile, ValuesFile, SchemaFile} }

// ErrUnknownStage is wrapped by the error of Stage for a name that the bundle
// does not have.
var ErrUnknownStage = errors.New("unknown stage")

// Bundle is a set of stages and the templates that render them.
type Bundle struct {
	// Default names the stage that is rendered when nobody names one.
	Default string
	// MaxReplicas is the largest number of replicas of all kinds that a stage may
	// have; 0 means that the bundle sets no limit.
	MaxReplicas int
	// Lifted says that MaxReplicas is another than the table says.
	Lifted bool
	// Kinds are the kinds of replicas, at least one, in the order of the table.
	Kinds []Kind
	// Stages are in the order of the table.
	Stages []Stage
	// Overlay is what a user lays over the values of each stage; nil is nothing.
	Overlay *values.Overlay
	// Arguments are the words of the command line, beyond those for the stage and
	// the numbers, by which a document of this bundle is made again.
	Arguments []string
	// FS holds the *.tmpl files.
	FS fs.FS

	base     *values.Node      // of ValuesFile
	dir      string            // where the bundle is, "" for the built-in one
	replaced map[string]string // files of templates that stand for others, by the others' names
}

// Stage is one row of the table.
type Stage struct {
	Name    string
	Summary string
	below   string       // the stage that this one extends, or ""
	own     *values.Node // its own values, or nil
}

// Open reads the table of stages and the values of the bundle in fsys, which
// origins of values call built-in. It returns an error with the file, line and
// column for unknown keys, for a name that is missing, odd or there twice, and
// for a stage that extends none before it.
func Open(fsys fs.FS) (*Bundle, error) {
	b := &Bundle{FS: fsys}
	return b, b.read()
}

// OpenDir is Open for the bundle in a directory. Links that lead out of it are
// not followed. The directory is not kept open, so there is nothing to close.
func OpenDir(dir string) (*Bundle, error) {
	if _, err := fs.Stat(directory(dir), "."); err != nil {
		if e, ok := errors.AsType[*fs.PathError](err); ok {
			err = fmt.Errorf("%s: %w", dir, e.Err)
		}
		return nil, fmt.Errorf("open bundle: %w%s", err, initHint(err))
	}
	b := &Bundle{FS: directory(dir), dir: dir}
	return b, b.read()
}

// initHint says how to make a bundle, if there is none.
func initHint(err error) string {
	if errors.Is(err, fs.ErrNotExist) {
		return "; `composer init DIR` writes a bundle to begin with"
	}
	return ""
}

func (b *Bundle) read() error {
	text, err := ReadFile(b.FS, StagesFile)
	if err != nil {
		return fmt.Errorf("open bundle: %w%s", b.inBundle(err), initHint(err))
	}
	b.base = values.Map(values.Origin{File: b.origin(ValuesFile), Line: 1, Column: 1})
	switch own, err := ReadFile(b.FS, ValuesFile); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return fmt.Errorf("open bundle: %w", b.inBundle(err))
	default:
		if b.base, err = values.Parse(b.origin(ValuesFile), own); err != nil {
			return err
		}
	}
	table, err := values.Parse(b.origin(StagesFile), text)
	if err != nil {
		return err
	}
	return b.readTable(table)
}

// Path returns the name by which a user knows a file of the bundle.
func (b *Bundle) Path(name string) string {
	if file, ok := b.replaced[name]; ok {
		return file
	}
	if b.dir == "" {
		return name
	}
	return strings.TrimSuffix(b.dir, "/") + "/" + name
}

// origin is Path for what values come from. The built-in files have a name that
// is not one of the user's own.
func (b *Bundle) origin(name string) string {
	if b.dir == "" {
		return "built-in/" + name
	}
	return b.Path(name)
}

// Stage returns the stage of that name. Its error wraps ErrUnknownStage and
// lists the names there are.
func (b *Bundle) Stage(name string) (Stage, error) {
	i := slices.IndexFunc(b.Stages, func(s Stage) bool { return s.Name == name })
	if i < 0 {
		var names []string
		for _, s := range b.Stages {
			names = append(names, s.Name)
		}
		return Stage{}, fmt.Errorf("%w %q%s: have %s", ErrUnknownStage, name, text.DidYouMean(name, names), b.names())
	}
	return b.Stages[i], nil
}

// Choose returns the stage called name or, if name is empty, the one that the
// one-line file says or, if that is missing or blank, the default.
func (b *Bundle) Choose(name, file string) (Stage, error) {
	if name != "" {
		return b.Stage(name)
	}
	text, err := readStage(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Stage{}, fmt.Errorf("choose the stage: %w", err)
	}
	if name = strings.TrimSpace(string(text)); name == "" {
		return b.Stage(b.Default)
	}
	s, err := b.Stage(name)
	if err != nil {
		return Stage{}, fmt.Errorf("%s: %w", file, err)
	}
	return s, nil
}

// Lift sets another limit to the number of replicas, 0 for none: for bundles
// whose containers do not share one bridge, and to see what is rendered.
func (b *Bundle) Lift(limit int) { b.MaxReplicas, b.Lifted = limit, true }

func (b *Bundle) has(name string) bool {
	return slices.ContainsFunc(b.Stages, func(s Stage) bool { return s.Name == name })
}

func (b *Bundle) names() string {
	names := make([]string, len(b.Stages))
	for i, s := range b.Stages {
		names[i] = s.Name
	}
	if len(names) > 4 {
		return names[0] + " … " + names[len(names)-1]
	}
	return strings.Join(names, ", ")
}
