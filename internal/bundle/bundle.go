// Package bundle reads a bundle of templates: stages as data, and the *.tmpl
// files that turn one of them into a Compose file.
package bundle

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// StagesFile is the name of the table of stages in a bundle.
const StagesFile = "stages.yaml"

// ErrUnknownStage is wrapped by the error of Stage for a name that the bundle
// does not have.
var ErrUnknownStage = errors.New("unknown stage")

// namePattern keeps a stage's name one word of a command line, and of the
// comment that a document begins with.
var namePattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]*$`)

// Bundle is a set of stages and the templates that render them.
type Bundle struct {
	// Default names the stage that is rendered when nobody names one.
	Default string
	// MaxReplicas is the largest number of replicas that a stage may have;
	// 0 means that the bundle sets no limit.
	MaxReplicas int
	// Lifted says that MaxReplicas is another than the table says.
	Lifted bool
	// Stages are in the order of the table.
	Stages []Stage
	// FS holds the *.tmpl files.
	FS fs.FS
}

// Stage is one row of the table, with the values of the stages it extends.
type Stage struct {
	Name    string
	Summary string
	// Values is what templates see as .Values. It is shared: read it only.
	Values map[string]any
}

type table struct {
	Default     string `yaml:"default"`
	MaxReplicas int    `yaml:"max_replicas"`
	Stages      []row  `yaml:"stages"`
}

type row struct {
	Name    string         `yaml:"name"`
	Extends string         `yaml:"extends"`
	Summary string         `yaml:"summary"`
	Values  map[string]any `yaml:"values"`
}

// Open reads the table of stages of the bundle in fsys. It returns an error
// with the table's file, and line where it can, for unknown keys, for a name
// that is missing, odd or there twice, and for a stage that extends none before it.
func Open(fsys fs.FS) (*Bundle, error) {
	text, err := fs.ReadFile(fsys, StagesFile)
	if err != nil {
		return nil, fmt.Errorf("open bundle: %w", err)
	}
	var t table
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(&t); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read %s: %w", StagesFile, err)
	}
	if err := decoder.Decode(new(any)); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read %s: more than one document", StagesFile)
	}
	if t.MaxReplicas < 0 {
		return nil, fmt.Errorf("read %s: max_replicas is %d, and 0 is no limit", StagesFile, t.MaxReplicas)
	}
	b := &Bundle{Default: t.Default, MaxReplicas: t.MaxReplicas, FS: fsys}
	for i, r := range t.Stages {
		if r.Name == "" {
			return nil, fmt.Errorf("read %s: stage %d has no name", StagesFile, i+1)
		}
		if b.has(r.Name) {
			return nil, fmt.Errorf("read %s: stage %q is there twice", StagesFile, r.Name)
		}
		if !namePattern.MatchString(r.Name) {
			return nil, fmt.Errorf("read %s: stage %q: a name has letters, digits, '_', '.' and '-', the first a letter or digit", StagesFile, r.Name)
		}
		values := merge(nil, r.Values)
		if r.Extends != "" {
			base, err := b.Stage(r.Extends)
			if err != nil {
				return nil, fmt.Errorf("read %s: stage %q extends %q, which is not one before it", StagesFile, r.Name, r.Extends)
			}
			values = merge(base.Values, r.Values)
		}
		b.Stages = append(b.Stages, Stage{Name: r.Name, Summary: r.Summary, Values: values})
	}
	if len(b.Stages) == 0 {
		return nil, fmt.Errorf("read %s: no stages", StagesFile)
	}
	if !b.has(b.Default) {
		return nil, fmt.Errorf("read %s: the default %q is not a stage", StagesFile, b.Default)
	}
	return b, nil
}

// Stage returns the stage of that name. Its error wraps ErrUnknownStage and
// lists the names there are.
func (b *Bundle) Stage(name string) (Stage, error) {
	i := slices.IndexFunc(b.Stages, func(s Stage) bool { return s.Name == name })
	if i < 0 {
		return Stage{}, fmt.Errorf("%w %q: have %s", ErrUnknownStage, name, b.names())
	}
	return b.Stages[i], nil
}

// Choose returns the stage called name or, if name is empty, the one that the
// one-line file says or, if that is missing or blank, the default.
func (b *Bundle) Choose(name, file string) (Stage, error) {
	if name != "" {
		return b.Stage(name)
	}
	text, err := os.ReadFile(file)
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

// merge returns base with over laid on it: maps are merged, null deletes,
// everything else replaces. Neither argument is changed.
func merge(base, over map[string]any) map[string]any {
	merged := make(map[string]any, len(base)+len(over))
	maps.Copy(merged, base)
	for key, value := range over {
		switch value := value.(type) {
		case nil:
			delete(merged, key)
		case map[string]any:
			below, _ := merged[key].(map[string]any)
			merged[key] = merge(below, value)
		default:
			merged[key] = value
		}
	}
	return merged
}
