package escape

import (
	"text/template"
	"text/template/parse"

	"github.com/tp0-lab/composer/internal/text"
)

// Source is a part of a template that prints: a text or an action.
type Source struct {
	// Text is true for a text, which stands in the document as it stands in the template.
	Text   bool
	marker *marker
	pos    parse.Pos
	length int // of a text, in bytes
}

// Place returns the place of an action, whatever offset is, or that of the byte at offset of a text.
func (s Source) Place(offset int) text.Place {
	return s.marker.out.placeOf(s.marker.tree, s.pos+parse.Pos(min(max(offset, 0), s.length)))
}

// Marked returns the sources of the templates, and the templates with a call of MarkFunc before each source,
// with the source's index. These templates make the same document, more slowly.
func (r *Rewritten) Marked() (*template.Template, []Source, error) {
	marked, err := r.Template.Clone()
	if err != nil {
		return nil, nil, err
	}
	var sources []Source
	for _, t := range r.Template.Templates() {
		if t.Tree == nil {
			continue
		}
		m := &marker{walker{rewriter: &rewriter{out: r}, tree: t.Tree.Copy()}, &sources}
		m.list(m.tree.Root)
		if _, err := marked.AddParseTree(t.Name(), m.tree); err != nil {
			return nil, nil, err
		}
	}
	return marked, sources, nil
}

// marker marks the sources of one template.
type marker struct {
	walker
	sources *[]Source
}

func (m *marker) list(list *parse.ListNode) {
	if list == nil {
		return
	}
	nodes := make([]parse.Node, 0, 2*len(list.Nodes))
	for _, node := range list.Nodes {
		switch n := node.(type) {
		case *parse.TextNode:
			nodes = append(nodes, m.mark(Source{true, m, n.Pos, len(n.Text)}))
		case *parse.ActionNode:
			if m.out.written(n.Pipe.Cmds[len(n.Pipe.Cmds)-1]) != nil {
				nodes = append(nodes, m.mark(Source{false, m, n.Pos, 0}))
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

func (m *marker) mark(s Source) parse.Node {
	*m.sources = append(*m.sources, s)
	return silentAction(s.pos, m.command(s.pos, MarkFunc, len(*m.sources)-1))
}
