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
	walker *walker // of its template
	pos    parse.Pos
	length int // of a text, in bytes
}

// Place returns the place of the byte at offset of a text. For an action, it ignores offset and returns the place of
// the action.
func (s Source) Place(offset int) text.Place {
	return s.walker.out.placeOf(s.walker.tree, s.pos+parse.Pos(min(max(offset, 0), s.length)))
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
		w := &walker{rewriter: &rewriter{out: r}, tree: t.Tree.Copy()}
		for node := range Nodes(w.tree.Root) {
			list, ok := node.(*parse.ListNode)
			if !ok {
				continue
			}
			nodes := make([]parse.Node, 0, 2*len(list.Nodes))
			for _, node := range list.Nodes {
				text, isText := node.(*parse.TextNode)
				action, isAction := node.(*parse.ActionNode)
				if isText || isAction && r.written(action.Pipe.Cmds[len(action.Pipe.Cmds)-1]) != nil {
					source := Source{Text: isText, walker: w, pos: node.Position()}
					if isText {
						source.length = len(text.Text)
					}
					nodes = append(nodes, silentAction(source.pos, w.command(source.pos, MarkFunc, len(sources))))
					sources = append(sources, source)
				}
				nodes = append(nodes, node)
			}
			list.Nodes = nodes
		}
		if _, err := marked.AddParseTree(t.Name(), w.tree); err != nil {
			return nil, nil, err
		}
	}
	return marked, sources, nil
}
