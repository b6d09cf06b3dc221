package render

import "testing"

// What an ID is written as depends on its place; where that is its digits, the
// replicas are still made from one.
func TestSpecialisedPlaces(t *testing.T) {
	tests := []struct {
		name, text string
		special    bool
		want       string // with three replicas
	}{
		{"all of a scalar", "a:{{ range .Clients }}\n  - {{ .ID }}{{ end }}\n", true, "a:\n  - 1\n  - 2\n  - 3\n"},
		{"in quotes", "a:{{ range .Clients }}\n  - \"{{ .ID }}\"\n  - 'x {{ .ID }}'{{ end }}\n", true, "a:\n  - \"1\"\n  - 'x 1'\n  - \"2\"\n  - 'x 2'\n  - \"3\"\n  - 'x 3'\n"},
		{"in a key and a longer scalar", "a:{{ range .Clients }}\n  c{{ .ID }}: x/{{ .ID }}.csv{{ end }}\n", true, "a:\n  c1: x/1.csv\n  c2: x/2.csv\n  c3: x/3.csv\n"},
		{"all of a key", "a:{{ range .Clients }}\n  {{ .ID }}: x{{ end }}\n", false, "a:\n  \"1\": x\n  \"2\": x\n  \"3\": x\n"},
		{"in brackets", "a: [0{{ range .Clients }}, {{ .ID }}{{ end }}]\n", true, "a: [0, 1, 2, 3]\n"},
		{"in a block", "a: |{{ range .Clients }}\n  {{ .ID }}\n  x{{ .ID }}{{ end }}\n", true, "a: |\n  1\n  x1\n  2\n  x2\n  3\n  x3\n"},
		{"quoted by a function", "a:{{ range .Clients }}\n  - {{ quote .ID }}{{ end }}\n", false, "a:\n  - \"1\"\n  - \"2\"\n  - \"3\"\n"},
		{"beside other values", "a:{{ range .Clients }}\n  - \"{{ .Values.word }}{{ .ID }}\"\n  - {{ .Values.word }}{{ end }}\n", true, "a:\n  - \"hello1\"\n  - hello\n  - \"hello2\"\n  - hello\n  - \"hello3\"\n  - hello\n"},
		{"in an include", "a:{{ range .Clients }}\n  - {{ include \"t\" . }}{{ end }}\n", false, "a:\n  - id: 1\n  - id: 2\n  - id: 3\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := newEngine(t, body(tt.text, "t", "id: {{ .ID }}"))
			if (e.special != nil) != tt.special {
				t.Errorf("specialised is %t, want %t", e.special != nil, tt.special)
			}
			for _, n := range []int{0, 1, 3, 12} {
				got := renderBoth(t, e, "one", n)
				if n == 3 && string(got.Bytes) != tt.want {
					t.Errorf("got  %q\nwant %q", got.Bytes, tt.want)
				}
			}
		})
	}
}
