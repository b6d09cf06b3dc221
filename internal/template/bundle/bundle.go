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

// The names of a bundle's files besides its templates. Only StagesFile is required.
const (
	StagesFile = "stages.yaml"        // the table of stages
	ValuesFile = "values.yaml"        // the values that all stages share
	SchemaFile = "values.schema.json" // the JSON schema of the values
)

// Files returns patterns that match the names of all files of a bundle.
func Files() []string { return []string{"*.tmpl", StagesFile, ValuesFile, SchemaFile} }

// ErrUnknownStage is wrapped by the error of Bundle.Stage for an unknown name.
var ErrUnknownStage = errors.New("unknown stage")

// Bundle is a set of stages and the templates that render them.
type Bundle struct {
	// Default is the name of the stage that is rendered unless the user names another.
	Default string
	// MaxReplicas is the limit for the replicas of all kinds together; 0 is no limit.
	MaxReplicas int
	// Lifted reports that Lift replaced the MaxReplicas of the table.
	Lifted bool
	// Kinds are the kinds of replicas, at least one, in the order of the table.
	Kinds []Kind
	// Stages are in the order of the table.
	Stages []Stage
	// Overlay is the user's values, which are laid over those of each stage; nil is none.
	Overlay *values.Overlay
	// Arguments are the words of the command line that renders a document again, without those for the stage and the
	// numbers of replicas.
	Arguments []string
	// FS holds the *.tmpl files.
	FS fs.FS

	base     *values.Node      // the values of ValuesFile
	dir      string            // the directory of the bundle, "" for the built-in one
	replaced map[string]string // by the name of a template file, the user's file that Replace put in its place
}

// Stage is one row of the table.
type Stage struct {
	Name    string
	Summary string
	below   string       // the stage that this one extends, or ""
	own     *values.Node // its own values, or nil
}

// Open reads the table of stages and the values of the built-in bundle in fsys. It returns an error with the file, line
// and column for an unknown key, for a name that is missing, invalid or repeated, and for a stage that extends a stage
// which is not above it in the table.
func Open(fsys fs.FS) (*Bundle, error) {
	b := &Bundle{FS: fsys}
	return b, b.read()
}

// OpenDir reads the bundle in a directory, as Open does. It refuses links that lead out of the directory. The result
// holds no open file, so callers need not close it.
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

// initHint returns how to make a bundle for an error about a missing file, and "" for any other error.
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

// Path returns the path of a file of the bundle for messages: the file that Replace took, or the name below the
// bundle's directory, or the name alone in the built-in bundle.
func (b *Bundle) Path(name string) string {
	if file, ok := b.replaced[name]; ok {
		return file
	}
	if b.dir == "" {
		return name
	}
	return strings.TrimSuffix(b.dir, "/") + "/" + name
}

// origin returns Path for origins of values. Built-in files get the prefix built-in/, so that nobody takes them for
// files of the user.
func (b *Bundle) origin(name string) string {
	if b.dir == "" {
		return "built-in/" + name
	}
	return b.Path(name)
}

// Stage returns the stage called name. Its error wraps ErrUnknownStage and lists the names of the stages.
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

// Choose returns the stage called name. For an empty name it returns the stage whose name file holds, and for a missing
// or blank file the default stage.
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

// Lift replaces MaxReplicas, the limit for the number of replicas; 0 removes it.
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
