// Package render executes a bundle's templates for one stage and a number of
// replicas. The same input gives the same bytes on every machine.
package render

import (
	"bytes"
	"errors"
	"fmt"
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
		return fmt.Errorf("%w %d: at most %d fit on one network", ErrReplicas, n, limit)
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
	if e.special != nil {
		if doc, err := execute(e.special, s, n); err == nil {
			return doc, nil
		}
		// The error would show what specialise made of the templates.
	}
	doc, err := execute(e.templates, s, n)
	if err != nil {
		return Document{}, fmt.Errorf("render stage %s: %w", stage, err)
	}
	return doc, nil
}

// execution is the state of one run of the templates.
type execution struct {
	out   bytes.Buffer
	spans []Span
	data  Data
	depth int // of walks
}

func execute(t *template.Template, s bundle.Stage, n int) (Document, error) {
	x := execution{data: Data{
		Command:  fmt.Sprintf("composer render --stage %s -n %d", s.Name, n),
		Stage:    s.Name,
		Values:   copyOf(s.Values).(map[string]any),
		Replicas: n,
	}}
	x.data.Clients, x.data.Pattern = x.each, x.repeat
	if err := t.Execute(&x.out, x.data); err != nil {
		return Document{}, err
	}
	return Document{Bytes: x.out.Bytes(), Replicas: x.spans}, nil
}

// slack is room for what a document has behind its replicas.
const slack = 1024

// each is Data.Clients. Where a body breaks, text/template unwinds through
// yield, which then does not return.
func (x *execution) each(yield func(Replica) bool) {
	var (
		n     = x.data.Replicas
		begin int
		more  = true
	)
	done := func() {
		if x.depth == 1 {
			x.spans = append(x.spans, Span{begin, x.out.Len()})
		}
	}
	x.depth++
	defer func() {
		if !more { // it is in the middle of a replica, or just behind it
			done()
		}
		x.depth--
	}()
	for id := 1; id <= n; id++ {
		begin, more = x.out.Len(), false
		if !yield(Replica{ID: id, Replicas: n, Stage: x.data.Stage, Values: x.data.Values}) {
			return
		}
		more = true
		done()
		if id == 1 {
			length := x.out.Len() - begin
			x.out.Grow((n-1)*(length+length/64) + slack) // the others are about as long
		}
	}
}

// repeat is Data.Pattern. It yields once, and writes all replicas from what
// that leaves behind, which lacks the ID wherever it is printed.
func (x *execution) repeat(yield func(pattern) bool) {
	n := x.data.Replicas
	if n == 0 {
		return
	}
	begin := x.out.Len()
	var holes []int
	last := 1 // for a body that breaks, see each
	x.depth++
	defer func() {
		x.depth--
		x.fill(begin, holes, last)
	}()
	if yield(pattern{n, x.data.Stage, x.data.Values, func() { holes = append(holes, x.out.Len()-begin) }}) {
		last = n
	}
}

// fill replaces what is behind begin by that very text once for each ID from 1
// to last, with the ID at holes.
func (x *execution) fill(begin int, holes []int, last int) {
	text := bytes.Clone(x.out.Bytes()[begin:])
	x.out.Truncate(begin)
	x.out.Grow(last*len(text) + len(holes)*digits(last) + slack)
	x.spans = slices.Grow(x.spans, last)
	for id := 1; id <= last; id++ {
		from, at := x.out.Len(), 0
		for _, hole := range holes {
			x.out.Write(text[at:hole])
			x.out.Write(strconv.AppendInt(x.out.AvailableBuffer(), int64(id), 10))
			at = hole
		}
		x.out.Write(text[at:])
		x.spans = append(x.spans, Span{from, x.out.Len()})
	}
}

// digits returns how many digits the numbers from 1 to n have together.
func digits(n int) int {
	sum := 0
	for from := 1; from <= n; from *= 10 {
		sum += n - from + 1
	}
	return sum
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
