package check

import (
	"net/netip"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/tp0-lab/composer/internal/compose/yamltree"
	"github.com/tp0-lab/composer/internal/text"
)

// shaper makes the shape of one service. A value whose content does not matter to compose-go is written as its class and
// the number of the value among those of the service; any other value is written as it is.
type shaper struct {
	*reduction
	name  string
	shape []byte
	ids   map[string]int
	needs []string
	named map[string][]string // volumes, configs and secrets
	wrong bool                // something is not defined
}

// Patterns of values that compose-go takes whatever they are. None of them has a variable in it.
var (
	imageName   = text.LazyRegexp(`^[a-z0-9]+(?:[._/-][a-z0-9]+)*(?::[A-Za-z0-9][A-Za-z0-9._-]*)?$`)
	plainName   = text.LazyRegexp(`^[A-Za-z0-9][A-Za-z0-9_.-]*$`)
	plainLine   = text.LazyRegexp(`^[A-Za-z0-9][A-Za-z0-9_./:=,@ -]*$`)
	plainPath   = text.LazyRegexp(`^\.{0,2}/?[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)*/?$`)
	size        = text.LazyRegexp(`^[1-9][0-9]{0,8}(?:[bkmgBKMG]|[kmgKMG]b)?$`)
	wholeNumber = text.LazyRegexp(`^(?:0|[1-9][0-9]{0,8})$`)
	shortMount  = text.LazyRegexp(`^([A-Za-z0-9_./-]+):(/[A-Za-z0-9_./-]*)(:[a-z,A-Z]+)?$`)
)

func (s *shaper) add(parts ...string) {
	for _, part := range parts {
		s.shape = append(append(s.shape, part...), 0)
	}
}

// class writes a value of which only the class matters, and which others are equal to it.
func (s *shaper) class(class, value string) {
	id, ok := s.ids[class+value]
	if !ok {
		id = len(s.ids)
		s.ids[class+value] = id
	}
	s.add(class, strconv.Itoa(id))
}

func (s *shaper) literal(n *yaml.Node) { s.shape = yamltree.AppendLiteral(s.shape, n) }

// either writes a value as a class if ok is true, and else as it is.
func (s *shaper) either(ok bool, class string, n *yaml.Node) {
	if ok {
		s.class(class, n.Value)
	} else {
		s.literal(n)
	}
}

// isText reports whether n is text without variables.
func isText(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!str" && n.Value != "" && !strings.Contains(n.Value, "$")
}

// free writes text that may be any.
func (s *shaper) free(n *yaml.Node) {
	if isText(n) {
		s.class("text", n.Value)
		return
	}
	s.either(n.Kind == yaml.ScalarNode && n.ShortTag() == "!!int" && wholeNumber().MatchString(n.Value), "number", n)
}

// like writes text that matches a pattern as a class.
func (s *shaper) like(class string, pattern interface{ MatchString(string) bool }, n *yaml.Node) {
	s.either(isText(n) && pattern.MatchString(n.Value), class, n)
}

func (s *shaper) service(body *yaml.Node) {
	for key, value := range yamltree.Entries(body) {
		s.add("key", key.Value)
		switch key.Value {
		case "image":
			s.like("image", imageName(), value)
		case "container_name", "hostname":
			s.like("name", plainName(), value)
		case "environment", "labels", "annotations":
			s.variables(value)
		case "command", "entrypoint":
			s.words(value)
		case "build":
			s.build(value)
		case "env_file":
			s.paths(value)
		case "mem_limit", "mem_reservation", "shm_size":
			s.like("size", size(), value)
		case "healthcheck":
			s.keys(value, map[string]func(*yaml.Node){"test": s.test}, s.literal)
		case "volumes":
			s.items(value, s.mount)
		case "ports", "expose":
			s.items(value, s.port)
		case "configs", "secrets":
			s.items(value, func(n *yaml.Node) { s.grant(key.Value, n) })
		case "networks":
			s.networks(value)
		case "depends_on":
			s.dependencies(value)
		default:
			s.literal(value)
		}
	}
}

// items writes the items of a list by f, and any other value as it is.
func (s *shaper) items(list *yaml.Node, f func(*yaml.Node)) {
	if list.Kind != yaml.SequenceNode {
		s.literal(list)
		return
	}
	s.add("[")
	for item := range yamltree.Items(list) {
		f(item)
	}
	s.add("]")
}

// keys writes the entries of a map, those of some keys by functions of their own, and any other value as it is.
func (s *shaper) keys(m *yaml.Node, own map[string]func(*yaml.Node), other func(*yaml.Node)) {
	if m.Kind != yaml.MappingNode {
		s.literal(m)
		return
	}
	s.add("{")
	for key, value := range yamltree.Entries(m) {
		s.add(key.Value)
		if f := own[key.Value]; f != nil {
			f(value)
		} else {
			other(value)
		}
	}
	s.add("}")
}

// variables writes a map of variables, or a list of NAME=VALUE.
func (s *shaper) variables(n *yaml.Node) {
	if n.Kind != yaml.MappingNode {
		s.items(n, func(item *yaml.Node) {
			name, _, ok := strings.Cut(item.Value, "=")
			if !ok || name == "" || !isText(item) {
				s.literal(item)
				return
			}
			s.add(name)
			s.class("variable", item.Value)
		})
		return
	}
	s.keys(n, nil, s.free)
}

// words writes a command: a list, or a line that a shell would not complain of.
func (s *shaper) words(n *yaml.Node) {
	if n.Kind == yaml.SequenceNode {
		s.items(n, func(item *yaml.Node) { s.either(isText(item), "text", item) })
		return
	}
	s.like("line", plainLine(), n)
}

// test writes the test of a health check, of which the first word is one of a few.
func (s *shaper) test(n *yaml.Node) {
	first := true
	s.items(n, func(item *yaml.Node) {
		s.either(!first && isText(item), "text", item)
		first = false
	})
}

func (s *shaper) path(n *yaml.Node) { s.like("path", plainPath(), n) }

func (s *shaper) paths(n *yaml.Node) {
	if n.Kind == yaml.SequenceNode {
		s.items(n, s.path)
		return
	}
	s.path(n)
}

func (s *shaper) build(n *yaml.Node) {
	if n.Kind != yaml.MappingNode {
		s.path(n)
		return
	}
	s.keys(n, map[string]func(*yaml.Node){"context": s.path, "dockerfile": s.path, "args": s.variables}, s.literal)
}

// reference writes the name of a volume, config or secret, which must be defined.
func (s *shaper) reference(kind, name string) {
	if !s.defined[kind][name] {
		s.wrong = true
		return
	}
	if s.named == nil {
		s.named = map[string][]string{}
	}
	s.named[kind] = append(s.named[kind], name)
	s.class(kind, name)
}

// refer is reference for a node.
func (s *shaper) refer(kind string, n *yaml.Node) {
	if isText(n) {
		s.reference(kind, n.Value)
	} else {
		s.literal(n)
	}
}

func (s *shaper) grant(kind string, n *yaml.Node) {
	source := func(n *yaml.Node) { s.refer(kind, n) }
	if n.Kind != yaml.MappingNode {
		source(n)
		return
	}
	target := func(n *yaml.Node) { s.like("target", plainPath(), n) }
	s.keys(n, map[string]func(*yaml.Node){"source": source, "target": target}, s.literal)
}

// mount writes a mount.
func (s *shaper) mount(n *yaml.Node) {
	if n.Kind == yaml.MappingNode {
		source := s.path
		switch t := yamltree.Get(n, "type"); {
		case t != nil && t.Value == "bind":
		case t != nil && t.Value == "volume":
			source = func(n *yaml.Node) { s.refer("volumes", n) }
		default:
			s.literal(n)
			return
		}
		target := func(n *yaml.Node) { s.either(isText(n) && n.Value[0] == '/', "target", n) }
		s.keys(n, map[string]func(*yaml.Node){"source": source, "target": target}, s.literal)
		return
	}
	parts := shortMount().FindStringSubmatch(n.Value)
	if !isText(n) || parts == nil {
		s.literal(n)
		return
	}
	s.add("mount", parts[3])
	if strings.IndexByte("./", parts[1][0]) < 0 {
		s.reference("volumes", parts[1])
	} else {
		s.class("path", parts[1])
	}
	s.class("target", parts[2])
}

// networks writes the networks of a service, which are few, with its addresses in them.
func (s *shaper) networks(n *yaml.Node) {
	address := func(n *yaml.Node) {
		_, err := netip.ParseAddr(n.Value)
		s.either(err == nil && isText(n), "address", n)
	}
	aliases := func(n *yaml.Node) {
		s.items(n, func(item *yaml.Node) { s.like("name", plainName(), item) })
	}
	s.keys(n, nil, func(n *yaml.Node) {
		s.keys(n, map[string]func(*yaml.Node){"ipv4_address": address, "ipv6_address": address, "aliases": aliases}, s.literal)
	})
}

// dependencies writes the ways in which a service waits for others, each once.
func (s *shaper) dependencies(n *yaml.Node) {
	seen := map[string]bool{}
	wait := func(name *yaml.Node) {
		if !isText(name) || seen[name.Value] || s.services[name.Value] == nil || name.Value == s.name {
			s.wrong = true
		}
		seen[name.Value] = true
		s.needs = append(s.needs, name.Value)
	}
	switch n.Kind {
	case yaml.SequenceNode:
		s.add("list")
		for item := range yamltree.Items(n) {
			wait(item)
		}
	case yaml.MappingNode:
		s.add("map")
		shapes := map[string]bool{}
		for name, value := range yamltree.Entries(n) {
			wait(name)
			if shape := yamltree.Literal(value); !shapes[shape] {
				shapes[shape] = true
				s.add(shape)
			}
		}
	default:
		s.literal(n)
	}
}
