package lint

import (
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"github.com/tp0-lab/composer/internal/compose/vars"
	"github.com/tp0-lab/composer/internal/compose/yamltree"
	"github.com/tp0-lab/composer/internal/text"
)

func (d *document) checkAllVariables() {
	for _, root := range d.roots() {
		for key, value := range yamltree.Entries(root) {
			if strings.HasPrefix(key.Value, "x-") {
				continue
			}
			for n := range yamltree.All(value) {
				d.checkVariables(n)
			}
		}
	}
}

// roots returns the mappings of all documents of the text.
func (d *document) roots() []*yaml.Node { return append([]*yaml.Node{d.root}, d.more...) }

// checkVariables reports a text that looks like a variable and that Compose cannot read.
func (d *document) checkVariables(n *yaml.Node) {
	if at := vars.Broken(n.Value); n.Kind == yaml.ScalarNode && at >= 0 {
		rest, _, _ := strings.Cut(n.Value[at:], "\n")
		line, column := d.placeWithin(n, at)
		d.setWrong(n)
		d.reportAt("specification", line, column, "%q looks like a variable, but Compose cannot read it: write ${NAME}, or $$ for a plain dollar", text.Short(rest, 60))
	}
}

// placeWithin returns the place of an offset in the value of a scalar, or that of the scalar if its lines are written
// otherwise than they are in the value, as with escapes.
func (d *document) placeWithin(n *yaml.Node, offset int) (line, column int) {
	own, line, begin := n.Value, n.Line, n.Column
	if n.Style&yaml.LiteralStyle != 0 {
		first := strings.LastIndexByte(own[:offset], '\n') + 1
		line, begin = line+1+strings.Count(own[:first], "\n"), 1
		own, _, _ = strings.Cut(own[first:], "\n")
		offset -= first
	}
	written := []rune(d.line(line))
	if begin > len(written) {
		return n.Line, n.Column
	}
	rest := string(written[begin-1:])
	found := strings.Index(rest, own)
	if found < 0 {
		return n.Line, n.Column
	}
	return line, begin + utf8.RuneCountInString(rest[:found+offset])
}

// line returns a line of the text, from 1.
func (d *document) line(number int) string {
	if d.lines == nil {
		d.lines = strings.Split(string(d.Text), "\n")
	}
	if number < 1 || number > len(d.lines) {
		return ""
	}
	return d.lines[number-1]
}
