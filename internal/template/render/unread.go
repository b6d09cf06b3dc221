package render

import (
	"slices"
	"text/template/parse"

	"github.com/tp0-lab/composer/internal/template/bundle"
)

// Unread returns those of kinds that no template reads: neither their replicas nor their names or number. A template
// that computes the name of a kind may read all kinds. A kind with rows is unread if none of its rows is read.
func (e *Engine) Unread(kinds bundle.Kinds) []bundle.Kind {
	read := map[string]bool{}
	all := false
	constant := func(args []parse.Node) {
		if len(args) > 0 {
			if name, ok := args[0].(*parse.StringNode); ok {
				read[name.Text] = true
				return
			}
		}
		all = true
	}
	// fields notes the kinds that a chain of fields reads; args are the arguments behind it.
	fields := func(idents []string, args []parse.Node) {
		for i, ident := range idents {
			switch ident {
			case "Clients", "Replicas":
				read[kinds.First()] = true
			case "Kinds", "Counts":
				if i+1 < len(idents) {
					read[idents[i+1]] = true
					return
				}
				constant(args)
			case "Names":
				constant(args)
			}
		}
	}
	templates := e.rewritten.Template.Templates()
	for _, o := range e.bundle.Outputs {
		templates = append(templates, e.parsed.Templates()...)
		if read[o.Kind] = true; o.Each && o.Kind == "" {
			all = true
		}
	}
	for _, t := range templates {
		if t.Tree == nil {
			continue
		}
		visit(t.Root, func(n parse.Node) {
			c, ok := n.(*parse.CommandNode)
			if !ok {
				return
			}
			for i, arg := range c.Args {
				switch arg := arg.(type) {
				case *parse.FieldNode:
					fields(arg.Ident, c.Args[i+1:])
				case *parse.VariableNode:
					fields(arg.Ident[1:], c.Args[i+1:])
				case *parse.ChainNode:
					fields(arg.Field, c.Args[i+1:])
				}
			}
		})
	}
	for _, kind := range kinds.All {
		if read[kind.Name] && kind.Table != "" {
			read[kind.Table] = true
		}
	}
	return slices.DeleteFunc(kinds.Rows(), func(kind bundle.Kind) bool { return all || read[kind.Name] })
}
