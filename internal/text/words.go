package text

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// Plural returns a count with its noun: "1 batch", "2 batches", "0 files". The noun is in the singular.
func Plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	ending := "s"
	for _, last := range []string{"s", "x", "ch", "sh"} {
		if strings.HasSuffix(noun, last) {
			ending = "es"
		}
	}
	if stem, ok := strings.CutSuffix(noun, "y"); ok && !strings.ContainsAny(stem[max(len(stem)-1, 0):], "aeiou") {
		noun, ending = stem, "ies" // repository, but not key
	}
	return fmt.Sprintf("%d %s%s", n, noun, ending)
}

// FirstNames joins the first three names of a list and counts the others.
func FirstNames(names []string) string {
	const most = 3
	if more := len(names) - most; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), more)
	}
	return strings.Join(names, ", ")
}

// Thousands returns a number with commas between groups of three digits: 27,000.
func Thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// WithoutNumbers writes a # in place of each run of digits, so that texts which differ in numbers only are equal.
func WithoutNumbers(text string) string {
	if !strings.ContainsAny(text, "0123456789") {
		return text
	}
	var b strings.Builder
	for i := range len(text) {
		switch {
		case !IsDigit(text[i]):
			b.WriteByte(text[i])
		case i == 0 || !IsDigit(text[i-1]):
			b.WriteByte('#')
		}
	}
	return b.String()
}

// NaturalCompare compares names as strings.Compare does, but by the text before a number at the end first, and then by
// that number: client2 comes before client10.
func NaturalCompare(a, b string) int {
	headA, headB := strings.TrimRight(a, "0123456789"), strings.TrimRight(b, "0123456789")
	// Without leading zeros the longer number is the larger.
	numberA, numberB := strings.TrimLeft(a[len(headA):], "0"), strings.TrimLeft(b[len(headB):], "0")
	return cmp.Or(strings.Compare(headA, headB), cmp.Compare(len(numberA), len(numberB)),
		strings.Compare(numberA, numberB), strings.Compare(a, b))
}

// IsDigit reports whether c is one of 0 to 9.
func IsDigit(c byte) bool { return '0' <= c && c <= '9' }
