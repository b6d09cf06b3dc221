package render

import (
	"slices"
	"strconv"
	"strings"
	"text/template"
	"text/template/parse"

	"github.com/tp0-lab/composer/internal/template/bundle"
	"github.com/tp0-lab/composer/internal/template/escape"
)

// specialise returns t rewritten so that executing the body of a walk over
// .Clients once is enough for all replicas, or nil if that cannot be.
//
// It can be if replicas do nothing with their ID but print it. That is read
// off the parse tree: each {{ .ID }} or {{ $.ID }} that stands alone becomes
// {{ .MarkID }}, which marks the place; a {{ .Name }}, {{ .Index }} or {{ .Ordinal }}
// marks it too; and any other way to reach the ID (an argument, a condition, a
// variable, the whole replica handed to a function) rules it out. Templates are
// functions of their data, so a body that cannot see the ID writes the same for
// all that have the same values, unless it keeps state from one replica to the
// next: assignments, and functions that change their arguments, rule it out too.
// What is not known to be safe is not.
//
// Only {{ range .Clients }} and {{ range .Kinds.… }} in the main template, outside
// of all else, are specialised: they range over the patterns that patternsFunc
// returns. Other walks stay what they are.
//
// breaks says that the body of such a walk has a {{ break }} or {{ continue }}, so
// that it may end early for some values and not for others.
//
// The templates are those that escape.Rewrite made: an ID that is printed has a
// command behind it that writes it for its place. Where that writes a number's
// digits, whatever the number, the command goes.
func specialise(r *escape.Rewritten) (special *template.Template, breaks bool) {
	t := r.Template
	clone, err := t.Clone()
	if err != nil || t.Tree == nil {
		return nil, false
	}
	s := specialiser{rewritten: r, from: t, to: clone, made: map[string]bool{}}
	tree := t.Tree.Copy()
	for _, node := range tree.Root.Nodes {
		r, ok := node.(*parse.RangeNode)
		if !ok || !isWalk(r.Pipe) {
			continue
		}
		if !s.inside(r.List, scope{dot: true}) {
			return nil, false
		}
		s.walks++
		field := r.Pipe.Cmds[0].Args[0].(*parse.FieldNode)
		kind := strings.Join(field.Ident[1:], "") // "" for .Clients
		r.Pipe.Cmds = r.Pipe.Cmds[:1]
		r.Pipe.Cmds[0].Args = []parse.Node{
			parse.NewIdentifier(patternsFunc).SetPos(field.Pos),
			&parse.StringNode{NodeType: parse.NodeString, Pos: field.Pos, Quoted: strconv.Quote(kind), Text: kind},
		}
	}
	if s.walks == 0 {
		return nil, false
	}
	if _, err := clone.AddParseTree(t.Name(), tree); err != nil {
		return nil, false
	}
	return clone, s.breaks
}

// patternsFunc is the function that specialised templates range over: it returns the Walk[pattern] of a
// kind, or of the first kind for "". The templates of users are parsed without it, so they cannot call it.
const patternsFunc = "_patterns"

type specialiser struct {
	rewritten *escape.Rewritten
	from, to  *template.Template
	made      map[string]bool // templates with a specialised twin, by name
	walks     int
	breaks    bool
}

// scope says which of . and $ are the replica. Neither is in a body under with
// or range; $ is in a template that was called with the replica, where in the
// main template it is Data.
type scope struct{ dot, dollar bool }

// isWalk reports whether p is exactly .Clients or .Kinds.… .
func isWalk(p *parse.PipeNode) bool {
	if len(p.Decl) > 0 || len(p.Cmds) != 2 || len(p.Cmds[0].Args) != 1 { // the second is escape.RangeFunc
		return false
	}
	f, ok := p.Cmds[0].Args[0].(*parse.FieldNode)
	return ok && (len(f.Ident) == 1 && f.Ident[0] == "Clients" || len(f.Ident) == 2 && f.Ident[0] == "Kinds")
}

// inside specialises nodes that are executed for a replica, and returns false
// if that cannot be.
func (s *specialiser) inside(list *parse.ListNode, in scope) bool {
	if list == nil {
		return true
	}
	below := scope{dollar: in.dollar}
	for _, node := range list.Nodes {
		ok := true
		switch n := node.(type) {
		case *parse.TextNode, *parse.CommentNode:
		case *parse.BreakNode, *parse.ContinueNode:
			s.breaks = true
		case *parse.ActionNode:
			ok = s.mark(n.Pipe, in) || hidesID(n.Pipe, in)
		case *parse.IfNode:
			ok = hidesID(n.Pipe, in) && s.inside(n.List, in) && s.inside(n.ElseList, in)
		case *parse.WithNode:
			ok = hidesID(n.Pipe, in) && s.inside(n.List, below) && s.inside(n.ElseList, in)
		case *parse.RangeNode:
			ok = hidesID(n.Pipe, in) && s.inside(n.List, below) && s.inside(n.ElseList, in)
		case *parse.TemplateNode:
			ok = s.call(n, in)
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
func (s *specialiser) call(n *parse.TemplateNode, in scope) bool {
	if n.Pipe == nil || !isReplica(n.Pipe, in) {
		return (n.Pipe == nil || hidesID(n.Pipe, in)) && s.leavesNothing(n.Name, map[string]bool{})
	}
	twin := n.Name + " of a replica"
	if !s.made[n.Name] {
		s.made[n.Name] = true // before its body, which may call itself
		callee := s.from.Lookup(n.Name)
		if callee == nil || callee.Tree == nil || s.from.Lookup(twin) != nil {
			return false
		}
		tree := callee.Tree.Copy()
		if !s.inside(tree.Root, scope{dot: true, dollar: true}) {
			return false
		}
		if _, err := s.to.AddParseTree(twin, tree); err != nil {
			return false
		}
	}
	n.Name = twin
	return true
}

// leavesNothing reports whether the template of that name, which is executed
// with something else than a replica, calls no function that changes its
// argument: that could be the values, which all replicas share.
func (s *specialiser) leavesNothing(name string, seen map[string]bool) bool {
	if seen[name] {
		return true
	}
	seen[name] = true
	callee := s.from.Lookup(name)
	if callee == nil || callee.Tree == nil {
		return false
	}
	quiet := true
	for n := range escape.Nodes(callee.Root) {
		switch n := n.(type) {
		case *parse.IdentifierNode:
			quiet = quiet && !leaves(n.Ident)
		case *parse.TemplateNode:
			quiet = quiet && s.leavesNothing(n.Name, seen)
		}
	}
	return quiet
}

// alone returns the only operand of p, or nil.
func alone(p *parse.PipeNode) parse.Node {
	if len(p.Decl) > 0 || len(p.Cmds) != 1 || len(p.Cmds[0].Args) != 1 {
		return nil
	}
	return p.Cmds[0].Args[0]
}

// isReplica reports whether p is exactly the replica.
func isReplica(p *parse.PipeNode, in scope) bool {
	switch arg := alone(p).(type) {
	case *parse.DotNode:
		return in.dot
	case *parse.VariableNode:
		return in.dollar && slices.Equal(arg.Ident, []string{"$"})
	default:
		return false
	}
}

// mark makes one that marks its place of p if it is exactly the replica's .ID or
// .Name, and reports whether it was.
func (s *specialiser) mark(p *parse.PipeNode, in scope) bool {
	if len(p.Decl) > 0 || len(p.Cmds) != 2 || len(p.Cmds[0].Args) != 1 {
		return false
	}
	var field *string
	switch arg := p.Cmds[0].Args[0].(type) {
	case *parse.FieldNode:
		if in.dot && len(arg.Ident) == 1 {
			field = &arg.Ident[0]
		}
	case *parse.VariableNode:
		if in.dollar && len(arg.Ident) == 2 && arg.Ident[0] == "$" {
			field = &arg.Ident[1]
		}
	}
	switch {
	case field == nil:
		return false
	case slices.Contains([]string{"ID", "Index", "Ordinal"}, *field) && s.rewritten.PrintsDigits(p.Cmds[1]):
	case *field != "Name" || !s.rewritten.PrintsNames(p.Cmds[1]):
		return false
	}
	*field = "Mark" + *field
	p.Cmds = p.Cmds[:1]
	return true
}

// hidesID reports whether the value of p cannot depend on the replica's ID, or
// on the replicas before it, and leaves nothing behind for those after it.
func hidesID(p *parse.PipeNode, in scope) bool {
	hides := true
	for n := range escape.Nodes(p) {
		switch n := n.(type) {
		case *parse.PipeNode:
			hides = hides && !n.IsAssign
		case *parse.IdentifierNode:
			hides = hides && !leaves(n.Ident)
		case *parse.DotNode:
			hides = hides && !in.dot
		case *parse.FieldNode:
			hides = hides && (!in.dot || constant(n.Ident[0]))
		case *parse.VariableNode:
			// Other variables have values that hide the ID, or are Data from
			// outside of the walk. That has no ID either.
			if n.Ident[0] == "$" && in.dollar {
				hides = hides && len(n.Ident) > 1 && constant(n.Ident[1])
			}
		}
	}
	return hides
}

// constant reports whether a field of Replica is the same for all replicas.
func constant(field string) bool {
	return slices.Contains([]string{"Values", "Stage", "Replicas", "Kind", "Row", "Counts", "Names"}, field)
}

// leaves reports whether a function may leave something behind: because it
// changes an argument, or because it executes templates, which may.
func leaves(function string) bool {
	return function == "include" || slices.Contains(changing, function)
}

// changes reports whether t calls a function that changes its argument.
func changes(t *template.Template) bool {
	for n := range escape.AllNodes(t.Templates()) {
		if name, ok := n.(*parse.IdentifierNode); ok && slices.Contains(changing, name.Ident) {
			return true
		}
	}
	return false
}

// changing are the functions of sprig that change an argument of theirs.
var changing = []string{"set", "unset", "merge", "mergeOverwrite", "mustMerge", "mustMergeOverwrite", "sortAlpha"}

// pattern is the data of templates that specialise made: it stands for all replicas of a kind. It has no ID, so a use
// of the ID that specialise overlooked is an error.
type pattern struct {
	Replicas int
	Stage    string
	Values   map[string]any
	Kind     string
	Row      map[string]any
	Counts   Counts

	naming
	kind bundle.Kind
	// ordinal is the number of replicas of the kinds before this one. mark notes a hole.
	ordinal int
	mark    func(hole)
}

// MarkID stands for {{ .ID }}: it prints nothing, and marks the place of the ID. MarkIndex and MarkOrdinal do so for
// {{ .Index }} and {{ .Ordinal }}.
func (p pattern) MarkID() string { return p.number(0) }

func (p pattern) MarkIndex() string { return p.number(-p.kind.First) }

func (p pattern) MarkOrdinal() string { return p.number(p.ordinal - p.kind.First) }

func (p pattern) number(plus int) string {
	p.mark(hole{plus: plus})
	return ""
}

// MarkName stands for {{ .Name }}: it prints the name without the ID, and marks the place of the ID.
func (p pattern) MarkName() string {
	p.mark(hole{at: len(p.kind.Before), width: p.kind.Width})
	return p.kind.Before + p.kind.After
}
