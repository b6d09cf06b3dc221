package render

import (
	"bufio"
	"bytes"
	"io"
	"maps"
	"slices"
	"strconv"
	"text/template"

	"github.com/tp0-lab/composer/internal/template/bundle"
	"github.com/tp0-lab/composer/internal/template/values"
)

// slack is the capacity reserved for the text behind the replicas, in bytes.
const slack = 1024

// population are the replicas of one kind in one execution.
type population struct {
	x     *execution
	kind  bundle.Kind
	count int
	// ordinal is the number of replicas of the kinds before this one.
	ordinal int
	// overrides are, by ID, the values that replace those of the kind. own caches the results of values, or of row.
	overrides map[int]*values.Node
	own       map[int]map[string]any
	common    map[string]any // the row without overrides
}

// values returns Replica.Values for one ID.
func (p *population) values(id int) map[string]any {
	instead := p.overrides[id]
	if instead == nil {
		return p.x.data.Values
	}
	if p.own[id] == nil {
		if p.kind.Row != nil {
			return p.x.data.Values // they are laid over the row
		}
		own := maps.Clone(p.x.data.Values)
		for key := range own {
			if p.x.changes && key != "replicas" { // a copy of replicas for each replica would take quadratic time
				own[key] = copyOf(p.x.input.values[key])
				p.x.orders.note(p.x.input.node.Fields[key], own[key])
			}
		}
		own[p.kind.Name] = instead.Plain()
		p.x.orders.note(instead, own[p.kind.Name])
		p.x.orders.note(p.x.input.node, own)
		if p.own == nil {
			p.own = map[int]map[string]any{}
		}
		p.own[id] = own
	}
	return p.own[id]
}

// row returns Replica.Row for one ID, a copy that templates may change.
func (p *population) row(id int) map[string]any {
	if p.kind.Row == nil {
		return map[string]any{}
	}
	instead := p.overrides[id]
	if instead == nil {
		if p.common == nil {
			p.common = p.copyOfRow(p.kind.Row)
		}
		return p.common
	}
	if p.own[id] == nil {
		if p.own == nil {
			p.own = map[int]map[string]any{}
		}
		p.own[id] = p.copyOfRow(instead)
	}
	return p.own[id]
}

func (p *population) copyOfRow(n *values.Node) map[string]any {
	row := n.Plain().(map[string]any)
	p.x.orders.note(n, row)
	return row
}

// inTurn returns the sequence of the replicas of several populations, one after the other.
func inTurn[T any](all []Walk[T]) Walk[T] {
	return func(yield func(T) bool) {
		for _, walk := range all {
			for one := range walk {
				if !yield(one) {
					return
				}
			}
		}
	}
}

// each is the sequence in Data.Kinds. Where a body breaks, text/template panics through yield, which does not return.
func (p *population) each(yield func(Replica) bool) {
	var (
		x     = p.x
		begin int
		more  = true
	)
	done := func() {
		if x.walks == 1 && x.to == nil && !x.dropped {
			x.spans = append(x.spans, Span{begin, x.offset()})
		}
	}
	x.walks++
	var replica Replica
	outer := x.inside
	defer func() {
		x.inside = outer
		if !more { // the body broke out, in the middle of a replica
			done()
			x.undo.end()
		}
		x.walks--
		if problem := recover(); problem != nil {
			if _, ok := problem.(template.ExecError); ok && x.failed == "" { // and no break
				x.failed = replica.Name
			}
			panic(problem)
		}
	}()
	for i := range p.count {
		id := p.kind.First + i
		begin, more = x.offset(), false
		replica = Replica{
			ID: id, Index: i, Ordinal: p.ordinal + i, Name: p.kind.NameOf(id), Replicas: p.count, Stage: x.data.Stage,
			Values: p.values(id), Kind: p.kind.Name, Row: p.row(id), Counts: x.data.Counts, naming: x.data.naming,
		}
		x.undo.begin()
		x.inside = replica.Name
		if !yield(replica) {
			return
		}
		more = true
		x.undo.end()
		done()
		if i == 0 && x.to == nil && !x.dropped {
			length := x.offset() - begin // the others are about as long
			x.out.Grow(min((p.count-1)*(length+length/64)+slack, x.keep))
		}
	}
}

// repeat is the sequence that patternsFunc returns. It yields once for all replicas without values of their own, and
// once for each other replica, and turns the output of each into a piece with holes for the ID.
func (p *population) repeat(yield func(pattern) bool) {
	x := p.x
	if p.count == 0 {
		return
	}
	x.walks++
	defer func() { x.walks-- }()
	x.add(piece{text: x.cut()}) // before the replicas
	others := slices.Sorted(maps.Keys(p.overrides))
	others = slices.DeleteFunc(others, func(id int) bool { return id > p.kind.Last(p.count) })
	if len(others) == 0 {
		p.pattern(yield, commonID, x.add)
		return
	}
	var common piece
	if len(others) < p.count {
		p.pattern(yield, commonID, func(all piece) { common = all })
	}
	next, last := p.kind.First, p.kind.Last(p.count)
	for _, id := range append(others, last+1) {
		if common.first, common.last = next, id-1; next < id {
			x.add(common)
		}
		if next = id + 1; id <= last {
			p.pattern(yield, id, func(one piece) {
				one.first, one.last = id, id
				x.add(one)
			})
		}
	}
}

// commonID is the ID of no replica.
const commonID = -1

// pattern executes the body once, with the values of the replica with that ID, and calls take with its output. For
// commonID the values are those of all replicas without values of their own.
func (p *population) pattern(yield func(pattern) bool, id int, take func(piece)) {
	x := p.x
	made := piece{repeated: true, first: p.kind.First, last: p.kind.First} // last is first if the body breaks, see each
	defer func() {
		made.text = x.cut()
		take(made)
	}()
	mark := func(h hole) {
		h.at += x.out.Len()
		made.holes = append(made.holes, h)
	}
	if yield(pattern{p.count, x.data.Stage, p.values(id), p.kind.Name, p.row(id), x.data.Counts, x.data.naming, p.kind, p.ordinal, mark}) {
		made.last = p.kind.Last(p.count)
	}
}

// cut returns the content of out, and empties out.
func (x *execution) cut() []byte {
	text := bytes.Clone(x.out.Bytes())
	x.out.Reset()
	return text
}

// add appends a piece.
func (x *execution) add(p piece) {
	if x.dropped {
		return
	}
	x.pieces = append(x.pieces, p)
	x.begin += len(p.text)
	if p.repeated {
		x.begin += (p.last - p.first) * len(p.text)
		for _, h := range p.holes {
			x.begin += h.lengths(p.first+h.plus, p.last+h.plus)
		}
	}
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
		if p.repeated {
			doc.Replicas = slices.Grow(doc.Replicas, p.last-p.first+1)
		}
		for id := p.first; p.repeated && id <= p.last; id++ {
			begin := len(doc.Bytes)
			doc.Bytes = p.append(doc.Bytes, id)
			doc.Replicas = append(doc.Replicas, Span{begin, len(doc.Bytes)})
		}
		if !p.repeated {
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
		to = append(to, p.text[at:hole.at]...)
		for n, limit := 1, 10; n < hole.width; n, limit = n+1, limit*10 {
			if id+hole.plus < limit {
				to = append(to, '0')
			}
		}
		to = strconv.AppendInt(to, int64(id+hole.plus), 10)
		at = hole.at
	}
	return append(to, p.text[at:]...)
}

// chunk is the size of one write, in bytes.
const chunk = 64 << 10

// writeTo writes the document to w. It calls again for a document that was dropped.
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
		for id := p.first; id <= p.last; id++ { // once for a text that appears once
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

// lengths returns the sum of the lengths of the numbers from first to last at h.
func (h hole) lengths(first, last int) int {
	sum := digits(last) - digits(first-1)
	for n, limit := 1, 10; n < h.width; n, limit = n+1, limit*10 { // those that are shorter than limit lack a zero each
		sum += max(0, min(last, limit-1)-first+1)
	}
	return sum
}

// digits returns the sum of the numbers of digits of 0 to n.
func digits(n int) int {
	if n < 0 {
		return 0
	}
	sum := 1
	for from := 1; from <= n; from *= 10 {
		sum += n - from + 1
	}
	return sum
}
