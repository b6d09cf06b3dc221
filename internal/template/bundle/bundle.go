// Package bundle reads a bundle of templates: the table of stages, values with their schema, and the *.tmpl
// files that turn a stage into a Compose file. It writes a small bundle to begin with.
package bundle

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/tp0-lab/composer/internal/files"
	"github.com/tp0-lab/composer/internal/template/values"
	"github.com/tp0-lab/composer/internal/text"
)

// Names of a bundle's files beside its templates. Only StagesFile is required.
const (
	StagesFile = "stages.yaml"        // the table of stages
	ValuesFile = "values.yaml"        // the values over which those of all stages are laid
	SchemaFile = "values.schema.json" // the JSON schema of the values
)

// Files returns patterns that match the names of all files of a bundle.
func Files() []string { return []string{"*.tmpl", StagesFile, ValuesFile, SchemaFile} }

// ErrUnknownStage is wrapped by errors for the name of a stage that the bundle does not have.
var ErrUnknownStage = errors.New("unknown stage")

// Bundle is a set of stages and the templates that render them.
type Bundle struct {
	// Default is the name of the stage to render if the user names none.
	Default string
	// Target is the engine that the documents are for. It is Compose unless SetTarget sets another.
	Target Target
	// MaxReplicas is the limit for the replicas of all kinds together; 0 is no limit.
	MaxReplicas int
	// UserLimit reports that LimitReplicas set MaxReplicas.
	UserLimit bool
	// NoKinds reports that the table has no kinds of replicas, so there is one called client.
	NoKinds bool
	// Outputs are the files that are written beside the Compose file.
	Outputs []Output
	// Stages are in the table's order.
	Stages []Stage
	// Overlay is the user's values over those of each stage; nil without values of a user.
	Overlay *values.Overlay
	// Arguments are the words of a command line that renders the same documents, without the stage and the numbers
	// of replicas.
	Arguments []string

	sources []kindSource // the table's kinds
	known   Kinds        // those of them that need no values, with the counts of given
	given   []counts     // in the order in which they are applied

	limits   map[string]int // max_replicas of the table, by target
	files    fs.FS
	base     *values.Node           // the content of ValuesFile
	dir      string                 // the bundle's directory, "" for the built-in bundle
	replaced map[string]replacement // by the name of the template file
	data     *dataFiles             // shared by copies of the Bundle
}

// Stage is a row of the table of stages.
type Stage struct {
	Name    string
	Summary string
	extends string       // the name of another stage, or ""
	own     *values.Node // the row's values, or nil
	base    *values.Node // a name, or {value: PATH}; nil for that of the stage it extends
}

// Open reads the table of stages and the values of the built-in bundle, which is in fsys. Origins of its values
// begin with "built-in/". Its errors have the file, line and column.
func Open(fsys fs.FS) (*Bundle, error) {
	b := &Bundle{Target: Compose, files: fsys, data: new(dataFiles)}
	return b, b.readFiles()
}

// OpenDir reads the table of stages and the values of the bundle in a directory. Templates are read later. Links
// that lead out of the directory are not followed. The directory is not kept open, so there is nothing to close.
func OpenDir(dir string) (*Bundle, error) {
	if _, err := fs.Stat(directory(dir), "."); err != nil {
		return nil, openError(dir, err)
	}
	b := &Bundle{Target: Compose, files: directory(dir), dir: dir, data: new(dataFiles)}
	return b, b.readFiles()
}

func (b *Bundle) readFiles() error {
	stages, err := b.Read(StagesFile)
	if err != nil {
		return openError(b.Path(StagesFile), err)
	}
	base, err := b.Read(ValuesFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return openError(b.Path(ValuesFile), err)
	}
	if b.base, err = values.Parse(b.source(ValuesFile), base); err != nil {
		return err
	}
	table, err := values.Parse(b.source(StagesFile), stages)
	if err != nil {
		return err
	}
	return b.readTable(table)
}

// Stage returns the stage called name. Its error wraps ErrUnknownStage and lists the names of the stages.
func (b *Bundle) Stage(name string) (Stage, error) {
	for _, s := range b.Stages {
		if s.Name == name {
			return s, nil
		}
	}
	names := b.stageNames()
	list := strings.Join(names, ", ")
	if len(names) > 4 {
		list = names[0] + " … " + names[len(names)-1]
	}
	return Stage{}, fmt.Errorf("%w %q%s: have %s", ErrUnknownStage, name, text.DidYouMean(name, names), list)
}

// stageNames returns the names of the stages, in their order.
func (b *Bundle) stageNames() []string {
	names := make([]string, len(b.Stages))
	for i, s := range b.Stages {
		names[i] = s.Name
	}
	return names
}

func (b *Bundle) hasStage(name string) bool {
	return slices.ContainsFunc(b.Stages, func(s Stage) bool { return s.Name == name })
}

// Choose returns the stage called name. If name is empty, it returns the stage that file names in its only line.
// If file is missing, blank or "", it returns the default stage.
func (b *Bundle) Choose(name, file string) (Stage, error) {
	if name != "" {
		return b.Stage(name)
	}
	if file == "" {
		return b.Stage(b.Default)
	}
	content, err := files.ReadRegular(file, MaxFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Stage{}, fmt.Errorf("choose the stage: %s: %w", file, files.Cause(err))
	}
	if name = strings.TrimSpace(string(content)); name == "" {
		return b.Stage(b.Default)
	}
	s, err := b.Stage(name)
	if err != nil {
		return Stage{}, fmt.Errorf("%s: %w", file, err)
	}
	return s, nil
}

// LimitReplicas sets the limit for the replicas of all kinds together in place of the table's. 0 is no limit.
func (b *Bundle) LimitReplicas(limit int) { b.MaxReplicas, b.UserLimit = limit, true }
