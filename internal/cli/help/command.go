// Package help writes what a command line is about: help for a terminal, and a
// page for man(1). Both are made from a tree of commands that does not know the
// package that parses them.
package help

import (
	"slices"
	"strings"
)

// Command is a command, or the program itself.
type Command struct {
	Name      string // with those above it, such as "composer config show"
	Usage     string // what it does, in half a sentence
	Synopsis  string // without the name if it is empty
	Arguments string // the operands, such as "FILE…"
	// Description is examples and paragraphs, with an empty line between them. A line
	// with a tab is an example: a command, and what it does. A paragraph is filled,
	// but for lines that begin with a space.
	Description string
	Flags       []Flag
	Commands    []*Command
}

// Flag is a flag of a command.
type Flag struct {
	Names    []string // without dashes
	Value    string   // a word for its value, such as "FILE"; "" for a switch
	Usage    string
	Default  string // "" for none to speak of
	Variable string // the one of the environment that stands for it, or ""
}

// Entry is a term and its meaning; of an example, the command line and its effect.
type Entry struct{ Term, Meaning string }

// Base is the last word of the name.
func (c *Command) Base() string { return c.Name[strings.LastIndexByte(c.Name, ' ')+1:] }

// Walk calls visit for the command and all below it, each before its own.
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

// Examples are those of the description.
func (c *Command) Examples() []Entry {
	var examples []Entry
	for line := range strings.Lines(c.Description) {
		if command, meaning, ok := strings.Cut(strings.TrimRight(line, "\n"), "\t"); ok {
			examples = append(examples, Entry{command, meaning})
		}
	}
	return examples
}

// Paragraphs are those of the description: filled text is one line, and others
// begin with a space.
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

// usage is the synopsis with the name before it.
func (c *Command) usage() string {
	if c.Synopsis != "" {
		return c.Synopsis
	}
	usage := c.Name
	if len(c.Commands) > 0 {
		usage += " COMMAND"
	}
	if len(c.Flags) > 0 {
		usage += " [options]"
	}
	return strings.TrimRight(usage+" "+c.Arguments, " ")
}

// Dashed is a flag's name as one gives it.
func Dashed(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}
