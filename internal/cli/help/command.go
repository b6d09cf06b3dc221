// Package help writes the help of a command for a terminal, and a manual page for man(1). Both come from a tree of
// commands that is independent of the package that parses command lines.
package help

import (
	"slices"
	"strings"
)

// Command is the text about a command, or about the program.
type Command struct {
	Name      string // with the names above it, such as "composer config show"
	Group     string // the title of the group in which help lists it, or ""
	Usage     string // its effect, in half a sentence without a full stop
	Synopsis  string // one or more calls, each on a line; "": made from the name, the flags and Arguments
	Arguments string // the operands, such as "FILE…"
	// Description has examples and paragraphs, with empty lines between them. An example is one line: a command, a tab
	// and its effect. The lines of a paragraph are joined and wrapped anew, except lines that begin with a space.
	Description string
	Flags       []Flag
	Commands    []*Command
}

// Flag is a flag of a command.
type Flag struct {
	Names    []string // without dashes
	Value    string   // a word for its value, such as "FILE"; "" for a switch
	Usage    string
	Default  string // "" if the help names none
	Variable string // the environment variable that sets the flag, or ""
}

// Entry is a term and its meaning; of an example, the command line and its effect.
type Entry struct{ Term, Meaning string }

// Base returns the last word of the name.
func (c *Command) Base() string { return c.Name[strings.LastIndexByte(c.Name, ' ')+1:] }

// Walk calls visit for the command and for all commands below it, parents first.
func (c *Command) Walk(visit func(*Command)) {
	visit(c)
	for _, sub := range c.Commands {
		sub.Walk(visit)
	}
}

// Find returns the command of that name directly below c, or nil.
func (c *Command) Find(name string) *Command {
	i := slices.IndexFunc(c.Commands, func(sub *Command) bool { return sub.Base() == name })
	if i < 0 {
		return nil
	}
	return c.Commands[i]
}

// Examples returns the examples of the description.
func (c *Command) Examples() []Entry {
	var examples []Entry
	for line := range strings.Lines(c.Description) {
		if command, meaning, ok := strings.Cut(strings.TrimRight(line, "\n"), "\t"); ok {
			examples = append(examples, Entry{command, meaning})
		}
	}
	return examples
}

// Paragraphs returns the lines of each paragraph of the description, without the examples. It joins lines into one, but
// a line that begins with a space stays a line of its own.
func (c *Command) Paragraphs() [][]string {
	var paragraphs [][]string
	for block := range strings.SplitSeq(c.Description, "\n\n") {
		var lines []string
		for line := range strings.SplitSeq(strings.Trim(block, "\n"), "\n") {
			switch last := len(lines) - 1; {
			case line == "", strings.Contains(line, "\t"):
			case last >= 0 && line[0] != ' ' && lines[last][0] != ' ':
				lines[last] += " " + line
			default:
				lines = append(lines, line)
			}
		}
		if lines != nil {
			paragraphs = append(paragraphs, lines)
		}
	}
	return paragraphs
}

// Rename replaces each text of the command, and of all commands below it, by what rename makes of it. It is for a program
// that was called by another name.
func (c *Command) Rename(rename func(string) string) {
	c.Walk(func(c *Command) {
		for _, text := range []*string{&c.Name, &c.Usage, &c.Synopsis, &c.Arguments, &c.Description} {
			*text = rename(*text)
		}
		for i := range c.Flags {
			c.Flags[i].Usage, c.Flags[i].Default = rename(c.Flags[i].Usage), rename(c.Flags[i].Default)
		}
	})
}

// calls returns the lines of the synopsis, or makes one.
func (c *Command) calls() []string {
	if c.Synopsis != "" {
		return strings.Split(c.Synopsis, "\n")
	}
	usage := c.Name
	if len(c.Commands) > 0 {
		usage += " COMMAND"
	}
	if len(c.Flags) > 0 {
		usage += " [options]"
	}
	return []string{strings.TrimRight(usage+" "+c.Arguments, " ")}
}

// Dashed returns a flag's name with its dashes.
func Dashed(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}
