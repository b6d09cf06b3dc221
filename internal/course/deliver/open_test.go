package deliver

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Open takes the root of a repository and nothing else: a mistyped path must not
// lead to another repository, whose check would pass.
func TestOpen(t *testing.T) {
	dir := project(t)
	empty, within, bare, outside := t.TempDir(), filepath.Join(dir, "empty"), t.TempDir(), t.TempDir()
	if err := os.Mkdir(within, 0o755); err != nil {
		t.Fatal(err)
	}
	run(t, bare, "init", "-q", "--bare")
	write(t, filepath.Join(outside, "file"), "", 0o644)
	linked := filepath.Join(t.TempDir(), "linked")
	run(t, dir, "worktree", "add", "-q", "--detach", linked)
	for name, tt := range map[string]struct{ path, says string }{
		"the root":          {dir, ""},
		"a linked one":      {linked, ""},
		"a bare one":        {bare, ""},
		"a missing path":    {filepath.Join(empty, "alumno-typo"), "alumno-typo is no git repository: it is missing or empty; name the root directory of a clone"},
		"an empty folder":   {empty, " is no git repository: it is missing or empty; name the root directory of a clone"},
		"a new one within":  {filepath.Join(dir, "new"), "new is no git repository: it is inside one; name its root " + dir},
		"an empty one":      {within, "empty is no git repository: it is inside one; name its root " + dir},
		"a git directory":   {filepath.Join(dir, ".git"), ".git is no git repository: it is inside one; name its root " + dir},
		"a folder of one":   {filepath.Join(dir, "services"), "services is no git repository: it is inside one; name its root " + dir},
		"a folder of files": {outside, " is no git repository: it holds other files; name the root directory of one"},
		"a URL":             {"https://example.com/tp0.git", "https://example.com/tp0.git is no git repository: it is a URL; clone it and name the clone's directory"},
		"an address of ssh": {"git@example.com:ada/tp0.git", "git@example.com:ada/tp0.git is no git repository: it is a URL; "},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Open(tt.path)
			if tt.says == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if !errors.Is(err, ErrNoRepository) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("error %v, want %q", err, tt.says)
			}
		})
	}
}
