// Package load reads Compose files with compose-go, the loader that Docker Compose is made of. It is the only
// caller of that loader, so that all commands read a file in the same way and report its errors in the same words.
package load

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"strconv"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/compose-spec/compose-go/v2/validation"
	"go.yaml.in/yaml/v4"

	"github.com/tp0-lab/composer/internal/compose/vars"
	"github.com/tp0-lab/composer/internal/compose/yamltree"
	"github.com/tp0-lab/composer/internal/text"
)

// Options say how a file is read. Package check, package lint, package graph and `composer run` use these:
//
//	                 check    lint     graph    run
//	Dir              /        /        file's   file's
//	Environment      none     none     .env     .env and the process's
//	unset variables  left out refused  drawn    empty
//	Profiles         all      all      chosen   chosen: those of --profile, or of COMPOSE_PROFILES
//	Resolve          no       no       no       yes
//	Alone            some     no       no       no
//
// Package check sets Alone for a file that names other files.
type Options struct {
	// File is what errors call the file. If it is "", errors do not name the file.
	File string
	// Dir is the folder in which relative paths begin. If it is "", that is the root folder.
	Dir string
	// Environment is where variables have their values. The process's own environment is not read.
	Environment map[string]string
	// Prepare returns the text that compose-go reads in place of the file's text. If it is nil, compose-go reads the
	// file's text.
	Prepare func(text []byte) []byte
	// Profiles are the enabled profiles: services of others are left out. "*" enables all.
	Profiles []string
	// Project is the name of the project if the file does not name it.
	Project string
	// Resolve reads the files of env_file and label_file, and makes paths absolute, as `docker compose up` does.
	Resolve bool
	// Place returns the place of the value at a path. If it is nil, errors have the place in the text.
	Place func(path []string) (text.Place, bool)
	// Alone leaves out what the file includes and extends, and the checks of names that may be defined there.
	Alone bool
}

// Load reads the text of a Compose file. An error about the file is an *Error. If ctx ends first, Load returns its
// cause.
func Load(ctx context.Context, text []byte, o Options) (*types.Project, error) {
	// compose-go asks for the working directory whatever Dir is, and blames its own files if that is gone.
	if _, err := os.Getwd(); err != nil {
		return nil, fmt.Errorf("the current directory is gone: change to another one (%w)", err)
	}
	lookup := types.Mapping(o.Environment).Resolve
	if err := checkText(text, lookup); err != nil {
		return nil, o.newError(text, err, "")
	}
	content := text
	if o.Prepare != nil {
		content = o.Prepare(text)
	}
	content = withoutInfinities(content)
	dir := o.Dir
	if dir == "" {
		dir = "/"
	}
	name := "compose.yaml"
	if o.File != "" {
		name = filepath.Base(o.File)
	}
	name = filepath.Join(dir, name)
	type result struct {
		project *types.Project
		err     error
	}
	loaded := make(chan result, 1)
	go func() {
		found := surveyOf(content)
		right := o.isRight(found, lookup)
		project, err := o.load(ctx, content, dir, name, found, right)
		if err != nil && right { // with the schema, the error may be another
			project, err = o.load(ctx, content, dir, name, found, false)
		}
		loaded <- result{project, err}
	}()
	select {
	case r := <-loaded:
		if r.err != nil {
			return nil, o.newError(text, r.err, name)
		}
		return r.project, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx) // compose-go does not look at ctx: it goes on until the program ends
	}
}

// withoutInfinities writes .inf and .nan as the texts that Compose makes of them: compose-go cannot compare them with its
// schema.
func withoutInfinities(content []byte) []byte {
	if !bytes.ContainsAny(content, ".") || !infinity().Match(content) {
		return content
	}
	content, _ = vars.RewriteDocuments(content, func(document *yaml.Node) (_ *yaml.Node, changed bool) {
		for n := range yamltree.All(document) {
			var f float64
			if n.Kind == yaml.ScalarNode && n.ShortTag() == "!!float" && n.Decode(&f) == nil && (math.IsInf(f, 0) || math.IsNaN(f)) {
				n.Tag, n.Style, n.Value = "!!str", yaml.DoubleQuotedStyle, strconv.FormatFloat(f, 'g', -1, 64)
				changed = true
			}
		}
		return document, changed
	})
	return content
}

var infinity = text.LazyRegexp(`(?i)\.(?:inf|nan)\b`)

// load loads a file, and does not ask compose-go's schema about a document that is known to be right.
func (o Options) load(ctx context.Context, content []byte, dir, name string, found survey, right bool) (project *types.Project, err error) {
	defer func() {
		if fault := recover(); fault != nil { // such as for a date in a list of names
			project, err = nil, fmt.Errorf("compose-go cannot read it: %v", fault)
		}
	}()
	environment := maps.Clone(o.Environment) // compose-go adds the name of the project
	if environment == nil {
		environment = map[string]string{}
	}
	details := types.ConfigDetails{
		WorkingDir:  dir,
		ConfigFiles: []types.ConfigFile{{Filename: name, Content: content}},
		Environment: environment,
	}
	projectName := o.Project
	set := func(options *loader.Options) {
		options.SkipResolveEnvironment, options.SkipResolveLabels, options.ResolvePaths = true, true, o.Resolve
		options.SkipInclude, options.SkipExtends, options.SkipConsistencyCheck = o.Alone, o.Alone, o.Alone
		options.Profiles, options.SkipValidation = o.Profiles, right
		options.SetProjectName(projectName, false)
		options.Interpolate.TypeCastMapping = o.casts(options.Interpolate.TypeCastMapping, found)
	}
	model, err := loader.LoadModelWithContext(ctx, details, set)
	if err != nil {
		return nil, err
	}
	if right { // the rest of what SkipValidation skips
		if err := validation.Validate(model); err != nil {
			return nil, err
		}
	}
	projectName, _ = model["name"].(string)
	dependencies := withoutDependencies(model)
	project, err = loader.ModelToProject(model, loader.ToOptions(&details, []func(*loader.Options){set}), details)
	if err != nil {
		return nil, err
	}
	if o.Resolve {
		if project, err = resolveFiles(project); err != nil {
			return nil, err
		}
	}
	if err := addDependencies(project, dependencies); err != nil {
		return nil, err
	}
	if o.Alone {
		return project, nil
	}
	return project, checkDependencies(project)
}
