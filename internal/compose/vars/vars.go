// Package vars fills in the variables of Compose: $NAME, ${NAME:-default} and
// the like. It uses the code of compose-go, which takes the empty string for what is
// not set, and so cannot tell what depends on it.
package vars

import (
	"strings"

	"github.com/compose-spec/compose-go/v2/template"
)

// Fill writes text with its variables filled in, each dollar as such, and ${NAME}
// for those that have no value and no default. known reports that there are none of
// those. What is written like a variable and is none stays as it is.
func Fill(text string, lookup func(name string) (value string, ok bool)) (filled string, known bool) {
	if !strings.Contains(text, "$") {
		return text, true
	}
	var b strings.Builder
	known = true
	for text != "" {
		before, behind, found := strings.Cut(text, "$")
		b.WriteString(before)
		if !found {
			break
		}
		part, rest := cut("$" + behind)
		value, ok := fill(part, lookup)
		b.WriteString(value)
		known = known && ok
		text = rest
	}
	return b.String(), known
}

// cut parts a text that begins with a dollar behind what the dollar means: a pair of
// dollars, a name, or what is in a pair of braces. compose-go takes the text up to
// the last brace for one variable.
func cut(text string) (part, rest string) {
	end := 1
	switch {
	case strings.HasPrefix(text, "$$"):
		end = 2
	case strings.HasPrefix(text, "${"):
		depth := 0
		for end = 1; end < len(text); end++ {
			if text[end] == '{' && text[end-1] == '$' {
				depth++
			} else if text[end] == '}' {
				if depth--; depth == 0 {
					end++
					break
				}
			}
		}
	default:
		for end < len(text) && (isLetter(text[end]) || end > 1 && isDigit(text[end])) {
			end++
		}
	}
	return text[:end], text[end:]
}

func fill(part string, lookup template.Mapping) (value string, known bool) {
	known = true
	value, err := template.SubstituteWithOptions(part, lookup, template.WithoutLogging,
		template.WithReplacementFunction(func(part string, lookup template.Mapping, config *template.Config) (string, error) {
			value, applied, err := template.DefaultReplacementAppliedFunc(part, lookup, config)
			if known = applied && err == nil; !known {
				return "", err
			}
			return value, nil
		}))
	if known && err == nil {
		return value, true
	}
	name := strings.TrimLeft(part, "${")
	end := strings.IndexFunc(name, func(r rune) bool { return r > 0x7f || !isLetter(byte(r)) && !isDigit(byte(r)) })
	if end < 0 {
		end = len(name)
	}
	if end == 0 { // no variable
		return part, true
	}
	return "${" + name[:end] + "}", false
}

func isLetter(c byte) bool { return c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
