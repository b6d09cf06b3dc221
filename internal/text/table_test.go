package text

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestTable(t *testing.T) {
	table := Table{Indent: "  ", First: 10}
	table.Row("-n N", "how many clients there are, from none to a thousand and more")
	table.Row("--a-long-one FILE", "the file")
	table.Row("ñandú", "")
	for _, tt := range []struct {
		width int
		want  string
	}{
		{0, `
  -n N   how many clients there are, from none to a thousand and more
  --a-long-one FILE
         the file
  ñandú
`},
		{40, `
  -n N   how many clients there are,
         from none to a thousand and
         more
  --a-long-one FILE
         the file
  ñandú
`},
		{38, `
  -n N
      how many clients there are, from
      none to a thousand and more
  --a-long-one FILE
      the file
  ñandú
`},
	} {
		var got strings.Builder
		if err := table.Write(&got, tt.width); err != nil {
			t.Fatal(err)
		}
		if got.String() != tt.want[1:] {
			t.Errorf("width %d: got\n%s", tt.width, got.String())
		}
	}
}

func TestSeveralColumns(t *testing.T) {
	var table Table
	table.Row("NAME", "DEFAULT", "MEANING")
	table.Row("x", "a default", "what it is for")
	for width, want := range map[int]string{
		0:  "NAME  DEFAULT    MEANING\nx     a default  what it is for\n",
		30: "NAME  DEFAULT\n    MEANING\nx     a default\n    what it is for\n",
	} {
		var got strings.Builder
		if err := table.Write(&got, width); err != nil {
			t.Fatal(err)
		}
		if got.String() != want {
			t.Errorf("width %d: got\n%s", width, got.String())
		}
	}
}

// No line is too long but for a word that is, and no word is lost.
func TestWrap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(strings.Fields(rapid.StringMatching(`([a-zñ…]{1,12} ){0,20}`).Draw(t, "text")), " ")
		width := rapid.IntRange(0, 40).Draw(t, "width")
		lines := Wrap(text, width)
		if got := strings.Join(lines, " "); got != text {
			t.Fatalf("got %q", got)
		}
		for _, line := range lines {
			if width > 0 && utf8.RuneCountInString(line) > width && strings.Contains(line, " ") {
				t.Fatalf("%q is longer than %d", line, width)
			}
		}
	})
}
