// Package text prepares text for people and terminals: Printable replaces control characters, Nearest finds
// the name that somebody meant, Table lays out columns, Place counts lines and columns as editors do.
package text

import (
	"strings"
	"unicode"
)

// Printable returns text with U+FFFD in place of each character that could change how a terminal shows the
// text around it: control characters (line breaks, too, but not tabs), line and paragraph separators, marks
// of writing direction, noncharacters, and bytes that are not UTF-8. Other characters stay, spaces included.
func Printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\t' || r >= ' ' && r < 0x7f || r >= 0x7f && !unicode.In(r, hidden...) {
			return r
		}
		return unicode.ReplacementChar
	}, text)
}

// hidden has the characters that Printable replaces. XML takes all others.
var hidden = []*unicode.RangeTable{unicode.Cc, unicode.Zl, unicode.Zp, unicode.Bidi_Control, unicode.Noncharacter_Code_Point}

// Line returns the words of text on one line: printable, with one space between words, and cut after 500
// characters.
func Line(text string) string {
	return Short(Printable(strings.Join(strings.Fields(text), " ")), 500)
}

// Short returns text if it has at most most characters, and otherwise its first most characters followed by "…".
func Short(text string, most int) string {
	n := 0
	for i := range text {
		if n++; n > most {
			return text[:i] + "…"
		}
	}
	return text
}
