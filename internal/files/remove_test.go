package files

import (
	"os"
	"path/filepath"
	"testing"
)

func TestRemoveNames(t *testing.T) {
	for name, remove := range map[string]func(string) error{"RemoveAll": RemoveAll, "removeNames": removeNames} {
		dir := filepath.Join(t.TempDir(), "lab")
		if err := os.MkdirAll(filepath.Join(dir, "a", "b"), 0o755); err != nil {
			t.Fatal(err)
		}
		for _, file := range []string{"x", "a/y", "a/b/z"} {
			write(t, filepath.Join(dir, file), "text", 0o644)
		}
		if err := remove(dir); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := os.Lstat(dir); !os.IsNotExist(err) {
			t.Errorf("%s: %s is still there", name, dir)
		}
		if err := remove(dir); err != nil {
			t.Errorf("%s of nothing: %v", name, err)
		}
	}
}
