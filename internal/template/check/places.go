package check

import (
	"bytes"
	"slices"

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
	if services == nil || services.Style&yaml.FlowStyle != 0 {
		return false
	}
	keys := map[[2]int]entry{}
	indexKeys(services, keys)
	for i, r := range allRepeated(s.groups) {
		if g := s.groups[i]; len(g.others) > 0 { // the same services at the same place of the document
			if r == nil {
				return false
			}
			above := bytes.Count(s.text[:g.begin], []byte{'\n'})
			there := keys[[2]int{above + r.own.Content[0].Line, r.own.Content[0].Column}]
			if there.of != services || !r.is(there, above) || !r.readPlaces() {
				return false
			}
		}
	}
	return true
}

// readPlaces finds the places of the group, and returns false if a number that varies is in none.
func (r *repeatedGroup) readPlaces() bool {
	known := 0
	note := func(f field, network string, node *yaml.Node) {
		if p, varies := r.varied[node]; varies && node.ShortTag() == "!!str" {
			p.service, p.field, p.network, p.value = len(r.services)-1, f, network, node.Value
			r.places = append(r.places, p)
			known++
		}
	}
	for name, service := range yamltree.Entries(r.own) {
		r.services = append(r.services, name.Value)
		note(serviceName, "", name)
		for key, f := range map[string]field{"container_name": containerName, "hostname": hostname} {
			if n := yamltree.Get(service, key); n != nil {
				note(f, "", n)
			}
		}
		for _, key := range []string{"environment", "labels"} {
			for _, value := range yamltree.Entries(yamltree.Get(service, key)) {
				note(free, "", value)
			}
		}
		for network, settings := range yamltree.Entries(yamltree.Get(service, "networks")) {
			if n := yamltree.Get(settings, "ipv4_address"); n != nil {
				note(address, network.Value, n)
			}
		}
		if volumes := yamltree.Get(service, "volumes"); volumes != nil && volumes.Kind == yaml.SequenceNode {
			for _, v := range volumes.Content {
				if kind, from := yamltree.Get(v, "type"), yamltree.Get(v, "source"); kind != nil && kind.Value == "bind" && from != nil {
					note(source, "", from)
				}
			}
		}
	}
	return known == len(r.varied)
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

// parse returns the root of a text that is one YAML document without anchors and merge keys. It returns false for
// another text.
func parse(text []byte) (*yaml.Node, bool) {
	var root *yaml.Node
	for document, err := range yamltree.Documents(text) {
		if err != nil || root != nil {
			return nil, false
		}
		root = document.Content[0]
	}
	return root, root != nil && !linked(root)
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
