package help

import (
	"bytes"
	"fmt"
	"io"
	"strings"
)

// Page is a page for man(1).
type Page struct {
	Program   *Command
	Version   string
	Date      string   // of the version, or "" if it is unknown
	About     []string // paragraphs about the program as a whole
	Variables []Entry
	Files     []Entry
	ExitCodes []Entry
	SeeAlso   []string // such as "docker(1)"
}

// WriteRoff writes the page with the macros of man(7), which groff and mandoc both
// know.
func (p Page) WriteRoff(w io.Writer) error {
	r := &roff{}
	name := p.Program.Name
	r.line(".TH %s 1 %s %s %s", quote(strings.ToUpper(name)), quote(p.Date), quote(name+" "+p.Version), quote("User Commands"))
	r.line(".nh\n.ad l") // quoted text stays whole
	r.line(".SH NAME\n%s \\- %s", escape(name), prose(p.Program.Usage))
	r.line(".SH SYNOPSIS")
	r.synopsis(p.Program)
	r.line(".SH DESCRIPTION")
	for _, paragraph := range p.About {
		r.line("%s\n.PP", prose(paragraph))
	}
	r.line("The commands, each of which has a part below:")
	for _, c := range p.Program.Commands {
		r.entry(c.Base(), c.Usage)
	}
	r.line(".SH COMMANDS")
	p.Program.Walk(func(c *Command) {
		if c != p.Program {
			r.command(c)
		}
	})
	r.line(".SH ENVIRONMENT\nA flag of the command line comes before its variable. An empty variable counts as not set.")
	r.entries(append(variables(p.Program), p.Variables...))
	r.line(".SH FILES")
	r.entries(p.Files)
	r.line(".SH EXIT STATUS")
	r.entries(p.ExitCodes)
	r.line(".SH EXAMPLES")
	r.entries(p.Program.Examples())
	r.line(".SH SEE ALSO\n%s", escape(strings.Join(p.SeeAlso, ", ")))
	_, err := w.Write(r.text.Bytes())
	return err
}

// variables returns the variables of all flags, each once, in the order of the commands.
func variables(program *Command) []Entry {
	var all []Entry
	at := map[string]int{}
	program.Walk(func(c *Command) {
		for _, f := range c.Flags {
			if f.Variable == "" {
				continue
			}
			i, ok := at[f.Variable]
			if !ok {
				i = len(all)
				at[f.Variable] = i
				all = append(all, Entry{f.Variable, "stands for " + Dashed(f.Names[0]) + " of"})
			} else {
				all[i].Meaning += ","
			}
			all[i].Meaning += " `" + strings.TrimPrefix(c.Name, program.Name+" ") + "`"
		}
	})
	return all
}

// roff is a page that is being written.
type roff struct{ text bytes.Buffer }

func (r *roff) line(format string, args ...any) { fmt.Fprintf(&r.text, format+"\n", args...) }

func (r *roff) command(c *Command) {
	_, short, _ := strings.Cut(c.Name, " ")
	r.line(".SS %s", quote(short))
	r.line("%s", prose(strings.ToUpper(c.Usage[:1])+c.Usage[1:]+"."))
	r.line(".PP")
	r.synopsis(c)
	if len(c.Paragraphs()) > 0 {
		r.line(".PP")
		r.paragraphs(c)
	}
	for _, f := range c.Flags {
		if f.Names[0] != "help" { // each has it, and the description says so
			r.entry(strings.TrimSpace(f.spelling()), f.described())
		}
	}
	if len(c.Examples()) > 0 {
		r.line(".PP\nExamples:")
		r.entries(c.Examples())
	}
}

// synopsis writes the call of a command, with its name in bold, and allows breaks between brackets only.
func (r *roff) synopsis(c *Command) {
	for i, call := range c.calls() {
		if i > 0 {
			r.line(".br")
		}
		rest := strings.TrimSpace(strings.TrimPrefix(call, c.Name))
		text := `\fB` + escape(c.Name) + `\fR`
		if rest != "" {
			text += " " + strings.ReplaceAll(escape(glue(rest)), escape(string(glued)), `\ `)
		}
		r.line("%s", text)
	}
}

func (r *roff) paragraphs(c *Command) {
	for i, paragraph := range c.Paragraphs() {
		if i > 0 {
			r.line(".PP")
		}
		for _, line := range paragraph {
			if line[0] == ' ' {
				r.line(".RS 4\n.nf\n%s\n.fi\n.RE", escape(strings.TrimSpace(line)))
			} else {
				r.line("%s", prose(line))
			}
		}
	}
}

func (r *roff) entries(entries []Entry) {
	for _, e := range entries {
		r.entry(e.Term, e.Meaning)
	}
}

func (r *roff) entry(term, meaning string) {
	r.line(".TP\n\\fB%s\\fR\n%s", escape(term), prose(meaning))
}

// described returns sentences about the flag's effect, default and variable.
func (f Flag) described() string {
	text := strings.ToUpper(f.Usage[:1]) + f.Usage[1:] + "."
	if f.Default != "" {
		text += " Default: " + f.Default + "."
	}
	if f.Variable != "" {
		text += " Variable: `" + f.Variable + "`."
	}
	return text
}

func quote(text string) string { return `"` + strings.ReplaceAll(escape(text), `"`, `\(dq`) + `"` }

// prose returns a line of text with the parts in backquotes in bold.
func prose(text string) string {
	parts := strings.Split(text, "`")
	for i := range parts {
		parts[i] = escape(parts[i])
		if i%2 == 1 && i < len(parts)-1 {
			parts[i] = `\fB` + parts[i] + `\fR`
		} else if i%2 == 1 {
			parts[i] = `\(ga` + parts[i]
		}
	}
	return strings.Join(parts, "")
}

// special replaces the characters that mean something to roff, and the ellipsis, which few fonts have.
var special = strings.NewReplacer(
	`\`, `\e`, "-", `\-`, "'", `\(aq`, "`", `\(ga`, "^", `\(ha`, "~", `\(ti`, "…", "...",
)

// escape returns text as roff prints it. A line that begins with it is no request.
func escape(text string) string {
	text = special.Replace(text)
	var b strings.Builder
	if strings.HasPrefix(text, ".") {
		b.WriteString(`\&`)
	}
	for _, c := range text {
		if c > '~' {
			fmt.Fprintf(&b, `\[u%04X]`, c)
		} else {
			b.WriteRune(c)
		}
	}
	return b.String()
}
