package escape

import (
	"slices"
	"strconv"
	"strings"
	"text/template/parse"
)

// joinScalar puts the parts of a scalar without quotes into one action: {{ .Host }}:{{ .Port }} becomes {{ _join … }},
// because only the whole text shows whether it needs quotes. The scalar begins with text, which may be empty, and goes
// on in nodes. instead are the action and the text behind the scalar; they replace text and the first used of nodes. ok
// is false if the scalar stays as it is: it has one part, YAML reads it as a string anyway, or a part of it is no
// value.
func (w *walker) joinScalar(text string, nodes []parse.Node, flow bool) (instead []parse.Node, used int, ok bool) {
	e := plainAhead(text, nodes, flow)
	if !e.unproven || e.whole || !e.key && keyAndValue().MatchString(e.source) {
		return nil, 0, false
	}
	p := &scalarParts{flow: flow}
	ended := text != "" && p.addText(text, 0, nodes)
	for used < len(nodes) && !ended {
		switch n := nodes[used].(type) {
		case *parse.CommentNode:
		case *parse.TextNode:
			ended = p.addText(string(n.Text), n.Pos, nodes[used+1:])
		case *parse.ActionNode:
			if !prints(n) || makesStructure(n.Pipe) || p.dollar != noDollar && !e.key {
				return nil, 0, false
			}
			p.addValue(n)
		default:
			ended = true
			used-- // a branch, which is gone through next
		}
		used++
	}
	if p.values == 0 || len(p.parts) < 2 || p.beginsWithDash() {
		return nil, 0, false
	}
	instead = []parse.Node{p.action(w.tree, e.key)}
	if p.rest != "" {
		at := p.pos
		if last, ok := nodes[used-1].(*parse.TextNode); ok {
			at = last.Pos + parse.Pos(len(last.Text)-len(p.rest))
		}
		instead = append(instead, &parse.TextNode{NodeType: parse.NodeText, Pos: at, Text: []byte(p.rest)})
	}
	return instead, used, true
}

// scalarParts are the parts of a scalar without quotes.
type scalarParts struct {
	flow   bool
	parts  []parse.Node
	kinds  strings.Builder // a letter for each part: see joinParts
	values int             // how many of the parts are values
	pos    parse.Pos       // of the first value
	dollar dollar          // behind the last text
	rest   string          // what follows the scalar in its last text
}

// addText adds the beginning of a text, as far as it belongs to the scalar, and reports whether the scalar ends in it. after
// are the nodes behind the text.
func (p *scalarParts) addText(text string, at parse.Pos, after []parse.Node) (ended bool) {
	end, _, ended := plainEnd(text, p.flow, after)
	if ended || len(after) == 0 {
		end = len(strings.TrimRight(text[:end], " \t"))
	}
	for i := range end {
		p.dollar = p.dollar.next(text[i])
	}
	if end > 0 {
		p.parts = append(p.parts, textNode(at, text[:end]))
		p.kinds.WriteString("t")
	}
	p.rest = text[end:]
	return ended
}

func (p *scalarParts) addValue(n *parse.ActionNode) {
	if p.pos == 0 {
		p.pos = n.Pos
	}
	p.parts = append(p.parts, n.Pipe)
	p.kinds.WriteString("v")
	p.values++
}

// beginsWithDash reports whether the first part is a dash, which most likely lacks a space behind it.
func (p *scalarParts) beginsWithDash() bool {
	dash, ok := p.parts[0].(*parse.StringNode)
	return ok && dash.Text == "-"
}

// action returns the action that joins the parts.
func (p *scalarParts) action(tree *parse.Tree, key bool) parse.Node {
	name := joinValueFunc
	if key {
		name = joinKeyFunc
	}
	return silentAction(p.pos, &parse.CommandNode{NodeType: parse.NodeCommand, Pos: p.pos, Args: slices.Concat([]parse.Node{
		parse.NewIdentifier(name).SetPos(p.pos).SetTree(tree), textNode(p.pos, p.kinds.String()),
	}, p.parts)})
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
