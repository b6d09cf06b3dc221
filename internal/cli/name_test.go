package cli

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

// The texts about the program have the name by which it was called. What it renders has not.
func TestCalledByAnotherName(t *testing.T) {
	for _, tt := range []struct{ line, want, without string }{
		{"help", "compose-lab init mine", "composer "},
		{"help render", "compose-lab render --stage ej6", "composer "},
		{"help init", "  compose-lab init [--force] DIR\n  compose-lab init --from FILE DIR\n", "composer "},
		{"help completion", "\n  compose-lab's commands, flags and values\n", "composer"},
		{"man", ".TH \"COMPOSE\\-LAB\" 1", "composer "},
		{"man", "\\fBcompose\\-lab man >\\(ti/.local/share/man/man1/compose\\-lab.1\\fR", "fBcomposer"},
		{"doctor", "→ `compose-lab ", "composer "},
		{"completion bash", "complete -F _compose-lab compose-lab", "composer"},
		{"completion fish", "complete -c compose-lab", "composer"},
		{"completion zsh", "#compdef compose-lab", "composer"},
		{"version", "compose-lab ", "composer "},
		{"rendr", "compose-lab: unknown command \"rendr\", did you mean \"render\"?; see `compose-lab --help`", "composer"},
		{"render --stage ej2 -n 1", "# Made by: composer render", "composer: "},
	} {
		var out, errs bytes.Buffer
		s := Streams{In: strings.NewReader(""), Out: &Output{Writer: &out}, Err: &Output{Writer: &errs}, Now: time.Now}
		Main(t.Context(), append([]string{"/usr/local/bin/compose-lab"}, strings.Fields(tt.line)...), s)
		if got := out.String() + errs.String(); !strings.Contains(got, tt.want) || strings.Contains(got, tt.without) {
			t.Errorf("%s: got\n%s\nwant %q, and %q nowhere", tt.line, got, tt.want, tt.without)
		}
	}
	for word, want := range map[string]string{"composer": "composer", `compose-lab.exe`: "compose-lab", "./bin/composer": "composer", "my composer": "composer", "": "composer"} {
		if got := calledName(word); got != want {
			t.Errorf("%q is called %q, want %q", word, got, want)
		}
	}
}
