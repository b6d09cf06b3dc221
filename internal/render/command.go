package render

import (
	"strconv"
	"strings"
)

// command is the command line that makes a document again.
func (e *Engine) command(stage string, counts Counts) string {
	words := []string{"composer", "render", "--stage", stage}
	for i, kind := range e.bundle.Kinds {
		count := strconv.Itoa(counts[kind.Name])
		if i > 0 {
			count = kind.Name + "=" + count
		}
		words = append(words, "-n", count)
	}
	if e.bundle.Lifted {
		words = append(words, "--max-replicas", strconv.Itoa(e.bundle.MaxReplicas))
	}
	for _, word := range e.bundle.Arguments {
		words = append(words, shellWord(word))
	}
	return strings.Join(words, " ")
}

// shellWord quotes a word for a shell, on one line.
func shellWord(word string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./=:,@%+", r)
	}
	switch {
	case word != "" && strings.TrimFunc(word, plain) == "":
		return word
	case strings.ContainsFunc(word, func(r rune) bool { return !strconv.IsPrint(r) }):
		quoted := strconv.QuoteToASCII(word)
		return "$'" + strings.NewReplacer(`'`, `\'`, `\"`, `"`).Replace(quoted[1:len(quoted)-1]) + "'"
	default:
		return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
	}
}
