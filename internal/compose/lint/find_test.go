package lint

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v4"
)

// The hook of pre-commit is about the same files as a directory.
func TestFindFiles(t *testing.T) {
	content, err := os.ReadFile("../../../.pre-commit-hooks.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var hooks []struct{ Entry, Files string }
	if err := yaml.Unmarshal(content, &hooks); err != nil || len(hooks) != 1 || hooks[0].Entry != "composer lint" {
		t.Fatal(hooks, err)
	}
	hook := regexp.MustCompile(hooks[0].Files)
	t.Chdir(t.TempDir())
	var want []string
	for name, compose := range map[string]bool{
		"compose.yaml": true, "compose.yml": true, "docker-compose.yml": true, "a/docker-compose-dev.yaml": true, "a/compose.override.yaml": true,
		"a/prod.compose.yml": true, "compose/values.yaml": false, "decompose.yaml": false, "composer.yaml": false, "compose.yaml.tmpl": false, "compose.json": false,
	} {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if compose {
			want = append(want, name)
		}
		if hook.MatchString(name) != compose {
			t.Errorf("%s: the hook says %t", name, !compose)
		}
	}
	for _, dir := range []string{".hidden", "node_modules", "skipped"} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "compose.yaml"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(want)
	got := FindFiles(".", func(dir string) bool { return dir == "skipped" })
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := FindFiles(".hidden", func(string) bool { return false }); len(got) != 1 || got[0] != ".hidden/compose.yaml" {
		t.Errorf("got %v", got)
	}
	if got := FindFiles("compose", func(string) bool { return false }); len(got) != 1 || got[0] != "compose" {
		t.Errorf("got %v", got)
	}
}
