package lablog

import "strings"

// Printable returns what a service printed as it may be shown on a terminal: what
// would move its cursor, change its colours or the direction of its text is
// replaced by U+FFFD.
func Printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r < ' ' && r != '\t', r >= 0x7f && r < 0xa0, r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069:
			return '\uFFFD'
		default:
			return r
		}
	}, s)
}
