package escape

import (
	"iter"
	"text/template"
	"text/template/parse"
)

// AllNodes iterates over the nodes of templates. Templates without a tree have none.
func AllNodes(templates []*template.Template) iter.Seq[parse.Node] {
	return func(yield func(parse.Node) bool) {
		for _, t := range templates {
			if t.Tree != nil && !visit(t.Root, yield) {
				return
			}
		}
	}
}

// Nodes iterates over a node of a template and all that is in it.
func Nodes(n parse.Node) iter.Seq[parse.Node] {
	return func(yield func(parse.Node) bool) { visit(n, yield) }
}

func visit(n parse.Node, yield func(parse.Node) bool) bool {
	if !yield(n) {
		return false
	}
	for _, child := range Children(n) {
		if !visit(child, yield) {
			return false
		}
	}
	return true
}

// Children returns the nodes directly below a node of a template.
func Children(n parse.Node) (all []parse.Node) {
	switch n := n.(type) {
	case *parse.ListNode:
		return n.Nodes
	case *parse.ActionNode:
		return []parse.Node{n.Pipe}
	case *parse.IfNode:
		return parts(&n.BranchNode)
	case *parse.WithNode:
		return parts(&n.BranchNode)
	case *parse.RangeNode:
		return parts(&n.BranchNode)
	case *parse.TemplateNode:
		if n.Pipe != nil {
			return []parse.Node{n.Pipe}
		}
	case *parse.PipeNode:
		for _, c := range n.Cmds {
			all = append(all, c)
		}
	case *parse.CommandNode:
		return n.Args
	case *parse.ChainNode:
		return []parse.Node{n.Node}
	}
	return all
}

func parts(b *parse.BranchNode) []parse.Node {
	if b.ElseList == nil {
		return []parse.Node{b.Pipe, b.List}
	}
	return []parse.Node{b.Pipe, b.List, b.ElseList}
}
