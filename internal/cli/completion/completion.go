// Package completion completes a command line that is being typed, and has the scripts by which bash, zsh and fish use it.
package completion

import (
	"slices"
	"strings"

	"github.com/tp0-lab/composer/internal/cli/help"
)

// Value is one completion of a word.
type Value struct {
	Text    string // the whole word
	Meaning string // a description for people, or ""
}

// Answer holds the completions of a word.
type Answer struct {
	Values      []Value
	Files       bool // names of files complete the word, too, or its part behind the last "="
	Directories bool // the same with names of directories
}

// Request is a place of a command line that takes a value.
type Request struct {
	Command *help.Command
	Flag    string              // the flag that takes the value, or "" for an operand
	Place   string              // the word for the value in the help, such as FILE
	Given   map[string][]string // the values of earlier flags
}

// Source returns all values for a place. Files and directories are left to Answer.Files and Answer.Directories.
type Source func(Request) []Value

// Complete returns the completions of the last of words, which are the words behind the program's name.
func Complete(root *help.Command, words []string, source Source) Answer {
	if len(words) == 0 {
		words = []string{""}
	}
	l := line{request: Request{Command: root, Given: map[string][]string{}}, root: root, source: source}
	for _, word := range words[:len(words)-1] {
		l.take(word)
	}
	answer := l.goOn(words[len(words)-1])
	answer.Values = slices.DeleteFunc(answer.Values, func(v Value) bool { return !strings.HasPrefix(v.Text, words[len(words)-1]) })
	return answer
}

// line is the part of a command line before the word to complete.
type line struct {
	root    *help.Command
	source  Source
	request Request
	pending *help.Flag // waits for its value
	args    int
	noFlags bool // behind "--"
}

// take reads a word that is complete.
func (l *line) take(word string) {
	command := l.request.Command
	switch {
	case l.pending != nil:
		l.give(l.pending, word)
		l.pending = nil
	case l.noFlags:
		l.args++
	case word == "--":
		l.noFlags = true
	case len(word) > 1 && word[0] == '-':
		name, value, has := strings.Cut(strings.TrimLeft(word, "-"), "=")
		f := flag(command, name)
		if f == nil {
			return
		}
		if has {
			l.give(f, value)
		} else if f.Value != "" {
			l.pending = f
		}
	case len(command.Commands) > 0:
		next := command.Find(word)
		if next == nil {
			next = &help.Command{} // nothing completes an unknown command
		} else if strings.HasPrefix(next.Arguments, "[COMMAND") {
			next = names(l.root)
		}
		l.request.Command = next
	default:
		l.args++
	}
}

func (l *line) give(f *help.Flag, value string) {
	l.request.Given[f.Names[0]] = append(l.request.Given[f.Names[0]], value)
}

// goOn completes the current word.
func (l *line) goOn(word string) Answer {
	command := l.request.Command
	if l.pending != nil {
		return l.values(l.pending.Names[0], l.pending.Value, word)
	}
	if strings.HasPrefix(word, "-") && !l.noFlags {
		name, value, has := strings.Cut(strings.TrimLeft(word, "-"), "=")
		if !has {
			return Answer{Values: flags(command)}
		}
		f := flag(command, name)
		if f == nil || f.Value == "" {
			return Answer{}
		}
		answer := l.values(f.Names[0], f.Value, value)
		for i := range answer.Values {
			answer.Values[i].Text = strings.TrimSuffix(word, value) + answer.Values[i].Text
		}
		return answer
	}
	switch {
	case len(command.Commands) > 0:
		return Answer{Values: commands(command)}
	case command.Arguments == "", l.args > 0 && !strings.Contains(command.Arguments, "…"):
		return Answer{}
	default:
		return l.values("", strings.Trim(command.Arguments, "[]…"), word)
	}
}

// values completes a word at a place, which is KEY=FILE for two places in one word.
func (l *line) values(flag, place, word string) Answer {
	l.request.Flag, l.request.Place = flag, place
	if _, after, ok := strings.Cut(place, "="); ok {
		if !strings.Contains(word, "=") {
			return Answer{Values: l.source(l.request)}
		}
		place = after
	} else if values := l.source(l.request); values != nil {
		return Answer{Values: values, Files: strings.Contains(place, "|FILE")}
	}
	return Answer{
		Files:       strings.Contains(place, "FILE") || place == "ARCHIVE",
		Directories: place == "DIR",
	}
}

// names returns a command and those below it without flags and operands.
func names(of *help.Command) *help.Command {
	c := &help.Command{Name: of.Name, Usage: of.Usage}
	for _, sub := range of.Commands {
		c.Commands = append(c.Commands, names(sub))
	}
	return c
}

func commands(of *help.Command) []Value {
	var values []Value
	for _, c := range of.Commands {
		values = append(values, Value{c.Base(), c.Usage})
	}
	return values
}

func flags(of *help.Command) []Value {
	var values []Value
	for _, f := range of.Flags {
		for _, name := range f.Names {
			values = append(values, Value{help.Dashed(name), f.Usage})
		}
	}
	return values
}

func flag(of *help.Command, name string) *help.Flag {
	for i := range of.Flags {
		if slices.Contains(of.Flags[i].Names, name) {
			return &of.Flags[i]
		}
	}
	return nil
}
