package lottery

import "unicode/utf8"

// The texts of bets are looked at eight bytes at a time: nearly all are
// printable ASCII and letters such as é and ñ, and need nothing else.

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

// loadTail returns the last len(s)%8 bytes of s, and spaces behind them.
func loadTail(s string) uint64 {
	n := len(s) & 7
	var w uint64
	if len(s) >= 8 {
		w = load8(s, len(s)-8) >> (64 - 8*n)
	} else {
		for i := range n {
			w |= uint64(s[i]) << (8 * i)
		}
	}
	return w | ' '*ones<<(8*n)
}

// scan looks at all bytes of s. odd is not 0 if one is a control character of
// ASCII or a quote, comma is not 0 if one is a comma, and wide is not 0 if there
// is something that is neither ASCII nor a letter of U+00C0 … U+00FF.
func scan(s string) (odd, comma, wide uint64) {
	var lead uint64 // the first bytes of such letters in a word, as high bits
	for i := 0; i+8 <= len(s); i += 8 {
		w := load8(s, i)
		odd |= oddBytes(w)
		comma |= equalBytes(w, ','*ones)
		if (w|lead)&highs != 0 {
			var bad uint64
			bad, lead = wideBytes(w, lead)
			wide |= bad
		}
	}
	w := loadTail(s)
	odd |= oddBytes(w)
	comma |= equalBytes(w, ','*ones)
	if (w|lead)&highs != 0 {
		bad, _ := wideBytes(w, lead) // a space is behind the last byte: nothing is cut off
		wide |= bad
	}
	return odd, comma, wide
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

// equalBytes sets the high bit of each byte of w that is that of pattern.
func equalBytes(w, pattern uint64) uint64 {
	x := w ^ pattern
	return ^((x&^highs + 0x7f*ones) | x) & highs
}

// wideBytes looks at a word with bytes that are not ASCII, or behind one that
// ends with half a letter: before is what it has returned as lead. bad is not 0 if there is
// anything but whole letters of U+00C0 … U+00FF, which are the byte 0xc3 and one of
// 0x80 … 0xbf; the last may be cut off.
func wideBytes(w, before uint64) (bad, lead uint64) {
	lead = equalBytes(w, 0xc3*ones)
	follow := w &^ (w << 1) & highs // high bit: 0x80 … 0xbf
	return ((lead | follow) ^ (w & highs)) | (follow ^ (lead<<8 | before>>56)), lead
}

// goodText tells whether s can be a name or a document: see Bet.Check.
func goodText(s string) bool {
	if s == "" || len(s) > MaxText {
		return false
	}
	odd, _, wide := scan(s)
	return odd|wide == 0 || textReason(s) == ""
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
