package lottery

import "unicode/utf8"

// The texts of bets are looked at eight bytes at a time: most are plain, that
// is, printable ASCII without a quote, and need nothing else.

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

// odd returns a word that is not 0 if one of the bytes in w is a control
// character of ASCII, a quote, or no ASCII at all. The additions cannot carry from one byte to
// the next where all are ASCII; where one is not, its own high bit decides.
func odd(w uint64) uint64 {
	low := w &^ highs
	control := ^(low + (0x80-0x20)*ones) // high bit: below 0x20
	del := low + ones                    // high bit: 0x7f
	quote := ^((low ^ '"'*ones) + 0x7f*ones)
	return (w | control | del | quote) & highs
}

// plain tells whether s is printable ASCII without a quote.
func plain(s string) bool {
	n := len(s)
	if n >= 8 {
		var acc uint64
		for i := 0; i+8 < n; i += 8 {
			acc |= odd(load8(s, i))
		}
		return acc|odd(load8(s, n-8)) == 0
	}
	for i := range n {
		if c := s[i]; c < 0x20 || c >= 0x7f || c == '"' {
			return false
		}
	}
	return true
}

// goodText tells whether s can be a name or a document: see Bet.Check.
func goodText(s string) bool {
	return len(s)-1 < MaxText && len(s) > 0 && (plain(s) || textReason(s) == "")
}

// textReason says what is bad about s, or "".
func textReason(s string) string {
	switch {
	case s == "":
		return reasonEmpty
	case len(s) > MaxText:
		return reasonLong
	case !utf8.ValidString(s):
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
