// Package render executes a bundle's templates for one stage and a number of
// replicas. The same input gives the same bytes on every machine.
package render

import (
	"errors"
	"fmt"
	"io"
	"math"
	"text/template"

	"github.com/tp0-lab/composer/internal/template/bundle"
	"github.com/tp0-lab/composer/internal/template/escape"
	"github.com/tp0-lab/composer/internal/template/values"
)

// ErrReplicas is wrapped by errors about a negative or too large number of replicas.
var ErrReplicas = errors.New("number of replicas")

var errTooLong = fmt.Errorf("the document is longer than %d MiB; without validation it can be written as it is made", maxDocument>>20)

// Document is a rendered Compose file.
type Document struct {
	// Bytes is the whole file.
	Bytes []byte
	// Replicas are the bytes that each replica wrote: a span for each replica of each range over replicas, in order and
	// without overlap. Spans of one range touch. A range inside another has no spans of its own.
	Replicas []Span
}

// Span is the half-open interval [Begin, End) of offsets.
type Span struct{ Begin, End int }

// Engine renders the stages of one bundle. It is safe for concurrent use.
type Engine struct {
	// OmitStage leaves the stage out of Data.Command, so that documents of two stages do not differ by their commands.
	OmitStage bool

	bundle    *bundle.Bundle
	rewritten *escape.Rewritten
	functions boundedFuncs
	// noBase leaves out the base of the stage.
	noBase bool
	// parsed are the templates as the files have them, and texts the texts of the files.
	parsed *template.Template
	texts  map[string]string
	// special is the result of specialise for rewritten, or nil.
	special *template.Template
	// breaks reports that a range over replicas in special may end early.
	breaks bool
}

// New parses the templates of b, and rewrites them with package escape so that they escape values. Its errors have the
// file, line and column.
func New(b *bundle.Bundle) (*Engine, error) {
	funcs := Funcs()
	t, texts, err := parseFiles(b, funcs)
	if err != nil {
		return nil, fmt.Errorf("parse templates: %w", inBundle(b, err))
	}
	e := &Engine{bundle: b, functions: bound(t, funcs), parsed: t, texts: texts}
	format := escape.Compose // docker stack deploy replaces ${NAME}, too
	if b.Target == bundle.Kubernetes {
		format = escape.YAML
	}
	return e, e.rewrite(t, format)
}

// rewrite makes t, one of the templates that are parsed, the one that e executes.
func (e *Engine) rewrite(t *template.Template, format escape.Format) (err error) {
	if e.rewritten, err = escape.Rewrite(t, e.functions.with(nil), e.texts, format); err != nil {
		return fmt.Errorf("parse templates: %w", inBundle(e.bundle, err))
	}
	e.special, e.breaks = specialise(e.rewritten)
	return nil
}

// inBundle replaces the name of a template file in an *escape.Error by its path, and explains its message.
func inBundle(b *bundle.Bundle, err error) error {
	return escape.Each(err, func(e escape.Error) *escape.Error {
		e.Message = named(e.Message)
		e.Place.File = b.Path(e.Place.File)
		return &e
	})
}

// maxReplicas is the limit for the number of replicas, whatever the bundle's own limit.
const maxReplicas = 1_000_000_000

// Counted takes the place of a number of replicas of the first kind: that number then comes from the bundle, like the
// numbers of the other kinds.
const Counted = math.MinInt

// counts returns the number of replicas of each kind, and of each kind with rows, for n replicas of the first. Its error
// wraps ErrReplicas.
func (e *Engine) counts(kinds bundle.Kinds, n int) (Counts, error) {
	counts := make(Counts, len(kinds.All))
	all := 0
	for i, kind := range kinds.All {
		count, name := kind.Count, kind.Name+"="
		if i == 0 {
			name = ""
		}
		if n != Counted && (i == 0 || kind.Table == kinds.First()) {
			count = n
		}
		if count < 0 {
			return nil, fmt.Errorf("%w %s%d: cannot be negative", ErrReplicas, name, count)
		}
		counts[kind.Name] = count
		if kind.Table != "" {
			counts[kind.Table] += count
		}
		if all += count; all < 0 || all > maxReplicas {
			all = max(count, maxReplicas+1) // the sum may have overflowed
			break
		}
	}
	for _, name := range kinds.Names() {
		counts[name] += 0 // a kind without rows has a count, too
	}
	return counts, e.checkReplicas(all)
}

// bridgeRoom is how many containers a bridge network of Linux takes.
const bridgeRoom = 1022

// checkReplicas returns an error that wraps ErrReplicas if n, the number of all replicas, exceeds a limit.
func (e *Engine) checkReplicas(n int) error {
	if limit := e.bundle.MaxReplicas; limit > 0 && n > limit {
		if e.bundle.UserLimit {
			return fmt.Errorf("%w %d: at most %d, by --max-replicas", ErrReplicas, n, limit)
		}
		if e.bundle.Target.Single() || limit < bridgeRoom {
			return fmt.Errorf("%w %d: at most %d for %s, by %s", ErrReplicas, n, limit, e.bundle.Target.Name, e.bundle.Path(bundle.StagesFile))
		}
		return fmt.Errorf("%w %d: at most %d fit on one network", ErrReplicas, n, limit)
	}
	if n > maxReplicas {
		return fmt.Errorf("%w %d: at most %d, whatever the limit", ErrReplicas, n, maxReplicas)
	}
	return nil
}

// Render executes the templates for a stage. n is the number of replicas of the first kind or, if the first kind has
// rows, of each row. If n is Counted, this number comes from the bundle, as the numbers of the other kinds always do.
// Memory grows only with the document, which may have 256 MiB. Its errors wrap bundle.ErrUnknownStage, ErrReplicas or
// *values.Error, or are a *StageError with an *escape.Error or escape.Errors.
func (e *Engine) Render(stage string, n int) (Document, error) {
	x, err := e.execute(stage, n, maxDocument)
	if err != nil {
		return Document{}, err
	}
	doc, err := x.document()
	if err != nil || x.input.base == nil {
		return doc, err
	}
	m, err := e.laidOver(stage, n, doc.Bytes, *x.input.base)
	if err != nil {
		return Document{}, OfStage(stage, err)
	}
	return Document{Bytes: m.text}, nil
}

// smallDocument is the limit for the part of a document that Stream keeps in memory, in bytes.
const smallDocument = 8 << 20

// Stream renders as Render does, and writes the document to w. It writes nothing unless the whole document can be
// rendered. Memory does not grow with the number of replicas: Stream keeps text that all replicas share once, and
// renders other documents over 8 MiB twice, the first time to find errors. It returns the errors of Render and of w.
func (e *Engine) Stream(w io.Writer, stage string, n int) error {
	x, err := e.execute(stage, n, smallDocument)
	if err != nil {
		return err
	}
	if x.input.base != nil {
		doc, err := e.Render(stage, n)
		if err != nil {
			return err
		}
		_, err = w.Write(doc.Bytes)
		return err
	}
	return x.writeTo(w, func(w io.Writer) error {
		again, err := newExecution(e, e.rewritten.Template, x.input)
		if err != nil {
			return err
		}
		again.to = w
		return inBundle(e.bundle, again.run(again.data))
	})
}

// execute runs the templates, specialised if possible. The result holds at most keep bytes of the document.
func (e *Engine) execute(stage string, n, keep int) (*execution, error) {
	in, err := e.input(stage, n)
	if err != nil {
		return nil, err
	}
	refused := 0
	for _, t := range []*template.Template{e.special, e.rewritten.Template} {
		if t == nil || t == e.special && e.breaks && len(in.overrides) > 0 {
			continue
		}
		var x *execution
		if x, err = newExecution(e, t, in); err != nil {
			return nil, err
		}
		x.keep, x.enough = keep, refused
		if err = x.run(x.data); err == nil {
			return x, nil
		}
		if refused = len(x.refused); x.broken {
			refused = 0
		}
		// An error of special would show what specialise made of the templates.
	}
	return nil, OfStage(stage, in.explained(inBundle(e.bundle, err)))
}

// input returns the data for a document of a stage with n replicas of the first kind.
func (e *Engine) input(stage string, n int) (input, error) {
	if _, err := e.bundle.Stage(stage); err != nil {
		return input{}, err
	}
	kinds, err := e.kinds(stage)
	if err != nil {
		return input{}, err
	}
	counts, err := e.counts(kinds, n)
	if err != nil {
		return input{}, err
	}
	own, err := e.bundle.Values(stage)
	if err != nil {
		return input{}, err
	}
	var base *bundle.Base
	if !e.noBase && e.bundle.Target == bundle.Compose {
		if base, err = e.bundle.Base(stage, own); err != nil {
			return input{}, err
		}
	}
	stages := []string{stage}
	if e.OmitStage {
		stages = nil
	}
	return input{
		base: base, stage: stage, command: e.command(stages, kinds, counts, nil), kinds: kinds, counts: counts,
		values: own.Plain().(map[string]any), node: own, overrides: e.bundle.Overrides(own, kinds),
	}, nil
}

// kinds returns the kinds of a stage, or all problems of its values.
func (e *Engine) kinds(stage string) (bundle.Kinds, error) {
	kinds, err := e.bundle.Kinds(stage)
	if errors.As(err, new(*values.Error)) {
		_, err = e.bundle.Values(stage)
	}
	return kinds, err
}

// copyOf returns a deep copy of values: templates that change values (with sprig's set or merge) change their copy.
func copyOf(value any) any {
	c, _ := mapped(value, func(scalar any) (any, error) { return scalar, nil })
	return c
}

// mapped returns a copy of values with f applied to each scalar in them, or the first error of f.
func mapped(value any, f func(scalar any) (any, error)) (_ any, err error) {
	switch v := value.(type) {
	case map[string]any:
		c := make(map[string]any, len(v))
		for key, one := range v {
			if c[key], err = mapped(one, f); err != nil {
				return nil, err
			}
		}
		return c, nil
	case []any:
		c := make([]any, len(v))
		for i, one := range v {
			if c[i], err = mapped(one, f); err != nil {
				return nil, err
			}
		}
		return c, nil
	}
	return f(value)
}
