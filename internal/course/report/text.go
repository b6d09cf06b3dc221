package report

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// What comes from other people's services is cut to these sizes, and each report says what it left out.
const (
	// MaxText is the longest text of a line or a problem that JSON and JUnit carry, in bytes: that of a value in our
	// own services' logs.
	MaxText = 8 << 10
	// MaxLines is how many lines of a scenario JSON and JUnit carry: the first half and the last.
	MaxLines = 10_000

	maxPageText  = 1 << 10 // of a line or a problem in the page, in bytes
	maxPageLines = 1_000   // of a scenario in the page
	maxAround    = 100     // lines around a problem, in each report
	maxProblems  = 100     // of a scenario, in each report
)

// cut shortens s to at most size bytes, at a rune's border, and "…".
func cut(s string, size int) string {
	if len(s) <= size {
		return s
	}
	for size > 0 && !utf8.RuneStart(s[size]) {
		size--
	}
	return s[:size] + "…"
}

// middle leaves out the middle of lines if there are more than limit; omitted says how many, and they belong behind
// the first len(first).
func middle(lines []Line, limit int) (first, last []Line, omitted int) {
	if len(lines) <= limit {
		return lines, nil, 0
	}
	half := limit / 2
	return lines[:half], lines[len(lines)-half:], len(lines) - 2*half
}

// legal removes what XML 1.0 cannot carry, even escaped (https://www.w3.org/TR/xml/#charsets), and what is not UTF-8.
func legal(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t', r == '\n', r == '\r', r >= ' ' && r <= 0xd7ff, r >= 0xe000 && r <= 0xfffd, r >= 0x10000 && r <= utf8.MaxRune:
			return r
		}
		return -1
	}, strings.ToValidUTF8(s, ""))
}

// visible returns s, cut to size bytes, with an escape for all that does not show: control characters, and those that
// turn the direction of the text beside them. Line breaks stay.
func visible(s string, size int) string {
	s = cut(s, size)
	if strings.IndexFunc(s, hidden) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if !hidden(r) {
			b.WriteRune(r)
			continue
		}
		quoted := strconv.QuoteRuneToASCII(r)
		b.WriteString(quoted[1 : len(quoted)-1])
	}
	return b.String()
}

func hidden(r rune) bool { return r != '\n' && (r == utf8.RuneError || !unicode.IsPrint(r)) }

// shorten cuts s to a width, in which a letter counts 1 and one of the wide scripts 2.
func shorten(s string, width int) string {
	used := 0
	for i, r := range s {
		used++
		if r >= 0x1100 {
			used++
		}
		if used > width {
			return strings.TrimRight(s[:i], " ") + "…"
		}
	}
	return s
}

// thousands writes n as people read it: 27,000.
func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// plural is "1 line" or "27 lines".
func plural(n int, noun, nouns string) string {
	if n == 1 {
		return "1 " + noun
	}
	return thousands(n) + " " + nouns
}
