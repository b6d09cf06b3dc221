package check

import (
	"strconv"

	"go.yaml.in/yaml/v4"

	"github.com/tp0-lab/composer/internal/text"
)

var shortPort = text.LazyRegexp(`^(\d+\.\d+\.\d+\.\d+:)?(?:([0-9]+)(?:-([0-9]+))?:)?([0-9]+)(?:-([0-9]+))?(/tcp|/udp)?$`)

// maxRange is how many ports of a range are written one by one.
const maxRange = 16

// port writes a port, a range of ports, or a map of them. The numbers are classes, so that equal ones are seen.
func (s *shaper) port(n *yaml.Node) {
	if n.Kind == yaml.MappingNode {
		number := func(n *yaml.Node) {
			s.add(n.ShortTag())
			s.either(n.Kind == yaml.ScalarNode && isPort(n.Value) && (n.ShortTag() == "!!int" || isText(n)), "port", n)
		}
		s.keys(n, map[string]func(*yaml.Node){"target": number, "published": number}, s.literal)
		return
	}
	parts := shortPort().FindStringSubmatch(n.Value)
	if parts == nil || n.Kind != yaml.ScalarNode || !isText(n) && n.ShortTag() != "!!int" {
		s.literal(n)
		return
	}
	published, ok := portRange(parts[2], parts[3])
	target, ok2 := portRange(parts[4], parts[5])
	if !ok || !ok2 || parts[2] != "" && len(published) != len(target) {
		s.literal(n)
		return
	}
	s.add(n.ShortTag(), parts[1], parts[6])
	for _, one := range published {
		s.class("port", one)
	}
	s.add(":")
	for _, one := range target {
		s.class("port", one)
	}
	s.add(";")
}

func isPort(number string) bool {
	n, err := strconv.Atoi(number)
	return err == nil && n >= 1 && n <= 65535 && number[0] != '0'
}

// portRange returns the numbers of a range of a few ports. The end may be "", and the begin too.
func portRange(begin, end string) (all []string, ok bool) {
	if begin == "" {
		return nil, true
	}
	if end == "" {
		end = begin
	}
	if !isPort(begin) || !isPort(end) {
		return nil, false
	}
	first, _ := strconv.Atoi(begin)
	last, _ := strconv.Atoi(end)
	if last < first || last-first >= maxRange {
		return nil, false
	}
	for n := first; n <= last; n++ {
		all = append(all, strconv.Itoa(n))
	}
	return all, true
}
