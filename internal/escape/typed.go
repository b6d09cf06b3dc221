package escape

import (
	"regexp"
	"strings"
)

// Which scalars without quotes some version of YAML reads as something else
// than a string: YAML 1.1 (yaml.org/type), the schemas of YAML 1.2.2 (chapter
// 10), and what the loaders in use add to them.
var (
	words = []string{"~", "null", "true", "false", "yes", "no", "on", "off", "y", "n", "<<", "="}
	// numeric matches more than all forms of numbers, dates and times. A
	// character that is not in it makes a string of what begins like a number.
	numeric = regexp.MustCompile(`^[-+.0-9][-+.0-9a-fA-FxXobOBeE_:tTzZ ]*$`)
	special = regexp.MustCompile(`(?i)^[-+]?\.(inf|nan)$`)
)

// typed reports whether text might be read as something else than a string.
func typed(text string) bool {
	if text == "" || numeric.MatchString(text) || special.MatchString(text) {
		return true
	}
	for _, word := range words {
		if strings.EqualFold(text, word) {
			return true
		}
	}
	return false
}

var (
	letters = regexp.MustCompile(`[A-Za-z]+`)
	// inNumbers are the letters that stand together in numbers and dates.
	inNumbers = regexp.MustCompile(`(?i)^([xob]?[a-f]*|[tz])$`)
	// others are characters that no typed scalar has.
	others = regexp.MustCompile(`[^A-Za-z0-9~<=+\-._: \t]|[^=]=|=[^=]`)
)

// provenString reports whether a scalar that has these parts, with anything
// between them, is a string in all versions of YAML. A part with which the
// scalar begins has a ^ before it.
func provenString(parts []string) bool {
	for _, part := range parts {
		text, first := strings.CutPrefix(part, "^")
		if first && startsNoWord(text) || others.MatchString(text) {
			return true
		}
		for _, run := range letters.FindAllString(text, -1) {
			if !inNumbers.MatchString(run) && !inWords(strings.ToLower(run)) {
				return true
			}
		}
	}
	return false
}

// startsNoWord reports whether no typed scalar begins with text.
func startsNoWord(text string) bool {
	text = strings.ToLower(text)
	if text == "" || strings.IndexByte("+-.0123456789", text[0]) >= 0 {
		return false
	}
	for _, word := range words {
		if strings.HasPrefix(word, text) {
			return false
		}
	}
	return true
}

func inWords(run string) bool {
	for _, word := range append(words, "inf", "nan") {
		if strings.Contains(word, run) {
			return true
		}
	}
	return false
}
