package escape

import (
	"bytes"
	"fmt"
	"strings"
	"text/template/parse"

	"github.com/tp0-lab/composer/internal/text"
)

// action gives nodes[i] the command that writes its value for c, and returns the context behind it.
func (w *walker) action(c context, nodes []parse.Node, i int) (context, error) {
	n := nodes[i].(*parse.ActionNode)
	s := site{tree: w.tree, pos: n.Pos, column: -1, flow: c.flow != "", dollars: w.out.Format != Compose, env: w.out.Format == Env}
	if c.place == anyText {
		s.place = anyText
		n.Pipe.Cmds = append(n.Pipe.Cmds, w.command(n.Pos, WriteFunc, w.add(s)))
		return c, nil
	}
	if i > 0 && c.place == beforeNode && !c.entry && !c.glued && makesStructure(n.Pipe) {
		s.trimmed = trimColon(nodes[i-1]) // lines of structure begin with a line break
		c.glued = s.trimmed
	}
	c, problem := w.value(c, n.Pipe, nodes[i:], &s)
	if problem != "" {
		return c, w.out.errorAt(w.tree, n.Pos, "%s", problem)
	}
	n.Pipe.Cmds = append(n.Pipe.Cmds, w.command(n.Pos, WriteFunc, w.add(s)))
	return c, nil
}

// trimColon takes the space behind the colon away that a text ends with, and reports whether there is one.
func trimColon(node parse.Node) bool {
	text, ok := node.(*parse.TextNode)
	if !ok {
		return false
	}
	trimmed := bytes.TrimRight(text.Text, " ")
	if !bytes.HasSuffix(trimmed, []byte(":")) {
		return false
	}
	text.Text = trimmed
	return true
}

// value completes the site of a value at c and returns the context behind it, or says why no value may stand
// there. The value is that of ahead[0].
func (w *walker) value(c context, pipe *parse.PipeNode, ahead []parse.Node, s *site) (after context, problem string) {
	if c.header {
		return c, needsBreak
	}
	structure, shift := makesStructure(pipe), 0
	if column, ok := ownLines(ahead[0], s.flow); ok {
		if problem := c.toOwnLines(column, s); problem != "" {
			return c, problem
		}
	}
	if c.place == blockLine {
		s.begins, s.first = true, c.content == 0 || c.uneven && !c.explicit
		if problem := c.openBlockLine(); problem != "" {
			return c, problem
		}
	}
	if c.place == lineStart {
		if !s.flow && lastFunction(pipe) == "indent" {
			shift, s.below = constantIndent(pipe)
			c.column += shift
		}
		s.line, s.above = true, c.open
		if c.structure > 0 { // the lines may add to that
			s.above = max(c.open, c.column)
		}
		if problem := w.openLine(&c, false); problem != "" {
			return c, problem
		}
	}
	s.parent = c.parent
	if c.entry && !c.tagged {
		s.column = c.column - shift
	}
	s.place = c.place
	switch c.place {
	case beforeNode:
		return w.nodeValue(c, structure, lastFunction(pipe) == "raw", shift, ahead, s)
	case block:
		s.begins, s.first = s.begins || c.begins, s.first || c.first
		c.begins, c.first = false, false
		s.ends, s.strip = !c.keep && blockMayEnd(ahead[1:], c.content), c.strip
		return w.part(c, s)
	case plain, doubleQuoted, singleQuoted:
		return w.part(c, s)
	case comment:
	case afterNode, lineEnd:
		return c, c.behindValue()
	case blockHeader:
		return c, "a value cannot stand on the line of | or >: write it on the next line, indented; its lines are indented like its first"
	default:
		return c, fmt.Sprintf("a value cannot stand %s", c.place)
	}
	return c, ""
}

// toOwnLines goes to the line that the value's own lines begin, at column.
func (c *context) toOwnLines(column int, s *site) (problem string) {
	switch c.place {
	case property:
		c.place, c.glued = beforeNode, true
	case plain, afterNode, lineEnd, comment:
		*c, _ = c.newline()
		c.column, s.below = column, true
		if column > c.open && c.structure == 0 {
			return goesOn(column, c.open)
		}
	}
	return ""
}

// nodeValue is value where a node begins. structure and raw say what the action makes, and shift by how much its lines
// are indented.
func (w *walker) nodeValue(c context, structure, raw bool, shift int, ahead []parse.Node, s *site) (after context, problem string) {
	e := plainAhead("", ahead, s.flow)
	switch {
	case c.glued && !structure:
		return c, noSpace
	case structure && e.key && !raw:
		return c, "this makes a map or a list, which is no key: a value that is one needs no function"
	case structure && (c.glued || e.whole):
		s.glued, s.whole = c.glued, true
		c.startScalar(false)
		c.place, c.unsure, c.scalar.values = afterNode, true, !raw
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
		return w.part(c, s)
	}
	return c, ""
}

const noSpace = "there is no space before the value: put one behind the colon or dash, or the whole scalar in quotes"

// part is value for a value that is a part of a scalar.
//
// Where no value may stand it notes that, and goes on as if one could, so that all such places are reported at once.
func (w *walker) part(c context, s *site) (after context, problem string) {
	s.source = w.source
	if problem := notPart(c, s); problem != "" {
		w.refused = append(w.refused, w.out.errorAt(s.tree, s.pos, "%s", problem))
		c.scalar.escape, c.scalar.dollar, c.scalar.unproven = 0, noDollar, false
	}
	s.key, s.start, s.loose = c.scalar.key, c.scalar.start, c.scalar.loose
	s.content, s.folded = c.content, c.folded
	c.scalar.values, c.scalar.start, c.scalar.loose = true, false, false
	return c, ""
}

// notPart says why a value may not be a part of the scalar at c, or returns "".
func notPart(c context, s *site) string {
	switch {
	case c.place != block && c.scalar.lines:
		return `a value cannot stand in a scalar of several lines: write it in one line, in double quotes, with \n where it has line breaks`
	case c.scalar.escape > 0:
		return "a value cannot stand within an escape: the backslash before it wants more characters"
	case c.scalar.dollar != noDollar && !c.scalar.key && !s.dollars:
		return `a value cannot stand within an interpolation of Compose: write ${NAME} in braces before it, $$ for a dollar, or {{ interpolate (printf "${NAME:-%s}" .Value) }}`
	case c.place == plain && c.scalar.loose && !c.scalar.values && (!c.scalar.key || c.flow != "") && (c.scalar.column >= 0 || strings.HasSuffix(c.brackets(), "{")) && keyAndValue().MatchString(s.source):
		return "there is no space between the colon and the value: put one there, or the whole scalar in quotes"
	case c.place == plain && c.scalar.unproven:
		return "without quotes this may be read as a number, a date, or a word such as yes: write " + advice(s.source)
	}
	return ""
}

// keyAndValue matches a scalar that is most likely meant to be a key and a value.
var keyAndValue = text.LazyRegexp(`^[A-Za-z0-9_.-]+:\{\{`)
