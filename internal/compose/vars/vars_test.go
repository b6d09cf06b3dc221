package vars

import "testing"

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
	} {
		if got, known := Fill(tt.text, lookup); got != tt.want || known != tt.known {
			t.Errorf("%q is %q, %t, want %q, %t", tt.text, got, known, tt.want, tt.known)
		}
	}
}
