package escape

import (
	"slices"
	"strings"
)

// words are scalars without quotes that some version of YAML does not read as strings: YAML 1.1 (yaml.org/type),
// the schemas of YAML 1.2.2 (chapter 10), and loaders' additions. There are no regular expressions here: to
// compile them takes longer than all the rest of a small run.
var words = []string{"~", "null", "true", "false", "yes", "no", "on", "off", "y", "n", "<<", "="}

const (
	numberStart = "-+.0123456789"
	// numeric has the characters of all forms of numbers, dates and times.
	numeric = numberStart + "abcdefABCDEFxXoO_:tTzZ "
)

// typed reports whether some version of YAML might not read text as a string.
func typed(text string) bool {
	if text == "" || strings.IndexByte(numberStart, text[0]) >= 0 && strings.Trim(text, numeric) == "" {
		return true
	}
	text = strings.ToLower(text)
	number := strings.TrimLeft(text, "+-")
	return slices.Contains(words, text) || number == ".inf" || number == ".nan"
}

// provenString reports whether a scalar of these parts, with anything between them, is a string in all versions
// of YAML. A part with which the scalar begins has a ^ before it.
func provenString(parts []string) bool {
	for _, part := range parts {
		text, first := strings.CutPrefix(part, "^")
		if first && startsNoWord(text) || hasOther(text) {
			return true
		}
		for run := range strings.FieldsFuncSeq(strings.ToLower(text), func(r rune) bool { return r < 'a' || r > 'z' }) {
			if !inNumber(run) && !inWord(run) {
				return true
			}
		}
	}
	return false
}

// hasOther reports whether text has a character that no typed scalar has, or a = beside another character.
func hasOther(text string) bool {
	rest := strings.TrimFunc(text, func(r rune) bool { return alphanumeric(r) || strings.ContainsRune("~<=+-._: \t", r) })
	return rest != "" || strings.Contains(text, "=") && strings.Trim(text, "=") != ""
}

func alphanumeric(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
}

// inNumber reports whether lower-case letters stand together in a number or a date.
func inNumber(run string) bool {
	return run == "t" || run == "z" || strings.Trim(strings.TrimLeft(run[:1], "xo")+run[1:], "abcdef") == ""
}

// startsNoWord reports whether no typed scalar begins with text.
func startsNoWord(text string) bool {
	if text == "" || strings.IndexByte(numberStart, text[0]) >= 0 {
		return false
	}
	return !slices.ContainsFunc(words, func(word string) bool { return strings.HasPrefix(word, strings.ToLower(text)) })
}

func inWord(run string) bool {
	return slices.ContainsFunc(append(words, "inf", "nan"), func(word string) bool { return strings.Contains(word, run) })
}
