package graph

import (
	"fmt"
	"io"
	"strings"
)

// language holds the formats of a language for diagrams. The format of a node takes an index, a name and more lines.
type language struct {
	service, network, volume string
	need                     string // the indices of the first and the second service, and a label
	until                    string // that label
	member, mount            string // the index of a service, and that of a network or a volume
	lineBreak                string
	escape                   func(string) string
}

var mermaid = language{
	service: "  s%d[\"<b>%s</b>%s\"]\n", network: "  n%d{{\"%s%s\"}}\n", volume: "  v%d[(\"%s%s\")]\n",
	need: "  s%[1]d -->%[3]s s%[2]d\n", until: "|%s|", member: "  s%d --- n%d\n", mount: "  s%d -.- v%d\n",
	lineBreak: "<br>", escape: mermaidText,
}

var dot = language{
	service: "  s%d [label=\"%s%s\"];\n",
	network: "  n%d [shape=hexagon, style=\"\", label=\"%s%s\"];\n",
	volume:  "  v%d [shape=cylinder, style=\"\", label=\"%s%s\"];\n",
	need:    "  s%[1]d -> s%[2]d%[3]s;\n", until: " [label=\"%s\"]",
	member: "  s%d -> n%d [dir=none];\n", mount: "  s%d -> v%d [dir=none, style=dotted];\n",
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
	services, volumes := map[*Service]int{}, map[string]int{}
	for i, s := range g.Services {
		services[s] = i
		node(l.service, i, s.Label, s.lines()...)
	}
	for i, n := range g.Networks {
		if n.Detail == "" {
			node(l.network, i, n.Name)
		} else {
			node(l.network, i, n.Name, n.Detail)
		}
	}
	for i, v := range g.Volumes {
		volumes[v] = i
		node(l.volume, i, v)
	}
	for i, s := range g.Services {
		for _, n := range s.Needs {
			label := ""
			if n.Until != "" {
				label = fmt.Sprintf(l.until, n.Until)
			}
			fmt.Fprintf(&b, l.need, services[n.Service], i, label)
		}
		for _, n := range s.Networks {
			fmt.Fprintf(&b, l.member, i, n)
		}
		for _, m := range s.Mounts {
			if m.Volume {
				fmt.Fprintf(&b, l.mount, i, volumes[m.Source])
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

// lines returns the lines below the name of a service.
func (s *Service) lines() []string {
	var all []string
	if s.Image != "" {
		all = append(all, s.Image)
	}
	for _, p := range s.Ports {
		all = append(all, "port "+p)
	}
	for _, m := range s.Mounts {
		all = append(all, m.String())
	}
	return all
}

// String returns the source and the target, and whether the mount can only be read.
func (m Mount) String() string {
	text := m.Source + " → " + m.Target
	if m.ReadOnly {
		text += " (ro)"
	}
	return text
}
