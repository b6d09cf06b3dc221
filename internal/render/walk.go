package render

import (
	"bufio"
	"bytes"
	"io"
	"slices"
	"strconv"
)

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
		if x.walks == 1 && x.to == nil && !x.dropped {
			x.spans = append(x.spans, Span{begin, x.offset()})
		}
	}
	x.walks++
	defer func() {
		if !more { // it is in the middle of a replica, or just behind it
			done()
		}
		x.walks--
	}()
	for id := 1; id <= n; id++ {
		begin, more = x.offset(), false
		if !yield(Replica{ID: id, Replicas: n, Stage: x.data.Stage, Values: x.data.Values}) {
			return
		}
		more = true
		done()
		if id == 1 && x.to == nil && !x.dropped {
			length := x.offset() - begin // the others are about as long
			x.out.Grow(min((n-1)*(length+length/64)+slack, x.keep))
		}
	}
}

// repeat is Data.Pattern. It yields once, and makes a piece for all replicas
// of what that leaves behind, which lacks the ID wherever it is printed.
func (x *execution) repeat(yield func(pattern) bool) {
	n := x.data.Replicas
	if n == 0 {
		return
	}
	begin := x.out.Len()
	var holes []int
	last := 1 // for a body that breaks, see each
	x.walks++
	defer func() {
		x.walks--
		x.cut(begin, holes, last)
	}()
	if yield(pattern{n, x.data.Stage, x.data.Values, func() { holes = append(holes, x.out.Len()-begin) }}) {
		last = n
	}
}

// cut makes pieces of what is in out: the text before begin, and the pattern.
func (x *execution) cut(begin int, holes []int, last int) {
	if x.dropped { // not even one replica is small
		return
	}
	text := x.out.Bytes()
	x.pieces = append(x.pieces,
		piece{text: bytes.Clone(text[:begin])},
		piece{text: bytes.Clone(text[begin:]), holes: holes, last: last})
	x.begin += begin + last*(len(text)-begin) + len(holes)*digits(last)
	x.out.Reset()
}

// document puts the pieces together.
func (x *execution) document() (Document, error) {
	if len(x.pieces) == 0 {
		return Document{Bytes: x.out.Bytes(), Replicas: x.spans}, nil
	}
	if x.offset() > x.longest {
		return Document{}, errTooLong
	}
	doc := Document{Bytes: make([]byte, 0, x.offset())}
	for _, p := range x.pieces {
		if p.last > 0 {
			doc.Replicas = slices.Grow(doc.Replicas, p.last)
		}
		for id := 1; id <= p.last; id++ {
			begin := len(doc.Bytes)
			doc.Bytes = p.append(doc.Bytes, id)
			doc.Replicas = append(doc.Replicas, Span{begin, len(doc.Bytes)})
		}
		if p.last == 0 {
			doc.Bytes = append(doc.Bytes, p.text...)
		}
	}
	doc.Bytes = append(doc.Bytes, x.out.Bytes()...)
	doc.Replicas = append(doc.Replicas, x.spans...)
	slices.SortFunc(doc.Replicas, func(a, b Span) int { return a.Begin - b.Begin })
	return doc, nil
}

// append appends the piece of one replica.
func (p piece) append(to []byte, id int) []byte {
	at := 0
	for _, hole := range p.holes {
		to = append(to, p.text[at:hole]...)
		to = strconv.AppendInt(to, int64(id), 10)
		at = hole
	}
	return append(to, p.text[at:]...)
}

// chunk is how much is written at once, in bytes.
const chunk = 64 << 10

// writeTo writes the document. What was dropped is written by again.
func (x *execution) writeTo(w io.Writer, again func(io.Writer) error) error {
	if x.dropped {
		buffered := bufio.NewWriterSize(w, chunk)
		if err := again(buffered); err != nil {
			return err
		}
		return buffered.Flush()
	}
	buffer := make([]byte, 0, chunk)
	flush := func() error {
		_, err := w.Write(buffer)
		buffer = buffer[:0]
		return err
	}
	for _, p := range append(x.pieces, piece{text: x.out.Bytes()}) {
		for id := min(1, p.last); id <= p.last; id++ {
			buffer = p.append(buffer, id)
			if len(buffer) > chunk-len(p.text) {
				if err := flush(); err != nil {
					return err
				}
			}
		}
	}
	if len(buffer) == 0 {
		return nil
	}
	return flush()
}

// digits returns how many digits the numbers from 1 to n have together.
func digits(n int) int {
	sum := 0
	for from := 1; from <= n; from *= 10 {
		sum += n - from + 1
	}
	return sum
}
