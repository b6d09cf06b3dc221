// Package cluster checks stack files for Docker Swarm and manifests for Kubernetes, without either engine. It finds
// mistakes that the engine's own tools refuse, and mistakes that the engine accepts and then silently ignores or fails
// at.
package cluster

import (
	"cmp"
	"fmt"
	"slices"

	"go.yaml.in/yaml/v4"

	"github.com/tp0-lab/composer/internal/compose/yamltree"
)

// Problem is a mistake in a document.
type Problem struct {
	// Line and Column count from 1; columns are characters.
	Line, Column int
	Message      string
	// Warning reports that the engine takes the document, though most likely it does not do what was meant.
	Warning bool
}

// problems collects the problems of a document.
type problems []Problem

func (p *problems) fail(at *yaml.Node, format string, args ...any) {
	*p = append(*p, Problem{Line: at.Line, Column: at.Column, Message: fmt.Sprintf(format, args...)})
}

func (p *problems) warn(at *yaml.Node, format string, args ...any) {
	*p = append(*p, Problem{Line: at.Line, Column: at.Column, Message: fmt.Sprintf(format, args...), Warning: true})
}

// sorted returns the errors by line, and the warnings behind them.
func (p problems) sorted() []Problem {
	rank := map[bool]int{true: 1}
	slices.SortStableFunc(p, func(a, b Problem) int { return cmp.Or(rank[a.Warning]-rank[b.Warning], a.Line-b.Line) })
	return p
}

// maxDocuments is the limit for the YAML documents of a text.
const maxDocuments = 1000

// parse returns the roots of the YAML documents of a text; empty ones are left out. It refuses keys that are twice in a
// mapping. A mistake is in p.
func (p *problems) parse(text []byte) []*yaml.Node {
	var roots []*yaml.Node
	for document, err := range yamltree.Documents(text) {
		if err != nil {
			line, column, message := yamltree.DescribeSyntaxError(text, err)
			*p = append(*p, Problem{Line: line, Column: column, Message: message})
			return nil
		}
		root := document.Content[0]
		if yamltree.IsNull(root) {
			continue
		}
		if excess := yamltree.CheckLimits(root, yamltree.MaxValues+len(text)); excess != nil {
			p.fail(excess.Node, "%s", excess.Message)
			return nil
		}
		if len(roots) == maxDocuments {
			p.fail(root, "this is document %d of the file, and %d are read", maxDocuments+1, maxDocuments)
			return nil
		}
		p.checkKeys(root)
		p.checkAliases(root)
		roots = append(roots, root)
	}
	return roots
}

// checkAliases reports aliases of anchors in another document: the decoder knows these, and the readers of engines do not.
func (p *problems) checkAliases(root *yaml.Node) {
	own := map[*yaml.Node]bool{}
	for n := range yamltree.All(root) {
		own[n] = true
	}
	for alias := range yamltree.All(root) {
		if alias.Kind == yaml.AliasNode && !own[alias.Alias] {
			p.fail(alias, "the anchor &%s is in another document, and each document has its own: write the value here again", alias.Value)
		}
	}
}

// checkKeys reports keys that are twice in one mapping.
func (p *problems) checkKeys(root *yaml.Node) {
	for n := range yamltree.All(root) {
		for key, first := range yamltree.RepeatedKeys(n) {
			p.fail(key, "key %q is in line %d already", yamltree.Follow(key).Value, first.Line)
		}
	}
}
