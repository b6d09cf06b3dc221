package vars

import (
	"fmt"
	"strings"
	"testing"
)

// A document is written anew only if something is left out of it.
func TestPruneAsItIs(t *testing.T) {
	for _, text := range []string{"a: 'x'  # $X\n", "a: $$X\n", "a: ${X:-1}\n---\nb: ${Y-}\n", "a: [$X\n", "a: &a [$X, *a]\n"} {
		if rest, all := PruneText([]byte(text)); string(rest) != text || !all {
			t.Errorf("%s: got %s, %v", text, rest, all)
		}
	}
}

// Aliases that stand for far more than there is are not followed to their end.
func TestPruneIsBounded(t *testing.T) {
	var text strings.Builder
	text.WriteString("a0: &a0 [$X, y]\n")
	for i := range 60 {
		fmt.Fprintf(&text, "a%d: &a%d [*a%d, *a%d]\n", i+1, i+1, i, i)
	}
	if _, all := PruneText([]byte(text.String())); !all {
		t.Error("some of it is left out")
	}
}

// A value that is empty in brackets stays null where another value has a variable.
func TestPruneKeepsNull(t *testing.T) {
	rest, all := PruneText([]byte("a: ${X}\nb: {c: , d: {}}\n"))
	if want := "b: {c: null, d: {}}\n"; string(rest) != want || all {
		t.Errorf("got %s", rest)
	}
}
