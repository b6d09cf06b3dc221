package escape

import (
	"strings"
	"text/template/parse"

	"github.com/tp0-lab/composer/internal/text"
)

// action gives an action the command that writes its value for c, and returns
// the context behind it. The action is the first of the nodes ahead.
func (w *walker) action(c context, n *parse.ActionNode, ahead []parse.Node) (context, error) {
	s := site{tree: w.tree, pos: n.Pos, column: -1, flow: c.flow != ""}
	fail := func(format string, args ...any) (context, error) {
		return c, w.out.errorAt(w.tree, n.Pos, format, args...)
	}
	if problem := c.lineFirst(); problem != "" {
		return fail("%s", problem)
	}
	structure, shift := makesStructure(n.Pipe), 0
	if column, ok := ownLines(n, c.flow != ""); ok {
		switch c.place {
		case property:
			c.place, c.glued = beforeNode, true
		case plain, afterNode, lineEnd, comment:
			c, _ = c.newline()
			c.column, s.below = column, true
			if column > c.open && c.structure == 0 {
				return fail("%s", goesOn(column, c.open))
			}
		}
	}
	switch c.place {
	case lineStart:
		if c.flow == "" && lastFunction(n.Pipe) == "indent" {
			shift, s.below = constantIndent(n)
			c.column += shift
		}
		s.line, s.above = true, c.open
		if c.structure > 0 { // the lines may be more of that
			s.above = max(c.open, c.column)
		}
		if problem := w.openLine(&c, false); problem != "" {
			return fail("%s", problem)
		}
	case blockLine:
		s.begins, s.first = true, c.content == 0 || c.unsure && !c.explicit
		inside, problem := c.openBlockLine()
		if problem != "" {
			return fail("%s", problem)
		}
		if !inside {
			c.leaveBlock()
			return w.action(c, n, ahead)
		}
	}
	s.parent = c.parent
	if c.entry && !c.tagged {
		s.column = c.column - shift
	}
	s.place = c.place
	switch c.place {
	case beforeNode:
		e := plainAhead("", ahead, s.flow)
		switch {
		case c.glued && !structure:
			return fail("there is no space before the value: put one behind the colon or dash, or the whole scalar in quotes")
		case structure && e.key && lastFunction(n.Pipe) != "raw":
			return fail("this makes a map or a list, which is no key: a value that is one needs no function")
		case structure && (c.glued || e.whole):
			s.glued, s.trimmed, s.whole = c.glued, w.trimmed, true
			c.startScalar(false)
			c.place, c.unsure, c.scalar.values = afterNode, true, lastFunction(n.Pipe) != "raw"
			switch {
			case s.flow:
			case s.line:
				c.open = s.column + shift
			default:
				c.open, c.structure = c.parent, len(w.out.sites)
			}
		case e.whole:
			c.startScalar(e.key)
			s.whole, s.key = true, c.scalar.key
			c.place, c.scalar.values, c.unsure = afterNode, true, true
			if c.open = c.parent; s.flow {
				c.open = closed
			}
		default:
			c.startScalar(e.key)
			c.place, c.scalar.unproven = plain, e.unproven
			s.place, w.source = plain, e.source
			return w.part(c, n, s)
		}
	case block:
		s.begins, s.first = s.begins || c.begins, s.first || c.first
		c.begins, c.first = false, false
		s.ends = !c.keep && blockMayEnd(ahead[1:], c.content)
		return w.part(c, n, s)
	case plain, doubleQuoted, singleQuoted:
		return w.part(c, n, s)
	case comment:
	case afterNode, lineEnd:
		return fail("%s", c.behindValue())
	case blockHeader:
		return fail("a value cannot stand on the line of | or >: write it on the next line, indented; its lines are indented like its first")
	default:
		return fail("a value cannot stand %s", c.place)
	}
	w.rewriteAction(n, s)
	return c, nil
}

// part is action for a value within a longer text.
func (w *walker) part(c context, n *parse.ActionNode, s site) (context, error) {
	fail := func(format string, args ...any) (context, error) {
		return c, w.out.errorAt(w.tree, n.Pos, format, args...)
	}
	s.source = w.source
	switch {
	case c.place != block && c.scalar.lines:
		return fail("a value cannot stand in a scalar of several lines: write it in one line, in double quotes, with \\n where it has line breaks")
	case c.scalar.escape > 0:
		return fail("a value cannot stand within an escape: the backslash before it wants more characters")
	case c.scalar.dollar != noDollar && !c.scalar.key:
		return fail("a value cannot stand within an interpolation of Compose: write ${NAME} in braces before it, $$ for a dollar, or {{ interpolate (printf \"${NAME:-%%s}\" .Value) }}")
	case c.place == plain && c.scalar.loose && !c.scalar.values && (!c.scalar.key || c.flow != "") && (c.scalar.column >= 0 || strings.HasSuffix(c.brackets(), "{")) && keyAndValue().MatchString(s.source):
		return fail("there is no space between the colon and the value: put one there, or the whole scalar in quotes")
	case c.place == plain && c.scalar.unproven:
		return fail("without quotes this may be read as a number, a date, or a word such as yes: write %s", advice(s.source))
	}
	s.key, s.start, s.loose = c.scalar.key, c.scalar.start, c.scalar.loose
	s.content, s.folded = c.content, c.folded
	c.scalar.values, c.scalar.start, c.scalar.loose = true, false, false
	w.rewriteAction(n, s)
	return c, nil
}

// keyAndValue matches what is most likely meant to be a key and a value.
var keyAndValue = text.LazyRegexp(`^[A-Za-z0-9_.-]+:\{\{`)

func (w *walker) rewriteAction(n *parse.ActionNode, s site) {
	n.Pipe.Cmds = append(n.Pipe.Cmds, w.command(n.Pos, WriteFunc, w.add(s)))
}
