package escape

import "text/template/parse"

// blockScalar is about the open block scalar.
//
//	a: |      blockHeader: parent is 0
//	          blockLine: blank becomes 0
//	   x      block: content is 3
//	  y       refused: left of content
//	b: c      not right of parent: the scalar has ended
type blockScalar struct {
	// content is the indentation of the lines, 0 while no line has been seen. explicit: the header gives it.
	// uneven: it differs between branches. blank is the largest indentation of the empty lines before the first.
	content, blank   int
	explicit, uneven bool
	// folded: the scalar began with >. keep: its header has a +, so line breaks at its end are part of it. strip: its
	// header may have a -, so not even one of them is.
	folded, keep, strip bool
	// In block, begins: the line may be empty up to here, because a branch may have printed nothing. first: it
	// may be the line that decides content.
	begins, first bool
	// header: a branch may have ended in blockHeader, so a line break has to come next.
	header bool
}

// nextLine returns b behind the end of a line that has column characters so far.
func (b blockScalar) nextLine(column int) blockScalar {
	b.begins, b.first, b.header = false, false, false
	if b.blank = max(b.blank, column); b.content != 0 {
		b.blank = 0
	}
	return b
}

func (c context) inBlock() bool {
	return c.place == blockHeader || c.place == blockLine || c.place == block
}

// needsBreak says what is wrong if header is set and no line break is next.
const needsBreak = "one of the branches before this ends on the line of | or >: begin a new line"

// openBlockLine leaves blockLine: for block, or for lineStart if the line that begins is behind the scalar.
func (c *context) openBlockLine() (problem string) {
	switch {
	case c.column <= c.parent || c.column == 0:
		// A line further to the right would have been one of the scalar.
		*c = context{column: c.column, parent: c.parent, above: above{open: max(c.parent, 0)}, entry: true}
		return ""
	case c.content == 0 && c.column < c.blank:
		return "the block scalar's first line has less spaces than an empty line before it, which YAML does not take"
	case c.content == 0:
		c.content = c.column
	case c.uneven && c.column != c.content:
		return "the lines of this block scalar are not indented alike in all branches"
	case c.column < c.content:
		return "this line is further to the left than the block scalar's first one"
	}
	c.place, c.column, c.blank, c.uneven = block, 0, 0, false
	return ""
}

// behindBlock returns c in a block scalar as a context behind the scalar, to be joined with one that is in none: a line
// further to the right than the scalar's key would go on with it, and so would more text in this line.
func (c context) behindBlock() context {
	end := context{parent: c.parent, above: above{open: max(c.parent, 0)}}
	switch c.place {
	case block:
		end.place, end.under = lineEnd, comment
	case blockLine:
		end.place, end.column, end.entry = lineStart, c.column, true
	default:
		return c
	}
	return end
}

// joinBlocks is join for places about a block scalar. b's place is not before a's.
func joinBlocks(a, b context) (context, bool) {
	if !a.inBlock() || !b.inBlock() || a.parent != b.parent || a.folded != b.folded || a.keep != b.keep || a.explicit != b.explicit {
		return context{}, false
	}
	c := b
	c.header = a.header || b.header || a.place == blockHeader && b.place != blockHeader
	c.strip = a.strip || b.strip
	c.blank = max(a.blank, b.blank)
	c.begins, c.first = a.begins || b.begins, a.first || b.first
	c.uneven = a.uneven || b.uneven
	switch {
	case a.place == blockLine && b.place == block:
		if a.column < b.content {
			return c, false // the line's text would be left of content, or behind the scalar
		}
		c.begins, c.first = true, c.first || a.content == 0 || a.uneven && !a.explicit
	case b.place == blockLine && a.place == blockLine && a.column != b.column:
		return c, false
	}
	if a.content != b.content {
		c.content, c.uneven = max(a.content, b.content), true
		return c, min(a.content, b.content) == 0
	}
	return c, true
}

// blockMayEnd reports whether a block scalar, whose lines are indented by content, may have nothing but line
// breaks behind a value that nodes follow. It may if the first hundred nodes do not show it.
func blockMayEnd(nodes []parse.Node, content int) bool {
	const most = 100 // or a scalar of many values would take the square of their number
	column := content
	for _, node := range nodes[:min(most, len(nodes))] {
		text, ok := node.(*parse.TextNode)
		if !ok {
			if prints(node) && column >= content || silent(node) {
				continue // a value there may be empty
			}
			return true
		}
		for _, ch := range text.Text {
			switch {
			case ch == '\n':
				column = 0
			case ch == ' ' && column < content:
				column++
			case ch != '\r':
				return column < content
			}
		}
	}
	return true
}
