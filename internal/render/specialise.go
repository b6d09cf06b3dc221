package render

import (
	"slices"
	"text/template"
	"text/template/parse"
)

// specialise returns t rewritten so that executing the body of a walk over
// .Clients once is enough for all replicas, or nil if that cannot be.
//
// It can be if replicas do nothing with their ID but print it. That is read
// off the parse tree: each {{ .ID }} or {{ $.ID }} that stands alone becomes
// {{ .Ordinal }}, which marks the place, and any other way to reach the ID
// (an argument, a condition, a variable, the whole replica handed to a
// function) rules it out. Templates are functions of their data, so a body
// that cannot see the ID writes the same for all.
func specialise(t *template.Template) *template.Template {
	s := specialiser{from: t, made: map[string]bool{}}
	clone, err := t.Clone()
	if err != nil {
		return nil
	}
	s.to = clone
	root := t.Tree.Root.CopyList()
	if !s.outside(root) {
		return nil
	}
	tree := t.Tree.Copy()
	tree.Root = root
	if _, err := clone.AddParseTree(t.Name(), tree); err != nil {
		return nil
	}
	return clone
}

type specialiser struct {
	from, to *template.Template
	made     map[string]bool // templates with a specialised twin, by name
}

// outside handles nodes of the main template: bodies of {{ range .Clients }}
// are specialised, and nothing else may walk over .Clients.
func (s *specialiser) outside(list *parse.ListNode) bool {
	if list == nil {
		return true
	}
	for _, node := range list.Nodes {
		if r, ok := node.(*parse.RangeNode); ok && isClients(r.Pipe) {
			if !s.inside(r.List, true) || !s.outside(r.ElseList) {
				return false
			}
			continue
		}
		if mentionsClients(node) {
			return false
		}
	}
	return true
}

// isClients reports whether p is exactly .Clients.
func isClients(p *parse.PipeNode) bool {
	if len(p.Decl) > 0 || len(p.Cmds) != 1 || len(p.Cmds[0].Args) != 1 {
		return false
	}
	f, ok := p.Cmds[0].Args[0].(*parse.FieldNode)
	return ok && slices.Equal(f.Ident, []string{"Clients"})
}

// mentionsClients reports whether a walk over .Clients can begin in node.
func mentionsClients(node parse.Node) bool {
	found := false
	visit(node, func(n parse.Node) {
		switch n := n.(type) {
		case *parse.FieldNode:
			found = found || slices.Contains(n.Ident, "Clients")
		case *parse.VariableNode:
			found = found || slices.Contains(n.Ident, "Clients")
		case *parse.ChainNode:
			found = found || slices.Contains(n.Field, "Clients")
		}
	})
	return found
}

// inside handles nodes that are executed for a replica. dot says whether . is
// the replica; $ always is.
func (s *specialiser) inside(list *parse.ListNode, dot bool) bool {
	if list == nil {
		return true
	}
	for i, node := range list.Nodes {
		ok := true
		switch n := node.(type) {
		case *parse.TextNode, *parse.CommentNode, *parse.BreakNode, *parse.ContinueNode:
		case *parse.ActionNode:
			if marked := mark(n, dot); marked != nil {
				list.Nodes[i] = marked
				continue
			}
			ok = s.hidesID(n.Pipe, dot)
		case *parse.IfNode:
			ok = s.hidesID(n.Pipe, dot) && s.inside(n.List, dot) && s.inside(n.ElseList, dot)
		case *parse.WithNode:
			ok = s.hidesID(n.Pipe, dot) && s.inside(n.List, false) && s.inside(n.ElseList, dot)
		case *parse.RangeNode:
			ok = s.hidesID(n.Pipe, dot) && s.inside(n.List, false) && s.inside(n.ElseList, dot)
		case *parse.TemplateNode:
			ok = s.call(n, dot)
		default:
			ok = false
		}
		if !ok {
			return false
		}
	}
	return true
}

// call points n at the specialised twin of its template if it hands the
// replica on, and otherwise checks that it does not hand on the ID.
func (s *specialiser) call(n *parse.TemplateNode, dot bool) bool {
	if !isReplica(n.Pipe, dot) {
		return s.hidesID(n.Pipe, dot)
	}
	twin := n.Name + " of a replica"
	if !s.made[n.Name] {
		s.made[n.Name] = true // before its body, which may call itself
		callee := s.from.Lookup(n.Name)
		if callee == nil || callee.Tree == nil || s.from.Lookup(twin) != nil {
			return false
		}
		tree := callee.Tree.Copy()
		if !s.inside(tree.Root, true) {
			return false
		}
		if _, err := s.to.AddParseTree(twin, tree); err != nil {
			return false
		}
	}
	n.Name = twin
	return true
}

// isReplica reports whether p is exactly the replica: $, or . where that is it.
func isReplica(p *parse.PipeNode, dot bool) bool {
	if p == nil || len(p.Decl) > 0 || len(p.Cmds) != 1 || len(p.Cmds[0].Args) != 1 {
		return false
	}
	switch arg := p.Cmds[0].Args[0].(type) {
	case *parse.DotNode:
		return dot
	case *parse.VariableNode:
		return slices.Equal(arg.Ident, []string{"$"})
	default:
		return false
	}
}

// mark returns {{ .Ordinal }} for {{ .ID }}, and nil for any other action.
func mark(n *parse.ActionNode, dot bool) parse.Node {
	if len(n.Pipe.Decl) > 0 || len(n.Pipe.Cmds) != 1 || len(n.Pipe.Cmds[0].Args) != 1 {
		return nil
	}
	marked := n.Copy().(*parse.ActionNode)
	switch arg := marked.Pipe.Cmds[0].Args[0].(type) {
	case *parse.FieldNode:
		if dot && slices.Equal(arg.Ident, []string{"ID"}) {
			arg.Ident = []string{"Ordinal"}
			return marked
		}
	case *parse.VariableNode:
		if slices.Equal(arg.Ident, []string{"$", "ID"}) {
			arg.Ident = []string{"$", "Ordinal"}
			return marked
		}
	}
	return nil
}

// hidesID reports whether the value of p cannot depend on the replica's ID.
func (s *specialiser) hidesID(p *parse.PipeNode, dot bool) bool {
	hides := true
	visit(p, func(n parse.Node) {
		switch n := n.(type) {
		case *parse.DotNode:
			hides = hides && !dot
		case *parse.FieldNode:
			hides = hides && !(dot && !constant(n.Ident[0]))
		case *parse.VariableNode:
			if n.Ident[0] == "$" {
				hides = hides && len(n.Ident) > 1 && constant(n.Ident[1])
			}
		}
	})
	return hides
}

// constant reports whether a field of Replica is the same for all replicas.
func constant(field string) bool {
	return field == "Values" || field == "Stage" || field == "Replicas"
}

// visit calls f for node and all nodes below it.
func visit(node parse.Node, f func(parse.Node)) {
	f(node)
	list := func(l *parse.ListNode) {
		if l != nil {
			visit(l, f)
		}
	}
	pipe := func(p *parse.PipeNode) {
		if p != nil {
			visit(p, f)
		}
	}
	branch := func(b *parse.BranchNode) {
		pipe(b.Pipe)
		list(b.List)
		list(b.ElseList)
	}
	switch n := node.(type) {
	case *parse.ListNode:
		for _, child := range n.Nodes {
			visit(child, f)
		}
	case *parse.ActionNode:
		pipe(n.Pipe)
	case *parse.PipeNode:
		for _, c := range n.Cmds {
			visit(c, f)
		}
	case *parse.CommandNode:
		for _, a := range n.Args {
			visit(a, f)
		}
	case *parse.ChainNode:
		visit(n.Node, f)
	case *parse.IfNode:
		branch(&n.BranchNode)
	case *parse.WithNode:
		branch(&n.BranchNode)
	case *parse.RangeNode:
		branch(&n.BranchNode)
	case *parse.TemplateNode:
		pipe(n.Pipe)
	}
}
