package help

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/tp0-lab/composer/internal/text"
)

const (
	indent = "  "
	left   = 26 // the widest name of a flag with its text on the same line
)

// WriteHelp writes the help of the command, with the names of its subcommands, in lines of at most width runes, but for
// longer words. A width of 0 wraps nothing.
func (c *Command) WriteHelp(w io.Writer, width int) error {
	var out bytes.Buffer
	section := func(title string) {
		if out.Len() > 0 {
			out.WriteByte('\n')
		}
		if title != "" {
			out.WriteString(title + ":\n")
		}
	}
	hanging(&out, "", glue(c.Name+" - "+c.Usage), width)
	section("USAGE")
	for _, call := range c.calls() {
		hanging(&out, indent, glue(call), width)
	}
	for _, paragraph := range c.Paragraphs() {
		section("")
		for _, line := range paragraph {
			if line[0] == ' ' {
				out.WriteString(line + "\n")
				continue
			}
			for _, part := range text.Wrap(glue(line), width) {
				out.WriteString(part + "\n")
			}
		}
	}
	c.writeCommands(&out, section, width)
	if len(c.Flags) > 0 {
		section("OPTIONS")
		table := text.Table{Indent: indent, First: left}
		for _, f := range c.Flags {
			table.Row(f.spelling(), f.meaning())
		}
		_ = table.Write(&out, width) // a buffer takes all
	}
	if examples := c.Examples(); len(examples) > 0 {
		section("EXAMPLES")
		writeExamples(&out, examples, width)
	}
	_, err := w.Write(bytes.ReplaceAll(out.Bytes(), []byte(string(glued)), []byte(" ")))
	return err
}

// writeCommands writes a section for each group of commands, in the order in which the groups begin.
func (c *Command) writeCommands(out *bytes.Buffer, section func(title string), width int) {
	longest := 0
	for _, sub := range c.Commands {
		longest = max(longest, len(sub.Base()))
	}
	for i := 0; i < len(c.Commands); {
		group := c.Commands[i].Group
		section(cmp.Or(group, "COMMANDS"))
		table := text.Table{Indent: indent}
		for ; i < len(c.Commands) && c.Commands[i].Group == group; i++ {
			// Padded, so that the columns of all groups are one.
			table.Row(fmt.Sprintf("%-*s", longest, c.Commands[i].Base()), glue(c.Commands[i].Usage))
		}
		_ = table.Write(out, width) // a buffer takes all
	}
}

// writeExamples writes the effect of each example beside it if all fit in width, and below it otherwise.
func writeExamples(out *bytes.Buffer, examples []Entry, width int) {
	var table text.Table
	table.Indent = indent
	for _, e := range examples {
		table.Row(glue(e.Term), glue(e.Meaning))
	}
	var text bytes.Buffer
	_ = table.Write(&text, 0) // a buffer takes all
	for line := range strings.Lines(text.String()) {
		if width > 0 && len([]rune(line)) > width+1 {
			for _, e := range examples {
				hanging(out, indent, e.Term, 0)
				hanging(out, indent+indent+indent, glue(e.Meaning), width)
			}
			return
		}
	}
	out.Write(text.Bytes())
}

// hanging writes a text with all lines but the first indented once more.
func hanging(out *bytes.Buffer, before, s string, width int) {
	room := 0
	if width > 0 {
		room = max(width-len(before)-len(indent), 1)
	}
	for i, line := range text.Wrap(s, room) {
		out.WriteString(before)
		if i > 0 {
			out.WriteString(indent)
		}
		out.WriteString(line + "\n")
	}
}

// glued is a space at which no line breaks.
const glued = '\ue000' // of the private use area, so that no text has it

// glue makes spaces in brackets and in backquotes unbreakable.
func glue(text string) string {
	depth, code := 0, false
	return strings.Map(func(r rune) rune {
		switch r {
		case '[':
			depth++
		case ']':
			depth--
		case '`':
			code = !code
		case ' ':
			if depth > 0 || code {
				return glued
			}
		}
		return r
	}, text)
}

// spelling returns all names of the flag, short ones first, and the word for its value.
func (f Flag) spelling() string {
	var names []string
	for _, name := range f.Names {
		names = append(names, Dashed(name))
	}
	slices.SortStableFunc(names, func(a, b string) int { return min(len(a), 3) - min(len(b), 3) })
	text := strings.Join(names, ", ")
	if strings.HasPrefix(text, "--") {
		text = "    " + text
	}
	if f.Value != "" {
		text += " " + f.Value
	}
	return text
}

func (f Flag) meaning() string {
	text := f.Usage
	if f.Default != "" {
		text += " (default: " + f.Default + ")"
	}
	if f.Variable != "" {
		text += " [$" + f.Variable + "]"
	}
	return glue(text)
}
