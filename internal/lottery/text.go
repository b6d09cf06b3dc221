package lottery

import (
	"strings"
	"unicode/utf8"
)

// The texts of bets are looked at eight bytes at a time: most are printable
// ASCII, perhaps with some letters of more than one byte, and need little else.

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// load8 returns s[i:i+8] as a little-endian word.
func load8(s string, i int) uint64 {
	s = s[i : i+8]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// scan looks at all bytes of s. odd is not 0 if one is a control character of
// ASCII or a quote, wide is not 0 if one is no ASCII.
func scan(s string) (odd, wide uint64) {
	n := len(s)
	if n < 8 {
		for i := range n {
			switch c := s[i]; {
			case c >= 0x80:
				wide = 1
			case c < 0x20, c == 0x7f, c == '"':
				odd = 1
			}
		}
		return odd, wide
	}
	for i := 0; i+8 < n; i += 8 {
		w := load8(s, i)
		odd |= oddBytes(w)
		wide |= w
	}
	w := load8(s, n-8)
	return odd | oddBytes(w), (wide | w) & highs
}

// oddBytes sets the high bit of each byte that is a control character of ASCII
// or a quote. No sum carries into the next byte, since the high bits are off.
func oddBytes(w uint64) uint64 {
	low := w &^ highs
	control := ^(low + (0x80-0x20)*ones) // high bit: below 0x20
	del := low + ones                    // high bit: 0x7f
	quote := ^((low ^ '"'*ones) + 0x7f*ones)
	return (control | del | quote) & highs &^ w
}

// goodText tells whether s can be a name or a document: see Bet.Check.
func goodText(s string) bool {
	if len(s) == 0 || len(s) > MaxText {
		return false
	}
	odd, wide := scan(s)
	if odd == 0 {
		return wide == 0 || goodWide(s)
	}
	return textReason(s) == ""
}

// goodWide tells whether s, which holds no control characters of ASCII, is
// UTF-8 and holds no others.
func goodWide(s string) bool {
	// All of them begin with one of these two bytes, which few texts hold.
	if strings.IndexByte(s, 0xc2) < 0 && strings.IndexByte(s, 0xe2) < 0 {
		return utf8.ValidString(s)
	}
	return badRunes(s) == ""
}

// textReason says what is bad about s, or "".
func textReason(s string) string {
	switch {
	case s == "":
		return reasonEmpty
	case len(s) > MaxText:
		return reasonLong
	}
	return badRunes(s)
}

func badRunes(s string) string {
	if !utf8.ValidString(s) {
		return reasonUTF8
	}
	for _, r := range s {
		// C0, DEL, C1 (NEL is one of them), LINE and PARAGRAPH SEPARATOR.
		if r < 0x20 || r >= 0x7f && r < 0xa0 || r == 0x2028 || r == 0x2029 {
			return reasonControl
		}
	}
	return ""
}

func textError(f Field, s string) *FieldError {
	return &FieldError{Field: f, Value: s, Reason: textReason(s)}
}
