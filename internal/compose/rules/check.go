package rules

import (
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/tp0-lab/composer/internal/compose/yamltree"
	"github.com/tp0-lab/composer/internal/text"
)

// Problem is a rule that a project breaks.
type Problem struct {
	Rule Rule
	// Path is the keys and list indices that lead to the value that is wrong.
	Path []string
	// Other leads to the value that this one clashes with, or is nil.
	Other []string
	// At is the node of the value, or of its key. It is nil if only the path is known.
	At *yaml.Node
	// Message is a sentence on one line, without a period.
	Message string
	// Kind and Name say what is not defined: networks and lab for the network lab. They are "" for other problems.
	Kind, Name string
}

// Check iterates over the problems of a project, first those of subnets, then those of services in their order, then
// those of ports and of networks that are too full.
func Check(p Project) iter.Seq[Problem] {
	return func(yield func(Problem) bool) {
		if len(p.Profiles) > 0 {
			p.Services = slices.Clone(p.Services)
			for i := range p.Services {
				p.Services[i].chosen = p.enabled(&p.Services[i])
			}
		}
		c := checker{project: p, yield: yield}
		for _, check := range []func(){c.checkName, c.checkDates, c.readSubnets, c.checkOverlaps, c.checkServices, c.checkReferences, c.checkPorts, c.checkRoom} {
			if !c.stopped {
				check()
			}
		}
	}
}

// containerName matches the names that the Docker engine takes (daemon/names).
var containerName = text.LazyRegexp(`^[a-zA-Z0-9][a-zA-Z0-9_.-]+$`)

// ContainerNames says which names containers can have.
const ContainerNames = "Docker takes letters, digits, '_', '.' and '-', at least two, the first a letter or digit"

// maxHostname is __NEW_UTS_LEN of the kernel's include/uapi/linux/utsname.h.
const maxHostname = 64

type checker struct {
	project  Project
	yield    func(Problem) bool
	stopped  bool
	compared int // names that were compared for a suggestion
	subnets  []subnet
	used     map[string]int // containers by network
	// own are the subnets by network, and complete the networks of which all are known.
	own      map[string][]subnet
	complete map[string]bool
}

func (c *checker) report(rule Rule, path []string, format string, args ...any) {
	c.reportAt(rule, nil, path, format, args...)
}

func (c *checker) reportAt(rule Rule, at *yaml.Node, path []string, format string, args ...any) {
	c.yieldProblem(Problem{Rule: rule, Path: path, At: at, Message: fmt.Sprintf(format, args...)})
}

func (c *checker) yieldProblem(p Problem) { c.stopped = c.stopped || !c.yield(p) }

// reportClash reports a value that clashes with another one.
func (c *checker) reportClash(rule Rule, path, other []string, format string, args ...any) {
	c.yieldProblem(Problem{Rule: rule, Path: path, Other: other, Message: fmt.Sprintf(format, args...)})
}

// reportOf reports a problem of a service.
func (c *checker) reportOf(rule Rule, s *Service, at place, format string, args ...any) {
	c.reportAt(rule, at.node, append([]string{"services", s.Name}, at.path...), "service %s: %s", s.Name, fmt.Sprintf(format, args...))
}

// checkName compares the name of the project with that which Compose makes of it (loader.NormalizeProjectName).
func (c *checker) checkName() {
	n := yamltree.Get(c.project.Root, "name")
	name, ok := c.project.reader.known(n)
	if !ok {
		return
	}
	kept := strings.TrimLeft(notInNames().ReplaceAllString(strings.ToLower(name), ""), "_-")
	switch {
	case kept == "":
		c.reportAt(Specification, n, []string{"name"}, "name: there is no letter or digit in %q, which a project's name begins with", name)
	case kept != name:
		c.reportAt(changedName, n, []string{"name"}, "name: to Compose, the project %q is %q: want lower-case letters, digits, '_' and '-', the first a letter or digit", name, kept)
	}
}

var notInNames = text.LazyRegexp(`[^-_a-z0-9]`)

// checkDates finds dates without quotes anywhere in the file, but in extensions of it.
func (c *checker) checkDates() {
	for key, value := range yamltree.Entries(c.project.Root) {
		if !strings.HasPrefix(key.Value, "x-") {
			c.checkDatesBelow(value, []string{key.Value})
		}
	}
}

func (c *checker) checkDatesBelow(n *yaml.Node, path []string) {
	const quoted = yaml.SingleQuotedStyle | yaml.DoubleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle | yaml.TaggedStyle
	switch n.Kind {
	case yaml.ScalarNode:
		if n.Style&quoted == 0 && n.ShortTag() == "!!timestamp" {
			c.reportAt(unquotedDate, n, slices.Clone(path), "without quotes, %s is a date to YAML, and Compose refuses those: write %q", n.Value, n.Value)
		}
	case yaml.SequenceNode:
		for i, item := range n.Content {
			c.checkDatesBelow(item, append(path, strconv.Itoa(i)))
		}
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			c.checkDatesBelow(n.Content[i+1], append(path, n.Content[i].Value))
		}
	}
}

func (c *checker) checkServices() {
	containers, hosts, addresses := holders[string]{}, holders[string]{}, holders[networkAddress]{}
	c.used = map[string]int{}
	for i := range c.project.Services {
		if c.stopped {
			return
		}
		s := &c.project.Services[i]
		for _, f := range s.faults {
			c.reportOf(f.rule, s, f.place, "%s", f.message)
		}
		if s.Container != "" {
			at := []string{"services", s.Name, "container_name"}
			if !containerName().MatchString(s.Container) {
				c.report(invalidContainerName, at, "service %s: container_name %q: %s", s.Name, s.Container, ContainerNames)
			}
			if other, taken := containers.take(s.Container, s); taken {
				c.reportClash(duplicateContainerName, at, []string{"services", other.Name, "container_name"}, "services %s and %s have the same container_name %q", other.Name, s.Name, s.Container)
			}
			if s.Scale > 1 {
				c.report(scaledContainerName, at, "service %s: one container_name for %d containers: leave it out, or the number", s.Name, s.Scale)
			}
		}
		if s.Hostname != "" {
			if len(s.Hostname) > maxHostname {
				c.report(invalidHost, []string{"services", s.Name, "hostname"}, "service %s: hostname: Linux takes %d characters at most", s.Name, maxHostname)
			}
			if other, taken := hosts.take(s.Hostname, s); taken {
				c.reportClash(duplicateHostname, []string{"services", s.Name, "hostname"}, []string{"services", other.Name, "hostname"}, "services %s and %s have the same hostname %q", other.Name, s.Name, s.Hostname)
			}
		}
		for _, a := range s.Networks {
			c.used[a.Network] += s.Scale
			c.checkAddress(addresses, s, a.Network, "ipv4_address", a.IPv4)
			c.checkAddress(addresses, s, a.Network, "ipv6_address", a.IPv6)
		}
	}
}
