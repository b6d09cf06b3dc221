package graph

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"sync"
)

//go:embed graph.css
var css string

//go:embed graph.svg.tmpl
var svgText string

// svgTemplate is parsed on first use.
var svgTemplate = sync.OnceValue(func() *template.Template { return template.Must(template.New("svg").Parse(svgText)) })

// WriteSVG writes the graph as an SVG picture that loads nothing, follows the reader's choice of light or dark, and has a
// title and a description. Services are in columns, in the order in which they start. Each network is a line from the
// top down to its services.
func (g *Graph) WriteSVG(w io.Writer) error {
	d := g.layout()
	if _, err := io.WriteString(w, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"); err != nil {
		return err
	}
	err := svgTemplate().Execute(w, struct {
		*drawing
		CSS template.CSS // our own file
	}{d, template.CSS(css)})
	if err != nil {
		return fmt.Errorf("write SVG: %w", err)
	}
	return nil
}
