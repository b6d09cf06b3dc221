package vars

import (
	"strings"
	"testing"
)

func TestFill(t *testing.T) {
	set := map[string]string{"A": "a", "E": "", "D": "$x"}
	lookup := func(name string) (string, bool) { value, ok := set[name]; return value, ok }
	for _, tt := range []struct {
		text, want string
		known      bool
	}{
		{"", "", true},
		{"plain", "plain", true},
		{"$A-${A}", "a-a", true},
		{"$$A $${A}", "$A ${A}", true},
		{"$", "$", true},
		{"5$ $1 ${} ${", "5$ $1 ${} ${", true},
		{"${D}", "$x", true},
		{"${E}", "", true},
		{"${E:-x}${E-x}", "x", true},
		{"${B:-x}", "x", true},
		{"${B}", "${B}", false},
		{"$B.", "${B}.", false},
		{"${B:?say it}", "${B}", false},
		{"${B?}/${A}", "${B}/a", false},
		{"${B:-x}/${C}", "x/${C}", false},
		{"${B:-${A}}/${C:-}", "a/", true},
		{"${C}/${B:-x}", "${C}/x", false},
		{"${A:+yes}${B:+no}", "yes", true},
		{"é${B}é", "é${B}é", false},
		{"$Bé", "${B}é", false},
		{"${B:-${C}}", "${C}", false}, // not the empty string
		{"${A:-${C}}${B:+${C}}", "a", true},
		{"${A:+${C}}", "${C}", false},
		{`${B:-{"x": {}}}${A:-{}}`, `{"x": {}}a`, true},
		{"${B:-{", "${B:-{", true},
		{"${B:-$A", "${B:-a", true},
		{"${A!}", "${A!}", true},
	} {
		if got, known := Fill(tt.text, lookup); got != tt.want || known != tt.known {
			t.Errorf("%q is %q, %t, want %q, %t", tt.text, got, known, tt.want, tt.known)
		}
	}
}

// Nothing is known of the environment: what has no default is not known.
func TestFillWithoutLookup(t *testing.T) {
	for text, want := range map[string]bool{
		"x": true, "$$X $${X} $$": true, "$": true, "${": true, "${1}": true, "$1": true, "${X": true, "${X!}": true,
		"$X": false, "${X}": false, "$$$X": false, "a${_x1}b": false, "${X:?say}": false, "${X?say}": false, "${X:+x}": false, "${X+x}": false,
		"${X:-x}": true, "${X-}": true, "${X:-x}/${Y:-y}": true, "${X:-x}/${Y}": false, "${X:-${Y}}": false, "${X:-${Y-y}}": true, "${X:-$$Y}": true,
		strings.Repeat("${X:-", 1<<17):                              true,
		strings.Repeat("${X:-", 1<<17) + strings.Repeat("}", 1<<17): true,
	} {
		if _, got := Fill(text, nil); got != want {
			t.Errorf("%.20s: got %v", text, got)
		}
	}
}

func TestLiteral(t *testing.T) {
	for text, want := range map[string]string{"": "", "x": "x", "$$X$$": "$X$", "$$$$": "$$"} {
		if got, ok := Literal(text); got != want || !ok {
			t.Errorf("%s: got %s, %v", text, got, ok)
		}
	}
	for _, text := range []string{"$", "$X", "$$$X", "${X:-x}"} {
		if got, ok := Literal(text); ok {
			t.Errorf("%s: got %s", text, got)
		}
	}
}
