package git

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// OpenRoot takes the root of a repository and nothing else: a mistyped path must not
// lead to another repository, whose check would pass.
func TestOpenRoot(t *testing.T) {
	dir := t.TempDir()
	run(t, dir, "init", "-q")
	run(t, dir, "commit", "-q", "--allow-empty", "-m", "first")
	empty, within, bare, outside := t.TempDir(), filepath.Join(dir, "empty"), t.TempDir(), t.TempDir()
	if err := os.Mkdir(within, 0o755); err != nil {
		t.Fatal(err)
	}
	run(t, bare, "init", "-q", "--bare")
	write(t, filepath.Join(outside, "file"), "")
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
			_, err := OpenRoot(tt.path)
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

// run runs git with the names of the tests.
func run(t *testing.T, dir string, args ...string) {
	t.Helper()
	c := exec.Command("git", args...)
	c.Dir = dir
	c.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1", "LC_ALL=C",
		"GIT_AUTHOR_NAME=Ana", "GIT_AUTHOR_EMAIL=ana@example.com", "GIT_COMMITTER_NAME=Beto", "GIT_COMMITTER_EMAIL=beto@example.com")
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, out)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// A stranger's repository is only read: it starts no program and opens no connection.
func TestHostileRepository(t *testing.T) {
	dir, partial, trap := t.TempDir(), filepath.Join(t.TempDir(), "partial"), filepath.Join(t.TempDir(), "trap")
	ran := filepath.Join(t.TempDir(), "ran")
	if err := os.WriteFile(trap, []byte("#!/bin/sh\ntouch "+ran+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	run(t, dir, "init", "-q", "-b", "main")
	write(t, filepath.Join(dir, "file"), "one\n")
	run(t, dir, "add", "-A")
	run(t, dir, "commit", "-q", "-m", "first")
	run(t, dir, "config", "uploadpack.allowFilter", "true")
	run(t, dir, "clone", "-q", "--bare", "--filter=blob:none", "file://"+dir, partial)
	for key, value := range map[string]string{
		"core.sshCommand": trap, "core.pager": trap, "core.fsmonitor": trap, "core.askPass": trap, "core.editor": trap,
		"core.alternateRefsCommand": trap, "diff.external": trap, "remote.origin.url": "ssh://example.com/x", "remote.origin.uploadpack": trap, "uploadpack.packObjectsHook": trap,
	} {
		run(t, partial, "config", key, value)
	}
	if err := os.Mkdir(filepath.Join(partial, "hooks"), 0o755); err != nil && !errors.Is(err, os.ErrExist) {
		t.Fatal(err)
	}
	for _, hook := range []string{"post-checkout", "reference-transaction", "post-index-change", "pre-push"} {
		if err := os.Symlink(trap, filepath.Join(partial, "hooks", hook)); err != nil {
			t.Fatal(err)
		}
	}
	r, err := OpenRoot(partial)
	if err != nil {
		t.Fatal(err)
	}
	if refs, err := r.Refs(t.Context(), "refs/heads/"); err != nil || len(refs) != 1 {
		t.Errorf("%v, error %v", refs, err)
	}
	if files, err := r.Files(t.Context(), "main"); err == nil {
		t.Errorf("files of a partial clone: %v", files)
	}
	entries, err := r.Tree(t.Context(), "main")
	if err != nil || len(entries) != 1 {
		t.Fatalf("%v, error %v", entries, err)
	}
	err = r.ReadAll(t.Context(), entries, func(Entry, io.Reader) error { return nil })
	if err == nil || !strings.Contains(err.Error(), "read file: ") {
		t.Errorf("error %v", err)
	}
	if _, err := os.Stat(ran); err == nil {
		t.Error("git started a program of the repository's")
	}
}

// A clone that lacks the content of a file says so.
func TestDamagedRepository(t *testing.T) {
	dir := t.TempDir()
	run(t, dir, "init", "-q", "-b", "main")
	write(t, filepath.Join(dir, "file"), "one\n")
	run(t, dir, "add", "-A")
	run(t, dir, "commit", "-q", "-m", "first")
	r, err := OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	entries, err := r.Tree(t.Context(), "main")
	if err != nil || len(entries) != 1 {
		t.Fatalf("%v, error %v", entries, err)
	}
	if err := os.Remove(filepath.Join(dir, ".git", "objects", entries[0].Hash[:2], entries[0].Hash[2:])); err != nil {
		t.Fatal(err)
	}
	if files, err := r.Files(t.Context(), "main"); err == nil || !strings.Contains(err.Error(), `lacks the content of "file"`) {
		t.Errorf("%v, error %v", files, err)
	}
}
