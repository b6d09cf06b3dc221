package escape

import (
	"slices"
	"text/template/parse"
)

// includesIn derives the templates that a pipeline includes, each for lines of its own.
func (w *walker) includesIn(p *parse.PipeNode) error {
	if p == nil {
		return nil
	}
	for _, cmd := range p.Cmds {
		for i, arg := range cmd.Args {
			if chain, ok := arg.(*parse.ChainNode); ok { // (include …).key
				arg = chain.Node
			}
			if pipe, ok := arg.(*parse.PipeNode); ok {
				if err := w.includesIn(pipe); err != nil {
					return err
				}
			}
			if name, ok := arg.(*parse.IdentifierNode); ok && name.Ident == "include" {
				if err := w.include(name, cmd.Args[i+1:], i == 0); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// include derives the template of a call of include, whose name has to be in the template.
func (w *walker) include(at *parse.IdentifierNode, args []parse.Node, called bool) error {
	var constant *parse.StringNode
	if called && len(args) > 0 {
		constant, _ = args[0].(*parse.StringNode)
	}
	if constant == nil {
		return w.out.errorAt(w.tree, at.Pos, "include wants the name of a template in quotes, and its data")
	}
	d, err := w.derive(call{constant.Text, w.out.Format.beginning()}, w.tree, constant.Pos)
	if err != nil {
		return err
	}
	if d.done && !d.out.whole() {
		return w.out.errorAt(w.tree, constant.Pos, "template %q ends %s, so it is not whole lines to include", constant.Text, d.out)
	}
	w.out.includes[constant.Text] = d.name
	return nil
}

// lastFunction returns the function that the last command of p calls, or "".
func lastFunction(p *parse.PipeNode) string {
	if name, ok := p.Cmds[len(p.Cmds)-1].Args[0].(*parse.IdentifierNode); ok {
		return name.Ident
	}
	return ""
}

// makesStructure reports whether the last command of p is a function that makes YAML on purpose, or interpolate of toYaml.
func makesStructure(p *parse.PipeNode) bool {
	last := lastFunction(p)
	if last == "interpolate" {
		args := p.Cmds[len(p.Cmds)-1].Args
		if inner, ok := args[len(args)-1].(*parse.PipeNode); ok {
			return lastFunction(inner) == "toYaml"
		}
		return len(p.Cmds) > 1 && lastFunction(&parse.PipeNode{Cmds: p.Cmds[:len(p.Cmds)-1]}) == "toYaml"
	}
	return slices.Contains([]string{"toYaml", "include", "raw", "nindent", "indent"}, last)
}

// ownLines reports whether a node prints lines that begin with a line break, and how far the first is indented.
func ownLines(node parse.Node, flow bool) (column int, ok bool) {
	if flow || !prints(node) || lastFunction(node.(*parse.ActionNode).Pipe) != "nindent" {
		return 0, false
	}
	return constantIndent(node.(*parse.ActionNode).Pipe)
}

// constantIndent returns the number behind the indent or nindent that p ends with, if the template has it.
func constantIndent(p *parse.PipeNode) (column int, ok bool) {
	args := p.Cmds[len(p.Cmds)-1].Args
	if len(args) < 2 {
		return 0, false
	}
	number, ok := args[1].(*parse.NumberNode)
	if !ok || !number.IsInt || number.Int64 < 0 || number.Int64 > maxIndent {
		return 0, false
	}
	return int(number.Int64), true
}
