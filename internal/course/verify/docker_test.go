package verify

import (
	"os/exec"
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
}
