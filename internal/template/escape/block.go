package escape

import "text/template/parse"

// lineFirst says what is wrong if a line break has to be next.
func (c *context) lineFirst() (problem string) {
	if c.header {
		return "one of the branches before this ends on the line of | or >: begin a new line"
	}
	return ""
}

// beginBlockLine decides whether a line is one of the block scalar.
func (s *scanner) beginBlockLine() error {
	inside, problem := s.openBlockLine()
	if problem != "" {
		return s.errorf("%s", problem)
	}
	if !inside {
		s.leaveBlock()
	}
	return nil
}

// leaveBlock makes the line that begins one behind the block scalar, in which
// lines further to the right would be.
func (c *context) leaveBlock() {
	*c = context{place: lineStart, column: c.column, parent: c.parent, open: max(c.parent, 0), entry: true}
}

// openBlockLine leaves blockLine for block and returns true, unless the line
// is not one of the block scalar.
func (c *context) openBlockLine() (inside bool, problem string) {
	switch {
	case c.column <= c.parent || c.column == 0:
		return false, ""
	case c.content == 0 && c.column < c.blank:
		return false, "the block scalar's first line has less spaces than an empty line before it, which YAML does not take"
	case c.content == 0:
		c.content = c.column
	case c.unsure && c.column != c.content:
		return false, "the lines of this block scalar are not indented alike in all branches"
	case c.column < c.content:
		return false, "this line is further to the left than the block scalar's first one"
	}
	c.place, c.column, c.blank, c.unsure = block, 0, 0, false
	return true, ""
}

// joinBlocks is join for places about a block scalar.
func joinBlocks(a, b context) (context, bool) {
	is := func(p place) bool { return p == blockHeader || p == blockLine || p == block }
	if !is(a.place) || !is(b.place) || a.parent != b.parent || a.folded != b.folded || a.keep != b.keep || a.explicit != b.explicit {
		return context{}, false
	}
	c := b // the later one of the places
	c.header = a.header || b.header || a.place == blockHeader && b.place != blockHeader
	c.blank = max(a.blank, b.blank)
	c.begins, c.first = a.begins || b.begins, a.first || b.first
	if a.place == blockLine && b.place == block {
		if a.column < b.content {
			return context{}, false // the line has too little before its text, or is none of the scalar
		}
		c.begins, c.first = true, c.first || a.content == 0 || a.unsure && !a.explicit
	}
	if a.content != b.content {
		if a.content != 0 && b.content != 0 {
			return context{}, false
		}
		c.content, c.unsure = max(a.content, b.content), true
	}
	c.unsure = c.unsure || a.unsure
	if c.place == blockLine && a.place == blockLine && a.column != b.column {
		return context{}, false
	}
	return c, true
}

// blockMayEnd reports whether a block scalar, whose lines are indented by
// content, may have nothing but line breaks behind a value that nodes follow. If it
// does not show in the first hundred of them, it may.
func blockMayEnd(nodes []parse.Node, content int) bool {
	const most = 100 // so that a scalar of many values does not take the square of them
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
