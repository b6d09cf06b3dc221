package render

import (
	"slices"
	"strconv"
	"strings"
)

// Command returns the command line that renders stages again, each word quoted for a shell, with the words more at its
// end. Its error wraps ErrReplicas.
func (e *Engine) Command(stages []string, more ...string) (string, error) {
	counts, err := e.counts(e.bundle.Kinds[0].Count)
	if err != nil {
		return "", err
	}
	return e.command(stages, counts, more), nil
}

func (e *Engine) command(stages []string, counts Counts, more []string) string {
	words := []string{"composer", "render"}
	for _, stage := range stages {
		words = append(words, "--stage", stage)
	}
	for i, kind := range e.bundle.Kinds {
		count := strconv.Itoa(counts[kind.Name])
		if i > 0 {
			count = kind.Name + "=" + count
		}
		words = append(words, "-n", count)
	}
	if e.bundle.UserLimit {
		words = append(words, "--max-replicas", strconv.Itoa(e.bundle.MaxReplicas))
	}
	for _, word := range slices.Concat(e.bundle.Arguments, more) {
		words = append(words, shellWord(word))
	}
	return strings.Join(words, " ")
}

// shellWord returns a word quoted for a shell, on one line.
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
