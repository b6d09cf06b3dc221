// Package text prepares text for people and terminals: Printable replaces control characters,
// Nearest finds the name that somebody meant, Table lays out columns.
package text

import (
	"strings"
	"unicode"
)

// Printable returns text with U+FFFD in place of each control character but the
// tab (line breaks are some of them), each line or paragraph separator, mark that
// turns the direction of the text beside it, and noncharacter, and of what is not
// UTF-8. All else is as it was, spaces too.
func Printable(text string) string {
	return strings.Map(func(r rune) rune {
		if shows(r) || r == '\t' {
			return r
		}
		return unicode.ReplacementChar
	}, text)
}

// hidden are the characters that do not show, but do something to what does. XML
// takes all others.
var hidden = []*unicode.RangeTable{unicode.Cc, unicode.Zl, unicode.Zp, unicode.Bidi_Control, unicode.Noncharacter_Code_Point}

func shows(r rune) bool {
	if r < 0x7f {
		return r >= ' ' // most are
	}
	return !unicode.In(r, hidden...)
}

// Line returns text on one line, printable, with one space for all that is
// between two words, and with at most 500 characters of it.
func Line(text string) string {
	return Short(Printable(strings.Join(strings.Fields(text), " ")), 500)
}

// Short returns text, or as many characters of a longer one and "…".
func Short(text string, most int) string {
	n := 0
	for i := range text {
		if n++; n > most {
			return text[:i] + "…"
		}
	}
	return text
}
