package check

import (
	"bytes"
	"slices"

	"github.com/tp0-lab/composer/internal/template/render"
)

// sample is a document with one replica of each group only.
type sample struct {
	doc    render.Document
	groups []*group // in the order of their first members
	text   []byte
}

// group is the replicas of one walk that are the same but for numbers.
type group struct {
	first  int   // index of the replica that is kept
	begin  int   // its offset in the sample's text
	others []int // indices of those left out
	// text is that of the first; numbers are where the numbers are in it, and
	// varies says which of them are others in others.
	text    []byte
	numbers []render.Span
	varies  []bool
	// services and places are what understand finds out.
	services []string
	places   []place
}

// newSample returns false if no replica can be left out, or if replicas are
// not whole lines.
func newSample(doc render.Document) (*sample, bool) {
	s := &sample{doc: doc}
	if bytes.IndexByte(doc.Bytes, numberMark) >= 0 || !wholeLines(doc) {
		return s, false
	}
	var (
		at      int // how far of doc is in text, or left out
		byShape map[string]*group
		shape   []byte
		numbers []render.Span
	)
	for i, span := range doc.Replicas {
		if i == 0 || span.Begin != doc.Replicas[i-1].End {
			byShape = map[string]*group{} // another walk
		}
		text := doc.Bytes[span.Begin:span.End]
		shape, numbers = appendShape(shape[:0], numbers[:0], text)
		g := byShape[string(shape)]
		if g != nil {
			g.compare(text, numbers)
			g.others = append(g.others, i)
			s.text = append(s.text, doc.Bytes[at:span.Begin]...)
			at = span.End
			continue
		}
		g = &group{
			first:   i,
			begin:   len(s.text) + span.Begin - at,
			text:    text,
			numbers: append([]render.Span(nil), numbers...),
			varies:  make([]bool, len(numbers)),
		}
		byShape[string(shape)] = g
		s.groups = append(s.groups, g)
	}
	s.text = append(s.text, doc.Bytes[at:]...)
	return s, len(s.groups) < len(doc.Replicas)
}

// offset returns where in the document it is what is at an offset of the sample.
func (s *sample) offset(at int) int {
	var out []int
	for _, g := range s.groups {
		out = append(out, g.others...)
	}
	slices.Sort(out)
	for _, i := range out {
		span := s.doc.Replicas[i]
		if at < span.Begin {
			break
		}
		at += span.End - span.Begin
	}
	return at
}

// compare notes which numbers of g another member has otherwise.
func (g *group) compare(text []byte, numbers []render.Span) {
	for i, n := range numbers {
		if !g.varies[i] {
			own := g.numbers[i]
			g.varies[i] = !bytes.Equal(text[n.Begin:n.End], g.text[own.Begin:own.End])
		}
	}
}

// wholeLines reports whether all replicas begin with a line break and are
// followed by one, or all begin at the start of a line and end with one.
func wholeLines(doc render.Document) bool {
	isBreak := func(i int) bool { return i < 0 || i >= len(doc.Bytes) || doc.Bytes[i] == '\n' }
	before, behind := true, true
	for _, span := range doc.Replicas {
		if span.Begin == span.End {
			return false
		}
		before = before && isBreak(span.Begin) && isBreak(span.End)
		behind = behind && isBreak(span.Begin-1) && isBreak(span.End-1)
	}
	return before || behind
}

// numberMark stands for a number in a shape. It is in no document that a
// sample is taken of.
const numberMark = 0

// appendShape appends text with a mark for each run of decimal digits in it,
// and where these are in text.
func appendShape(shape []byte, numbers []render.Span, text []byte) ([]byte, []render.Span) {
	for at := 0; ; {
		i := bytes.IndexAny(text[at:], "0123456789")
		if i < 0 {
			return append(shape, text[at:]...), numbers
		}
		begin := at + i
		end := begin + 1
		for end < len(text) && '0' <= text[end] && text[end] <= '9' {
			end++
		}
		shape = append(append(shape, text[at:begin]...), numberMark)
		numbers = append(numbers, render.Span{Begin: begin, End: end})
		at = end
	}
}
