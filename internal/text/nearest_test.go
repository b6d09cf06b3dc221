package text

import (
	"strings"
	"testing"
)

func TestOf(t *testing.T) {
	names := []string{"image", "environment", "mounts", "linger", "logs", "logo", strings.Repeat("x", 65)}
	for _, tt := range []struct{ name, want string }{
		{"imgae", "image"},
		{"mouts", "mounts"},
		{"image", "image"},
		{"logz", "logo"}, // the first of two
		{"colour", ""},
		{"", ""},
		{strings.Repeat("image", 100_000), ""},
		{strings.Repeat("x", 60), strings.Repeat("x", 65)},
		{strings.Repeat("x", 65), ""},
	} {
		if got := Nearest(tt.name, names); got != tt.want {
			t.Errorf("%.20s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestUnique(t *testing.T) {
	names := []string{"ej1", "ej2", "ej3", "version", "verify", "completion"}
	for name, want := range map[string]string{
		"ej33": "ej3", "ej9": "", "ej": "", "ver": "", "vers": "version", "comp": "completion", "verfy": "verify", "x": "", "": "",
	} {
		if got := UniqueNearest(name, names); got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
	if got := DidYouMean("verfy", names); got != `, did you mean "verify"?` {
		t.Error(got)
	}
	if got := DidYouMean("ej9", names); got != "" {
		t.Error(got)
	}
}

// Two long names that are nearly the same would take memory by their product.
func TestLongNamesCostLittle(t *testing.T) {
	name, candidates := strings.Repeat("a", 1<<20), []string{strings.Repeat("a", 1<<20-1)}
	if n := testing.AllocsPerRun(1, func() { Nearest(name, candidates) }); n > 10 {
		t.Errorf("%v allocations", n)
	}
}
