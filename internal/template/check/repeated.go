package check

import (
	"bytes"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"github.com/tp0-lab/composer/internal/template/render"
	"github.com/tp0-lab/composer/internal/text"
)

// parseDocument returns what parse returns for a document, but for the lines and columns of nodes. It reads the text
// of replicas that differ from an earlier one of their walk by numbers once: the nodes of the others are copies with other
// numbers, and share all that does not differ. That is what a reader of YAML makes of them, because:
//
//   - A replica is whole lines, and parses alone to the nodes that it is in the document.
//   - The numbers that differ stand in scalars of one line, plain or in quotes without escapes, which end where they end
//     whatever digits they have.
//   - A plain scalar is a string whatever digits it has, or a whole number.
//
// s and alike are the results of newSample for doc.
func parseDocument(s *sample, alike bool) (root *yaml.Node, ok bool) {
	doc := s.doc
	if !alike {
		return parse(doc.Bytes)
	}
	var (
		repeated []*repeatedGroup
		leftOut  = map[int]bool{}
		begins   = map[int]int{} // where the first of a group begins in small
		small    []byte
		at       int
	)
	for _, r := range allRepeated(s.groups) {
		if r != nil {
			repeated = append(repeated, r)
			for _, other := range r.others {
				leftOut[other] = true
			}
		}
	}
	for i, span := range doc.Replicas {
		begins[i] = len(small) + span.Begin - at
		if leftOut[i] {
			small = append(small, doc.Bytes[at:span.Begin]...)
			at = span.End
		}
	}
	small = append(small, doc.Bytes[at:]...)
	if root, ok = parse(small); !ok || len(leftOut) == 0 {
		return root, ok
	}
	keys := map[[2]int]entry{}
	indexKeys(root, keys)
	for _, r := range repeated {
		line := bytes.Count(small[:begins[r.first]], []byte{'\n'})
		there, ok := keys[[2]int{line + r.own.Content[0].Line, r.own.Content[0].Column}]
		if !ok || !r.is(there, line) {
			return parse(doc.Bytes)
		}
		var numbers []render.Span
		for _, other := range r.others {
			span := doc.Replicas[other]
			own := doc.Bytes[span.Begin:span.End]
			_, numbers = appendShape(nil, numbers[:0], own)
			copied, ok := r.with(own, numbers)
			if !ok {
				return parse(doc.Bytes)
			}
			there.of.Content = append(there.of.Content, copied...)
		}
	}
	return root, true
}

// entry is the key of a mapping, by its index in Content.
type entry struct {
	of *yaml.Node
	at int
}

// indexKeys notes the keys of all mappings by line and column.
func indexKeys(n *yaml.Node, keys map[[2]int]entry) {
	for i, child := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 {
			keys[[2]int{child.Line, child.Column}] = entry{n, i}
		}
		indexKeys(child, keys)
	}
}

// repeatedGroup is a group whose members are entries of a mapping.
type repeatedGroup struct {
	*group
	own    *yaml.Node           // the mapping that the first member is
	varied map[*yaml.Node]place // scalars with numbers that differ
	above  map[*yaml.Node]bool  // nodes with such a scalar in them
}

// allRepeated returns newRepeated of each group, or nil for one whose members are no copies. Reading the text of the groups
// is half of the work of reading a document, so two goroutines do it.
func allRepeated(groups []*group) []*repeatedGroup {
	all := make([]*repeatedGroup, len(groups))
	half := func(from int) {
		for i := from; i < len(groups); i += 2 {
			if g := groups[i]; len(g.others) > 0 {
				if r, ok := newRepeated(g); ok {
					all[i] = r
				}
			}
		}
	}
	var second sync.WaitGroup
	second.Go(func() { half(1) })
	half(0)
	second.Wait()
	return all
}

// newRepeated returns false for a group whose members cannot be copies of the first.
func newRepeated(g *group) (*repeatedGroup, bool) {
	own, ok := parse(g.text)
	if !ok || own.Kind != yaml.MappingNode || own.Style&yaml.FlowStyle != 0 || len(own.Content) == 0 {
		return nil, false
	}
	r := &repeatedGroup{group: g, own: own, varied: map[*yaml.Node]place{}, above: map[*yaml.Node]bool{}}
	known := make([]bool, len(g.numbers))
	lines := lineOffsets(g.text)
	if _, ok := r.find(own, lines, known); !ok {
		return nil, false
	}
	for i, varies := range g.varies {
		if varies && !known[i] {
			return nil, false
		}
	}
	return r, true
}

// find notes the scalars in n with numbers that differ, and reports whether there is one. It returns false for a scalar
// whose place in the text is not known.
func (r *repeatedGroup) find(n *yaml.Node, lines []int, known []bool) (varies, ok bool) {
	if n.Kind != yaml.ScalarNode {
		for _, child := range n.Content {
			own, ok := r.find(child, lines, known)
			if !ok {
				return false, false
			}
			varies = varies || own
		}
		r.above[n] = varies
		return varies, true
	}
	span, ok := scalarSpan(r.text, lines, n)
	if !ok {
		return false, false
	}
	p := place{text: span}
	compare := func(number render.Span, at int) int { return number.Begin - at }
	p.firstNum, _ = slices.BinarySearchFunc(r.numbers, span.Begin, compare)
	p.endNum, _ = slices.BinarySearchFunc(r.numbers, span.End, compare)
	for i := p.firstNum; i < p.endNum; i++ {
		known[i] = true
	}
	if !slices.Contains(r.varies[p.firstNum:p.endNum], true) {
		return false, true
	}
	r.varied[n] = p
	const quotes = yaml.SingleQuotedStyle | yaml.DoubleQuotedStyle
	return true, n.Style&quotes != 0 || wordOrPath().MatchString(n.Value) || fourParts().MatchString(n.Value) || wholeNumber().MatchString(n.Value)
}

// fourParts matches an IPv4 address, which is no number to any version of YAML.
var fourParts = text.LazyRegexp(`^[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+$`)

// scalarSpan returns where the value of a scalar of one line stands in text, without its quotes.
func scalarSpan(text []byte, lines []int, n *yaml.Node) (render.Span, bool) {
	begin := lines[n.Line-1]
	line, _, _ := bytes.Cut(text[begin:], []byte{'\n'})
	if n.Column-1 > len(line) || n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		return render.Span{}, false
	}
	for range n.Column - 1 { // columns are characters
		_, size := utf8.DecodeRune(text[begin:])
		begin += size
	}
	raw := n.Value
	quote := ""
	switch {
	case n.Style&yaml.DoubleQuotedStyle != 0:
		quote = `"`
	case n.Style&yaml.SingleQuotedStyle != 0:
		quote = `'`
	}
	if quote != "" && strings.ContainsAny(raw, "\\\"'\n") || !bytes.HasPrefix(text[begin:], []byte(quote+raw+quote)) {
		return render.Span{}, false
	}
	begin += len(quote)
	return render.Span{Begin: begin, End: begin + len(raw)}, true
}

// is reports whether the entries at there, behind so many lines, are those of the first member.
func (r *repeatedGroup) is(there entry, above int) bool {
	entries := there.of.Content[there.at:]
	if len(entries) < len(r.own.Content) || there.of.Style&yaml.FlowStyle != 0 {
		return false
	}
	for i, own := range r.own.Content {
		if !sameNodes(own, entries[i], above) {
			return false
		}
	}
	return true
}

// sameNodes reports whether b is what a is, behind so many lines.
func sameNodes(a, b *yaml.Node, above int) bool {
	if a.Kind != b.Kind || a.Tag != b.Tag || a.Value != b.Value || a.Style != b.Style || a.Line+above != b.Line || a.Column != b.Column || len(a.Content) != len(b.Content) {
		return false
	}
	for i := range a.Content {
		if !sameNodes(a.Content[i], b.Content[i], above) {
			return false
		}
	}
	return true
}

// with returns the entries of another member, whose numbers are at those spans. It returns false for a number with a zero
// before it, which is no whole number to some versions of YAML.
func (r *repeatedGroup) with(text []byte, numbers []render.Span) (entries []*yaml.Node, ok bool) {
	ok = true
	var with func(n *yaml.Node) *yaml.Node
	with = func(n *yaml.Node) *yaml.Node {
		p, varies := r.varied[n]
		switch {
		case varies:
			own := *n
			own.Value = r.read(p, text, numbers)
			if n.Tag == "!!int" && !wholeNumber().MatchString(own.Value) {
				ok = false
			}
			return &own
		case !r.above[n]:
			return n
		}
		own := *n
		own.Content = make([]*yaml.Node, len(n.Content))
		for i, child := range n.Content {
			own.Content[i] = with(child)
		}
		return &own
	}
	return with(r.own).Content, ok
}
