package dataset

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// files are the contents of a directory by name; of a directory "/", of a
// symbolic link its target.
func paths(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		var content string
		switch e.Type() {
		case fs.ModeDir:
			content = "/"
		case fs.ModeSymlink:
			content, err = os.Readlink(path)
		default:
			var b []byte
			b, err = os.ReadFile(path)
			content = string(b)
		}
		if err != nil {
			t.Fatal(err)
		}
		found[e.Name()] = content
	}
	return found
}

func wantFiles(t *testing.T, dir string, want map[string]string) {
	t.Helper()
	got := paths(t, dir)
	for name := range got {
		if _, ok := want[name]; !ok {
			t.Errorf("%s should not be there", name)
		}
	}
	for name, content := range want {
		if got, ok := got[name]; !ok || got != content {
			t.Errorf("%s: have %.60q, want %.60q", name, got, content)
		}
	}
}
