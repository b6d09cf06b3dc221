package local

import (
	"cmp"
	"strings"
)

// natural compares names so that client2 comes before client10.
func natural(a, b string) int {
	headA, numberA := split(a)
	headB, numberB := split(b)
	if c := strings.Compare(headA, headB); c != 0 {
		return c
	}
	// Without leading zeros the longer number is the larger.
	shortA, shortB := strings.TrimLeft(numberA, "0"), strings.TrimLeft(numberB, "0")
	return cmp.Or(cmp.Compare(len(shortA), len(shortB)), strings.Compare(shortA, shortB), strings.Compare(a, b))
}

// split cuts a name into what stands before the number at its end, and that.
func split(name string) (head, number string) {
	head = strings.TrimRight(name, "0123456789")
	return head, name[len(head):]
}
