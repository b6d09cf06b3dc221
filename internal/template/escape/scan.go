package escape

import (
	"fmt"
	"strings"
	"text/template/parse"
	"unicode/utf8"
)

// scan returns the context behind a text that begins in c. rest are the nodes that follow it in its list. If the text
// ends with the first part of a scalar that is joined, scan cuts it off, and returns what stands in place of it and of
// the nodes that follow.
func (w *walker) scan(c context, n *parse.TextNode, rest []parse.Node) (context, *joined, error) {
	s := scanner{w: w, context: c, text: string(n.Text), rest: rest}
	problem := s.oddBreak()
	for s.at < len(s.text) && problem == "" && s.joined == nil {
		problem = s.next()
	}
	if problem != "" {
		return c, nil, w.out.errorAt(w.tree, n.Pos+parse.Pos(s.at), "%s", problem)
	}
	if s.joined != nil {
		n.Text = n.Text[:s.at]
	}
	return s.context, s.joined, nil
}

// joined is the result of joinScalar: nodes, and the number of nodes that they stand for.
type joined struct {
	nodes []parse.Node
	used  int
}

// scanner goes through one text of a template. It reads well-formed YAML as YAML does. Other text is refused by YAML
// later, whatever the values are. Its methods return an error message about the text, or "".
type scanner struct {
	context
	w    *walker
	text string
	at   int
	rest []parse.Node
	// joined is what stands in place of the text from at on and of nodes of rest, or nil.
	joined *joined
}

// oddBreak refuses a character that only some versions of YAML take for a line break: a comment
// could end there, and a value begin a line.
func (s *scanner) oddBreak() (problem string) {
	text := strings.ReplaceAll(s.text, "\r\n", "\n\n") // of the same length
	if at := strings.IndexAny(text, "\r\u0085\u2028\u2029"); at >= 0 {
		r, _ := utf8.DecodeRuneInString(text[at:])
		s.at = at
		return fmt.Sprintf("the character %U may end a line or not, as the version of YAML has it: write a line break, or an escape in double quotes, %s", r, strings.Trim(Quoted(string(r)), `"`))
	}
	return ""
}

// next consumes at least one character, or changes the place.
func (s *scanner) next() (problem string) {
	ch := s.text[s.at]
	if ch == '\n' {
		return s.lineBreak()
	}
	if s.header {
		return needsBreak
	}
	switch s.place {
	case lineStart, blockLine:
		switch {
		case ch == ' ' || ch == '\r':
			s.column++
			s.at++
		case s.place == lineStart:
			return s.beginLine()
		default:
			return s.openBlockLine()
		}
	case beforeNode:
		return s.beginNode(ch)
	case doubleQuoted, singleQuoted:
		s.inQuotes(ch)
	case plain, afterNode, lineEnd:
		if s.endsInComment() && !isSpace(ch) {
			return "one of the branches before this ends in a comment, and another does not: begin a new line"
		}
		return s.behind(ch)
	case blockHeader:
		if ch >= '1' && ch <= '9' {
			s.content, s.explicit = max(s.parent, 0)+int(ch-'0'), true
		}
		s.keep, s.strip = s.keep || ch == '+', s.strip || ch == '-'
		s.at++
		for ch == '#' && s.at < len(s.text) && s.text[s.at] != '\n' {
			s.at++ // digits in a comment say nothing
		}
	case property:
		if !isBlank(ch) && (s.flow == "" || strings.IndexByte(",]}", ch) < 0) {
			s.at++
			return ""
		}
		s.place, s.glued = beforeNode, false
	case block:
		if ch == ' ' && s.first {
			return "a space that may begin the first line of a block scalar, which says how far it is indented: say it in its header, as in |2"
		}
		s.begins, s.first = s.begins && ch == ' ', false
		s.scalar.dollar = s.scalar.dollar.next(ch)
		s.at++
	default:
		s.at++
	}
	return ""
}

func (s *scanner) lineBreak() (problem string) {
	if s.place == doubleQuoted || s.place == singleQuoted {
		if s.scalar.values {
			return "a scalar in quotes with a value in it goes on in the next line: write it in one line, with \\n where it has line breaks"
		}
		s.scalar.escape = 0
	}
	next, ok := s.newline()
	if !ok {
		return fmt.Sprintf("a line cannot end %s", s.context)
	}
	s.context = next
	s.at++
	return ""
}

// beginLine finds the place of the first character of a line.
func (s *scanner) beginLine() (problem string) {
	if s.text[s.at] == '#' {
		s.startComment(beforeNode)
		return ""
	}
	for _, marker := range []string{"---", "..."} {
		rest, ok := strings.CutPrefix(s.text[s.at:], marker)
		if ok && s.column == 0 && (rest == "" && !valueNext(s.rest) || rest != "" && isSpace(rest[0])) {
			s.context = beginning()
			s.place, s.entry, s.glued = beforeNode, false, true
			s.at += len(marker)
			return ""
		}
	}
	if s.column == 0 && s.text[s.at] == '%' && s.flow == "" && s.open == closed { // a directive, which is no node either
		s.startComment(beforeNode)
		return ""
	}
	dash := strings.HasPrefix(s.text[s.at:], "- ") || s.text[s.at:] == "-"
	return s.w.openLine(&s.context, dash)
}

func (c *context) startComment(under place) {
	*c = context{place: comment, flow: c.flow, parent: c.parent, above: nothingAbove, under: under}
}

// openLine leaves lineStart: for plain if the line goes on with the scalar above it, else for beforeNode.
// dash: the line begins with a dash.
func (w *walker) openLine(c *context, dash bool) (problem string) {
	if c.column > c.open && c.structure > 0 {
		w.out.sites[c.structure].more = &more{c.column, dash}
		c.open = closed
	}
	switch {
	case c.column <= c.open:
		c.place, c.above, c.entry = beforeNode, nothingAbove, true
	case c.unsure:
		return "whether this line goes on with the value above it depends on that value: indent it like what it belongs to"
	default:
		c.place = plain
		c.scalar = scalar{lines: true}
		c.leave()
	}
	return ""
}

// leave notes that no key or dash begins in the rest of the line.
func (c *context) leave() { c.entry, c.tagged, c.column = false, false, 0 }

// beginNode consumes the first characters of a node.
func (s *scanner) beginNode(ch byte) (problem string) {
	if isBlank(ch) || ch == '\r' {
		s.glued = false
		s.at++
		if s.entry && !s.tagged {
			s.column++
		}
		return ""
	}
	if s.glued {
		return "there is no space before this: put one behind the colon or dash, or the whole scalar in quotes"
	}
	behind := s.text[s.at+1:]
	alone := behind == "" && !valueNext(s.rest) || behind != "" && isSpace(behind[0])
	switch {
	case ch == '#':
		s.startComment(beforeNode)
	case ch == '?' && alone:
		return "a key behind a question mark is not read: write KEY: VALUE, the key in quotes where it has to be"
	case ch == '-' && alone && s.entry && s.flow == "":
		s.parent, s.glued = s.column, true
		s.column++
	case ch == ':' && (alone || s.flow != "" && behind != "" && isBracket(behind[0])):
		s.glued = s.flow == ""
		s.colon()
		s.leave()
	case (ch == '[' || ch == '{') && len(s.flow) >= maxBrackets:
		return fmt.Sprintf("brackets are more than %d deep within one another", maxBrackets)
	case ch == '[' || ch == '{':
		s.flow += string(ch)
		s.leave()
	case (ch == ']' || ch == '}') && s.flow != "":
		return s.close(ch)
	case ch == ',' && s.flow != "":
		s.comma()
	case ch == '"' || ch == '\'':
		s.beginQuoted(ch, behind)
	case (ch == '|' || ch == '>') && s.flow == "":
		s.context = context{place: blockHeader, parent: s.parent, blockScalar: blockScalar{folded: ch == '>'}}
	case ch == '&' || ch == '!' || ch == '*':
		s.place, s.tagged = property, s.entry
	case strings.IndexByte("]},%@`|>", ch) >= 0:
		return fmt.Sprintf("a scalar without quotes cannot begin with %q: put it in quotes", ch)
	default:
		s.beginPlain(ch)
		return ""
	}
	s.at++
	return ""
}

// beginQuoted begins a scalar in the quotes ch. behind is the text behind them.
func (s *scanner) beginQuoted(ch byte, behind string) {
	s.startScalar(quotedKey(behind, s.rest, ch, s.flow != ""))
	s.place = doubleQuoted
	if ch == '\'' {
		s.place = singleQuoted
	}
}

// beginPlain begins a scalar without quotes, whose first character is ch, or joins its parts.
func (s *scanner) beginPlain(ch byte) {
	if nodes, used, ok := s.w.joinScalar(s.text[s.at:], s.rest, s.flow != ""); ok {
		s.joined = &joined{nodes, used}
		return
	}
	e := plainAhead(s.text[s.at:], s.rest, s.flow != "")
	if s.entry && s.column == 0 && (ch == '.' || ch == '-') {
		e.unproven = true // with more of them it ends the document
	}
	s.startScalar(e.key)
	s.place, s.scalar.unproven = plain, e.unproven
	s.w.source = e.source
}

// startScalar notes where a scalar begins. Lines that go on with it have to be further to the right than its
// key or dash, or, without one, than itself.
func (c *context) startScalar(key bool) {
	key = key || strings.HasSuffix(c.flow, "{") // {a} is {a: null}
	c.scalar = scalar{column: c.column, key: key, loose: true, start: true}
	if !c.entry {
		c.scalar.column = -1
	} else if c.flow == "" {
		if key {
			c.parent = c.column
		} else {
			c.parent = min(c.parent, c.column-1)
		}
	}
	c.above, c.glued = nothingAbove, false
	c.leave()
}

// close consumes a bracket.
func (s *scanner) close(ch byte) (problem string) {
	last := len(s.flow) - 1
	if opened := s.brackets()[last]; opened != ch-2 { // [ and ], { and } in ASCII
		return fmt.Sprintf("%q closes what %q opened", ch, opened)
	}
	s.flow = s.flow[:last]
	s.place, s.scalar, s.above = afterNode, scalar{}, nothingAbove
	s.at++
	return ""
}

// endKey consumes the colon behind a key.
func (s *scanner) endKey() (problem string) {
	if s.scalar.values && !s.scalar.key {
		return "a colon makes a key of what is before it, and that begins in another branch or template: write the key in one piece"
	}
	s.place, s.scalar, s.above, s.glued = beforeNode, scalar{}, nothingAbove, s.flow == ""
	s.colon()
	s.at++
	return ""
}

// inQuotes consumes a character of a scalar in quotes.
func (s *scanner) inQuotes(ch byte) {
	s.at++
	s.scalar.start = false
	switch {
	case s.scalar.escape > 0:
		if digits := strings.IndexByte("x.u...U", ch); s.scalar.escape == 1 && digits >= 0 && strings.HasSuffix(s.text[:s.at-1], `\`) {
			s.scalar.escape = digits + 2 // \x41, \u0041, \U00000041
			return
		}
		if s.scalar.escape--; s.scalar.escape == 0 && strings.HasSuffix(s.text[:s.at], "24") {
			s.scalar.dollar = oneDollar // \x24 is one
		}
	case ch == '\\' && s.place == doubleQuoted:
		s.scalar.escape, s.scalar.dollar = 1, noDollar
	case ch == '\'' && s.place == singleQuoted && s.at < len(s.text) && s.text[s.at] == '\'':
		s.at++
		s.scalar.dollar = s.scalar.dollar.next(ch)
	case ch == '"' && s.place == doubleQuoted, ch == '\'' && s.place == singleQuoted:
		s.place, s.above = afterNode, nothingAbove
	default:
		s.scalar.dollar = s.scalar.dollar.next(ch)
	}
}

// behindValue returns an error message for text or a value behind a value.
func (c context) behindValue() string {
	if c.place == lineEnd && c.flow != "" {
		return "whether there is a comma before this depends on a branch: write one behind each item, the last one, too, or the items as lines"
	}
	return `this would go on with the value before it: put the whole scalar in quotes, "…"`
}

// behind consumes a character in a scalar without quotes, or behind a node.
func (s *scanner) behind(ch byte) (problem string) {
	inFlow := s.flow != ""
	switch {
	case ch == ':' && s.place != lineEnd && (inFlow && s.place == afterNode || endsKey(s.text, s.at, inFlow, s.rest)):
		return s.endKey()
	case ch == '#' && s.at > 0 && isSpace(s.text[s.at-1]):
		s.startComment(afterNode)
	case inFlow && ch == ',':
		s.place, s.scalar, s.above = beforeNode, scalar{}, nothingAbove
		s.comma()
	case inFlow && (ch == ']' || ch == '}'):
		return s.close(ch)
	case s.place == plain:
		s.scalar.loose = isBlank(ch) || ch == ':' || s.scalar.start && (ch == '-' || ch == '?')
		s.scalar.start = false
		s.scalar.dollar = s.scalar.dollar.next(ch)
	case !isBlank(ch) && ch != '\r':
		return s.behindValue()
	}
	s.at++
	return ""
}
