package completion

import (
	"bytes"
	_ "embed"
	"io"
	"slices"
	"strings"

	"github.com/tp0-lab/composer/internal/text"
)

// Command is the hidden command that the scripts run, with a shell's name and
// the words up to the one that is completed. It prints lines of a value, a tab and
// its meaning, or of a colon and what else there is: files, directories, nospace.
const Command = "__complete"

var (
	//go:embed completion.bash
	bash string
	//go:embed completion.zsh
	zsh string
	//go:embed completion.fish
	fish string
)

// Shells are those that there are scripts for.
func Shells() []Value {
	return []Value{{"bash", "4 and later"}, {"zsh", "5 and later"}, {"fish", "3 and later"}}
}

// Script returns the script for one of the shells, or "".
func Script(shell string) string {
	switch shell {
	case "bash":
		return bash
	case "zsh":
		return zsh
	case "fish":
		return fish
	}
	return ""
}

// Words returns the words that a shell took a command line for as the program
// would get them. Bash breaks words at "=" and ":".
func Words(shell string, words []string) []string {
	if shell != "bash" {
		return words
	}
	var joined []string
	open := false // the next one goes on
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

// Write prints an answer for a shell's script, given the word that it completes.
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
