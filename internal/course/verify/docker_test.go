package verify

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
)

// A machine without Docker is told so in one line, which goes to a terminal and into a cell of grades.csv.
func TestNoDocker(t *testing.T) {
	t.Setenv("PATH", "")
	_, err := newDockerEngine(t.Context(), Options{})
	want := "docker compose does not work here: docker is not installed: " + exec.ErrNotFound.Error()
	if err == nil || err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
	if !isTrouble(err) {
		t.Error("it counts against the solution")
	}
	if err := Ready(t.Context(), Options{Docker: true}); err == nil || err.Error() != want {
		t.Errorf("a class begins: %v", err)
	}
	if err := Ready(t.Context(), Options{}); err != nil {
		t.Errorf("processes need no Docker: %v", err)
	}
}

// A docker that is a script may choose an engine, so Compose runs through it.
func TestComposeOfAScript(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no shell here: ", err)
	}
	dir := t.TempDir()
	plugin := filepath.Join(dir, "docker-compose")
	write := func(path, script string) {
		if err := os.WriteFile(path, []byte("#!"+sh+"\n"+script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	write(plugin, "exit 0\n")
	write(filepath.Join(dir, "docker"), "case $1 in info) echo "+plugin+";; esac\n")
	t.Setenv("PATH", dir)
	if got, err := findCompose(t.Context()); err != nil || !slices.Equal(got, []string{"docker", "compose"}) {
		t.Errorf("%v, %v", got, err)
	}
}
