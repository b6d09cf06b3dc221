package cli

import "testing"

func TestQuotes(t *testing.T) {
	for _, tt := range []struct {
		message, value string
		want           bool
	}{
		{`unknown stage "ej9": have ej1`, "ej9", true},
		{"number of replicas -5: cannot be negative", "-5", true},
		{"number of replicas 5000: at most 1022", "5000", true},
		{"my.yaml: no such file", "my.yaml", true},
		{"ej99 is not ej9", "ej9", true},
		{"unknown stage ej99", "ej9", false},
		{"a.yaml:12:5: unknown key", "12", false},
		{"a.yaml:3:12: unknown key", "12", false},
		{"a.yaml (line 12 of the rendered document): unknown key", "12", false},
		{"a.yaml:12:5: 12 clients are too many", "12", true},
		{"a 5", "5", false},
	} {
		if got := quotes(tt.message, tt.value); got != tt.want {
			t.Errorf("%q of %q: got %v", tt.value, tt.message, got)
		}
	}
}
