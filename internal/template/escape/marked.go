package escape

import (
	"slices"
	"text/template"
	"text/template/parse"

	"github.com/tp0-lab/composer/internal/text"
)

// Source is a text or an action of a template.
type Source struct {
	// Text: it stands in the document as it stands in the template.
	Text   bool
	of     *Rewritten
	tree   *parse.Tree
	pos    parse.Pos
	length int // of a text, in bytes
}

// Place returns the place of a source or, in a text, of the byte at offset.
func (s Source) Place(offset int) text.Place {
	return s.of.placeOf(s.tree, s.pos+parse.Pos(min(max(offset, 0), s.length)))
}

// Marked returns the templates with a call of MarkFunc before each source, which
// has the source's number as its argument. They make the same document, more
// slowly.
func (r *Rewritten) Marked() (*template.Template, []Source, error) {
	marked, err := r.Template.Clone()
	if err != nil {
		return nil, nil, err
	}
	var all []Source
	for _, t := range r.Template.Templates() {
		if t.Tree == nil {
			continue
		}
		m := marker{walker: walker{rewriter: &rewriter{out: r}, tree: t.Tree.Copy()}, sources: all}
		m.list(m.tree.Root)
		all = m.sources
		if _, err := marked.AddParseTree(t.Name(), m.tree); err != nil {
			return nil, nil, err
		}
	}
	return marked, all, nil
}

type marker struct {
	walker
	sources []Source
}

func (m *marker) list(list *parse.ListNode) {
	if list == nil {
		return
	}
	nodes := make([]parse.Node, 0, 2*len(list.Nodes))
	for _, node := range list.Nodes {
		switch n := node.(type) {
		case *parse.TextNode:
			nodes = append(nodes, m.mark(n.Pos, true, len(n.Text)))
		case *parse.ActionNode:
			if !isHidden(n) {
				nodes = append(nodes, m.mark(n.Pos, false, 0))
			}
		case *parse.IfNode:
			m.branch(&n.BranchNode)
		case *parse.WithNode:
			m.branch(&n.BranchNode)
		case *parse.RangeNode:
			m.branch(&n.BranchNode)
		}
		nodes = append(nodes, node)
	}
	list.Nodes = nodes
}

func (m *marker) branch(n *parse.BranchNode) {
	m.list(n.List)
	m.list(n.ElseList)
}

func (m *marker) mark(pos parse.Pos, text bool, length int) parse.Node {
	m.sources = append(m.sources, Source{text, m.out, m.tree, pos, length})
	return m.hidden(pos, MarkFunc, len(m.sources)-1)
}

// isHidden reports whether an action is one that Rewrite put there.
func isHidden(n *parse.ActionNode) bool {
	name, ok := n.Pipe.Cmds[0].Args[0].(*parse.IdentifierNode)
	return ok && slices.Contains([]string{StepFunc, EnterFunc, LeaveFunc}, name.Ident)
}
