package escape

import (
	"slices"
	"strings"
	"text/template/parse"
)

// What a scalar is shows only at its end: a colon makes it a key, and text
// beside a value makes it a longer one. So where one begins, the nodes ahead
// are looked at, up to its end or to the first if, range, with or template.

// extent is what is ahead of the start of a scalar.
type extent struct {
	key      bool
	whole    bool // one action is all of it
	unproven bool // YAML might read it as something else than a string
	source   string
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

// valueNext reports whether the next node that does anything prints a value
// that is no structure.
func valueNext(nodes []parse.Node) bool {
	for _, node := range nodes {
		if !silent(node) {
			return prints(node) && !makesStructure(node.(*parse.ActionNode).Pipe)
		}
	}
	return false
}

// plainAhead looks at a scalar without quotes that begins with text, which may
// be empty, and goes on with nodes.
func plainAhead(text string, nodes []parse.Node, flow bool) extent {
	var (
		e      extent
		parts  []string // literal ones
		source strings.Builder
		values int
		last   = -1 // the part at the end, if that is no value
		ended  bool
	)
	literal := func(text string, rest []parse.Node) {
		end, key, done := plainEnd(text, flow, rest)
		ended, e.key = done, key
		source.WriteString(text[:end])
		if text = text[:end]; text != "" {
			last = len(parts)
			parts = append(parts, text)
			if values == 0 && len(parts) == 1 {
				parts[0] = "^" + text
			}
		}
	}
	literal(text, nodes)
	for i := 0; i < len(nodes) && !ended; i++ {
		switch node := nodes[i].(type) {
		case *parse.TextNode:
			literal(string(node.Text), nodes[i+1:])
		default:
			if values+len(parts) > 0 {
				_, ended = ownLines(node, flow)
			}
			if prints(node) && !ended {
				values++
				last = -1
				source.WriteString(strings.TrimSpace(node.String()))
			} else {
				ended = ended || !silent(node)
			}
		}
	}
	if last >= 0 { // white space at the end is none of the scalar
		if parts[last] = strings.TrimRight(parts[last], " \t"); parts[last] == "" {
			parts = parts[:last]
		}
	}
	e.source = strings.TrimSpace(source.String())
	e.whole = values == 1 && len(parts) == 0
	e.unproven = !provenString(parts)
	return e
}

// plainEnd returns where a scalar without quotes ends in text, whether it is a
// key, and whether it ends in text at all. rest is what follows the text.
func plainEnd(text string, flow bool, rest []parse.Node) (end int, key, ended bool) {
	for i := range len(text) {
		switch ch := text[i]; {
		case ch == '\n':
			return i, false, true
		case ch == '#' && i > 0 && isBlank(text[i-1]):
			return i, false, true
		case ch == ':' && endsKey(text, i, flow, rest):
			return i, true, true
		case flow && strings.IndexByte(",[]{}", ch) >= 0:
			return i, false, true
		}
	}
	return len(text), false, false
}

// endsKey reports whether the colon at i of text, which rest follows, is the end of a key.
func endsKey(text string, i int, flow bool, rest []parse.Node) bool {
	if i+1 == len(text) {
		return !valueNext(rest)
	}
	next := text[i+1]
	return isSpace(next) || flow && strings.IndexByte(",[]{}", next) >= 0
}

func isBlank(ch byte) bool { return ch == ' ' || ch == '\t' }
func isSpace(ch byte) bool { return ch == ' ' || ch == '\t' || ch == '\n' || ch == '\r' }

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
		case text[i] == '\\' && quote == '"':
			i++
		case text[i] == quote && quote == '\'' && i+1 < len(text) && text[i+1] == quote:
			i++
		case text[i] == quote:
			return i + 1
		}
	}
	return -1
}
