package report

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tp0-lab/composer/internal/text"
)

// Limits of text from other people's services. Each report says what it omits.
const (
	// MaxText is the limit for a text in the JSON and JUnit reports, in bytes, as for a value in our services' logs.
	MaxText = 8 << 10
	// maxLines is the number of lines of a scenario in the JSON and JUnit reports: the first half and the last half.
	maxLines = 10_000

	maxPageText  = 1 << 10 // of a line or a problem in the page, in bytes
	maxPageLines = 1_000   // of a scenario in the page
	maxAround    = 100     // lines around a problem, in each report
	maxProblems  = 100     // of a scenario, in each report
)

// cut returns s, or at most size bytes of whole runes of it and "…".
func cut(s string, size int) string {
	if len(s) <= size {
		return s
	}
	for size > 0 && !utf8.RuneStart(s[size]) {
		size--
	}
	return s[:size] + "…"
}

// middle returns the first and the last lines, at most limit of them, and the number of omitted lines between them.
func middle(lines []Line, limit int) (first, last []Line, omitted int) {
	if len(lines) <= limit {
		return lines, nil, 0
	}
	half := limit / 2
	return lines[:half], lines[len(lines)-half:], len(lines) - 2*half
}

// legal removes characters that XML 1.0 does not allow (https://www.w3.org/TR/xml/#charsets) and invalid UTF-8.
func legal(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t', r == '\n', r == '\r', r >= ' ' && r <= 0xd7ff, r >= 0xe000 && r <= 0xfffd, r >= 0x10000 && r <= utf8.MaxRune:
			return r
		}
		return -1
	}, strings.ToValidUTF8(s, ""))
}

// visible returns s, cut to size bytes, with escapes for control characters, characters that change the direction of text
// and others that do not show. Line breaks stay.
func visible(s string, size int) string {
	var b strings.Builder
	for _, r := range cut(s, size) {
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

// shorten returns s, or as much of it as fits a width and "…". A letter of a wide script counts 2, another letter 1.
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

// plural returns "1 line" or "27,000 lines".
func plural(n int, noun string) string {
	return text.Thousands(n) + strings.TrimPrefix(text.Plural(n, noun), strconv.Itoa(n))
}
