package check

import (
	"bytes"
	"slices"

	"github.com/tp0-lab/composer/internal/render"
)

// sample is a document without the replicas that tell a loader nothing new.
type sample struct {
	doc  render.Document
	text []byte
	// kept are the indices of the replicas that text holds, in order, and
	// begins the offsets at which they stand in it.
	kept, begins []int
	groups       []*group
	groupOf      []*group // of each replica
}

// group is the replicas of one shape.
type group struct {
	members []int
	columns []column // one for each number of the shape
}

// column is where the extremes of one number of a shape are.
type column struct {
	minAt, maxAt int // indices of replicas
	min, max     uint64
}

func newSample(doc render.Document) *sample {
	s := &sample{doc: doc, groupOf: make([]*group, len(doc.Replicas))}
	byShape := map[string]*group{}
	var shape []byte
	var numbers []uint64
	for i, span := range doc.Replicas {
		shape, numbers = appendShape(shape[:0], numbers[:0], doc.Bytes[span.Begin:span.End])
		g := byShape[string(shape)]
		if g == nil {
			g = &group{columns: make([]column, len(numbers))}
			for j, n := range numbers {
				g.columns[j] = column{i, i, n, n}
			}
			byShape[string(shape)] = g
			s.groups = append(s.groups, g)
		}
		g.members = append(g.members, i)
		for j, n := range numbers {
			c := &g.columns[j]
			if n < c.min {
				c.min, c.minAt = n, i
			}
			if n > c.max {
				c.max, c.maxAt = n, i
			}
		}
		s.groupOf[i] = g
	}
	for _, g := range s.groups {
		s.kept = append(s.kept, g.members[0])
		for _, c := range g.columns {
			s.kept = append(s.kept, c.minAt, c.maxAt)
		}
	}
	slices.Sort(s.kept)
	s.kept = slices.Compact(s.kept)
	s.cut()
	return s
}

// wholeSample leaves nothing out.
func wholeSample(doc render.Document) *sample {
	s := &sample{doc: doc, groupOf: make([]*group, len(doc.Replicas))}
	for i := range doc.Replicas {
		g := &group{members: []int{i}}
		s.groups = append(s.groups, g)
		s.groupOf[i] = g
		s.kept = append(s.kept, i)
	}
	s.cut()
	return s
}

// cut makes text and begins from kept.
func (s *sample) cut() {
	at, next := 0, 0
	for i, span := range s.doc.Replicas {
		if next < len(s.kept) && s.kept[next] == i {
			s.begins = append(s.begins, len(s.text)+span.Begin-at)
			next++
			continue
		}
		s.text = append(s.text, s.doc.Bytes[at:span.Begin]...)
		at = span.End
	}
	s.text = append(s.text, s.doc.Bytes[at:]...)
}

// keptAt returns the index in kept of the replica that holds that offset of
// text, and false for an offset outside all of them.
func (s *sample) keptAt(offset int) (int, bool) {
	k, found := slices.BinarySearch(s.begins, offset)
	if !found {
		k--
	}
	if k < 0 {
		return 0, false
	}
	span := s.doc.Replicas[s.kept[k]]
	return k, offset < s.begins[k]+span.End-span.Begin
}

// maxDigits keeps a number within 64 bits; a longer one belongs to the shape.
const maxDigits = 18

// appendShape appends text with a NUL for each decimal number in it, and the
// numbers. A number with a leading zero stays as it is: YAML may read it as octal, or as text.
func appendShape(shape []byte, numbers []uint64, text []byte) ([]byte, []uint64) {
	for len(text) > 0 {
		i := bytes.IndexAny(text, "0123456789")
		if i < 0 {
			break
		}
		shape = append(shape, text[:i]...)
		text = text[i:]
		digits, n := 0, uint64(0)
		for digits < len(text) && '0' <= text[digits] && text[digits] <= '9' {
			n = n*10 + uint64(text[digits]-'0')
			digits++
		}
		if digits > maxDigits || digits > 1 && text[0] == '0' {
			shape = append(shape, text[:digits]...)
		} else {
			shape = append(shape, 0)
			numbers = append(numbers, n)
		}
		text = text[digits:]
	}
	return append(shape, text...), numbers
}
