package render

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"text/template"

	"github.com/tp0-lab/composer/internal/template/bundle"
	"github.com/tp0-lab/composer/internal/template/escape"
	"github.com/tp0-lab/composer/internal/template/values"
)

// Limits for one execution. They are counts, not times, so the same input gives the same result on every machine.
const (
	maxSteps        = 1_000_000 // rounds of ranges and calls of templates
	stepsPerReplica = 100       // more steps for each replica
	maxDepth        = 1000      // templates that call one another
	maxDocument     = 256 << 20 // bytes of a document in memory
	maxSpent        = 256 << 20 // bytes of the arguments and results of all functions
	spentPerReplica = 1 << 20   // more of those bytes for each replica
)

// execution is one run of the templates.
type execution struct {
	bundle    *bundle.Bundle
	rewritten *escape.Rewritten
	templates *template.Template
	input     input
	data      Data
	// pieces are the document up to offset begin, and out is the document from there on.
	out    bytes.Buffer
	begin  int
	pieces []piece
	spans  []Span
	// keep is the number of bytes that are kept. A longer document sets dropped, and is only counted from there on.
	keep    int
	longest int // the limit for keep
	dropped bool
	to      io.Writer // gets the whole document, which is not kept then; may be nil

	changes     bool // the templates call functions that change values, such as set
	all         int  // the number of replicas of all kinds
	size, steps int  // bytes written, and steps done
	spent       int  // bytes that functions took and made
	walks       int  // nested ranges over replicas and includes that are running
	depth       int  // nested templates that are running
	undo        undo
	orders      orders          // of the maps of the values
	inside      string          // the name of the replica that is being executed, or ""
	failed      string          // the name of the replica that an error is about, or ""
	refused     []*escape.Error // values that cannot be written, one of each place
	broken      bool            // an error has ended the execution
	enough      int             // the number of refused that ends the execution; 0 is none
	trace       *trace          // for Locate, or nil
}

// piece is a part of a document: a text that appears once, or once for each replica with its ID at the holes.
type piece struct {
	text  []byte
	holes []hole
	// repeated: the text appears once for each replica, whose IDs are first to last.
	repeated    bool
	first, last int
}

// hole is the offset in a text of a replica at which its ID and plus is written, with zeros before it up to a width.
type hole struct{ at, plus, width int }

// input is the data that a document is rendered from.
type input struct {
	base           *bundle.Base // that the document is laid over, or nil
	stage, command string
	kinds          bundle.Kinds
	counts         Counts
	values         map[string]any
	node           *values.Node // the values, which know their order
	// overrides are the result of bundle.Overrides.
	overrides map[string]map[int]*values.Node
}

func newExecution(e *Engine, t *template.Template, in input) (*execution, error) {
	clone, err := t.Clone()
	if err != nil {
		return nil, err
	}
	x := &execution{bundle: e.bundle, rewritten: e.rewritten, templates: clone, input: in, changes: changes(t), keep: maxDocument, longest: maxDocument, data: Data{
		Command:  in.command,
		Stage:    in.stage,
		Values:   copyOf(in.values).(map[string]any),
		Counts:   in.counts,
		naming:   naming{in.kinds, in.counts},
		target:   e.bundle.Target,
		Replicas: in.counts[in.kinds.First()],
		Kinds:    make(Kinds, len(in.kinds.All)),
	}}
	x.orders.note(in.node, x.data.Values)
	clone.Funcs(e.functions.with(x)).Funcs(x.functions(x.populate(in)))
	return x, nil
}

// populate sets the replicas of each kind, and returns their patterns by kind; "" stands for the first kind.
func (x *execution) populate(in input) map[string]Walk[pattern] {
	patterns := make(map[string]Walk[pattern], len(in.kinds.All))
	for _, kind := range in.kinds.All {
		p := &population{x: x, kind: kind, ordinal: x.all, count: in.counts[kind.Name], overrides: in.overrides[kind.Name]}
		x.all += p.count
		x.data.Kinds[kind.Name], patterns[kind.Name] = p.each, p.repeat
	}
	for _, name := range in.kinds.Names() {
		if x.data.Kinds[name] == nil { // it has rows
			var walks []Walk[Replica]
			var repeats []Walk[pattern]
			rows, _ := in.kinds.Named(name)
			for _, kind := range rows {
				walks, repeats = append(walks, x.data.Kinds[kind.Name]), append(repeats, patterns[kind.Name])
			}
			x.data.Kinds[name], patterns[name] = inTurn(walks), inTurn(repeats)
		}
	}
	for name := range x.data.Kinds {
		if in.counts[name] == 0 {
			x.data.Kinds[name] = nil // which {{ if }}, with, not and empty take for nothing, and ranged for no replica
		}
	}
	first := in.kinds.First()
	x.data.Clients, patterns[""] = x.data.Kinds[first], patterns[first]
	return patterns
}

// functions returns the functions of templates that need the execution.
func (x *execution) functions(patterns map[string]Walk[pattern]) template.FuncMap {
	return template.FuncMap{
		escape.WriteFunc: x.write,
		escape.StepFunc:  x.step,
		escape.EnterFunc: x.enter,
		escape.LeaveFunc: x.leave,
		escape.RangeFunc: x.ranged,
		"include":        x.include,
		"file":           x.file,
		"fileHash":       x.fileHash,
		"literal":        x.literal,
		"toYaml":         x.toYAML,
		patternsFunc: func(kind string) (Walk[pattern], error) {
			walk, ok := patterns[kind]
			if !ok {
				return nil, fmt.Errorf("there is no kind %q", kind)
			}
			return walk, nil
		},
	}
}

// run executes the main template with data. Its errors have a place. A value that cannot be written does not end it: the
// error names all such values.
func (x *execution) run(data any) error {
	err := x.templates.Execute(x, data)
	if errors.Is(err, errEnough) {
		err = nil
	}
	if x.broken = err != nil; x.broken {
		err = escape.Each(x.rewritten.Placed(err), func(e escape.Error) *escape.Error {
			e.Replica = cmp.Or(x.failed, x.inside)
			return &e
		})
	}
	return escape.Join(x.refused, err)
}

// errEnough ends an execution that has found all values that cannot be written.
var errEnough = errors.New("enough")

// write is escape.WriteFunc: it writes a value, or notes that it cannot be written and writes another.
func (x *execution) write(number int, value any) (string, error) {
	text, wrong := x.rewritten.Write(number, value)
	if wrong == nil {
		return text, nil
	}
	instead, ok := x.rewritten.StandIn(number, value)
	if !ok {
		return "", wrong
	}
	if slices.ContainsFunc(x.refused, func(e *escape.Error) bool { return e.Place == wrong.Place }) {
		return instead, nil
	}
	wrong.Replica = x.inside
	if x.refused = append(x.refused, wrong); len(x.refused) == x.enough {
		return "", errEnough
	}
	return instead, nil
}

// Write takes the output of the templates.
func (x *execution) Write(p []byte) (int, error) {
	x.size += len(p)
	switch {
	case x.to != nil:
		return x.to.Write(p)
	case x.dropped:
		return len(p), nil
	case x.size > x.keep && x.keep < x.longest:
		x.dropped = true
		x.out = bytes.Buffer{}
		x.pieces, x.spans = nil, nil
		return len(p), nil
	case x.size > 2*x.longest: // step says so earlier, and where
		return 0, errors.New("the document has no end")
	}
	return x.out.Write(p)
}

// step is called in each round of a range, with the number of its place.
func (x *execution) step(place int) (string, error) {
	x.steps++
	switch {
	case x.steps > maxSteps+stepsPerReplica*x.all:
		return "", x.rewritten.Errorf(place, "more than %d rounds of ranges and calls of templates: does this end?", x.steps-1)
	case x.to == nil && !x.dropped && x.size > x.longest:
		return "", x.rewritten.Errorf(place, "the document is longer than %d MiB: does this end?", x.longest>>20)
	}
	return "", nil
}

// enter is called where a template begins, with the number of its place.
func (x *execution) enter(place int) (string, error) {
	if x.depth++; x.depth > maxDepth {
		return "", x.rewritten.Errorf(place, "templates are more than %d deep within one another: does this one call itself?", maxDepth)
	}
	return x.step(place)
}

// spend counts the bytes and entries that a function takes or makes, and fails beyond the limit for all functions.
func (x *execution) spend(weight int) error {
	if x.spent += weight; x.spent > maxSpent+spentPerReplica*x.all {
		return fmt.Errorf("all functions together took and made more than %d MiB: does this end?", (maxSpent+spentPerReplica*x.all)>>20)
	}
	return nil
}

func (x *execution) leave() string {
	x.depth--
	return ""
}

// include is the template function: it returns the output of a template as a block of lines.
func (x *execution) include(name string, data any) (any, error) {
	var out bytes.Buffer
	x.walks++ // an included text has no offset in the document yet, so its replicas get no spans
	defer func() { x.walks-- }()
	if x.trace != nil {
		defer x.traceInclude(&out)()
	}
	err := x.templates.ExecuteTemplate(&countingWriter{x, &out}, x.rewritten.Include(name), data)
	if err != nil {
		return nil, x.rewritten.Placed(err)
	}
	if err := x.spend(out.Len()); err != nil {
		return nil, err
	}
	block := escape.Block(out.String())
	if block.String() == "" {
		return (*escape.Structure)(nil), nil // which {{ if }} takes for nothing
	}
	return block, nil
}

// countingWriter refuses the output of an include beyond maxText.
type countingWriter struct {
	x   *execution
	out *bytes.Buffer
}

func (w *countingWriter) Write(p []byte) (int, error) {
	if w.out.Len()+len(p) > maxText {
		return 0, fmt.Errorf("an included template is longer than %d MiB", maxText>>20)
	}
	return w.out.Write(p)
}

// offset returns the number of bytes written to the document.
func (x *execution) offset() int { return x.begin + x.out.Len() }
