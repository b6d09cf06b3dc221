package text

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestPrintable(t *testing.T) {
	for text, want := range map[string]string{
		"":                               "",
		"as it  is\t":                    "as it  is\t",
		"año 年 👩‍🔧 \u00a0\ufffd":         "año 年 👩‍🔧 \u00a0\ufffd",
		"\x1b[31m\x07\x7f":               "\ufffd[31m\ufffd\ufffd",
		"a\nb\rc":                        "a\ufffdb\ufffdc",
		"\u0085\u009b31m":                "\ufffd\ufffd31m",
		"\u2028\u2029":                   "\ufffd\ufffd",
		"\u202e\u2066\u200e\u200f\u061c": "\ufffd\ufffd\ufffd\ufffd\ufffd",
		"\ufffe\uffff":                   "\ufffd\ufffd",
		"\x9b31m\xff":                    "\ufffd31m\ufffd",
	} {
		if got := Printable(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestLine(t *testing.T) {
	for text, want := range map[string]string{
		"":                                   "",
		" a\n\tb\r\nc\u0085d\u2028e\u00a0f ": "a b c d e f",
		"\x1b[31m red":                       "\ufffd[31m red",
		strings.Repeat("é", 500):             strings.Repeat("é", 500),
		strings.Repeat("é", 501):             strings.Repeat("é", 500) + "…",
	} {
		if got := Line(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

// What is fit to be shown stays as it is.
func TestAgain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")) + rapid.String().Draw(t, "text")
		once := Line(text)
		if !utf8.ValidString(once) || Line(once) != once && utf8.RuneCountInString(once) < 500 || Printable(once) != once {
			t.Fatalf("got %q, then %q and %q", once, Line(once), Printable(once))
		}
	})
}
