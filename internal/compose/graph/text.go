package graph

import (
	"fmt"
	"io"
	"strings"
)

// WriteMermaid writes the graph as a Mermaid flowchart.
func (g *Graph) WriteMermaid(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "flowchart LR\n  accTitle: %s\n  accDescr: %s\n", mermaidLine(g.Title), mermaidLine(g.Describe()))
	ids := map[*Service]string{}
	for i, s := range g.Services {
		ids[s] = fmt.Sprintf("s%d", i)
		lines := []string{"<b>" + mermaidText(s.Label) + "</b>"}
		for _, line := range s.lines() {
			lines = append(lines, mermaidText(line))
		}
		fmt.Fprintf(&b, "  %s[\"%s\"]\n", ids[s], strings.Join(lines, "<br>"))
	}
	for i, n := range g.Networks {
		text := mermaidText(n.Name)
		if n.Detail != "" {
			text += "<br>" + mermaidText(n.Detail)
		}
		fmt.Fprintf(&b, "  n%d{{\"%s\"}}\n", i, text)
	}
	volumes := map[string]int{}
	for i, v := range g.Volumes {
		volumes[v] = i
		fmt.Fprintf(&b, "  v%d[(\"%s\")]\n", i, mermaidText(v))
	}
	for _, s := range g.Services {
		for _, n := range s.Needs {
			label := ""
			if n.Until != "" {
				label = "|" + n.Until + "|"
			}
			fmt.Fprintf(&b, "  %s -->%s %s\n", ids[n.Service], label, ids[s])
		}
		for _, n := range s.Networks {
			fmt.Fprintf(&b, "  %s --- n%d\n", ids[s], n)
		}
		for _, m := range s.Mounts {
			if m.Volume {
				fmt.Fprintf(&b, "  %s -.- v%d\n", ids[s], volumes[m.Source])
			}
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// mermaidText writes a text inside quotes: everything that could mean
// something is a number.
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

// mermaidLine writes a text that ends with its line, where nothing can be escaped.
func mermaidLine(text string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune("{}#;%<>\"`", r) {
			return ' '
		}
		return r
	}, text)
}

// WriteDOT writes the graph for Graphviz.
func (g *Graph) WriteDOT(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "digraph compose {\n  rankdir=LR;\n  label=%s;\n  node [shape=box, style=rounded, fontname=\"sans-serif\"];\n  edge [fontname=\"sans-serif\"];\n", dotText(g.Title))
	ids := map[*Service]string{}
	for i, s := range g.Services {
		ids[s] = fmt.Sprintf("s%d", i)
		fmt.Fprintf(&b, "  %s [label=%s];\n", ids[s], dotText(append([]string{s.Label}, s.lines()...)...))
	}
	for i, n := range g.Networks {
		lines := []string{n.Name}
		if n.Detail != "" {
			lines = append(lines, n.Detail)
		}
		fmt.Fprintf(&b, "  n%d [shape=hexagon, style=\"\", label=%s];\n", i, dotText(lines...))
	}
	volumes := map[string]int{}
	for i, v := range g.Volumes {
		volumes[v] = i
		fmt.Fprintf(&b, "  v%d [shape=cylinder, style=\"\", label=%s];\n", i, dotText(v))
	}
	for _, s := range g.Services {
		for _, n := range s.Needs {
			label := ""
			if n.Until != "" {
				label = " [label=" + dotText(n.Until) + "]"
			}
			fmt.Fprintf(&b, "  %s -> %s%s;\n", ids[n.Service], ids[s], label)
		}
		for _, n := range s.Networks {
			fmt.Fprintf(&b, "  %s -> n%d [dir=none];\n", ids[s], n)
		}
		for _, m := range s.Mounts {
			if m.Volume {
				fmt.Fprintf(&b, "  %s -> v%d [dir=none, style=dotted];\n", ids[s], volumes[m.Source])
			}
		}
	}
	b.WriteString("}\n")
	_, err := io.WriteString(w, b.String())
	return err
}

func dotText(lines ...string) string {
	for i, line := range lines {
		lines[i] = strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(line)
	}
	return `"` + strings.Join(lines, `\n`) + `"`
}

// lines are what is below a service's name.
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

func (m Mount) String() string {
	text := m.Source + " → " + m.Target
	if m.ReadOnly {
		text += " (ro)"
	}
	return text
}
