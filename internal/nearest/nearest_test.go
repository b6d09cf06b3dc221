package nearest

import (
	"strings"
	"testing"
)

func TestOf(t *testing.T) {
	names := []string{"image", "environment", "mounts", "linger", "logs", "logo"}
	for _, tt := range []struct{ name, want string }{
		{"imgae", "image"},
		{"mouts", "mounts"},
		{"image", "image"},
		{"logz", "logo"}, // the first of two
		{"colour", ""},
		{"", ""},
		{strings.Repeat("image", 100_000), ""},
	} {
		if got := Of(tt.name, names); got != tt.want {
			t.Errorf("%.20s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestUnique(t *testing.T) {
	names := []string{"ej1", "ej2", "ej3", "version", "verify", "completion"}
	for name, want := range map[string]string{
		"ej33": "ej3", "ej9": "", "ej": "", "ver": "", "vers": "version", "comp": "completion", "verfy": "verify", "x": "", "": "",
	} {
		if got := Unique(name, names); got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
	if got := Hint("verfy", names); got != `, did you mean "verify"?` {
		t.Error(got)
	}
	if got := Hint("ej9", names); got != "" {
		t.Error(got)
	}
}
