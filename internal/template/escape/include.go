package escape

import (
	"bytes"
	"slices"
	"text/template/parse"
)

// includesIn derives the templates that a pipeline includes, each for lines of
// its own. Which they are has to be in the template.
func (w *walker) includesIn(p *parse.PipeNode) error {
	for _, cmd := range p.Cmds {
		for i, arg := range cmd.Args {
			if pipe, ok := arg.(*parse.PipeNode); ok {
				if err := w.includesIn(pipe); err != nil {
					return err
				}
			}
			name, ok := arg.(*parse.IdentifierNode)
			if !ok || name.Ident != "include" {
				continue
			}
			var constant *parse.StringNode
			if i == 0 && len(cmd.Args) > 1 {
				constant, _ = cmd.Args[1].(*parse.StringNode)
			}
			if constant == nil {
				return w.out.errorAt(w.tree, name.Pos, "include wants the name of a template in quotes, and its data")
			}
			if w.trees[constant.Text] == nil {
				return w.out.errorAt(w.tree, constant.Pos, "there is no template %q", constant.Text)
			}
			d, err := w.derive(call{constant.Text, beginning()})
			if err != nil {
				return err
			}
			if d.done && !d.out.whole() {
				return w.out.errorAt(w.tree, constant.Pos, "template %q ends %s, so it is not whole lines to include", constant.Text, d.out)
			}
			w.out.includes[constant.Text] = d.name
		}
	}
	return nil
}

// lastFunction returns the function that the last command of p calls, or "".
func lastFunction(p *parse.PipeNode) string {
	if len(p.Cmds) == 0 {
		return ""
	}
	if name, ok := p.Cmds[len(p.Cmds)-1].Args[0].(*parse.IdentifierNode); ok {
		return name.Ident
	}
	return ""
}

// makesStructure reports whether the last command of p is a function that
// makes YAML on purpose.
func makesStructure(p *parse.PipeNode) bool {
	return slices.Contains([]string{"toYaml", "include", "raw", "nindent", "indent"}, lastFunction(p))
}

// ownLines reports whether what an action prints begins with a line break, and
// returns how far the line behind that is indented.
func ownLines(n *parse.ActionNode, flow bool) (column int, ok bool) {
	if flow || !prints(n) || lastFunction(n.Pipe) != "nindent" {
		return 0, false
	}
	return constantIndent(n)
}

// constantIndent returns the number behind the indent or nindent that an action
// ends with, if it is in the template.
func constantIndent(n *parse.ActionNode) (column int, ok bool) {
	args := n.Pipe.Cmds[len(n.Pipe.Cmds)-1].Args
	if len(args) < 2 {
		return 0, false
	}
	number, ok := args[1].(*parse.NumberNode)
	if !ok || !number.IsInt || number.Int64 < 0 || number.Int64 > maxIndent {
		return 0, false
	}
	return int(number.Int64), true
}

// trimEnd takes the space away that a text ends with, and reports whether the
// text ends with the colon then.
func trimEnd(node parse.Node) bool {
	text, ok := node.(*parse.TextNode)
	if !ok {
		return false
	}
	trimmed := bytes.TrimRight(text.Text, " ")
	if len(trimmed) == 0 || trimmed[len(trimmed)-1] != ':' {
		return false
	}
	text.Text = trimmed
	return true
}
