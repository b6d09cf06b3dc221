package deliver

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestDirtyWorkTrees(t *testing.T) {
	dir := project(t)
	write(t, filepath.Join(dir, "README.md"), "# Changed\n", 0o644)
	write(t, filepath.Join(dir, "docs", "new.md"), "# New\n", 0o644)
	write(t, filepath.Join(dir, "bin", "ignored"), "", 0o644)
	write(t, filepath.Join(dir, "staged"), "", 0o644)
	run(t, dir, "add", "staged")
	before := snapshot(t, dir)
	d := plan(t, Options{Dir: dir})
	if want := []string{"README.md", "docs/new.md", "staged"}; !cmp.Equal(d.Dirty, want) {
		t.Errorf("dirty: %v, want %v", d.Dirty, want)
	}
	if diff := cmp.Diff(before, snapshot(t, dir)); diff != "" {
		t.Errorf("a plan changed %s", diff)
	}
	if err := d.Write(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	if got := run(t, dir, "ls-tree", "--name-only", "ej1", "staged"); got != "" {
		t.Errorf("delivered %q, which is not committed", got)
	}
}

// What git does not call dirty is not, and what it names by its folder is named
// so.
func TestDirtyAsGitSays(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("XDG_CONFIG_HOME", "")
	ignore := filepath.Join(home, ".config", "git", "ignore") // run keeps git from looking there
	write(t, ignore, "of-the-user\n", 0o644)
	for name, tt := range map[string]struct {
		change func(dir string)
		want   []string
	}{
		"ignored by the user": {func(dir string) { write(t, filepath.Join(dir, "of-the-user"), "", 0o644) }, nil},
		"ignored by the repository": {func(dir string) {
			write(t, filepath.Join(dir, ".git", "info", "exclude"), "# mine\nof-the-repository\n", 0o644)
			write(t, filepath.Join(dir, "of-the-repository"), "", 0o644)
		}, nil},
		"a mode that does not count": {func(dir string) {
			run(t, dir, "config", "core.fileMode", "false")
			mode(t, filepath.Join(dir, "README.md"), 0o755)
		}, nil},
		"a mode": {func(dir string) { mode(t, filepath.Join(dir, "README.md"), 0o755) }, []string{"README.md"}},
		"content and a mode that does not count": {func(dir string) {
			run(t, dir, "config", "core.fileMode", "false")
			write(t, filepath.Join(dir, "README.md"), "# Changed\n", 0o644)
			mode(t, filepath.Join(dir, "README.md"), 0o755)
		}, []string{"README.md"}},
		"ends of lines that do not count": {func(dir string) {
			run(t, dir, "config", "core.autocrlf", "true")
			checkOut(t, dir)
		}, nil},
		"ends of lines": {func(dir string) { write(t, filepath.Join(dir, "README.md"), "# The project\r\n", 0o644) }, []string{"README.md"}},
		"ends of lines that .gitattributes is about": {func(dir string) {
			write(t, filepath.Join(dir, ".gitattributes"), "*.md text eol=crlf\n", 0o644)
			run(t, dir, "add", "-A")
			run(t, dir, "commit", "-q", "-m", "attributes")
			checkOut(t, dir)
		}, nil},
		"a file in the place of a link": {func(dir string) {
			run(t, dir, "config", "core.symlinks", "false")
			link := filepath.Join(dir, "PROTOCOL")
			if err := os.Remove(link); err != nil {
				t.Fatal(err)
			}
			run(t, dir, "checkout", "-q", "PROTOCOL")
		}, nil},
		"a link": {func(dir string) {
			if err := errors.Join(os.Remove(filepath.Join(dir, "PROTOCOL")), os.Symlink("else", filepath.Join(dir, "PROTOCOL"))); err != nil {
				t.Fatal(err)
			}
		}, []string{"PROTOCOL"}},
		"a nested repository": {func(dir string) { run(t, dir, "clone", "-q", dir, filepath.Join(dir, "services", "nested")) }, []string{"services/nested/"}},
		"deleted": {func(dir string) {
			if err := os.RemoveAll(filepath.Join(dir, "services", "client")); err != nil {
				t.Fatal(err)
			}
		}, []string{"services/client/Dockerfile"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := project(t)
			tt.change(dir)
			d := plan(t, Options{Dir: dir})
			if !cmp.Equal(d.Dirty, tt.want) || d.DirtyErr != nil {
				t.Errorf("dirty: %v, error %v, want %v", d.Dirty, d.DirtyErr, tt.want)
			}
			var said []string
			for line := range strings.Lines(run(t, dir, "-c", "core.excludesFile="+ignore, "status", "--porcelain")) {
				said = append(said, strings.TrimSpace(line[3:]))
			}
			if !cmp.Equal(said, tt.want) {
				t.Errorf("git says %v, want %v", said, tt.want)
			}
		})
	}
}

// checkOut writes README.md anew.
func checkOut(t *testing.T, dir string) {
	t.Helper()
	readme := filepath.Join(dir, "README.md")
	if err := os.Remove(readme); err != nil {
		t.Fatal(err)
	}
	run(t, dir, "checkout", "-q", "README.md")
	if err := os.Chtimes(readme, time.Time{}, time.Unix(1e9, 0)); err != nil { // or nobody looks at what is in it
		t.Fatal(err)
	}
}

func mode(t *testing.T, name string, mode os.FileMode) {
	t.Helper()
	if err := os.Chmod(name, mode); err != nil {
		t.Fatal(err)
	}
}

// Without git there is nothing to deliver to.
func TestWithoutGit(t *testing.T) {
	o := Options{Dir: project(t), Stages: stages}
	t.Setenv("PATH", t.TempDir())
	if _, err := Plan(t.Context(), o); err == nil || !strings.Contains(err.Error(), "git is not installed") {
		t.Errorf("error %v", err)
	}
}
