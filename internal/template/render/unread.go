package render

import (
	"slices"
	"text/template/parse"

	"github.com/tp0-lab/composer/internal/template/bundle"
	"github.com/tp0-lab/composer/internal/template/escape"
)

// Unread returns those of kinds that no template reads: neither their replicas nor their names or number. A template
// that computes the name of a kind may read all kinds. A kind with rows is unread if none of its rows is read.
func (e *Engine) Unread(kinds bundle.Kinds) []bundle.Kind {
	reads := kindReads{first: kinds.First(), names: map[string]bool{}}
	templates := e.rewritten.Template.Templates()
	for _, o := range e.bundle.Outputs {
		templates = append(templates, e.parsed.Templates()...)
		if reads.names[o.Kind] = true; o.Each && o.Kind == "" {
			reads.all = true
		}
	}
	for n := range escape.AllNodes(templates) {
		if c, ok := n.(*parse.CommandNode); ok {
			for i, arg := range c.Args {
				reads.noteFields(fieldsIn(arg), c.Args[i+1:])
			}
		}
	}
	for _, kind := range kinds.All {
		if reads.names[kind.Name] && kind.Table != "" {
			reads.names[kind.Table] = true
		}
	}
	return slices.DeleteFunc(kinds.Rows(), func(kind bundle.Kind) bool { return reads.all || reads.names[kind.Name] })
}

// kindReads are the kinds that templates read.
type kindReads struct {
	first string // the kind of .Clients and .Replicas
	names map[string]bool
	all   bool // a template computes the name of a kind
}

// fieldsIn returns the names of the fields that a node reads one behind the other, as in .Kinds.worker.
func fieldsIn(n parse.Node) []string {
	switch n := n.(type) {
	case *parse.FieldNode:
		return n.Ident
	case *parse.VariableNode:
		return n.Ident[1:]
	case *parse.ChainNode:
		return n.Field
	}
	return nil
}

// noteFields notes the kinds that a chain of fields reads; args are the arguments behind it.
func (r *kindReads) noteFields(idents []string, args []parse.Node) {
	for i, ident := range idents {
		switch ident {
		case "Clients", "Replicas":
			r.names[r.first] = true
		case "Kinds", "Counts":
			if i+1 < len(idents) {
				r.names[idents[i+1]] = true
				return
			}
			r.noteArgument(args)
		case "Names":
			r.noteArgument(args)
		}
	}
}

// noteArgument notes the kind that the first argument names, or all kinds if it is no constant.
func (r *kindReads) noteArgument(args []parse.Node) {
	if len(args) > 0 {
		if name, ok := args[0].(*parse.StringNode); ok {
			r.names[name.Text] = true
			return
		}
	}
	r.all = true
}
