package escape

import (
	"slices"
	"strconv"
	"strings"
	"text/template/parse"
)

// joinScalar puts the parts of a scalar without quotes into one action: {{ .Host }}:{{ .Port }} becomes {{ _join … }}, of
// which the text as a whole shows whether it needs quotes. The scalar begins with text, which may be empty, and goes on in
// nodes. It returns the action and what stands in place of the nodes it is made of, or false where that cannot be: the
// scalar has one part, YAML reads it as a string anyway, or a part of it is no value.
func (w *walker) joinScalar(text string, nodes []parse.Node, flow bool) (instead []parse.Node, used int, ok bool) {
	e := plainAhead(text, nodes, flow)
	if !e.unproven || e.whole || !e.key && keyAndValue().MatchString(e.source) {
		return nil, 0, false
	}
	var (
		parts  []parse.Node
		pos    parse.Pos
		values int
		dollar dollar
		rest   string
		kinds  strings.Builder
	)
	take := func(text string, at parse.Pos, after []parse.Node) (ended bool) {
		end, _, ended := plainEnd(text, flow, after)
		if ended || len(after) == 0 {
			end = len(strings.TrimRight(text[:end], " \t"))
		}
		for i := range end {
			dollar = dollar.next(text[i])
		}
		if end > 0 {
			parts = append(parts, textNode(at, text[:end]))
			kinds.WriteString("t")
		}
		rest = text[end:]
		return ended
	}
	ended := text != "" && take(text, 0, nodes)
	for used < len(nodes) && !ended {
		switch n := nodes[used].(type) {
		case *parse.CommentNode:
		case *parse.TextNode:
			ended = take(string(n.Text), n.Pos, nodes[used+1:])
		case *parse.ActionNode:
			if !prints(n) || makesStructure(n.Pipe) || dollar != noDollar && !e.key {
				return nil, 0, false
			}
			if pos == 0 {
				pos = n.Pos
			}
			parts = append(parts, n.Pipe)
			kinds.WriteString("v")
			values++
		default:
			ended = true
			used-- // a branch, which is gone through next
		}
		used++
	}
	if values == 0 || len(parts) < 2 {
		return nil, 0, false
	}
	if dash, ok := parts[0].(*parse.StringNode); ok && dash.Text == "-" { // which most likely lacks a space behind it
		return nil, 0, false
	}
	name := joinValueFunc
	if e.key {
		name = joinKeyFunc
	}
	cmd := &parse.CommandNode{NodeType: parse.NodeCommand, Pos: pos, Args: slices.Concat([]parse.Node{
		parse.NewIdentifier(name).SetPos(pos).SetTree(w.tree), textNode(pos, kinds.String()),
	}, parts)}
	instead = []parse.Node{silentAction(pos, cmd)}
	if rest != "" {
		at := pos
		if last, ok := nodes[used-1].(*parse.TextNode); ok {
			at = last.Pos + parse.Pos(len(last.Text)-len(rest))
		}
		instead = append(instead, &parse.TextNode{NodeType: parse.NodeText, Pos: at, Text: []byte(rest)})
	}
	return instead, used, true
}

func textNode(pos parse.Pos, text string) *parse.StringNode {
	return &parse.StringNode{NodeType: parse.NodeString, Pos: pos, Quoted: strconv.Quote(text), Text: text}
}

// Names of the functions that join the parts of a value or a key.
const (
	joinValueFunc = "_join"
	joinKeyFunc   = "_join_key"
)

// joinParts returns a function that joins the parts of a scalar to a string. kinds has a letter for each: t for text of
// the template, v for a value.
func joinParts(key bool) func(kinds string, parts ...any) (marked, error) {
	return func(kinds string, parts ...any) (marked, error) {
		joined := marked{interpolate: true}
		for i, part := range parts {
			m, err := contentOf(part)
			if err != nil {
				return marked{}, err
			}
			if kinds[i] == 'v' && !key && !m.interpolate {
				m.text = strings.ReplaceAll(m.text, "$", "$$")
			}
			joined.text += m.text
		}
		return joined, nil
	}
}
