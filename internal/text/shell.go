package text

import (
	"strconv"
	"strings"
)

// ShellWord returns a word quoted for a shell, on one line.
func ShellWord(word string) string {
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
