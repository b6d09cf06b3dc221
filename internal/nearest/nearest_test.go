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
