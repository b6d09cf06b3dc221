package render

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"text/template"

	"github.com/tp0-lab/composer/internal/template/escape"
	"github.com/tp0-lab/composer/internal/text"
)

// Locate returns the place in the templates, as file:line:column, that wrote the byte at an offset of a document, which
// Render returned for the same stage and n. If the byte is part of a value, the place is that of the action that
// printed the value. If it is part of an include, the place is in the included template.
//
// Locate renders the document again up to offset, so it is for errors only.
func (e *Engine) Locate(stage string, n int, document []byte, offset int) (string, error) {
	in, err := e.input(stage, n)
	if err != nil {
		return "", err
	}
	if in.base != nil {
		return e.locateLaidOver(stage, n, *in.base, offset)
	}
	return e.locateRendered(stage, n, document, offset)
}

// locateRendered is Locate for what the templates write, without a base.
func (e *Engine) locateRendered(stage string, n int, document []byte, offset int) (string, error) {
	return e.locate(stage, n, document, offset, func(x *execution) error { return x.templates.Execute(x, x.data) })
}

// locate is Locate for what run makes of the templates.
func (e *Engine) locate(stage string, n int, document []byte, offset int, run func(*execution) error) (string, error) {
	in, err := e.input(stage, n)
	if err != nil {
		return "", err
	}
	marked, sources, err := e.rewritten.Marked()
	if err != nil {
		return "", err
	}
	x, err := newExecution(e, marked, in)
	if err != nil {
		return "", err
	}
	x.to = io.Discard
	x.trace = &trace{length: func() int { return x.size }, until: &offset}
	x.templates.Funcs(template.FuncMap{escape.MarkFunc: x.mark})
	if err := run(x); err != nil && !errors.Is(err, errPassed) {
		return "", e.rewritten.Placed(err)
	}
	place, ok := find(sources, x.trace.marks, string(document), offset)
	if !ok {
		return "", errUnwritten
	}
	place.File = e.bundle.Path(place.File)
	return place.String(), nil
}

// errUnwritten is the error for the place of a byte that no template writes.
var errUnwritten = errors.New("nothing is there")

// trace records which sources wrote a text.
type trace struct {
	marks  []mark
	length func() int // returns the number of bytes written
	until  *int       // keep the last mark up to this offset only; nil keeps all marks
}

// mark is the offset at which the text of a source begins.
type mark struct {
	source, offset int
	included       []inclusion // results of include while the source, an action, was executed
}

// inclusion is the result of an include.
type inclusion struct {
	text  string
	marks []mark
}

// errPassed ends an execution behind the offset of Locate.
var errPassed = errors.New("the offset is passed")

// mark is called before a source writes.
func (x *execution) mark(source int) (string, error) {
	t := x.trace
	m := mark{source: source, offset: t.length()}
	switch {
	case t.until == nil:
		t.marks = append(t.marks, m)
	case m.offset > *t.until:
		return "", errPassed
	default:
		t.marks = []mark{m}
	}
	return "", nil
}

// traceInclude traces the output to out until the caller calls end, and adds it to the mark of the running action.
func (x *execution) traceInclude(out *bytes.Buffer) (end func()) {
	outer := x.trace
	x.trace = &trace{length: out.Len}
	return func() {
		if n := len(outer.marks); n > 0 {
			last := &outer.marks[n-1]
			last.included = append(last.included, inclusion{out.String(), x.trace.marks})
		}
		x.trace = outer
	}
}

// find returns the place in the templates of the byte at an offset of content.
func find(sources []escape.Source, marks []mark, content string, offset int) (place text.Place, ok bool) {
	offset = min(offset, len(content))
	i := len(marks) - 1
	for i >= 0 && marks[i].offset > offset {
		i--
	}
	if i < 0 {
		return text.Place{}, false
	}
	m := marks[i]
	source := sources[m.source]
	if !source.Text {
		for _, inner := range m.included {
			if at, ok := sameLine(content, m.offset, offset, inner.text); ok {
				if place, ok := find(sources, inner.marks, inner.text, at); ok {
					return place, true
				}
			}
		}
	}
	return source.Place(offset - m.offset), true
}

// sameLine returns the offset in included, a text that was included at begin, of the byte at an offset of text. It
// compares lines without their indentation. Of several equal lines it takes the one whose number in included is
// nearest to the line's number behind begin. Only the first line may have other text before it, such as a key.
func sameLine(text string, begin, offset int, included string) (at int, ok bool) {
	start := strings.LastIndexByte(text[:offset], '\n') + 1
	line, _, _ := strings.Cut(text[start:], "\n")
	far := strings.Count(text[begin:offset], "\n")
	nearest, number, next := 0, 0, 0
	for one := range strings.Lines(included) {
		own := strings.TrimLeft(strings.TrimSuffix(one, "\n"), " ")
		before, same := strings.CutSuffix(line, own)
		same = same && own != "" && (strings.Trim(before, " ") == "" || number == 0 && far == 0)
		if away := max(far-number, number-far); same && (!ok || away < nearest) {
			nearest, ok = away, true
			at = next + strings.Index(one, own) + max(offset-start-len(before), 0)
		}
		number++
		next += len(one)
	}
	return at, ok
}
