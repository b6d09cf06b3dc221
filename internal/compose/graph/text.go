package graph

import (
	"fmt"
	"io"
	"strings"
)

// language holds the formats of a language for diagrams. The format of a node takes an index, a name and more lines.
type language struct {
	service, network string
	resources        map[string]string  // the format of a node, by kind
	links            [builds + 1]string // the indices of the other service and of its own, and a label; by kind
	label            string             // that label
	member, mount    string             // the index of a service, and that of a network or a resource
	idle             string             // the index of a service that starts only if somebody asks for it
	lineBreak        string
	escape           func(string) string
}

var mermaid = language{
	service: "  s%d[\"<b>%s</b>%s\"]\n", network: "  n%d{{\"%s%s\"}}\n",
	resources: map[string]string{
		volume: "  v%d[(\"%s%s\")]\n", config: "  v%d[/\"config %s%s\"/]\n", secret: "  v%d[/\"secret %s%s\"\\]\n", model: "  v%d([\"model %s%s\"])\n",
	},
	links:  [...]string{starts: "  s%d -->%[3]s s%[2]d\n", shares: "  s%d ===%[3]s s%[2]d\n", builds: "  s%d -.->%[3]s s%[2]d\n"},
	label:  "|%s|",
	member: "  s%d --- n%d\n", mount: "  s%d -.- v%d\n", idle: "  style s%d stroke-dasharray: 5 3\n",
	lineBreak: "<br>", escape: mermaidText,
}

var dot = language{
	service: "  s%d [label=\"%s%s\"];\n",
	network: "  n%d [shape=hexagon, style=\"\", label=\"%s%s\"];\n",
	resources: map[string]string{
		volume: "  v%d [shape=cylinder, style=\"\", label=\"%s%s\"];\n",
		config: "  v%d [shape=note, style=\"\", label=\"config %s%s\"];\n",
		secret: "  v%d [shape=note, style=dashed, label=\"secret %s%s\"];\n",
		model:  "  v%d [shape=component, style=\"\", label=\"model %s%s\"];\n",
	},
	links: [...]string{
		starts: "  s%d -> s%d%s;\n", shares: "  s%d -> s%d [dir=none, style=bold]%s;\n", builds: "  s%d -> s%d [style=dashed]%s;\n",
	},
	label:  " [label=\"%s\"]",
	member: "  s%d -> n%d [dir=none];\n", mount: "  s%d -> v%d [dir=none, style=dotted];\n", idle: "  s%d [style=\"rounded,dashed\"];\n",
	lineBreak: `\n`, escape: strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace,
}

// WriteMermaid writes the graph as a Mermaid flowchart.
func (g *Graph) WriteMermaid(w io.Writer) error {
	head := fmt.Sprintf("flowchart LR\n  accTitle: %s\n  accDescr: %s\n", mermaidLine(g.Title), mermaidLine(g.Describe()))
	_, err := io.WriteString(w, head+g.write(mermaid))
	return err
}

// WriteDOT writes the graph in the language of Graphviz.
func (g *Graph) WriteDOT(w io.Writer) error {
	const head = `digraph compose {
  rankdir=LR;
  label="%s";
  node [shape=box, style=rounded, fontname="sans-serif"];
  edge [fontname="sans-serif"];
%s}
`
	_, err := fmt.Fprintf(w, head, dot.escape(g.Title), g.write(dot))
	return err
}

// write returns the nodes and edges of the graph in a language.
func (g *Graph) write(l language) string {
	var b strings.Builder
	node := func(format string, index int, name string, lines ...string) {
		var more strings.Builder
		for _, line := range lines {
			more.WriteString(l.lineBreak + l.escape(line))
		}
		fmt.Fprintf(&b, format, index, l.escape(name), more.String())
	}
	services, resources := map[*Service]int{}, map[Resource]int{}
	for i, s := range g.Services {
		services[s] = i
		var lines []string
		for _, line := range s.lines() {
			lines = append(lines, line.text)
		}
		node(l.service, i, s.Label, lines...)
		if s.Idle {
			fmt.Fprintf(&b, l.idle, i)
		}
	}
	for i, n := range g.Networks {
		if n.Detail == "" {
			node(l.network, i, n.Name)
		} else {
			node(l.network, i, n.Name, n.Detail)
		}
	}
	for i, r := range g.Resources {
		resources[r] = i
		node(l.resources[r.Kind], i, r.Name)
	}
	for i, s := range g.Services {
		for _, other := range s.Links {
			label := ""
			if other.Label != "" {
				label = fmt.Sprintf(l.label, other.Label)
			}
			fmt.Fprintf(&b, l.links[other.Kind], services[other.Service], i, label)
		}
		for _, n := range s.Networks {
			fmt.Fprintf(&b, l.member, i, n)
		}
		for _, m := range s.Mounts {
			if m.Kind != bind {
				fmt.Fprintf(&b, l.mount, i, resources[Resource{m.Kind, m.Source}])
			}
		}
	}
	return b.String()
}

// mermaidLine removes from a title or a description the characters that Mermaid cannot escape there.
func mermaidLine(text string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune("{}#;%<>\"`", r) {
			return ' '
		}
		return r
	}, text)
}

// mermaidText escapes a text within quotes.
func mermaidText(text string) string {
	var b strings.Builder
	for _, r := range text {
		if strings.ContainsRune("\"#&<>`\\;[]{}()|", r) {
			fmt.Fprintf(&b, "#%d;", r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// line is a line of text below the name of a service.
type line struct {
	kind, text string
	mount      *Mount // that the text is of
}

// lines returns the lines below the name of a service.
func (s *Service) lines() []line {
	var all []line
	if s.Image != "" {
		all = append(all, line{"image", s.Image, nil})
	}
	if s.Profiles != nil {
		all = append(all, line{"profile", "profile " + strings.Join(s.Profiles, ", "), nil})
	}
	for _, note := range s.Notes {
		all = append(all, line{"note", note, nil})
	}
	for _, p := range s.Ports {
		all = append(all, line{"port", "port " + p, nil})
	}
	for i, m := range s.Mounts {
		all = append(all, line{m.Kind, m.String(), &s.Mounts[i]})
	}
	return all
}

// String returns the source, the target, and "(ro)" for a read-only mount. The kind of a config, secret or model comes
// first, and its usual target is left out.
func (m Mount) String() string {
	text := m.Source
	switch m.Kind {
	case config, secret, model:
		text = m.Kind + " " + text
		if m.Target == "/"+m.Source || m.Target == "/run/secrets/"+m.Source || m.Target == "" {
			return text
		}
	}
	text += " → " + m.Target
	if m.ReadOnly {
		text += " (ro)"
	}
	return text
}
