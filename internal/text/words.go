package text

import (
	"cmp"
	"fmt"
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

// NaturalCompare compares names by the number at their end: client2 comes before client10.
func NaturalCompare(a, b string) int {
	headA, headB := strings.TrimRight(a, "0123456789"), strings.TrimRight(b, "0123456789")
	// Without leading zeros the longer number is the larger.
	numberA, numberB := strings.TrimLeft(a[len(headA):], "0"), strings.TrimLeft(b[len(headB):], "0")
	return cmp.Or(strings.Compare(headA, headB), cmp.Compare(len(numberA), len(numberB)),
		strings.Compare(numberA, numberB), strings.Compare(a, b))
}

// IsDigit reports whether c is one of 0 to 9.
func IsDigit(c byte) bool { return '0' <= c && c <= '9' }
