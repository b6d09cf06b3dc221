package existing

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v4"

	"github.com/tp0-lab/composer/internal/template/escape"
)

// written returns parts as they stand in a scalar in double quotes.
func written(parts []part) string {
	var b strings.Builder
	for _, p := range parts {
		switch {
		case p.raw:
			b.WriteString(p.text)
		case p.expr:
			b.WriteString("{{ " + p.text + " }}")
		default:
			b.WriteString(inQuotes(p.text))
		}
	}
	return b.String()
}

// inQuotes returns a text as it stands in double quotes in a template.
func inQuotes(s string) string {
	quoted := escape.Quoted(s)
	return strings.ReplaceAll(quoted[1:len(quoted)-1], "{{", `{{ "{{" }}`)
}

// writer writes trees as lines of a template.
type writer struct{ b strings.Builder }

func (w *writer) line(indent int, text string) {
	w.b.WriteString(strings.Repeat(" ", indent) + text + "\n")
}

// scalar returns a scalar as it is written behind its key.
func (t *tree) scalar(indent int) string {
	var joined strings.Builder
	for _, p := range t.parts {
		joined.WriteString(p.text)
	}
	text := joined.String()
	switch {
	case t.value != "":
		return "{{ toYaml " + t.value + " | interpolate }}"
	case t.null:
		return ""
	case hasExpr(t.parts):
		number := t.tag == "!!int" || t.tag == "!!float" || t.tag == "!!bool"
		if len(t.parts) == 1 && t.parts[0].expr && (number || t.parts[0].text == ".Name") {
			return "{{ " + t.parts[0].text + " }}"
		}
		return `"` + written(t.parts) + `"`
	case t.style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 && blockable(text):
		chomp := "-"
		if strings.HasSuffix(text, "\n") {
			chomp = ""
		}
		lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
		for i, line := range lines {
			if line != "" {
				lines[i] = strings.Repeat(" ", indent+2) + line
			}
		}
		return "|" + chomp + "\n" + strings.Join(lines, "\n")
	case t.style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) == 0 && !strings.ContainsAny(text, "\n{") && text != "":
		return text
	case t.style&yaml.SingleQuotedStyle != 0 && strings.TrimFunc(text, unicode.IsPrint) == "" && !strings.ContainsAny(text, "\n{"):
		return "'" + strings.ReplaceAll(text, "'", "''") + "'"
	default:
		if text == "" && t.tag == "!!null" {
			return ""
		}
		return `"` + inQuotes(text) + `"`
	}
}

// inBrackets returns a scalar as it is written within brackets.
func (t *tree) inBrackets() string {
	if t.null {
		return "null"
	}
	text := t.scalar(0)
	if !hasExpr(t.parts) && !strings.HasPrefix(text, `"`) && !strings.HasPrefix(text, "'") && strings.ContainsAny(text, ",[]{}#&*!|>%@`\"':?") {
		return `"` + inQuotes(t.parts[0].text) + `"`
	}
	return text
}

// blockable reports whether a text can be a block scalar without an indentation indicator.
func blockable(text string) bool {
	return text != "" && !strings.HasSuffix(text, "\n\n") && !strings.ContainsAny(text[:1], " \n\t") && !strings.Contains(text, "{{") &&
		!strings.ContainsFunc(text, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }) && strings.TrimSpace(text) != ""
}

// keyText returns a key as it is written.
func keyText(parts []part) string {
	plain := true
	for _, p := range parts {
		plain = plain && !p.raw && (p.expr || p.text != "" && strings.Trim(p.text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./") == "")
	}
	first := parts[0].text
	if plain && !hasExpr(parts) {
		plain = unicode.IsLetter(rune(first[0])) && !slices.Contains([]string{"y", "n", "yes", "no", "on", "off", "true", "false", "null"}, strings.ToLower(first)) ||
			first[0] == '/' || first[0] == '_'
	}
	if plain && !parts[0].expr && hasExpr(parts) {
		plain = unicode.IsLetter(rune(first[0]))
	}
	if !plain {
		return `"` + written(parts) + `"`
	}
	return written(parts)
}

// short reports whether a list or a mapping is written in brackets although the file has lines.
func (t *tree) short() bool {
	most := 3
	if t.kind == yaml.MappingNode {
		most = 2
	}
	for _, i := range t.items {
		if i.tree.above+i.tree.beside+i.tree.below != "" || i.tree.value != "" || i.tree.null || i.loop != nil || i.tree.kind != yaml.ScalarNode && (!i.tree.short() || len(i.tree.items) == 0) {
			return false
		}
	}
	return len(t.items) <= most
}

// flow returns a list or mapping of scalars in brackets, if it was written so or is short, and has no loops.
func (t *tree) flow() (text string, ok bool) {
	if t.style&yaml.FlowStyle == 0 && !t.short() || t.value != "" {
		return "", false
	}
	var all []string
	for _, i := range t.items {
		if i.loop != nil || i.cond != "" || i.tree.above+i.tree.beside+i.tree.below != "" {
			return "", false
		}
		one := ""
		switch {
		case i.tree.kind == yaml.ScalarNode && i.tree.value == "":
			one = i.tree.inBrackets()
		case i.tree.value != "":
			return "", false
		default:
			if one, ok = i.tree.flow(); !ok {
				return "", false
			}
		}
		if strings.Contains(one, "\n") {
			return "", false
		}
		if i.key != nil {
			one = strings.TrimRight(keyText(i.key)+": "+one, " ")
		}
		all = append(all, one)
	}
	text = "[" + strings.Join(all, ", ") + "]"
	if t.kind == yaml.MappingNode {
		text = "{" + strings.Join(all, ", ") + "}"
	}
	most := 140
	if t.style&yaml.FlowStyle == 0 {
		most = 90
	}
	return text, len(text) <= most && !strings.Contains(text, "{{{")
}

// items writes the entries of a mapping or a list.
func (w *writer) items(t *tree, indent int) {
	for _, i := range t.items {
		if i.loop != nil {
			w.line(0, "{{- range "+i.loop.of.ref("Kinds")+" }}")
			if c := i.loop.mode.condition(); c != "" {
				w.line(0, "{{- if "+c+" }}")
			}
		}
		cond := i.cond
		if cond == "" && i.loop == nil {
			cond = i.tree.someCondition()
		}
		if cond != "" {
			w.line(0, "{{- if "+cond+" }}")
		}
		if i.loop != nil { // comments would be there for each
			own := *i.tree
			own.above, own.beside, own.below = "", "", ""
			i.tree = &own
		}
		w.comment(indent, i.tree.above)
		if t.kind == yaml.SequenceNode {
			w.listItem(i.tree, indent)
		} else {
			w.entry(keyText(i.key)+":", i.tree, indent)
		}
		w.comment(indent, i.tree.below)
		if cond != "" {
			w.line(0, "{{- end }}")
		}
		if i.loop != nil {
			if i.loop.mode.condition() != "" {
				w.line(0, "{{- end }}")
			}
			w.line(0, "{{- end }}")
		}
	}
}

// someCondition returns the condition under which a list has an entry at all, or "" if it has one always.
func (t *tree) someCondition() string {
	if len(t.items) != 1 || t.items[0].loop == nil || t.names() != "" {
		return ""
	}
	l := t.items[0].loop
	return l.mode.some(l.of)
}

// comment writes the lines of a comment.
func (w *writer) comment(indent int, text string) {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			w.line(indent, strings.ReplaceAll(line, "{{", `{{ "{{" }}`))
		}
	}
}

// beside returns a comment as it stands at the end of a line.
func beside(comment string) string {
	if comment == "" {
		return ""
	}
	first, _, _ := strings.Cut(comment, "\n")
	return " " + strings.ReplaceAll(first, "{{", `{{ "{{" }}`)
}

// entry writes a value behind a key or a dash.
func (w *writer) entry(before string, t *tree, indent int) {
	end := beside(t.beside)
	if names := t.names(); names != "" {
		w.line(indent, before+" {{ toYaml ("+names+") }}")
		return
	}
	if text, ok := t.flow(); ok && len(t.items) > 0 {
		w.line(indent, before+" "+text+end)
		return
	}
	switch {
	case t.value != "": // which may be lines
		w.line(indent, strings.TrimRight(before+" "+t.scalar(indent), " "))
	case t.kind == yaml.ScalarNode:
		header, rest, lines := strings.Cut(t.scalar(indent), "\n")
		if lines {
			rest = "\n" + rest
		}
		w.line(indent, strings.TrimRight(before+" "+header, " ")+end+rest)
	case len(t.items) == 0 && t.kind == yaml.MappingNode:
		w.line(indent, before+" {}"+end)
	case len(t.items) == 0:
		w.line(indent, before+" []"+end)
	default:
		w.line(indent, before+end)
		w.items(t, indent+2)
	}
}

// listItem writes an item of a list. A mapping begins behind its dash.
func (w *writer) listItem(t *tree, indent int) {
	if _, flow := t.flow(); flow || t.value != "" || t.kind != yaml.MappingNode || len(t.items) == 0 || t.items[0].loop != nil || t.items[0].cond != "" {
		w.entry("-", t, indent)
		return
	}
	var own writer
	own.items(t, indent+2)
	text := own.b.String()
	if strings.HasPrefix(text, strings.Repeat(" ", indent+2)) {
		text = strings.Repeat(" ", indent) + "- " + text[indent+2:]
	} else {
		w.line(indent, "-")
	}
	w.b.WriteString(text)
}

// stages returns the table of stages with the kinds of families.
func stages(families []*family, tables ...*table) []byte {
	var b strings.Builder
	b.WriteString("default: dev\n")
	if len(families) > 0 {
		b.WriteString("kinds:\n")
	}
	for _, f := range families {
		at := slices.IndexFunc(tables, func(t *table) bool { return slices.Contains(t.of, f) })
		if at >= 0 && tables[at].of[0] != f {
			continue
		}
		if at >= 0 {
			fmt.Fprintf(&b, "  - {kind: %s, name: %q, rows: %s", tables[at].kind, tables[at].name, tables[at].rows)
		} else {
			fmt.Fprintf(&b, "  - {name: %q, kind: %s, count: %d", f.name, f.kind, f.count())
		}
		if f.first != 1 {
			fmt.Fprintf(&b, ", first: %d", f.first)
		}
		b.WriteString("}\n")
	}
	b.WriteString("stages: [{name: dev}]\n")
	return []byte(b.String())
}

// values returns the values of replicas, or nil if there are none. Another replica has the most common values.
func values(families []*family, tables []*table) ([]byte, error) {
	top := &yaml.Node{Kind: yaml.MappingNode}
	replicas := &yaml.Node{Kind: yaml.MappingNode}
	add := func(to *yaml.Node, key string, value *yaml.Node) {
		to.Content = append(to.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: key}, value)
	}
	for _, f := range families {
		if len(f.order) == 0 {
			continue
		}
		common := &yaml.Node{Kind: yaml.MappingNode}
		own := make([]*yaml.Node, f.count())
		for i := range own {
			own[i] = &yaml.Node{Kind: yaml.MappingNode, Style: yaml.FlowStyle}
		}
		for _, name := range f.order {
			usual := mostCommon(f.values[name])
			if usual != nil {
				add(common, name, usual)
			}
			for i, n := range f.values[name] {
				if n != nil && (usual == nil || !equal(n, usual)) {
					add(own[i], name, n)
				}
			}
		}
		add(top, f.kind, common)
		for i, n := range own {
			if len(n.Content) > 0 {
				add(replicas, f.replica(i), n)
			}
		}
	}
	for _, t := range tables {
		rows := &yaml.Node{Kind: yaml.MappingNode}
		for i, typ := range t.types {
			add(rows, typ, t.row(i))
		}
		add(top, t.rows, rows)
	}
	if len(top.Content) == 0 {
		return nil, nil
	}
	if len(replicas.Content) > 0 {
		add(top, "replicas", replicas)
	}
	return yaml.Marshal(top)
}

// replica returns the name by which values know a member.
func (f *family) replica(i int) string {
	number := fmt.Sprintf("%0*d", f.width, f.first+i)
	return strings.Replace(f.name, f.id(), number, 1)
}

// mostCommon returns the value that most have, or nil if somebody has none.
func mostCommon(all []*yaml.Node) (usual *yaml.Node) {
	most := 0
	for _, n := range all {
		if n == nil {
			return nil
		}
		same := 0
		for _, other := range all {
			if other != nil && equal(n, other) {
				same++
			}
		}
		if same > most {
			usual, most = n, same
		}
	}
	return usual
}
