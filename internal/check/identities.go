package check

import (
	"bytes"
	"strings"

	"go.yaml.in/yaml/v3"
)

// identity is something that a service does not share with others, or that is
// looked up for each.
type identity struct {
	kind   kind
	value  string
	offset int // of its line in the document
}

type kind int

const (
	serviceName kind = iota
	containerName
	address // of the service in a network
	source  // path on the host that is mounted
)

func (k kind) String() string {
	return [...]string{"service name", "container_name", "ipv4_address", "mount source"}[k]
}

// identities returns those of all replicas of the document, left out of the
// sample or not, in order within each shape. It returns false if the lines of those left out cannot be read.
func (s *sample) identities() ([]identity, bool) {
	var root yaml.Node
	if yaml.Unmarshal(s.text, &root) != nil || len(root.Content) == 0 {
		return nil, false
	}
	lines := lineOffsets(s.text)
	var all []identity
	ok := true
	walkServices(root.Content[0], func(k kind, node *yaml.Node) {
		offset := lines[node.Line-1]
		at, inReplica := s.keptAt(offset)
		if !inReplica {
			// Outside of all replicas: the offset matters for messages only.
			all = append(all, identity{k, node.Value, min(offset, len(s.doc.Bytes))})
			return
		}
		replica := s.kept[at]
		begin := s.begins[at]
		if g := s.groupOf[replica]; len(g.members) == 1 {
			all = append(all, identity{k, node.Value, s.doc.Replicas[replica].Begin + offset - begin})
		} else if replica == g.members[0] {
			var read bool
			all, read = s.readGroup(all, g, k, node, s.text[begin:offset])
			ok = ok && read
		}
	})
	return all, ok
}

// readGroup reads, for each member of a shape, the scalar that node is for its
// first member. before is what the first member has in front of node's line.
func (s *sample) readGroup(all []identity, g *group, k kind, node *yaml.Node, before []byte) ([]identity, bool) {
	line := bytes.Count(before, []byte{'\n'})
	var prefix, suffix string
	for _, member := range g.members {
		span := s.doc.Replicas[member]
		text, offset := nthLine(s.doc.Bytes[span.Begin:span.End], line)
		if member == g.members[0] {
			if node.Column > len(text) {
				return all, false
			}
			prefix = text[:node.Column-1]
			rest := text[node.Column-1:]
			switch {
			case unquote(rest) == node.Value:
			case unquote(strings.TrimSuffix(rest, ":")) == node.Value:
				suffix = ":"
			default:
				return all, false
			}
		}
		rest, hasPrefix := strings.CutPrefix(text, prefix)
		rest, hasSuffix := strings.CutSuffix(rest, suffix)
		if !hasPrefix || !hasSuffix {
			return all, false
		}
		all = append(all, identity{k, unquote(rest), span.Begin + offset})
	}
	return all, true
}

// unquote takes the quotes off a scalar in which they are all there is to take
// off; any other comes back as it is, and equals no value.
func unquote(s string) string {
	if len(s) >= 2 && (s[0] == '"' || s[0] == '\'') && s[len(s)-1] == s[0] && !strings.ContainsAny(s[1:len(s)-1], `\'"`) {
		return s[1 : len(s)-1]
	}
	return s
}

// walkServices calls visit for each identity of each service. Compose's $$ in
// a value is left as it is: two values are equal with it if they are without.
func walkServices(root *yaml.Node, visit func(kind, *yaml.Node)) {
	eachKey(child(root, "services"), func(name, service *yaml.Node) {
		visit(serviceName, name)
		if n := child(service, "container_name"); n != nil {
			visit(containerName, n)
		}
		eachKey(child(service, "networks"), func(_, network *yaml.Node) {
			if n := child(network, "ipv4_address"); n != nil {
				visit(address, n)
			}
		})
		if volumes := child(service, "volumes"); volumes != nil && volumes.Kind == yaml.SequenceNode {
			for _, v := range volumes.Content {
				if t := child(v, "type"); t != nil && t.Value == "bind" {
					if n := child(v, "source"); n != nil {
						visit(source, n)
					}
				}
			}
		}
	})
}

func eachKey(mapping *yaml.Node, visit func(key, value *yaml.Node)) {
	if mapping == nil || mapping.Kind != yaml.MappingNode {
		return
	}
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		visit(mapping.Content[i], mapping.Content[i+1])
	}
}

// child returns the value of key, or nil.
func child(mapping *yaml.Node, key string) (found *yaml.Node) {
	eachKey(mapping, func(k, v *yaml.Node) {
		if k.Value == key {
			found = v
		}
	})
	return found
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

// nthLine returns line n of text, from 0 and without its end, and its offset.
func nthLine(text []byte, n int) (string, int) {
	offset := 0
	for ; n > 0; n-- {
		offset += bytes.IndexByte(text[offset:], '\n') + 1
	}
	line, _, _ := bytes.Cut(text[offset:], []byte{'\n'})
	return string(line), offset
}
