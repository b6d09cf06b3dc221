package check

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/tp0-lab/composer/internal/compose/rules"
	"github.com/tp0-lab/composer/internal/compose/yamltree"
	"github.com/tp0-lab/composer/internal/template/render"
	"github.com/tp0-lab/composer/internal/text"
)

// place is a scalar of a service that is another in other replicas.
type place struct {
	service int // index into group.services
	field   field
	network string // of an address
	value   string // in the replica that is kept
	// text is where value is in that replica, and numbers which of its numbers are in it.
	text             render.Span
	firstNum, endNum int
}

type field int

const (
	serviceName field = iota
	containerName
	hostname
	address
	source
	free // nothing is demanded of it but to be a string
)

// understand finds out what the numbers of each group say. It returns false if
// the document is laid out in a way for which the argument at Document does not hold.
func (s *sample) understand() bool {
	root, ok := parse(s.text)
	if !ok || yamltree.Get(root, "jobs") != nil { // jobs share the services' names
		return false
	}
	services := yamltree.Get(root, "services")
	if services == nil || len(services.Content) == 0 || services.Style&yaml.FlowStyle != 0 {
		return false
	}
	lines := lineOffsets(s.text)
	entries := services.Content // key, value, key, value …
	for _, g := range s.groups {
		own, ok := parse(g.text)
		if !ok || own.Kind != yaml.MappingNode || own.Style&yaml.FlowStyle != 0 {
			return false
		}
		// The same services at the same place of the document.
		for len(entries) > 0 && lines[entries[0].Line-1] < g.begin {
			entries = entries[2:]
		}
		if len(own.Content) > len(entries) {
			return false
		}
		for i, node := range own.Content {
			there := entries[i]
			line := bytes.Count(g.text[:min(lines[there.Line-1]-g.begin, len(g.text))], []byte{'\n'}) + 1
			if node.Column != there.Column || node.Line != line || node.Kind != there.Kind || i%2 == 0 && node.Value != there.Value {
				return false
			}
		}
		entries = entries[len(own.Content):]
		if len(entries) > 0 && lines[entries[0].Line-1] < g.begin+len(g.text) {
			return false
		}
		if !g.readPlaces(own) {
			return false
		}
	}
	return true
}

// readPlaces finds the places of g, and returns false if a number that varies
// is in none.
func (g *group) readPlaces(services *yaml.Node) bool {
	lines := lineOffsets(g.text)
	known := make([]bool, len(g.numbers))
	note := func(f field, network string, node *yaml.Node, suffix string) {
		text, ok := locate(g.text, lines, node, suffix)
		if !ok {
			return
		}
		p := place{service: len(g.services) - 1, field: f, network: network, value: node.Value, text: text}
		p.firstNum, _ = slices.BinarySearchFunc(g.numbers, text.Begin, func(n render.Span, at int) int { return n.Begin - at })
		p.endNum, _ = slices.BinarySearchFunc(g.numbers, text.End, func(n render.Span, at int) int { return n.Begin - at })
		for i := p.firstNum; i < p.endNum; i++ {
			known[i] = true
		}
		if slices.Contains(g.varies[p.firstNum:p.endNum], true) {
			g.places = append(g.places, p)
		}
	}
	for name, service := range yamltree.Entries(services) {
		g.services = append(g.services, name.Value)
		note(serviceName, "", name, ":")
		for key, f := range map[string]field{"container_name": containerName, "hostname": hostname} {
			if n := yamltree.Get(service, key); n != nil {
				note(f, "", n, "")
			}
		}
		for _, key := range []string{"environment", "labels"} {
			for _, value := range yamltree.Entries(yamltree.Get(service, key)) {
				note(free, "", value, "")
			}
		}
		for network, settings := range yamltree.Entries(yamltree.Get(service, "networks")) {
			if n := yamltree.Get(settings, "ipv4_address"); n != nil {
				note(address, network.Value, n, "")
			}
		}
		if volumes := yamltree.Get(service, "volumes"); volumes != nil && volumes.Kind == yaml.SequenceNode {
			for _, v := range volumes.Content {
				if kind, from := yamltree.Get(v, "type"), yamltree.Get(v, "source"); kind != nil && kind.Value == "bind" && from != nil {
					note(source, "", from, "")
				}
			}
		}
	}
	for i, varies := range g.varies {
		if varies && !known[i] {
			return false
		}
	}
	return true
}

// expand adds the services that the sample leaves out to those that project has read of it. It returns false where
// project has read a place differently.
func (s *sample) expand(project *rules.Project) bool {
	all := project.Services
	byName := make(map[string]rules.Service, len(all))
	for _, one := range all {
		byName[one.Name] = one
	}
	all = slices.Grow(all, len(s.doc.Replicas)-len(s.groups))
	var numbers []render.Span
	for _, g := range s.groups {
		kept := make([]rules.Service, len(g.services))
		for i, name := range g.services {
			one, ok := byName[name]
			if !ok {
				return false
			}
			kept[i] = one
		}
		for _, p := range g.places {
			if !has(&kept[p.service], p) {
				return false
			}
		}
		for _, other := range g.others {
			span := s.doc.Replicas[other]
			text := s.doc.Bytes[span.Begin:span.End]
			_, numbers = appendShape(nil, numbers[:0], text)
			first := len(all)
			all = append(all, kept...)
			for _, p := range g.places {
				if !set(&all[first+p.service], p, g.read(p, text, numbers)) {
					return false
				}
			}
		}
	}
	project.Services = all
	return true
}

// read returns what is at p in the text of another member of g, whose numbers
// are at those spans.
func (g *group) read(p place, text []byte, numbers []render.Span) string {
	begin := numbers[p.firstNum].Begin - (g.numbers[p.firstNum].Begin - p.text.Begin)
	end := numbers[p.endNum-1].End + (p.text.End - g.numbers[p.endNum-1].End)
	return string(text[begin:end])
}

// text is a plain scalar that is a string with any number in it: it begins as
// a word or a path does.
var wordOrPath = text.LazyRegexp(`^([A-Za-z_]|\.{0,2}/)`)

// locate returns where the value of a scalar is in text, if it is the rest of
// its line as it stands, between quotes or not, but for suffix.
func locate(text []byte, lines []int, node *yaml.Node, suffix string) (render.Span, bool) {
	if node.Kind != yaml.ScalarNode || node.Value == "" {
		return render.Span{}, false
	}
	line, _, _ := bytes.Cut(text[lines[node.Line-1]:], []byte{'\n'})
	if node.Column > len(line) {
		return render.Span{}, false
	}
	begin := lines[node.Line-1] + node.Column - 1
	rest := string(line[node.Column-1:])
	switch quote := rest[:1]; {
	case quote != `"` && quote != "'":
		if rest != node.Value+suffix || !wordOrPath().MatchString(rest) {
			return render.Span{}, false
		}
	case rest == quote+node.Value+quote+suffix && !strings.ContainsAny(node.Value, `\'"`):
		begin++
	default:
		return render.Span{}, false
	}
	return render.Span{Begin: begin, End: begin + len(node.Value)}, true
}

// parse returns the root of a text that is one YAML document without anchors and merge keys. It returns false for
// another text.
func parse(text []byte) (*yaml.Node, bool) {
	var doc yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	if decoder.Decode(&doc) != nil || len(doc.Content) != 1 {
		return nil, false
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, false
	}
	return doc.Content[0], !linked(&doc)
}

func linked(node *yaml.Node) bool {
	return node.Anchor != "" || node.Kind == yaml.AliasNode || yamltree.IsMerge(node) || slices.ContainsFunc(node.Content, linked)
}

func lineOffsets(text []byte) []int {
	offsets := []int{0}
	for i, c := range text {
		if c == '\n' {
			offsets = append(offsets, i+1)
		}
	}
	return offsets
}
