package escape

import (
	"fmt"
	"math"
	"strings"
)

// place is the part of a YAML document that a character belongs to.
type place uint8

const (
	lineStart place = iota
	beforeNode
	plain
	doubleQuoted
	singleQuoted
	afterNode
	lineEnd
	comment
	blockHeader
	blockLine
	block
	property
	dead
	anyText
)

var placeNames = [...]string{
	lineStart:    "at the start of a line", // in its indentation
	beforeNode:   "before a value",         // behind "key:", "- ", "[", ","
	plain:        "in a scalar without quotes",
	doubleQuoted: "in double quotes",
	singleQuoted: "in single quotes",
	afterNode:    "behind a value", // which is complete
	lineEnd:      "behind a branch",
	comment:      "in a comment",
	blockHeader:  "behind the sign of a block scalar", // up to the end of its line
	blockLine:    "at the start of a line of a block scalar",
	block:        "in a block scalar",
	property:     "in an anchor, alias or tag",
	dead:         "behind break or continue",
	anyText:      "in text", // of a file that is no YAML
}

func (p place) String() string { return placeNames[p] }

// context says where in YAML a point of a template is: all that is needed to decide how a value is written
// there. Contexts are compared with ==.
//
//	services:
//	  a: x      At the end of this line, parent is 2, the column of the key a.
//	    y       4 is to the right of 2, so this line goes on with the scalar x.
//	  b: z      2 is not, so a key may begin here.
type context struct {
	place place
	// flow is the open brackets, outermost first. A : stands for a { behind the colon of one of its keys.
	flow string
	// column is the column of the next character, from 0. It is known in lineStart and blockLine, and in
	// beforeNode while nothing but "- " precedes it in the line.
	column int
	// parent is the column of the key or dash whose value is here, -1 for the document's value.
	parent int
	above
	// entry: a key or a dash may begin here, because only dashes precede it in the line.
	entry bool
	// tagged: an anchor or tag precedes in the line, and column is where the first of them begins, so a key
	// that follows counts as beginning there.
	tagged bool
	// glued: the colon or dash before this has no space behind it yet.
	glued bool
	blockScalar
	scalar scalar
	// under is the place that a comment within brackets interrupts. In lineEnd, comment says that one of the
	// branches ends in a comment.
	under place
}

// above is about the value that ends above a line.
type above struct {
	// A line that begins to the right of the column open goes on with that value. unsure: only in some
	// branches it does.
	open   int
	unsure bool
	// structure is the number of the site of a structure that such a line adds to, or 0.
	structure int
}

// closed is the value of open if no line can go on with the value.
const closed = math.MaxInt

var nothingAbove = above{open: closed}

// scalar is about the open scalar.
type scalar struct {
	column   int  // where it begins if it may be a key, else -1
	key      bool // it is the key of a mapping, which Compose does not interpolate
	unproven bool // YAML could read it as a number or a word such as yes
	values   bool // a value is in it
	lines    bool // a line break is in it
	loose    bool // an empty value here would change the meaning: behind a space, a colon, or a - or ? that begins it
	start    bool // nothing of it precedes
	escape   int  // how many more characters belong to a backslash
	dollar   dollar
}

// beginning is the context at the beginning of a document.
func beginning() context { return context{parent: -1, above: nothingAbove, entry: true} }

func (c context) String() string {
	s := c.place.String()
	if c.place == lineStart || c.place == blockLine {
		s += fmt.Sprintf(" with %d spaces", c.column)
	}
	if c.flow != "" {
		s += ", in " + c.brackets()
	}
	if c.scalar.key && c.inScalar() && c.place != block {
		s += ", in a key"
	}
	return s
}

// newline returns the context behind a line break at c, and whether a line may end at c.
func (c context) newline() (context, bool) {
	switch c.place {
	case blockHeader, blockLine, block:
		return context{place: blockLine, parent: c.parent, blockScalar: c.nextLine(c.column)}, true
	case doubleQuoted, singleQuoted:
		c.scalar.lines = true
		return c, true
	case dead:
		return c, false
	}
	if c.flow != "" { // a line break is white space there
		c.entry, c.glued = false, false
		switch c.place {
		case comment:
			c.place, c.under = c.under, 0
		case property:
			c.place = beforeNode
		case lineEnd:
			c.under = 0
		case plain:
			c.scalar.lines = true
		}
		return c, true
	}
	next := context{place: lineStart, parent: c.parent, above: nothingAbove, entry: true}
	switch c.place {
	case lineStart, afterNode, lineEnd:
		next.above = c.above
	case plain:
		next.open = c.parent
	}
	return next, true
}

// join returns the context behind branches that end in a and b, and whether there is one.
func join(a, b context) (context, bool) {
	switch {
	case a.place == dead:
		return b, true
	case b.place == dead:
		return a, true
	}
	if !a.inBlock() || !b.inBlock() {
		a, b = a.behindBlock(), b.behindBlock()
	}
	if a.inScalar() && b.inScalar() {
		a.scalar.mergeWith(&b.scalar)
	}
	if a == b {
		return a, true
	}
	if a.place > b.place {
		a, b = b, a
	}
	if c, ok := joinBlocks(a, b); ok {
		return c, true
	}
	c := context{
		place: lineEnd, flow: a.flow, parent: min(a.parent, b.parent),
		above: above{open: min(a.opens(), b.opens()), unsure: true, structure: joinStructures(a, b)},
	}
	switch {
	case a.flow != b.flow:
		return c, false
	case a.place == lineStart && b.place == lineStart && a.column == b.column:
		above, parent := c.above, c.parent
		c = a
		c.above, c.parent = above, parent
		return c, true
	case a.endsInComment() || b.endsInComment():
		c.under = comment
	}
	return c, a.mayEnd() && b.mayEnd()
}

// joinStructures returns the structure of a or b that a line may add to, if the other has no value that a
// line could go on with.
func joinStructures(a, b context) int {
	switch {
	case a.structure == b.structure || b.opens() == closed:
		return a.structure
	case a.opens() == closed:
		return b.structure
	default:
		return 0
	}
}

// inScalar reports whether text at c is text of a scalar.
func (c context) inScalar() bool {
	return c.place == plain || c.place == doubleQuoted || c.place == singleQuoted || c.place == block
}

// mergeWith gives both scalars the demands of either on the values that follow.
func (s *scalar) mergeWith(other *scalar) {
	if s.key != other.key || s.column != other.column || s.escape != other.escape {
		return
	}
	s.values = s.values || other.values
	s.lines = s.lines || other.lines
	s.loose = s.loose || other.loose
	s.start = s.start || other.start
	s.unproven = s.unproven || other.unproven
	s.dollar = max(s.dollar, other.dollar)
	*other = *s
}

// endsInComment reports whether nothing more may stand in the line, because of a comment in some branch.
func (c context) endsInComment() bool {
	return c.place == comment || c.place == lineEnd && c.under == comment
}

// mayEnd reports whether a line may end here and the next one begin a new node.
func (c context) mayEnd() bool {
	return c.place != doubleQuoted && c.place != singleQuoted && c.place != dead && !c.inBlock()
}

// whole reports whether a document, or lines to include, may end here.
func (c context) whole() bool { return c.flow == "" && (c.mayEnd() || c.inBlock()) }

// opens returns the value of open behind the end of the line.
func (c context) opens() int {
	switch c.place {
	case plain:
		return c.parent
	case lineStart, afterNode, lineEnd:
		return c.open
	default:
		return closed
	}
}

// maxBrackets is how many brackets may be open: they are compared with each context.
const maxBrackets = 200

// colon and comma say that a value, or a key, is next within braces.
func (c *context) colon() { c.swap("{", ":") }
func (c *context) comma() { c.swap(":", "{") }

func (c *context) swap(old, instead string) {
	if rest, ok := strings.CutSuffix(c.flow, old); ok {
		c.flow = rest + instead
	}
}

// brackets returns flow as it stands in the template.
func (c context) brackets() string { return strings.ReplaceAll(c.flow, ":", "{") }
