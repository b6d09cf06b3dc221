package escape

import (
	"fmt"
	"math"
	"strings"
)

// place is what part of a YAML document a character belongs to.
type place uint8

const (
	lineStart    place = iota // in the indentation of a line
	beforeNode                // where a node may begin: behind "key:", "- ", "[", ","
	plain                     // in a scalar without quotes
	doubleQuoted              // in a scalar in double quotes
	singleQuoted              // in a scalar in single quotes
	afterNode                 // behind a node that is complete
	lineEnd                   // behind branches that end differently, but all where a line may end
	comment                   // behind #
	blockHeader               // between | or > and the end of its line
	blockLine                 // in the indentation of a line of a block scalar
	block                     // in a line of a block scalar
	property                  // in an anchor, an alias or a tag
	dead                      // behind break or continue
)

var placeNames = [...]string{
	lineStart:    "at the start of a line",
	beforeNode:   "before a value",
	plain:        "in a scalar without quotes",
	doubleQuoted: "in double quotes",
	singleQuoted: "in single quotes",
	afterNode:    "behind a value",
	lineEnd:      "behind a branch",
	comment:      "in a comment",
	blockHeader:  "behind the sign of a block scalar",
	blockLine:    "at the start of a line of a block scalar",
	block:        "in a block scalar",
	property:     "in an anchor, alias or tag",
	dead:         "nowhere",
}

func (p place) String() string { return placeNames[p] }

// closed is the value of context.open where no scalar without quotes can go on.
const closed = math.MaxInt

// context is all that has to be known of the text before a point to know what
// a value at that point is. Contexts are compared with ==.
type context struct {
	place place
	// flow is the brackets that are open, outermost first; : stands for a { behind
	// the colon of one of its keys.
	flow string
	// column is that of the next character, in lineStart, blockLine, and in
	// beforeNode while that is behind nothing but "- ".
	column int
	// parent is the column of the key or dash whose value is here, -1 for the
	// document's. Lines of the value stand further to the right.
	parent int
	// open: a line that begins to the right of this column may go on with the
	// scalar above it. unsure means that it is not known whether it does.
	open   int
	unsure bool
	// structure is the number of the place of a structure that is above, and of
	// which a line to the right of open would be more, 0 if there is none.
	structure int
	// entry: a key or a dash may begin here, as nothing is before it in its line
	// but dashes.
	entry bool
	// tagged: an anchor or tag is before in the line, and column is where the first
	// of them begins: if a key is next, it begins there.
	tagged bool
	// glued: what is before is a colon or a dash with no space behind it yet.
	glued bool
	// content is the indentation of a block scalar's lines, 0 while none has
	// been seen. explicit: its header says so. folded: it began with >. keep: its
	// header has a +, so that line breaks at its end are part of it.
	content                int
	explicit, folded, keep bool
	// blank is the most spaces of the empty lines before a block scalar's first one.
	blank int
	// begins: in block, the line may have nothing yet, as a branch that printed
	// nothing is all of it. first: it may be the one that decides content.
	begins, first bool
	// header: behind a branch that may have ended in blockHeader, so that a line
	// break has to come next.
	header bool
	// scalar is about the scalar that is open.
	scalar scalar
	// under is what a comment within brackets interrupts.
	under place
}

// scalar is what has to be known about an open scalar.
type scalar struct {
	column   int  // where it begins, if it may be a key
	key      bool // it is the key of a mapping, which Compose does not interpolate
	unproven bool // it could be a number or a word such as yes
	values   bool // it has a value in it
	lines    bool // it has a line break in it
	loose    bool // at its end an empty value would change its meaning: behind a space, a colon, a - or ? that begins it, or at the start
	start    bool // nothing is before
	escape   int  // how many more characters belong to a backslash
	dollar   dollar
}

// beginning is the context at the beginning of a document.
func beginning() context { return context{parent: -1, open: closed, entry: true} }

func (c context) String() string {
	s := c.place.String()
	if c.place == lineStart || c.place == blockLine {
		s += fmt.Sprintf(" with %d spaces", c.column)
	}
	if c.flow != "" {
		s += ", in " + c.brackets()
	}
	if c.scalar.key && (c.place == plain || c.place == doubleQuoted || c.place == singleQuoted) {
		s += ", in a key"
	}
	return s
}

// newline returns the context of a line that begins behind c, and whether a
// line may end there.
func (c context) newline() (context, bool) {
	next := context{place: lineStart, flow: c.flow, parent: c.parent, open: closed, entry: true}
	switch c.place {
	case blockHeader:
		return context{place: blockLine, parent: c.parent, content: c.content, explicit: c.explicit, folded: c.folded, keep: c.keep}, true
	case blockLine, block:
		next := context{place: blockLine, parent: c.parent, content: c.content, explicit: c.explicit, folded: c.folded, keep: c.keep, unsure: c.unsure}
		if c.content == 0 {
			next.blank = max(c.blank, c.column)
		}
		return next, true
	case doubleQuoted, singleQuoted:
		c.scalar.lines = true
		return c, true
	case lineStart:
		next.open, next.unsure, next.structure = c.open, c.unsure, c.structure
	case plain:
		next.open = c.parent
	case afterNode, lineEnd:
		next.open, next.unsure, next.structure = c.open, c.unsure, c.structure
	case beforeNode, comment, property:
	default:
		return c, false
	}
	if c.flow != "" { // a line break is white space there
		c.entry, c.glued = false, false
		switch c.place {
		case comment:
			c.place = c.under
			c.under = 0
		case property:
			c.place = beforeNode
		case lineEnd:
			c.under = 0
		case plain:
			c.scalar.lines = true
		}
		return c, true
	}
	return next, true
}

// join returns the context behind branches that end in a and b, and whether
// there is one.
func join(a, b context) (context, bool) {
	switch {
	case a.place == dead:
		return b, true
	case b.place == dead:
		return a, true
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
	if a.place == lineStart && b.place == lineStart && a.column == b.column && a.flow == b.flow {
		c := a
		c.open, c.unsure = min(a.open, b.open), true
		c.parent = min(a.parent, b.parent)
		c.structure = joinStructures(a, b)
		return c, true
	}
	if !a.mayEnd() || !b.mayEnd() || a.flow != b.flow {
		return context{}, false
	}
	return context{
		place: lineEnd, flow: a.flow, parent: min(a.parent, b.parent), open: min(a.opens(), b.opens()), unsure: true,
		under: under(a, b), structure: joinStructures(a, b),
	}, true
}

// joinStructures returns the structure of a or b that a line may be more of, if
// the other has nothing that a line could be more of.
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

// mergeWith gives both what either demands of the values that follow.
func (s *scalar) mergeWith(other *scalar) {
	merged := *s
	merged.values = s.values || other.values
	merged.lines = s.lines || other.lines
	merged.loose = s.loose || other.loose
	merged.start = s.start || other.start
	merged.unproven = s.unproven || other.unproven
	merged.dollar = max(s.dollar, other.dollar)
	if s.key == other.key && s.column == other.column && s.escape == other.escape {
		*s, *other = merged, merged
	}
}

// under is comment if only one of both ends in a comment, so that nothing may
// follow in the line.
func under(a, b context) place {
	if a.place == comment || b.place == comment || a.place == lineEnd && a.under == comment || b.place == lineEnd && b.under == comment {
		return comment
	}
	return 0
}

// mayEnd reports whether a line may end here without going on in the next.
func (c context) mayEnd() bool {
	switch c.place {
	case lineStart, beforeNode, plain, afterNode, lineEnd, comment, property:
		return true
	default:
		return false
	}
}

// whole reports whether a document, or lines to include, may end here.
func (c context) whole() bool {
	inBlock := c.place == blockHeader || c.place == blockLine || c.place == block
	return c.flow == "" && (c.mayEnd() || inBlock)
}

// opens is what open will be behind the end of the line.
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

// maxBrackets is how many brackets may be open. Contexts that differ in them are
// compared again and again.
const maxBrackets = 200

func (c *context) push(bracket byte) { c.flow += string(bracket) }

// colon and comma say that a value, or a key, is next within braces.
func (c *context) colon() { c.swap("{", ":") }
func (c *context) comma() { c.swap(":", "{") }

func (c *context) swap(old, instead string) {
	if rest, ok := strings.CutSuffix(c.flow, old); ok {
		c.flow = rest + instead
	}
}

// brackets is flow as it stands in the template.
func (c context) brackets() string { return strings.ReplaceAll(c.flow, ":", "{") }

// pop closes the innermost bracket and reports whether that is of the kind.
func (c *context) pop(closing byte) bool {
	opening := map[byte]string{']': "[", '}': "{"}[closing]
	if !strings.HasSuffix(c.brackets(), opening) {
		return false
	}
	c.flow = c.flow[:len(c.flow)-1]
	return true
}
