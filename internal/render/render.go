// Package render executes a bundle's templates for one stage and a number of
// replicas. The same input gives the same bytes on every machine.
package render

import (
	"bytes"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"text/template"

	"github.com/tp0-lab/composer/internal/bundle"
)

// MainTemplate is the file of a bundle with which rendering begins.
const MainTemplate = "compose.yaml.tmpl"

// ErrReplicas is wrapped by the error for a number of replicas that a bundle
// cannot have.
var ErrReplicas = errors.New("number of replicas")

// Document is a rendered Compose file.
type Document struct {
	// Bytes is the whole file.
	Bytes []byte
	// Replicas says which bytes each replica wrote, in order and without
	// overlap: one span for each replica of each walk over .Clients.
	Replicas []Span
}

// Span is the half-open interval [Begin, End) of offsets into Document.Bytes.
type Span struct{ Begin, End int }

// Data is what a bundle's main template is executed with.
type Data struct {
	// Command is the command line that makes this document again.
	Command string
	// Stage is the name of the stage.
	Stage string
	// Values are the stage's values.
	Values map[string]any
	// Replicas is the number of replicas.
	Replicas int
	// Clients yields the replicas from 1 to Replicas, one at a time.
	Clients iter.Seq[Replica]
}

// Replica is what templates see of one replica.
type Replica struct {
	// ID counts from 1.
	ID int
	// Replicas, Stage and Values are those of Data.
	Replicas int
	Stage    string
	Values   map[string]any

	x *execution
}

// Ordinal stands for {{ .ID }} in templates made by specialise: it prints
// nothing and notes where.
func (r Replica) Ordinal() string {
	r.x.holes = append(r.x.holes, r.x.out.Len())
	return ""
}

// Engine renders the stages of one bundle. It is safe for concurrent use.
type Engine struct {
	bundle    *bundle.Bundle
	templates *template.Template
	// special is templates as specialise makes them, or nil.
	special *template.Template
}

// New parses the templates of b. A syntax error has its file and line.
func New(b *bundle.Bundle) (*Engine, error) {
	t, err := template.New(MainTemplate).Option("missingkey=error").Funcs(Funcs()).ParseFS(b.FS, "*.tmpl")
	if err != nil {
		return nil, fmt.Errorf("parse templates: %w", err)
	}
	return &Engine{bundle: b, templates: t, special: specialise(t)}, nil
}

// CheckReplicas returns an error that wraps ErrReplicas if the bundle cannot
// be rendered with n replicas.
func (e *Engine) CheckReplicas(n int) error {
	if n < 0 {
		return fmt.Errorf("%w %d: cannot be negative", ErrReplicas, n)
	}
	if limit := e.bundle.MaxReplicas; limit > 0 && n > limit {
		return fmt.Errorf("%w %d: have room for at most %d, since a Linux bridge takes 1023 ports and others need one too", ErrReplicas, n, limit)
	}
	return nil
}

// Render executes the templates for the stage of that name and n replicas.
// Its errors wrap bundle.ErrUnknownStage, ErrReplicas, or have the template's
// file, line and column. Memory grows with the document alone.
func (e *Engine) Render(stage string, n int) (Document, error) {
	s, err := e.bundle.Stage(stage)
	if err != nil {
		return Document{}, err
	}
	if err := e.CheckReplicas(n); err != nil {
		return Document{}, err
	}
	x := execution{n: n, replica: Replica{Replicas: n, Stage: stage, Values: s.Values}}
	x.replica.x = &x
	data := Data{
		Command:  fmt.Sprintf("composer render --stage %s -n %d", stage, n),
		Stage:    stage,
		Values:   s.Values,
		Replicas: n,
		Clients:  x.each,
	}
	t := e.templates
	if e.special != nil {
		t, x.special = e.special, true
	}
	if err := t.Execute(&x.out, data); err != nil {
		return Document{}, fmt.Errorf("render stage %s: %w", stage, err)
	}
	return Document{Bytes: x.out.Bytes(), Replicas: x.spans}, nil
}

// execution is the state of one Render.
type execution struct {
	out     bytes.Buffer
	spans   []Span
	n       int
	replica Replica
	// special says that the templates are those of specialise, and holes are
	// the offsets into out at which the replica that is executed printed its ID.
	special bool
	holes   []int
}

// each is Data.Clients.
func (x *execution) each(yield func(Replica) bool) {
	if x.n == 0 {
		return
	}
	begin := x.out.Len()
	x.holes = x.holes[:0]
	x.replica.ID = 1
	more := yield(x.replica)
	if x.special {
		x.repeat(begin, more)
		return
	}
	x.spans = append(x.spans, Span{begin, x.out.Len()})
	x.out.Grow((x.n - 1) * (x.out.Len() - begin + 8)) // the others will be about as long
	for more && x.replica.ID < x.n {
		x.replica.ID++
		begin = x.out.Len()
		more = yield(x.replica)
		x.spans = append(x.spans, Span{begin, x.out.Len()})
	}
}

// repeat writes all replicas from what the first one left behind begin, which
// lacks its ID wherever that is printed.
func (x *execution) repeat(begin int, more bool) {
	text := bytes.Clone(x.out.Bytes()[begin:])
	x.out.Truncate(begin)
	last := x.n
	if !more {
		last = 1
	}
	x.out.Grow(last * (len(text) + 4*len(x.holes)))
	x.spans = slices.Grow(x.spans, last)
	for id := 1; id <= last; id++ {
		from, at := x.out.Len(), 0
		for _, hole := range x.holes {
			x.out.Write(text[at : hole-begin])
			x.out.Write(strconv.AppendInt(x.out.AvailableBuffer(), int64(id), 10))
			at = hole - begin
		}
		x.out.Write(text[at:])
		x.spans = append(x.spans, Span{from, x.out.Len()})
	}
}
