package vars

import (
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/template"
	"github.com/sirupsen/logrus"
	"pgregory.net/rapid"
)

func TestMain(m *testing.M) {
	logrus.SetOutput(io.Discard) // compose-go warns of unset variables
	os.Exit(m.Run())
}

// Whatever the text is, Fill and Broken read it as compose-go does.
func TestLikeCompose(t *testing.T) {
	piece := rapid.SampledFrom([]string{"$", "${", "{", "}", "A", "B", "b1", ":-", "-", ":+", "+", ":?", "?", ":", "%", "/", "\n", "é", "$A", "${A}", "${B:-", "${A:+", "$$", "1", " "})
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(piece, 0, 14).Draw(t, "pieces"), "")
		set := rapid.MapOf(rapid.SampledFrom([]string{"A", "B", "b1"}), rapid.SampledFrom([]string{"", "a", "${B}"})).Draw(t, "set")
		lookup := func(name string) (string, bool) { value, ok := set[name]; return value, ok }
		want, err := template.Substitute(text, lookup)
		broken := errors.As(err, new(*template.InvalidTemplateError))
		if broken && Broken(text) < 0 {
			t.Fatalf("%q: compose-go says %v, and nothing is broken here", text, err)
		}
		got, known := Fill(text, lookup)
		if err == nil && known && Broken(text) < 0 && got != want {
			t.Fatalf("%q with %v: got %q, want %q", text, set, got, want)
		}
		if at := Broken(text); at >= 0 && !refusedSomewhere(text) {
			t.Fatalf("%q: compose-go reads it with any environment, and it is broken at %d here", text, at)
		}
	})
}

// refusedSomewhere reports whether compose-go refuses a text with some environment.
func refusedSomewhere(text string) bool {
	for range 64 {
		values := map[string]string{}
		for _, name := range []string{"A", "B", "b1", "Ab1", "AB"} {
			if rand.IntN(2) == 0 {
				values[name] = "x"
			}
		}
		_, err := template.Substitute(text, func(name string) (string, bool) { value, ok := values[name]; return value, ok })
		if errors.As(err, new(*template.InvalidTemplateError)) {
			return true
		}
	}
	// A required variable hides what is broken behind it, and no environment takes both branches of ${A:-${A:+x}}.
	return strings.ContainsAny(text, "?+")
}

func TestBroken(t *testing.T) {
	for text, want := range map[string]int{
		"": -1, "$A $$ $1 $": -1, "${A:-x}": -1, "$${": -1, "${}": 0, "é${1}": 2, "${A": 0, "${A!}": 0, "${A:-x\n}": 0, "${A:x}": 0,
		"${A:-${B%/}/x}": 5, "x:${A:-${B/c/d}}": 7, "x:${A:-a${B}": 8, "${A:+${B:-${C!}}}": 10, "${A:?say ${}": 9, "${A:-}${B!}": 6,
	} {
		if got := Broken(text); got != want {
			t.Errorf("%q: got %d, want %d", text, got, want)
		}
	}
}

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
		{`${B:-{"x": {}}}${A:-{}}`, `{"x": {}}}a`, true}, // compose-go counts braces in this way
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

func TestCost(t *testing.T) {
	for text, want := range map[string]int{"": 0, "$A ${B}": 0, "${A:-x}": 6, "${A:-x}${B-y}": 12 + 5, "${A:-x}\n${A:-x}": 12, "${A:-${B:-x}}": 12 + 6} {
		if got, deep := Cost(text); got != want || deep {
			t.Errorf("%q: got %d, %v, want %d", text, got, deep, want)
		}
	}
	nested := func(n int) string { return strings.Repeat("${A:-", n) + "x" + strings.Repeat("}", n) }
	if _, deep := Cost(nested(MaxNested)); deep {
		t.Errorf("%d are too deep", MaxNested)
	}
	if _, deep := Cost(nested(MaxNested + 1)); !deep {
		t.Errorf("%d are not too deep", MaxNested+1)
	}
}
