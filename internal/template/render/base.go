package render

import (
	"bytes"
	"errors"
	"fmt"

	"go.yaml.in/yaml/v4" // the version that compose-go reads with

	"github.com/tp0-lab/composer/internal/compose/project"
	"github.com/tp0-lab/composer/internal/compose/yamltree"
	"github.com/tp0-lab/composer/internal/template/bundle"
	"github.com/tp0-lab/composer/internal/text"
)

// laidOver is a document that is laid over the base of its stage.
type laidOver struct {
	text    []byte
	project *project.Project
	upper   *project.File // what the templates wrote
}

// laidOver lays what the templates wrote over a base, as Compose does with two files. Variables stay as they are, and paths
// too. Comments are lost, except for those at the beginning of what the templates wrote. Errors have the place in the base
// or in the templates.
func (e *Engine) laidOver(stage string, n int, rendered []byte, base bundle.Base) (*laidOver, error) {
	m := &laidOver{upper: &project.File{Name: "what is rendered", Text: rendered}}
	if err := yaml.Unmarshal(rendered, new(yaml.Node)); err != nil {
		line, column, message := yamltree.DescribeSyntaxError(rendered, err)
		return nil, e.inUpper(stage, n, rendered, line, column, message)
	}
	lower := &project.File{Name: base.Name, Text: base.Text}
	var err error
	if m.project, err = project.Read([]*project.File{lower, m.upper}, project.Options{Alone: true}); err != nil {
		return nil, fmt.Errorf("lay the document over its base: %w", err)
	}
	if len(m.project.Faults) > 0 {
		fault := m.project.Faults[0]
		if fault.File == m.upper.Name {
			return nil, e.inUpper(stage, n, rendered, fault.Line, fault.Column, fault.Message)
		}
		return nil, fmt.Errorf("lay the document over its base: %w", &fault)
	}
	b := bytes.NewBufferString(yamltree.Heading(string(rendered)))
	encoder := yaml.NewEncoder(b)
	encoder.SetIndent(2)
	if err := errors.Join(encoder.Encode(m.project.Root), encoder.Close()); err != nil {
		return nil, fmt.Errorf("lay the document over its base: %w", err)
	}
	m.text = b.Bytes()
	return m, nil
}

// inUpper returns an error about a line and column of what the templates wrote.
func (e *Engine) inUpper(stage string, n int, rendered []byte, line, column int, message string) error {
	place, err := e.locateRendered(stage, n, rendered, text.OffsetOf(rendered, line, column))
	if err != nil {
		place = "what is rendered"
	}
	return fmt.Errorf("%s (line %d of the rendered document): %s", place, line, message)
}

// locateLaidOver returns the place of the value at an offset of a document that is laid over a base: in the base, or in the
// templates.
func (e *Engine) locateLaidOver(stage string, n int, base bundle.Base, offset int) (string, error) {
	x, err := e.execute(stage, n, maxDocument)
	if err != nil {
		return "", err
	}
	doc, err := x.document()
	if err != nil {
		return "", err
	}
	m, err := e.laidOver(stage, n, doc.Bytes, base)
	if err != nil {
		return "", err
	}
	var document yaml.Node
	if err := yaml.Unmarshal(m.text, &document); err != nil {
		return "", err
	}
	at := text.PlaceAt("", m.text, offset)
	node := m.project.Root
	follow(document.Content[0], m.project.Root, func(written, from *yaml.Node) {
		if written.Line < at.Line || written.Line == at.Line && written.Column <= at.Column {
			node = from
		}
	})
	place := m.project.Place(node)
	if m.project.File(node).Name != m.upper.Name {
		return place.String(), nil
	}
	return e.locateRendered(stage, n, doc.Bytes, text.OffsetOf(doc.Bytes, place.Line, place.Column))
}

// follow goes through two trees of the same shape, in the order in which the first is written.
func follow(written, from *yaml.Node, visit func(written, from *yaml.Node)) {
	visit(written, from)
	for i := range min(len(written.Content), len(from.Content)) {
		follow(written.Content[i], from.Content[i], visit)
	}
}
