// Package build renders stages of a bundle into documents, all of them before the
// first is written, and says what that would change.
package build

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tp0-lab/composer/internal/compose/yamltree"
	"github.com/tp0-lab/composer/internal/files"
	"github.com/tp0-lab/composer/internal/template/bundle"
	"github.com/tp0-lab/composer/internal/template/check"
	"github.com/tp0-lab/composer/internal/template/render"
)

// All stands for all stages of a bundle, unless one has that name.
const All = "all"

// Placeholder stands for the stage's name in Job.Output.
const Placeholder = "{stage}"

// ErrOutput is wrapped by the error for an output that is not one for those
// stages.
var ErrOutput = errors.New("output")

// Formats are the values of Job.Format.
var Formats = []string{"yaml", "json"}

// Job is what is rendered, and where to.
type Job struct {
	// Stages are names, each once. None is the one that StageFile or the bundle
	// says.
	Stages    []string
	StageFile string
	// Output is the file of each stage, with Placeholder in it if there are several;
	// "" is stdout.
	Output string
	// Format is one of Formats; "" is yaml.
	Format string
	// Validate has each document checked. One that is not, and that is YAML, is
	// rendered as it is written, so memory does not grow with the number of replicas.
	Validate bool
}

// Document is the rendered document of a stage.
type Document struct {
	Stage string
	// Path is the file it is for; "" is stdout.
	Path string
	// Write writes the document. Unless it was validated, or is JSON, its errors are
	// those of render.Engine.Stream, as those of Job.Render are.
	Write func(io.Writer) error
	// Report is what a check learned, if there was one.
	Report check.Report

	content []byte // what Write writes, if it is kept
}

// Documents are those of a job.
type Documents struct {
	All []Document
	// Command is the command line that writes them again.
	Command string
}

// Render renders and checks all documents of the job. Its errors are those of
// bundle.Choose, package render and package check, or wrap ErrOutput or, when ctx is
// done, its cause; Write fails with that, too. Where there are several stages, those
// of one are a *render.StageError.
func (j Job) Render(ctx context.Context, b *bundle.Bundle) (Documents, error) {
	stages, err := j.stages(b)
	if err != nil {
		return Documents{}, err
	}
	engine, err := render.New(b)
	if err != nil {
		return Documents{}, err
	}
	var made Documents
	var more []string
	if !j.Validate {
		more = append(more, "--no-validate")
	}
	if j.Format != "" && j.Format != "yaml" {
		more = append(more, "--format", j.Format)
	}
	if j.Output != "" {
		more = append(more, "-o", j.Output)
	}
	names := stages
	if len(j.Stages) > 0 {
		names = j.Stages // in the user's words
	}
	if made.Command, err = engine.Command(names, more...); err != nil {
		return Documents{}, err // of no stage: the number of replicas is the same for all
	}
	for _, stage := range stages {
		d, err := j.document(ctx, engine, stage, b.Kinds[0].Count)
		if ctx.Err() != nil {
			return Documents{}, interrupted(ctx, stage)
		}
		if len(stages) > 1 {
			err = render.OfStage(stage, err)
			write := d.Write
			d.Write = func(w io.Writer) error { return render.OfStage(stage, write(w)) }
		}
		if err != nil {
			return Documents{}, err
		}
		made.All = append(made.All, d)
	}
	return made, nil
}

// stages returns the names of the job's stages, in its order.
func (j Job) stages(b *bundle.Bundle) ([]string, error) {
	var names []string
	for _, name := range j.Stages {
		if _, err := b.Stage(name); err != nil && name == All {
			for _, s := range b.Stages {
				names = append(names, s.Name)
			}
			continue
		} else if err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	if len(names) == 0 {
		stage, err := b.Choose("", j.StageFile)
		if err != nil {
			return nil, err
		}
		names = []string{stage.Name}
	}
	var distinct []string
	for _, name := range names {
		if !slices.Contains(distinct, name) {
			distinct = append(distinct, name)
		}
	}
	if len(distinct) > 1 && !strings.Contains(j.Output, Placeholder) {
		return nil, fmt.Errorf("%w %q: %d stages are written to a file each, such as 'compose-%s.yaml'", ErrOutput, cmp.Or(j.Output, "-"), len(distinct), Placeholder)
	}
	return distinct, nil
}

// stoppable ends what writes to it when ctx is done: a stream may be long.
type stoppable struct {
	ctx   context.Context
	w     io.Writer
	stage string
}

func (s stoppable) Write(p []byte) (int, error) {
	if s.ctx.Err() != nil {
		return 0, interrupted(s.ctx, s.stage)
	}
	return s.w.Write(p)
}

func interrupted(ctx context.Context, stage string) error {
	return render.OfStage(stage, context.Cause(ctx))
}

func (j Job) document(ctx context.Context, engine *render.Engine, stage string, n int) (Document, error) {
	d := Document{Stage: stage, Path: strings.ReplaceAll(j.Output, Placeholder, stage)}
	isJSON := j.Format == "json"
	if !j.Validate && !isJSON {
		d.Write = func(w io.Writer) error { return engine.Stream(stoppable{ctx, w, stage}, stage, n) }
		return d, nil
	}
	doc, err := engine.Render(stage, n)
	if err != nil {
		return d, err
	}
	if j.Validate {
		d.Report, err = check.Document(ctx, doc)
		if wrong, ok := errors.AsType[*check.Error](err); ok {
			return d, render.OfStage(stage, located(wrong, engine, stage, n, doc.Bytes))
		}
		if err != nil {
			return d, err
		}
	}
	d.content = doc.Bytes
	if isJSON {
		if d.content, err = yamltree.JSON(doc.Bytes); err != nil {
			return d, fmt.Errorf("JSON of what is rendered: %w", err)
		}
	}
	d.Write = func(w io.Writer) error {
		_, err := w.Write(d.content)
		return err
	}
	return d, nil
}

// located gives an error about a document the place in the templates, if that can
// be found.
func located(err *check.Error, engine *render.Engine, stage string, n int, document []byte) *check.Error {
	own := *err
	if place, err := engine.Locate(stage, n, document, own.Offset); err == nil {
		own.Place = place
	}
	return &own
}

// Write writes the documents to their files, all or none, and returns the paths
// of those that changed.
func (d Documents) Write() ([]string, error) {
	if len(d.All) == 1 { // it may be a pipe
		return d.All[0].writeFile()
	}
	var set files.Set
	defer set.Discard()
	for _, one := range d.All {
		if err := set.Add(one.Path, one.Write); err != nil {
			return nil, err
		}
	}
	return set.Commit()
}

func (d Document) writeFile() ([]string, error) {
	var changed bool
	var err error
	if d.content != nil {
		changed, err = files.WriteFile(d.Path, d.content)
	} else {
		changed, err = files.WriteFrom(d.Path, d.Write)
	}
	if err != nil || !changed {
		return nil, err
	}
	return []string{d.Path}, nil
}

// text returns a document as a whole.
func (d Document) text() ([]byte, error) {
	if d.content != nil {
		return d.content, nil
	}
	var text bytes.Buffer
	err := d.Write(&text)
	return text.Bytes(), err
}

// Missing returns what the documents mount and is not there, each once.
func (d Documents) Missing() []string {
	var all []string
	seen := map[string]bool{}
	for _, one := range d.All {
		for _, source := range one.Report.Missing(filepath.Dir(one.Path)) {
			if !seen[source] {
				seen[source] = true
				all = append(all, source)
			}
		}
	}
	return all
}
