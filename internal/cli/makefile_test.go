package cli

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A Compose file of another stage is started as it is, but not without a word.
func TestMakeWarnsOfAnotherStage(t *testing.T) {
	makefile, err := filepath.Abs("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	const warning = "warning: docker-compose-dev.yaml is of stage ej3, not ej5: ./generar-compose.sh docker-compose-dev.yaml 5 makes it anew\n"
	for _, tt := range []struct{ name, text, file, variable, want string }{
		{"another branch", "# Made by: composer render --stage ej3 -n 5\n", "ej5\n", "", warning},
		{"a variable", "# Made by: composer render --stage ej3\n", "ej3\n", "ej5", warning},
		{"the same", "# Made by: composer render --stage ej3 -n 5\n", "ej3\n", "", ""},
		{"nobody says", "# Made by: composer render --stage ej3 -n 5\n", "", "", ""},
		{"another's file", "services: {}\n", "ej5\n", "", ""},
		{"a bundle's file", "# Made by: composer render --stage dev -n 5 --bundle mine\n", "ej5\n", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			files := map[string]string{"docker-compose-dev.yaml": tt.text}
			if tt.file != "" {
				files[".stage"] = tt.file
			}
			for name, text := range files {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			c := exec.Command("make", "-f", makefile, "-o", "docker-image", "-o", "data", "COMPOSE=echo started", "docker-compose-up")
			c.Dir, c.Env = dir, append(os.Environ(), "COMPOSER_STAGE="+tt.variable)
			var stdout, stderr bytes.Buffer
			c.Stdout, c.Stderr = &stdout, &stderr
			if err := c.Run(); err != nil {
				t.Fatalf("%v\n%s", err, &stderr)
			}
			var said strings.Builder
			for line := range strings.Lines(stderr.String()) {
				if strings.HasPrefix(line, "warning: ") { // find looks for sources that are not here
					said.WriteString(line)
				}
			}
			if said.String() != tt.want || !strings.Contains(stdout.String(), "\nstarted up -d") {
				t.Errorf("got %q and %q, want %q", said.String(), stdout.String(), tt.want)
			}
		})
	}
}
