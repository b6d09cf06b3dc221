package render

import (
	"bytes"
	"errors"
	"fmt"
	"iter"

	"github.com/tp0-lab/composer/internal/template/bundle"
	"github.com/tp0-lab/composer/internal/template/escape"
	"github.com/tp0-lab/composer/internal/text"
)

// maxOutputFiles is the limit for the files that one output makes.
const maxOutputFiles = 10_000

// Output renders one of the outputs of a bundle.
type Output struct {
	bundle.Output

	engine *Engine
}

// File is a file that an output makes.
type File struct {
	// Path is relative to the folder of the Compose file.
	Path  string
	Bytes []byte

	replica string // the name of the replica whose file it is, or ""
}

// formats are the formats of templates, by the names of the formats of outputs. JSON is made of YAML.
var formats = map[string]escape.Format{"compose": escape.Compose, "yaml": escape.YAML, "json": escape.YAML, "text": escape.Text, "env": escape.Env}

// Outputs returns the outputs of the bundle, ready to be rendered. Its errors are those of New.
func (e *Engine) Outputs() ([]*Output, error) {
	all := make([]*Output, 0, len(e.bundle.Outputs))
	for _, one := range e.bundle.Outputs {
		own := &Engine{noBase: true, bundle: e.bundle, functions: e.functions, parsed: e.parsed, texts: e.texts, OmitStage: e.OmitStage}
		t := e.parsed.Lookup(one.Template)
		if t == nil || t.Tree == nil {
			return nil, fmt.Errorf("parse templates: %w", inBundle(e.bundle, &escape.Error{Place: text.Place{File: one.Template}, Message: "the template is empty"}))
		}
		if err := own.rewrite(t, formats[one.Format]); err != nil {
			return nil, err
		}
		all = append(all, &Output{one, own})
	}
	return all, nil
}

// Render executes the template of the output for a stage, with n replicas of the first kind. The data of the template
// is the replica for an output for each replica, and the data of the main template for any other output. Its errors are
// those of Engine.Render.
func (o *Output) Render(stage string, n int) ([]File, error) {
	if !o.Each {
		doc, err := o.engine.Render(stage, n)
		if err != nil {
			return nil, err
		}
		f, err := o.finished(stage, n, File{Path: o.PathOf(stage, bundle.Kind{}, 0), Bytes: doc.Bytes})
		if err != nil {
			return nil, OfStage(stage, err)
		}
		return []File{f}, nil
	}
	e := o.engine
	in, err := e.input(stage, n)
	if err != nil {
		return nil, err
	}
	x, err := newExecution(e, e.rewritten.Template, in)
	if err != nil {
		return nil, err
	}
	var all []File
	size := 0
	for kind, r := range x.replicas(o) {
		var out bytes.Buffer
		x.to = &boundedWriter{&out, &size}
		x.inside = r.Name
		switch err := x.run(r); {
		case err != nil:
			return nil, OfStage(stage, in.explained(inBundle(e.bundle, err)))
		case len(all) == maxOutputFiles:
			return nil, OfStage(stage, fmt.Errorf("output %s: it makes more than %d files", o.Path, maxOutputFiles))
		}
		f, err := o.finished(stage, n, File{o.PathOf(stage, kind, r.ID), out.Bytes(), r.Name})
		if err != nil {
			return nil, OfStage(stage, err)
		}
		all = append(all, f)
	}
	return all, nil
}

// finished returns f with the content that its file has. f has what the template made for the stage and n.
func (o *Output) finished(stage string, n int, f File) (File, error) {
	if formats[o.Format] != escape.Env {
		return f, nil
	}
	content, err := escape.EnvText(f.Bytes)
	if wrong, ok := errors.AsType[*escape.EnvError](err); ok {
		place, interrupted := o.Locate(stage, n, f, wrong.Offset)
		if interrupted != nil {
			return f, interrupted
		}
		err = fmt.Errorf("%s: %w", place, wrong)
	}
	f.Bytes = content
	return f, err
}

// replicas iterates over the replicas that have a file of an output, with their kinds.
func (x *execution) replicas(o *Output) iter.Seq2[bundle.Kind, Replica] {
	return func(yield func(bundle.Kind, Replica) bool) {
		for _, kind := range o.Kinds(x.input.kinds) {
			each := x.data.Kinds[kind.Name]
			if each == nil {
				continue
			}
			for r := range each {
				if !yield(kind, r) {
					return
				}
			}
		}
	}
}

// Locate returns the place in the templates that wrote the byte at an offset of f, which Render returned for the same
// stage and n. If the templates write nothing to the file, Locate returns the path of the template. See Engine.Locate.
func (o *Output) Locate(stage string, n int, f File, offset int) (string, error) {
	place, err := o.locate(stage, n, f, offset)
	if errors.Is(err, errUnwritten) {
		return o.engine.bundle.Path(o.Template), nil
	}
	return place, err
}

func (o *Output) locate(stage string, n int, f File, offset int) (string, error) {
	if !o.Each {
		return o.engine.locateRendered(stage, n, f.Bytes, offset)
	}
	return o.engine.locate(stage, n, f.Bytes, offset, func(x *execution) error {
		for _, r := range x.replicas(o) {
			if r.Name == f.replica {
				return x.templates.Execute(x, r)
			}
		}
		return nil
	})
}

// boundedWriter refuses more than maxDocument bytes, together with those of other writers.
type boundedWriter struct {
	to   *bytes.Buffer
	size *int
}

func (w *boundedWriter) Write(p []byte) (int, error) {
	if *w.size += len(p); *w.size > maxDocument {
		return 0, errors.New("the files of this output together are too long")
	}
	return w.to.Write(p)
}
