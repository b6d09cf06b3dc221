package project

import (
	"os"
	"path/filepath"
	"testing"
)

// Compose takes a directory called .env for no file at all.
func TestEnvironmentIsADirectory(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, ".env"), 0o755); err != nil {
		t.Fatal(err)
	}
	if got, err := Environment(dir, []string{"A=b"}); err != nil || got["A"] != "b" {
		t.Errorf("got %v, %v", got, err)
	}
}
