package deliver

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

var stages = []Stage{{"ej1", "the first"}, {"ej2", "the second"}}

const page = `# TP0

See [the protocol](protocol.md#frames) and [the site](https://example.com/a).

## Ejercicio 1
<!-- ej1 -->

Only [the first](../services/server/main.go).

` + "```sh\n## no heading, [no link](protocol.md)\n```" + `

## Ejercicio 2
<!-- ej2 -->

Only the second.

## Both
<!-- ej1 ej2 -->

For both.

## All

For all.
`

// project makes a repository that has what a delivery needs, and returns its
// directory.
func project(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		".gitignore":                 "/bin/\n/.stage\n",
		"README.md":                  "# The project\n",
		"docs/ejercicios.md":         page,
		"docs/protocol.md":           "# Frames\n",
		"services/client/Dockerfile": "FROM scratch\n",
		"services/server/config.ini": "[DEFAULT]\n",
		"services/server/main.go":    "package main\n",
	} {
		write(t, filepath.Join(dir, name), text, 0o644)
	}
	write(t, filepath.Join(dir, "generar-compose.sh"), "#!/bin/sh\n", 0o755)
	if err := os.Symlink("docs/protocol.md", filepath.Join(dir, "PROTOCOL")); err != nil {
		t.Fatal(err)
	}
	run(t, dir, "init", "-q", "-b", "main")
	run(t, dir, "add", "-A")
	run(t, dir, "commit", "-q", "-m", "first")
	return dir
}

func write(t *testing.T, path, text string, mode fs.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

// run runs git with the names and times of the tests.
func run(t *testing.T, dir string, args ...string) string {
	t.Helper()
	c := exec.Command("git", args...)
	c.Dir = dir
	c.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1", "LC_ALL=C",
		"GIT_AUTHOR_NAME=Ana", "GIT_AUTHOR_EMAIL=ana@example.com", "GIT_AUTHOR_DATE=2024-03-05T10:00:00-0300",
		"GIT_COMMITTER_NAME=Beto", "GIT_COMMITTER_EMAIL=beto@example.com", "GIT_COMMITTER_DATE=2025-01-01T00:00:00Z")
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return string(out)
}

func plan(t *testing.T, o Options) *Delivery {
	t.Helper()
	o.Stages = stages
	d, err := Plan(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

func deliver(t *testing.T, o Options) *Delivery {
	t.Helper()
	d := plan(t, o)
	if err := d.Write(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	return d
}

// remote is what git ls-remote says of the branches ej….
func remote(t *testing.T, dir string) string {
	t.Helper()
	return run(t, dir, "ls-remote", ".", "refs/heads/ej*")
}

func (d *Delivery) listed() string {
	var out strings.Builder
	for _, b := range d.Branches {
		out.WriteString(b.Commit + "\t" + b.Ref + "\n")
	}
	return out.String()
}

// snapshot is every file below dir with its content, mode and, but for
// directories, time.
func snapshot(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		text := info.Mode().String()
		if info.Mode().IsRegular() {
			content, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			text += info.ModTime().String() + string(content)
		}
		files[path] = text
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
