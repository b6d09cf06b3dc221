// Package render executes a bundle's templates for one stage and a number of
// replicas. The same input gives the same bytes on every machine.
package render

import (
	"errors"
	"fmt"
	"io"
	"text/template"

	"github.com/tp0-lab/composer/internal/bundle"
	"github.com/tp0-lab/composer/internal/escape"
)

// MainTemplate is the file of a bundle with which rendering begins.
const MainTemplate = "compose.yaml.tmpl"

// ErrReplicas is wrapped by the error for a number of replicas that a bundle
// cannot have.
var ErrReplicas = errors.New("number of replicas")

var errTooLong = fmt.Errorf("the document is longer than %d MiB; without validation it can be written as it is made", maxDocument>>20)

// Document is a rendered Compose file.
type Document struct {
	// Bytes is the whole file.
	Bytes []byte
	// Replicas says which bytes each replica wrote, in order and without
	// overlap: one span for each replica of each walk over .Clients. Spans of
	// one walk touch. A walk within a walk has none of its own.
	Replicas []Span
}

// Span is the half-open interval [Begin, End) of offsets.
type Span struct{ Begin, End int }

// Data is what a bundle's main template is executed with.
type Data struct {
	// Command is the command line that makes this document again.
	Command string
	// Stage is the name of the stage.
	Stage string
	// Values are the stage's values, a copy for this execution alone.
	Values map[string]any
	// Replicas is the number of replicas.
	Replicas int
	// Clients yields the replicas from 1 to Replicas, one at a time.
	Clients Walk[Replica]
	// Pattern stands for Clients in templates made by specialise.
	Pattern Walk[pattern]
}

// Walk is a sequence that templates can range over.
type Walk[T any] func(yield func(T) bool)

// String keeps the address of a function out of what `print .` prints.
func (Walk[T]) String() string { return "clients" }

// Replica is what templates see of one replica.
type Replica struct {
	// ID counts from 1.
	ID int
	// Replicas, Stage and Values are those of Data.
	Replicas int
	Stage    string
	Values   map[string]any
}

// pattern is what templates made by specialise see in place of all replicas.
// It has no ID, so that one which specialise overlooked is an error.
type pattern struct {
	Replicas int
	Stage    string
	Values   map[string]any

	mark func()
}

// Ordinal stands for {{ .ID }}: it prints nothing and notes where.
func (p pattern) Ordinal() string {
	p.mark()
	return ""
}

// Engine renders the stages of one bundle. It is safe for concurrent use.
type Engine struct {
	bundle    *bundle.Bundle
	rewritten *escape.Rewritten
	// special is the rewritten templates as specialise makes them, or nil.
	special *template.Template
}

// New parses the templates of b and rewrites them so that their values are
// escaped (package escape). Its errors have the file, line and column.
func New(b *bundle.Bundle) (*Engine, error) {
	funcs := Funcs()
	t, err := parseFiles(b.FS, funcs)
	if err != nil {
		return nil, fmt.Errorf("parse templates: %w", err)
	}
	r, err := escape.Rewrite(t, bound(t, funcs))
	if err != nil {
		return nil, fmt.Errorf("parse templates: %w", err)
	}
	return &Engine{bundle: b, rewritten: r, special: specialise(r)}, nil
}

// maxReplicas is how many there may be where a bundle has no limit.
const maxReplicas = 1_000_000_000

// CheckReplicas returns an error that wraps ErrReplicas if the bundle cannot
// be rendered with n replicas.
func (e *Engine) CheckReplicas(n int) error {
	if n < 0 {
		return fmt.Errorf("%w %d: cannot be negative", ErrReplicas, n)
	}
	if limit := e.bundle.MaxReplicas; limit > 0 && n > limit {
		if e.bundle.Lifted {
			return fmt.Errorf("%w %d: at most %d, by --max-replicas", ErrReplicas, n, limit)
		}
		return fmt.Errorf("%w %d: at most %d fit on one network", ErrReplicas, n, limit)
	}
	if n > maxReplicas {
		return fmt.Errorf("%w %d: at most %d, whatever the limit", ErrReplicas, n, maxReplicas)
	}
	return nil
}

// Render executes the templates for the stage of that name and n replicas.
// Its errors wrap bundle.ErrUnknownStage, ErrReplicas, or *escape.Error.
// Memory grows with the document alone, which has at most 256 MiB.
func (e *Engine) Render(stage string, n int) (Document, error) {
	x, err := e.execute(stage, n, maxDocument)
	if err != nil {
		return Document{}, err
	}
	return x.document()
}

// smallDocument is how much of a document Stream keeps in memory, in bytes.
const smallDocument = 8 << 20

// Stream is Render to w, without the spans. It writes nothing unless the whole
// document can be rendered, and memory does not grow with the number of
// replicas: what is the same for all replicas is kept once, and a document that
// is neither that nor small is rendered twice, first to see that it can be.
// Beyond those of Render it returns the errors of w.
func (e *Engine) Stream(w io.Writer, stage string, n int) error {
	x, err := e.execute(stage, n, smallDocument)
	if err != nil {
		return err
	}
	return x.writeTo(w, func(w io.Writer) error {
		again, err := newExecution(e.rewritten, e.rewritten.Template, x.stage, n, x.data.Command)
		if err != nil {
			return err
		}
		again.to = w
		return again.run()
	})
}

// execute keeps that many bytes of a document.
func (e *Engine) execute(stage string, n, keep int) (*execution, error) {
	s, err := e.bundle.Stage(stage)
	if err != nil {
		return nil, err
	}
	if err := e.CheckReplicas(n); err != nil {
		return nil, err
	}
	for _, t := range []*template.Template{e.special, e.rewritten.Template} {
		if t == nil {
			continue
		}
		var x *execution
		if x, err = newExecution(e.rewritten, t, s, n, e.command(stage, n)); err != nil {
			return nil, err
		}
		x.keep = keep
		if err = x.run(); err == nil {
			return x, nil
		}
		// An error of special would show what specialise made of the templates.
	}
	return nil, fmt.Errorf("render stage %s: %w", stage, err)
}

// command is the command line that makes a document again.
func (e *Engine) command(stage string, n int) string {
	command := fmt.Sprintf("composer render --stage %s -n %d", stage, n)
	if e.bundle.Lifted {
		command += fmt.Sprintf(" --max-replicas %d", e.bundle.MaxReplicas)
	}
	return command
}

// copyOf copies what a stage's values are made of, so that a template that
// changes them (sprig's set and merge do) changes its own.
func copyOf(value any) any {
	switch v := value.(type) {
	case map[string]any:
		c := make(map[string]any, len(v))
		for key, one := range v {
			c[key] = copyOf(one)
		}
		return c
	case map[any]any:
		c := make(map[any]any, len(v))
		for key, one := range v {
			c[key] = copyOf(one)
		}
		return c
	case []any:
		c := make([]any, len(v))
		for i, one := range v {
			c[i] = copyOf(one)
		}
		return c
	default:
		return v
	}
}
