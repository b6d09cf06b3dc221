package class

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What the results would harm, or where they could not be written, is told before anybody is judged.
func TestCheckResults(t *testing.T) {
	dir := t.TempDir()
	repository(t, filepath.Join(dir, "ana"), "ej1")
	for _, name := range []string{"taken/index.html", "full/students"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	list := write(t, filepath.Join(dir, "grades.csv"), "name,repo\n")
	if err := os.Symlink("ana", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	students := []Student{{Name: "Ana", Repo: filepath.Join(dir, "ana")}, {Name: "gone", Repo: filepath.Join(dir, "gone")}}
	writable := func(dir string) error {
		if strings.HasPrefix(filepath.Base(dir), "students") {
			return errors.New("read-only")
		}
		return nil
	}
	for results, want := range map[string]string{
		"out":           "",
		"new/deep":      "",
		"ana-notas":     "", // beside Ana's
		"full":          filepath.Join("full", "students") + ": read-only",
		"taken":         "index.html is a directory",
		".":             "the results would replace " + list,
		"ana":           "is in the repository of Ana",
		"ana/notas/new": "is in the repository of Ana",
		"link/notas":    "is in the repository of Ana",
		"ana/../out":    "",
	} {
		err := CheckResults(filepath.Join(dir, filepath.FromSlash(results)), students, []string{list, ""}, writable)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v", results, err)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 5 {
		t.Errorf("it has made something: %v, %v", entries, err)
	}
}
