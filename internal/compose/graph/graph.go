// Package graph draws a Compose project: its services in the order in which they start, with what they share and mount,
// as SVG, Mermaid or DOT.
package graph

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/tp0-lab/composer/internal/text"
)

// Graph holds the services, networks and resources of a drawing.
type Graph struct {
	Title     string
	Services  []*Service // by layer, then by name
	Networks  []*Network // by name, and then those that only network_mode names
	Resources []Resource // by kind, then by name: those that services mount
}

// Service is a service, or a group of like services that is drawn as one.
type Service struct {
	Names    []string // of the service, or of all services of the group
	Label    string   // its name, "client1 … client30" or "3 × api, cron, mail"; then the number of its replicas
	Image    string   // or "build: " and the build context
	Profiles []string // sorted
	Notes    []string // "no network", or the service or container whose network it uses
	Ports    []string
	Mounts   []Mount
	// Networks are indices into Graph.Networks.
	Networks []int
	Links    []Link
	// Idle is whether the service starts only if somebody asks for it: it has a profile or no replicas.
	Idle bool
	// Layer is the length of the longest chain of services that have to come before this one, one after another.
	Layer int
}

// Kinds of mounts and resources.
const (
	volume = "volume"
	bind   = "bind" // any mount that is no resource
	config = "config"
	secret = "secret"
	model  = "model"
)

// Mount is one mount of a service, or a model that it uses.
type Mount struct {
	Kind           string
	Source, Target string // Source is the name of a resource, a path of the host or a type of mount
	ReadOnly       bool
}

// Resource is a named volume, a config, a secret or a model.
type Resource struct {
	Kind, Name string
}

// Link is a line from the service that has it to Service.
type Link struct {
	Kind    linkKind
	Service *Service
	// Label says more, such as the state that Service has to reach; "" if there is nothing to say.
	Label string
}

type linkKind int

const (
	starts linkKind = iota // the other service starts first
	shares                 // a namespace of the other service
	builds                 // the image is built from the other's
)

// Network is a network. Detail has its subnets, and whether it is internal or external.
type Network struct {
	Name, Detail string
}

// manyAlike is the least number of like services that are drawn as one.
const manyAlike = 3

// New returns the graph of a project. Three or more like services, which differ only in names and numbers, become one,
// unless all is true.
func New(project *types.Project, title string, all bool) *Graph {
	g := &Graph{Title: text.Line(title)}
	index := map[string]int{}
	for _, name := range slices.Sorted(maps.Keys(project.Networks)) {
		index[name] = len(g.Networks)
		g.Networks = append(g.Networks, &Network{Name: text.Line(name), Detail: networkDetail(project.Networks[name])})
	}
	names := slices.SortedFunc(maps.Keys(project.Services), text.NaturalCompare)
	for _, name := range names {
		mode := project.Services[name].NetworkMode
		key := "network_mode: " + mode
		if _, known := index[key]; known || mode == "" || mode == "none" || strings.Contains(mode, ":") {
			continue
		}
		index[key] = len(g.Networks)
		g.Networks = append(g.Networks, &Network{Name: text.Line(mode), Detail: text.Line(key)})
	}
	groups := map[int][]string{}
	classes := classify(project, names)
	for _, name := range names {
		groups[classes[name]] = append(groups[classes[name]], name)
	}
	drawn := map[string]*Service{} // by the names of all services
	resources := map[Resource]bool{}
	for _, name := range names {
		if drawn[name] != nil {
			continue
		}
		members := groups[classes[name]]
		if all || len(members) < manyAlike {
			members = []string{name}
		}
		s := newService(project, members, index)
		for _, member := range members {
			drawn[member] = s
		}
		for _, m := range s.Mounts {
			if m.Kind != bind {
				resources[Resource{m.Kind, m.Source}] = true
			}
		}
		g.Services = append(g.Services, s)
	}
	kinds := []string{volume, config, secret, model}
	g.Resources = slices.SortedStableFunc(maps.Keys(resources), func(a, b Resource) int {
		return cmp.Or(slices.Index(kinds, a.Kind)-slices.Index(kinds, b.Kind), cmp.Compare(a.Name, b.Name))
	})
	for _, s := range g.Services {
		s.link(project, drawn)
	}
	g.layer()
	return g
}

func newService(project *types.Project, members []string, networks map[string]int) *Service {
	first, last := project.Services[members[0]], project.Services[members[len(members)-1]]
	s := &Service{
		Names: members, Label: label(members), Image: text.Line(between(first.Image, last.Image)),
		Idle: len(first.Profiles) > 0 && slices.Contains(project.Profiles, "*") || first.GetScale() == 0,
	}
	if n := first.GetScale(); n != 1 {
		s.Label += fmt.Sprintf(" ×%d", n)
	}
	if first.Build != nil && first.Image == "" {
		s.Image = text.Line("build: " + between(first.Build.Context, last.Build.Context))
	}
	for _, profile := range slices.Sorted(slices.Values(first.Profiles)) {
		s.Profiles = append(s.Profiles, text.Line(profile))
	}
	switch mode := first.NetworkMode; {
	case mode == "none":
		s.Notes = append(s.Notes, "no network")
	case strings.Contains(mode, ":"):
		_, of, _ := strings.Cut(mode, ":")
		_, ofLast, _ := strings.Cut(last.NetworkMode, ":")
		s.Notes = append(s.Notes, text.Line("network of "+between(of, ofLast)))
	}
	lastPorts := joinRanges(last.Ports)
	for i, p := range joinRanges(first.Ports) {
		content := portText(p)
		if other := portText(lastPorts[i]); other != content {
			content += " … " + other
		}
		s.Ports = append(s.Ports, text.Line(content))
	}
	lastMounts := mounts(last)
	for i, m := range mounts(first) {
		m.Source = text.Line(between(m.Source, lastMounts[i].Source))
		m.Target = text.Line(between(m.Target, lastMounts[i].Target))
		s.Mounts = append(s.Mounts, m)
	}
	if i, ok := networks["network_mode: "+first.NetworkMode]; ok {
		s.Networks = append(s.Networks, i)
	}
	for name := range first.Networks {
		if i, ok := networks[name]; ok {
			s.Networks = append(s.Networks, i)
		}
	}
	slices.Sort(s.Networks)
	return s
}

// label returns the name of a group of services.
func label(names []string) string {
	first, last := names[0], names[len(names)-1]
	shown := names
	switch {
	case len(names) == 1:
		return text.Line(first)
	case noDigits(first) == noDigits(last):
		return text.Line(first + " … " + last)
	case len(names) > 4:
		shown = append(slices.Clone(names[:2]), "… "+last)
	}
	return text.Line(fmt.Sprintf("%d × %s", len(names), strings.Replace(strings.Join(shown, ", "), ", …", " …", 1)))
}

// mounts returns the mounts of a service, then its configs, secrets and models, as the file has them.
func mounts(s types.ServiceConfig) []Mount {
	var all []Mount
	for _, v := range s.Volumes {
		kind := bind
		if v.Type == types.VolumeTypeVolume && v.Source != "" {
			kind = volume
		}
		all = append(all, Mount{kind, cmp.Or(v.Source, v.Type), v.Target, v.ReadOnly})
	}
	for _, c := range s.Configs {
		all = append(all, Mount{config, c.Source, cmp.Or(c.Target, "/"+c.Source), false})
	}
	for _, c := range s.Secrets {
		target := cmp.Or(c.Target, c.Source)
		if !strings.HasPrefix(target, "/") {
			target = "/run/secrets/" + target
		}
		all = append(all, Mount{secret, c.Source, target, false})
	}
	for _, name := range slices.Sorted(maps.Keys(s.Models)) {
		all = append(all, Mount{Kind: model, Source: name})
	}
	return all
}

// between returns the range from one text to another, as in agency-{1…30}.csv, and for equal texts that text.
func between(first, last string) string {
	if first == last {
		return first
	}
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

func noDigits(text string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return -1
		}
		return r
	}, text)
}

// link sets the links of a service to others.
func (s *Service) link(project *types.Project, drawn map[string]*Service) {
	seen := map[Link]int{} // how many services of the group have a link
	for _, member := range s.Names {
		for _, t := range ties(project.Services[member]) {
			other := drawn[t.name]
			if other == nil || other == s {
				continue
			}
			l := Link{t.kind, other, t.label}
			if seen[l] == 0 {
				s.Links = append(s.Links, l)
			}
			seen[l]++
		}
	}
	for i, l := range s.Links {
		if n := seen[l]; n < len(s.Names)*len(l.Service.Names) {
			partly := "some"
			if n == len(s.Names) && n == len(l.Service.Names) {
				partly = "each its own"
			}
			s.Links[i].Label = strings.TrimPrefix(l.Label+", "+partly, ", ")
		}
	}
}

// layer sets the layer of each service, removes links that other links imply, and sorts the services by layer.
func (g *Graph) layer() {
	before := map[*Service][]*Service{}
	for _, s := range g.Services {
		for _, l := range s.Links {
			if l.Kind != builds {
				before[s] = append(before[s], l.Service) // compose-go refuses cycles
			}
		}
	}
	for _, s := range g.Services {
		for _, l := range s.Links {
			if l.Kind == builds && !reach(before, l.Service)[s] {
				before[s] = append(before[s], l.Service)
			}
		}
	}
	done := map[*Service]bool{}
	var depth func(s *Service) int
	depth = func(s *Service) int {
		if !done[s] {
			done[s] = true
			for _, other := range before[s] {
				s.Layer = max(s.Layer, depth(other)+1)
			}
		}
		return s.Layer
	}
	for _, s := range g.Services {
		depth(s)
	}
	started := map[*Service][]*Service{}
	for _, s := range g.Services {
		for _, l := range s.Links {
			if l.Kind == starts {
				started[s] = append(started[s], l.Service)
			}
		}
	}
	for _, s := range g.Services {
		if len(s.Links) < 2 {
			continue
		}
		implied := reach(started, started[s]...)
		s.Links = slices.DeleteFunc(s.Links, func(l Link) bool { return l.Kind == starts && l.Label == "" && implied[l.Service] })
	}
	slices.SortStableFunc(g.Services, func(a, b *Service) int { return cmp.Compare(a.Layer, b.Layer) })
}

// Describe returns the numbers of services, networks and resources, and the links of the first 20 services.
func (g *Graph) Describe() string {
	services := 0
	for _, s := range g.Services {
		services += len(s.Names)
	}
	count := map[string]int{}
	for _, r := range g.Resources {
		count[r.Kind]++
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %s, %s", text.Plural(services, "service"), text.Plural(len(g.Networks), "network"), text.Plural(count[volume], volume))
	for _, kind := range []string{config, secret, model} {
		if count[kind] > 0 {
			b.WriteString(", " + text.Plural(count[kind], kind))
		}
	}
	b.WriteString(".")
	const most = 20 // services
	for _, s := range g.Services[:min(most, len(g.Services))] {
		others := map[linkKind][]string{}
		for _, l := range s.Links {
			others[l.Kind] = append(others[l.Kind], l.Service.Label)
		}
		switch {
		case strings.HasSuffix(s.Label, " ×0"):
			fmt.Fprintf(&b, " %s does not start.", s.Label)
		case others[starts] == nil && others[shares] == nil:
			fmt.Fprintf(&b, " %s starts first.", s.Label)
		}
		for kind, verb := range []string{"starts after", "shares a namespace of", "is built from"} {
			if names := others[linkKind(kind)]; names != nil {
				fmt.Fprintf(&b, " %s %s %s.", s.Label, verb, strings.Join(names, ", "))
			}
		}
	}
	return b.String()
}
