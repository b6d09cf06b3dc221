// Package build renders stages of a bundle, and writes the documents to files or compares them with the files on disk.
// Several files change together or not at all.
package build

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tp0-lab/composer/internal/compose/yamltree"
	"github.com/tp0-lab/composer/internal/files"
	"github.com/tp0-lab/composer/internal/template/bundle"
	"github.com/tp0-lab/composer/internal/template/check"
	"github.com/tp0-lab/composer/internal/template/cluster"
	"github.com/tp0-lab/composer/internal/template/render"
	"github.com/tp0-lab/composer/internal/template/values"
)

// All stands for all stages of a bundle in Job.Stages. If a stage has that name, it stands for that stage only.
const All = "all"

// ErrOutput is wrapped by the error of Job.Render for several stages and a Job.Output without bundle.StagePart.
var ErrOutput = errors.New("output")

// Formats are the values of Job.Format.
var Formats = []string{"yaml", "json"}

// Job names stages to render, and their files.
type Job struct {
	// Stages are names of stages. For an empty list, bundle.Choose reads StageFile.
	Stages    []string
	StageFile string
	// Output is the path of each stage's file, with bundle.StagePart for several stages; "" is stdout.
	Output string
	// Format is one of Formats; "" is yaml.
	Format string
	// Validate checks each document. A YAML document without a check is streamed, so its memory does not grow with the
	// number of replicas.
	Validate bool
}

// Document is the document of one stage.
type Document struct {
	Stage string
	// Path is the path of its file; "" is stdout.
	Path string
	// Write writes the document. Without Job.Validate, Write renders a YAML document while it writes it, and also
	// returns the errors of render.Engine.Stream.
	Write func(io.Writer) error
	// Report is the result of the check, or empty without Job.Validate.
	Report check.Report

	content []byte // the bytes that Write writes, or nil if it streams them
	below   string // for a file beside a Compose file: its path from the folder of that
}

// Documents are the documents of a job.
type Documents struct {
	All []Document
	// Command is the command line that writes the documents again.
	Command string
	// Unread are the kinds of replicas that no template reads, each once.
	Unread []bundle.Kind
	// UnreadValues are the values of the user that no template reads, each once.
	UnreadValues []values.Problem
	// Unwritten are the paths of the files that Write leaves out, because they belong beside a Compose file and the
	// Compose file goes to stdout.
	Unwritten []string
	// LeftOver are the paths of files that outputs made earlier, for replicas that no longer exist. Nothing deletes these
	// files.
	LeftOver []string
}

// Render renders and checks all documents of the job. Its errors are those of bundle.Choose, package render and package
// check, wrap ErrOutput or ErrPath, or wrap the cause of ctx once ctx is done. The Document.Write of a streamed
// document also fails once ctx is done. For several stages, an error about one stage is a *render.StageError.
func (j Job) Render(ctx context.Context, b *bundle.Bundle) (Documents, error) {
	stages, err := j.stages(b)
	if err != nil {
		return Documents{}, err
	}
	engine, err := render.New(b)
	if err != nil {
		return Documents{}, err
	}
	outputs, err := engine.Outputs()
	if err != nil {
		return Documents{}, err
	}
	var made Documents
	if made.Command, err = j.command(engine, stages); err != nil {
		return Documents{}, err // not a StageError: all stages have the same number of replicas
	}
	for _, stage := range stages {
		d, err := j.document(ctx, engine, b.Target, stage)
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
		beside, err := j.outputs(ctx, outputs, stage)
		if err != nil {
			return Documents{}, render.OfStage(stage, err)
		}
		made.All = append(made.All, d)
		made.addUnread(b, engine, stage)
		if j.Output == "" {
			for _, one := range beside {
				made.Unwritten = append(made.Unwritten, one.Path)
			}
			continue
		}
		made.All = append(made.All, beside...)
		kinds, err := b.Kinds(stage)
		if err != nil {
			return Documents{}, err
		}
		made.LeftOver = append(made.LeftOver, leftOver(b.Outputs, kinds, filepath.Dir(d.Path), stage)...)
	}
	return made, checkPaths(made.All)
}

// command returns the command line that renders the stages again.
func (j Job) command(engine *render.Engine, stages []string) (string, error) {
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
		names = j.Stages // the user may have written all
	}
	return engine.Command(stages[0], names, more...)
}

// addUnread adds the kinds and values of a stage that has been rendered.
func (d *Documents) addUnread(b *bundle.Bundle, engine *render.Engine, stage string) {
	kinds, err := b.Kinds(stage)
	if err != nil {
		return
	}
	for _, p := range engine.UnreadValues(stage) {
		if !slices.Contains(d.UnreadValues, p) {
			d.UnreadValues = append(d.UnreadValues, p)
		}
	}
	for _, kind := range engine.Unread(kinds) {
		if !slices.ContainsFunc(d.Unread, func(k bundle.Kind) bool { return k.Name == kind.Name }) {
			d.Unread = append(d.Unread, kind)
		}
	}
}

// stages returns the names of the job's stages in their order, each once.
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
	names = distinct(names)
	if len(names) > 1 && !strings.Contains(j.Output, bundle.StagePart) {
		return nil, fmt.Errorf("%w %q: %d stages are written to a file each, such as 'compose-%s.yaml'", ErrOutput, cmp.Or(j.Output, "-"), len(names), bundle.StagePart)
	}
	return names, nil
}

// stoppable is a writer that fails once ctx is done, as a stream may take long.
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

func (j Job) document(ctx context.Context, engine *render.Engine, target bundle.Target, stage string) (Document, error) {
	d := Document{Stage: stage, Path: j.path(stage)}
	isJSON := j.Format == "json"
	if !j.Validate && !isJSON {
		d.Write = func(w io.Writer) error { return engine.Stream(stoppable{ctx, w, stage}, stage, render.Counted) }
		return d, nil
	}
	doc, err := engine.Render(stage, render.Counted)
	if err != nil {
		return d, err
	}
	if j.Validate {
		d.Report, err = check.ForTarget(ctx, target, doc, filepath.Dir(d.Path))
		located(d.Report, err, func(offset int) (string, error) { return engine.Locate(stage, render.Counted, doc.Bytes, offset) })
		if errors.As(err, new(*check.Error)) {
			err = render.OfStage(stage, err)
		}
		if err != nil {
			return d, err
		}
	}
	d.content = doc.Bytes
	if isJSON {
		convert := yamltree.JSON
		if target == bundle.Kubernetes {
			convert = cluster.ListJSON
		}
		if d.content, err = convert(doc.Bytes); err != nil {
			return d, fmt.Errorf("make JSON of the document: %w", err)
		}
	}
	d.Write = d.writeContent
	return d, nil
}

func (d *Document) writeContent(w io.Writer) error {
	_, err := w.Write(d.content)
	return err
}

// located sets the places in the templates of the warnings of a report and of a *check.Error, if locate finds them.
func located(report check.Report, err error, locate func(offset int) (string, error)) {
	all := report.Warnings
	if wrong, ok := errors.AsType[*check.Error](err); ok {
		all = append(slices.Clip(all), wrong)
	}
	for _, one := range all {
		if place, err := locate(one.Offset); err == nil {
			one.Place = place
		}
	}
}

// Write writes the documents to their files, all or none, and returns the paths of the files that changed. If it fails,
// it removes the folders that it made.
func (d Documents) Write() (written []string, err error) {
	if len(d.All) == 1 { // the file may be a pipe, which files.Set refuses
		return d.All[0].writeFile()
	}
	var set files.Set
	var dirs []string
	defer func() {
		set.Discard()
		for i := len(dirs) - 1; i >= 0 && err != nil; i-- {
			_ = os.Remove(dirs[i]) // it stays if somebody else put something into it
		}
	}()
	for _, one := range d.All {
		if err := one.add(&set, &dirs); err != nil {
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

// Missing returns the paths that the documents mount or that Compose reads, and that do not exist, each once. It leaves
// out the paths in Unwritten and the directories around them.
func (d Documents) Missing() []string {
	var all []string
	for _, one := range d.All {
		all = append(all, one.Report.Missing(filepath.Dir(one.Path))...)
	}
	all = slices.DeleteFunc(all, func(source string) bool {
		source = filepath.Clean(source)
		return slices.ContainsFunc(d.Unwritten, func(path string) bool {
			return path == source || strings.HasPrefix(path, source+string(filepath.Separator))
		})
	})
	return distinct(all)
}

// distinct returns names in their order, each once.
func distinct(names []string) []string {
	var once []string
	seen := map[string]bool{}
	for _, name := range names {
		if !seen[name] {
			seen[name] = true
			once = append(once, name)
		}
	}
	return once
}
