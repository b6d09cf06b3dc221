package text

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestPlace(t *testing.T) {
	content := []byte("a: b\n# año 年: x\n")
	for _, tt := range []struct {
		offset int
		want   string
	}{
		{-1, "f:1:1"},
		{0, "f:1:1"},
		{4, "f:1:5"},
		{5, "f:2:1"},
		{strings.IndexByte(string(content), 'x'), "f:2:10"},
		{len(content), "f:3:1"},
		{len(content) + 1, "f:3:1"},
	} {
		if got := PlaceAt("f", content, tt.offset).String(); got != tt.want {
			t.Errorf("offset %d: got %s, want %s", tt.offset, got, tt.want)
		}
	}
	if got := (Place{File: "f"}).String(); got != "f" {
		t.Error(got)
	}
}

// A column counts the characters before it, whatever the line has and however many bytes they are.
func TestColumnOf(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before := rapid.StringOf(rapid.SampledFrom([]rune("a ñ年👩\u200d🔧\t"))).Draw(t, "before")
		after := rapid.String().Draw(t, "after")
		want := len([]rune(before)) + 1
		if got := ColumnOf(before+after, len(before)); got != want {
			t.Fatalf("got %d, want %d", got, want)
		}
		lines := strings.Repeat("línea\n", rapid.IntRange(0, 3).Draw(t, "lines"))
		place := PlaceAt("f", []byte(lines+before+after), len(lines)+len(before))
		if place != (Place{"f", 1 + strings.Count(lines, "\n"), want}) {
			t.Fatalf("got %s, want column %d", place, want)
		}
	})
}

func TestFirstInvalid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		valid := rapid.String().Draw(t, "valid")
		tail := rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")
		at := FirstInvalid([]byte(valid + string(tail)))
		switch {
		case at < 0 && !utf8.Valid(tail), at >= 0 && at < len(valid):
			t.Fatalf("got %d", at)
		case at >= 0 && (!utf8.ValidString((valid + string(tail))[:at]) || utf8.FullRune(tail[at-len(valid):]) && utf8.ValidString((valid + string(tail))[:at+1])):
			t.Fatalf("got %d", at)
		}
	})
}
