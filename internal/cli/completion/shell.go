package completion

import (
	"bytes"
	_ "embed"
	"io"
	"slices"
	"strings"

	"github.com/tp0-lab/composer/internal/text"
)

// Command is the hidden command that the scripts run, with the shell's name and the words up to the one to complete. It
// prints lines of a value, a tab and a meaning, and lines :files, :directories and :nospace for the script.
const Command = "__complete"

var (
	//go:embed completion.bash
	bash string
	//go:embed completion.zsh
	zsh string
	//go:embed completion.fish
	fish string
)

// Shells returns the shells that have a script.
func Shells() []Value {
	return []Value{{"bash", "4 and later"}, {"zsh", "5 and later"}, {"fish", "3 and later"}}
}

// Script returns the completion script for a shell, or "" for a shell without one.
func Script(shell string) string {
	return map[string]string{"bash": bash, "zsh": zsh, "fish": fish}[shell]
}

// Words returns the words of a shell's completion as the program would get them: bash breaks words at "=" and ":", and
// Words joins them.
func Words(shell string, words []string) []string {
	if shell != "bash" {
		return words
	}
	var joined []string
	open := false // the next word belongs to the last one
	for _, word := range words {
		is := word != "" && strings.Trim(word, "=:") == ""
		if last := len(joined) - 1; last >= 0 && (is || open) {
			joined[last] += word
		} else {
			joined = append(joined, word)
		}
		open = is
	}
	return joined
}

// Write writes an answer as the shell's script reads it. word is the word to complete.
func (a Answer) Write(w io.Writer, shell, word string) error {
	var out bytes.Buffer
	before := ""
	if shell == "bash" {
		before = word[:strings.LastIndexAny(word, "=:")+1]
	}
	for _, v := range a.Values {
		out.WriteString(text.Line(strings.TrimPrefix(v.Text, before)) + "\t" + text.Line(v.Meaning) + "\n")
	}
	if a.Files {
		out.WriteString(":files\n")
	}
	if a.Directories {
		out.WriteString(":directories\n")
	}
	if len(a.Values) > 0 && !slices.ContainsFunc(a.Values, func(v Value) bool { return !strings.HasSuffix(v.Text, "=") }) {
		out.WriteString(":nospace\n")
	}
	_, err := w.Write(out.Bytes())
	return err
}
