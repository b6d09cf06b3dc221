package bundle

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// tree returns the content of all files in a directory, by path.
func tree(t *testing.T, fsys fs.FS) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := fs.WalkDir(fsys, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(fsys, path)
		files[path] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestWriteFiles(t *testing.T) {
	want := tree(t, StarterFS())
	for name, dir := range map[string]string{"new": filepath.Join(t.TempDir(), "new"), "empty": t.TempDir()} {
		if err := WriteFiles(dir, StarterFS(), false); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, tree(t, os.DirFS(dir))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if err := WriteFiles(dir, StarterFS(), false); !errors.Is(err, ErrNotEmpty) {
			t.Errorf("%s: a second time: got %v", name, err)
		}
	}
	dir := t.TempDir()
	t.Chdir(dir)
	if err := WriteFiles(".", StarterFS(), false); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, tree(t, os.DirFS(dir))); diff != "" {
		t.Errorf("here (-want +got):\n%s", diff)
	}
}

func TestStarterForce(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"values.yaml": "old", "other": "mine"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := WriteFiles(dir, StarterFS(), true); err != nil {
		t.Fatal(err)
	}
	want := tree(t, StarterFS())
	want["other"] = "mine"
	if diff := cmp.Diff(want, tree(t, os.DirFS(dir))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A failed WriteFiles leaves nothing behind.
func TestStarterAllOrNothing(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "worker.tmpl"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "values.yaml"), []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, target := range []string{dir, filepath.Join(dir, "values.yaml"), filepath.Join(dir, "missing", "new")} {
		if err := WriteFiles(target, StarterFS(), true); err == nil {
			t.Errorf("%s was written", target)
		}
	}
	if diff := cmp.Diff(map[string]string{"values.yaml": "old"}, tree(t, os.DirFS(dir))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
