// Package graph draws a Compose file: its services in the order in which they
// start, with their networks, ports and mounts, as SVG, Mermaid or DOT.
package graph

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/tp0-lab/composer/internal/compose/load"
	"github.com/tp0-lab/composer/internal/text"
)

// Load reads a Compose file in dir. A variable without a value in environment and without a default is drawn as ${NAME}.
// Paths stay as the file has them. An error about the file is a *load.Error.
func Load(ctx context.Context, raw []byte, dir string, environment map[string]string) (*types.Project, error) {
	return load.Load(ctx, raw, load.Options{
		Dir:         dir,
		Environment: environment,
		Prepare:     func(text []byte) []byte { return drawable(text, environment) },
		Profiles:    []string{"*"},
		Project:     "unnamed",
	})
}

// Graph holds the services, networks and volumes of a drawing.
type Graph struct {
	Title    string
	Services []*Service // by layer, then by name
	Networks []*Network // by name
	Volumes  []string   // the named volumes that services mount
}

// Service is a service, or a group of like services that is drawn as one.
type Service struct {
	Names  []string // of the service, or of all services of the group
	Label  string   // its name, or "client1 … client30"
	Image  string   // or "build: " and the build context
	Ports  []string
	Mounts []Mount
	// Networks are indices into Graph.Networks.
	Networks []int
	Needs    []Need
	// Layer is the number of services that start one after another before this one.
	Layer int
}

// Mount is one mount of a service.
type Mount struct {
	Volume         bool // whether Source is a named volume; else it is a path of the host or a type of mount
	Source, Target string
	ReadOnly       bool
}

// Need is another service that starts first.
type Need struct {
	Service *Service
	// Until is the state that Service has to reach: healthy, done, or "" if it only has to start.
	Until string
}

// Network is a network. Detail has its subnets, and whether it is internal or external.
type Network struct {
	Name, Detail string
}

// manyAlike is the least number of like services that are drawn as one.
const manyAlike = 8

// New returns the graph of a project. Eight or more like services, whose names, ports and mounts differ only in their
// numbers, become one, unless all is true.
func New(project *types.Project, title string, all bool) *Graph {
	g := &Graph{Title: text.Line(title)}
	index := map[string]int{}
	for _, name := range slices.Sorted(maps.Keys(project.Networks)) {
		index[name] = len(g.Networks)
		g.Networks = append(g.Networks, &Network{Name: text.Line(name), Detail: networkDetail(project.Networks[name])})
	}
	names := slices.SortedFunc(maps.Keys(project.Services), text.NaturalCompare)
	groups := map[string][]string{}
	for _, name := range names {
		key := likeness(project.Services[name])
		groups[key] = append(groups[key], name)
	}
	drawn := map[string]*Service{} // by the names of all services
	volumes := map[string]bool{}
	for _, name := range names {
		if drawn[name] != nil {
			continue
		}
		members := groups[likeness(project.Services[name])]
		if all || len(members) < manyAlike {
			members = []string{name}
		}
		s := newService(project, members, index)
		for _, member := range members {
			drawn[member] = s
		}
		for _, m := range s.Mounts {
			if m.Volume {
				volumes[m.Source] = true
			}
		}
		g.Services = append(g.Services, s)
	}
	g.Volumes = slices.Sorted(maps.Keys(volumes))
	for _, s := range g.Services {
		s.Needs = needs(project, s, drawn)
	}
	g.layer()
	return g
}

func newService(project *types.Project, members []string, networks map[string]int) *Service {
	first, last := project.Services[members[0]], project.Services[members[len(members)-1]]
	s := &Service{Names: members, Label: text.Line(members[0]), Image: text.Line(first.Image)}
	if len(members) > 1 {
		s.Label += " … " + text.Line(last.Name)
	} else if n := first.GetScale(); n != 1 {
		s.Label += fmt.Sprintf(" ×%d", n)
	}
	if first.Build != nil && first.Image == "" {
		s.Image = text.Line("build: " + first.Build.Context)
	}
	lastPorts := joinRanges(last.Ports)
	for i, p := range joinRanges(first.Ports) {
		content := portText(p)
		if other := portText(lastPorts[i]); other != content {
			content += " … " + other
		}
		s.Ports = append(s.Ports, text.Line(content))
	}
	for i, v := range first.Volumes {
		source := cmp.Or(v.Source, v.Type)
		if other := last.Volumes[i].Source; other != v.Source {
			source = between(v.Source, other)
		}
		s.Mounts = append(s.Mounts, Mount{v.Type == types.VolumeTypeVolume && v.Source != "", text.Line(source), text.Line(v.Target), v.ReadOnly})
	}
	for name := range first.Networks {
		if i, ok := networks[name]; ok {
			s.Networks = append(s.Networks, i)
		}
	}
	slices.Sort(s.Networks)
	return s
}

// between returns the range from one text to another, as in agency-{1…30}.csv.
func between(first, last string) string {
	begin := 0
	for begin < min(len(first), len(last)) && first[begin] == last[begin] && !text.IsDigit(first[begin]) {
		begin++
	}
	end := 0
	for end < min(len(first), len(last))-begin && first[len(first)-1-end] == last[len(last)-1-end] && !text.IsDigit(first[len(first)-1-end]) {
		end++
	}
	return first[:begin] + "{" + first[begin:len(first)-end] + "…" + last[begin:len(last)-end] + "}" + first[len(first)-end:]
}

// portRange is a run of consecutive ports of a service, of which the embedded one is the first.
type portRange struct {
	types.ServicePortConfig
	length uint32 // from 1
}

// joinRanges joins consecutive ports, because compose-go makes many of a range such as 8000-8100:8000-8100.
func joinRanges(ports []types.ServicePortConfig) []portRange {
	var all []portRange
	for _, p := range ports {
		if len(all) > 0 && all[len(all)-1].continues(p) {
			all[len(all)-1].length++
			continue
		}
		all = append(all, portRange{p, 1})
	}
	return all
}

func (r portRange) continues(p types.ServicePortConfig) bool {
	if p.HostIP != r.HostIP || p.Protocol != r.Protocol || p.Target != r.Target+r.length {
		return false
	}
	if r.Published == "" || p.Published == "" {
		return r.Published == p.Published
	}
	first, err1 := strconv.ParseUint(r.Published, 10, 16)
	next, err2 := strconv.ParseUint(p.Published, 10, 16)
	return err1 == nil && err2 == nil && next == first+uint64(r.length)
}

func portText(p portRange) string {
	text := strconv.FormatUint(uint64(p.Target), 10)
	if p.length > 1 {
		text += fmt.Sprintf("-%d", p.Target+p.length-1)
		if first, err := strconv.ParseUint(p.Published, 10, 16); err == nil {
			p.Published += fmt.Sprintf("-%d", first+uint64(p.length)-1)
		}
	}
	if p.Published != "" {
		text = p.Published + " → " + text
	}
	if p.HostIP != "" {
		text = p.HostIP + ":" + text
	}
	if p.Protocol != "" && p.Protocol != "tcp" {
		text += "/" + p.Protocol
	}
	return text
}

func networkDetail(n types.NetworkConfig) string {
	var parts []string
	for _, pool := range n.Ipam.Config {
		if pool.Subnet != "" {
			parts = append(parts, text.Line(pool.Subnet))
		}
	}
	if n.Internal {
		parts = append(parts, "internal")
	}
	if bool(n.External) {
		parts = append(parts, "external")
	}
	return strings.Join(parts, ", ")
}

// likeness returns a text that is equal for services whose drawings differ only in numbers.
func likeness(s types.ServiceConfig) string {
	var b strings.Builder
	name := s.Name
	for text.IsDigit(name[len(name)-1]) && len(name) > 1 {
		name = name[:len(name)-1]
	}
	fmt.Fprintf(&b, "%q %t %q %d", name, name == s.Name, s.Image, s.GetScale())
	for _, p := range joinRanges(s.Ports) {
		fmt.Fprintf(&b, " p%s", noDigits(portText(p)))
	}
	for _, v := range s.Volumes {
		fmt.Fprintf(&b, " v%s %q %q %t", v.Type, noDigits(v.Source), v.Target, v.ReadOnly)
	}
	for _, n := range slices.Sorted(maps.Keys(s.Networks)) {
		fmt.Fprintf(&b, " n%q", n)
	}
	for _, d := range slices.Sorted(maps.Keys(s.DependsOn)) {
		fmt.Fprintf(&b, " d%q %s", d, s.DependsOn[d].Condition)
	}
	return b.String()
}

func noDigits(text string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return -1
		}
		return r
	}, text)
}

var conditions = map[string]string{
	types.ServiceConditionHealthy: "healthy", types.ServiceConditionCompletedSuccessfully: "done",
}

func needs(project *types.Project, s *Service, drawn map[string]*Service) []Need {
	var all []Need
	seen := map[*Service]bool{s: true}
	for _, member := range s.Names {
		dependencies := project.Services[member].DependsOn
		for _, name := range slices.SortedFunc(maps.Keys(dependencies), text.NaturalCompare) {
			if other := drawn[name]; other != nil && !seen[other] {
				seen[other] = true
				all = append(all, Need{other, conditions[dependencies[name].Condition]})
			}
		}
	}
	return all
}

// layer sets the layer of each service, removes needs that other needs imply, and sorts the services by layer.
func (g *Graph) layer() {
	done := map[*Service]bool{}
	var depth func(s *Service) int
	depth = func(s *Service) int {
		if !done[s] {
			done[s] = true // compose-go refuses cycles
			for _, n := range s.Needs {
				s.Layer = max(s.Layer, depth(n.Service)+1)
			}
		}
		return s.Layer
	}
	for _, s := range g.Services {
		depth(s)
	}
	for _, s := range g.Services {
		if len(s.Needs) < 2 {
			continue
		}
		implied := map[*Service]bool{}
		var reach func(s *Service)
		reach = func(s *Service) {
			for _, n := range s.Needs {
				if !implied[n.Service] {
					implied[n.Service] = true
					reach(n.Service)
				}
			}
		}
		for _, n := range s.Needs {
			reach(n.Service)
		}
		s.Needs = slices.DeleteFunc(slices.Clone(s.Needs), func(n Need) bool { return implied[n.Service] && n.Until == "" })
	}
	slices.SortStableFunc(g.Services, func(a, b *Service) int { return cmp.Compare(a.Layer, b.Layer) })
}

// Describe returns the numbers of services, networks and volumes, and the order in which the first 20 services start.
func (g *Graph) Describe() string {
	services := 0
	for _, s := range g.Services {
		services += len(s.Names)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %s, %s.", text.Plural(services, "service"), text.Plural(len(g.Networks), "network"), text.Plural(len(g.Volumes), "volume"))
	const most = 20 // services
	for _, s := range g.Services[:min(most, len(g.Services))] {
		if len(s.Needs) == 0 {
			fmt.Fprintf(&b, " %s starts first.", s.Label)
			continue
		}
		var first []string
		for _, n := range s.Needs {
			first = append(first, n.Service.Label)
		}
		fmt.Fprintf(&b, " %s starts after %s.", s.Label, strings.Join(first, ", "))
	}
	return b.String()
}
