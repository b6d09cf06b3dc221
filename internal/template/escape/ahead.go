package escape

import (
	"slices"
	"strings"
	"text/template/parse"
)

// extent says what a scalar is, which only its end shows: a colon makes it a key, text beside a value makes it
// longer. So the nodes ahead of its start are looked at, up to its end or the first if, range, with or template.
type extent struct {
	key      bool
	whole    bool   // one action is all of it
	unproven bool   // YAML might not read it as a string
	source   string // the scalar as it stands in the template
}

// prints reports whether a node is an action that prints a value.
func prints(node parse.Node) bool {
	action, ok := node.(*parse.ActionNode)
	return ok && len(action.Pipe.Decl) == 0
}

// silent reports whether a node neither prints nor branches.
func silent(node parse.Node) bool {
	if _, ok := node.(*parse.CommentNode); ok {
		return true
	}
	action, ok := node.(*parse.ActionNode)
	return ok && len(action.Pipe.Decl) > 0
}

// valueNext reports whether the next node that is not silent prints a value that is no structure.
func valueNext(nodes []parse.Node) bool {
	for _, node := range nodes {
		if !silent(node) {
			return prints(node) && !makesStructure(node.(*parse.ActionNode).Pipe)
		}
	}
	return false
}

// plainAhead looks at a scalar without quotes that begins with text, which may be empty, and goes on in nodes.
func plainAhead(text string, nodes []parse.Node, flow bool) extent {
	var (
		e        extent
		parts    []string // the literal ones, with a ^ before the one at the start
		source   strings.Builder
		values   int
		textLast bool // the last part is literal
		ended    bool
	)
	add := func(text string, rest []parse.Node) {
		end, key, done := plainEnd(text, flow, rest)
		ended, e.key = done, key
		source.WriteString(text[:end])
		if end > 0 {
			textLast = true
			part := text[:end] // the rest of text may be the rest of a long template
			if values+len(parts) == 0 {
				part = "^" + part
			}
			parts = append(parts, part)
		}
	}
	add(text, nodes)
	for i := 0; i < len(nodes) && !ended; i++ {
		if node, ok := nodes[i].(*parse.TextNode); ok {
			add(string(node.Text), nodes[i+1:])
			continue
		}
		_, lines := ownLines(nodes[i], flow)
		switch {
		case lines && values+len(parts) > 0:
			ended = true
		case prints(nodes[i]):
			values++
			textLast = false
			source.WriteString(strings.TrimSpace(nodes[i].String()))
		default:
			ended = !silent(nodes[i])
		}
	}
	if n := len(parts) - 1; textLast { // white space at the end does not belong to the scalar
		if parts[n] = strings.TrimRight(parts[n], " \t"); parts[n] == "" {
			parts = parts[:n]
		}
	}
	e.source = strings.TrimSpace(source.String())
	e.whole = values == 1 && len(parts) == 0
	e.unproven = !provenString(parts)
	return e
}

// plainEnd returns where a scalar without quotes ends in text, whether a colon there makes it a key, and
// whether it ends in text at all. The nodes rest follow text.
func plainEnd(text string, flow bool, rest []parse.Node) (end int, key, ended bool) {
	for i := range len(text) {
		switch ch := text[i]; {
		case ch == ':' && endsKey(text, i, flow, rest):
			return i, true, true
		case ch == '\n', ch == '#' && i > 0 && isBlank(text[i-1]), flow && isBracket(ch):
			return i, false, true
		}
	}
	return len(text), false, false
}

// endsKey reports whether the colon at i of text ends a key. The nodes rest follow text.
func endsKey(text string, i int, flow bool, rest []parse.Node) bool {
	if i+1 == len(text) {
		return !valueNext(rest)
	}
	next := text[i+1]
	return isSpace(next) || flow && isBracket(next)
}

func isBracket(ch byte) bool { return strings.IndexByte(",[]{}", ch) >= 0 }
func isBlank(ch byte) bool   { return ch == ' ' || ch == '\t' }
func isSpace(ch byte) bool   { return isBlank(ch) || ch == '\n' || ch == '\r' }

// quotedKey reports whether a scalar in quotes is a key. text is behind its first quote, nodes follow.
func quotedKey(text string, nodes []parse.Node, quote byte, flow bool) bool {
	for {
		if end := quotedEnd(text, quote); end >= 0 {
			behind := strings.TrimLeft(text[end:], " \t")
			return strings.HasPrefix(behind, ":") && (flow || endsKey(behind, 0, flow, nodes))
		}
		next := slices.IndexFunc(nodes, func(n parse.Node) bool { return n.Type() == parse.NodeText })
		if next < 0 {
			return false
		}
		text, nodes = string(nodes[next].(*parse.TextNode).Text), nodes[next+1:]
	}
}

// quotedEnd returns the offset behind the quote that closes, or -1.
func quotedEnd(text string, quote byte) int {
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '\\' && quote == '"', quote == '\'' && strings.HasPrefix(text[i:], "''"):
			i++
		case text[i] == quote:
			return i + 1
		}
	}
	return -1
}
