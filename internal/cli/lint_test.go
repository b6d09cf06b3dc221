package cli

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
)

// On a terminal lint has colours and a bar that is wiped before anything else is written.
func TestLintOnTerminal(t *testing.T) {
	t.Chdir(t.TempDir())
	var names []string
	for i := range 3 {
		name := fmt.Sprintf("%d.yaml", i)
		if err := os.WriteFile(name, []byte("version: '3'\nservices: {a: {image: x, environment: {A: on}}}\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	for environ, colours := range map[string]bool{"NO_COLOR=": true, "NO_COLOR=1": false} {
		var both bytes.Buffer // what the terminal shows
		terminal := func() *Output { return &Output{Writer: &both, Terminal: true} }
		code := Main(t.Context(), append([]string{"composer", "lint"}, names...), Streams{
			In: strings.NewReader(""), Out: terminal(), Err: terminal(), Environ: []string{environ},
		})
		if code != exitOK {
			t.Errorf("exit code %d", code)
		}
		text := both.String()
		if got := strings.Contains(text, "\x1b[33mwarning:\x1b[0m without quotes, on is true"); got != colours {
			t.Errorf("%s: colours %t: %q", environ, got, text)
		}
		if !strings.Contains(text, " 33%") {
			t.Errorf("no bar: %q", text)
		}
		for line := range strings.Lines(text) {
			shown := line[strings.LastIndex(strings.TrimSuffix(line, "\n"), "\r")+1:]
			if strings.Contains(shown, "%") {
				t.Errorf("the bar stays in %q", line)
			}
		}
		if !strings.HasSuffix(text, "composer: lint: 0 errors, 3 warnings, 3 notes in 3 files\n") {
			t.Errorf("no summary: %q", text)
		}
	}
}
