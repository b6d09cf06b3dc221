package dataset

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// files are the contents of a directory by name; of a directory "/", of a
// symbolic link its target.
func files(t *testing.T, dir string) map[string]string {
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
	got := files(t, dir)
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

func text(s string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, s)
		return err
	}
}

func TestStaging(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{"same": "s", "longer": "old content", "equal": "old"} {
		write(t, filepath.Join(dir, name), content)
	}
	if err := os.Symlink("equal", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	past := time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC)
	if err := os.Chtimes(filepath.Join(dir, "same"), past, past); err != nil {
		t.Fatal(err)
	}

	s := newStaging()
	defer s.discard()
	names := []string{"same", "longer", "equal", "new", "link"}
	for _, name := range names {
		if err := s.add(filepath.Join(dir, name), text(name[:1]+strings.Repeat("w", len(name)/5*2))); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.commit(); err != nil {
		t.Fatal(err)
	}
	var replaced []string
	for _, f := range s.files {
		if f.replaced {
			replaced = append(replaced, filepath.Base(f.path))
		}
	}
	s.discard()
	if !slices.Equal(replaced, names[1:]) {
		t.Errorf("replaced %v", replaced)
	}
	wantFiles(t, dir, map[string]string{"same": "s", "longer": "lww", "equal": "eww", "new": "n", "link": "l"})
	for name, mode := range map[string]fs.FileMode{"same": 0o600, "longer": 0o644, "new": 0o644} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Mode() != mode {
			t.Errorf("%s: mode %v, error %v", name, info.Mode(), err)
		}
		if name == "same" && !info.ModTime().Equal(past) {
			t.Error("an unchanged file was touched")
		}
	}
}

// Whichever rename fails, everything is as it was.
func TestStagingPutsBack(t *testing.T) {
	before := map[string]string{"a": "old a", "c": "old c", "same": "x"}
	for failAt := range 3 {
		dir := t.TempDir()
		for name, content := range before {
			write(t, filepath.Join(dir, name), content)
		}
		broken := errors.New("broken")
		s := newStaging()
		s.rename = func(from, to string) error {
			if filepath.Base(to) == string("abc"[failAt]) {
				return broken
			}
			return os.Rename(from, to)
		}
		for _, name := range []string{"same", "a", "b", "c"} {
			if err := s.add(filepath.Join(dir, name), text("x")); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.commit(); !errors.Is(err, broken) {
			t.Errorf("error %v", err)
		}
		s.discard()
		wantFiles(t, dir, before)
	}
}

func TestStagingRefuses(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "directory"), 0o755); err != nil {
		t.Fatal(err)
	}
	full := errors.New("disk full")
	for name, fill := range map[string]func(io.Writer) error{
		"directory": text("x"),
		"filled":    func(io.Writer) error { return full },
		"none/file": text("x"),
	} {
		s := newStaging()
		err := s.add(filepath.Join(dir, name), fill)
		switch name {
		case "directory":
			if err == nil || !strings.Contains(err.Error(), "is a directory") {
				t.Errorf("%s: error %v", name, err)
			}
		case "filled":
			if !errors.Is(err, full) {
				t.Errorf("%s: error %v", name, err)
			}
		default:
			if !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s: error %v", name, err)
			}
		}
		s.discard()
	}
	wantFiles(t, dir, map[string]string{"directory": "/"})
}

func TestSameContent(t *testing.T) {
	dir := t.TempDir()
	long := strings.Repeat("0123456789abcdef", 3*block/16)
	a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	for _, test := range []struct {
		a, b string
		want bool
	}{
		{"", "", true},
		{"x", "x", true},
		{"x", "y", false},
		{"x", "xy", false},
		{long, long, true},
		{long, long[:len(long)-1] + "!", false},
		{long + "1", long + "1", true},
		{long + "1", long + "2", false},
	} {
		write(t, a, test.a)
		write(t, b, test.b)
		got, err := sameContent(a, b)
		if err != nil || got != test.want {
			t.Errorf("%d and %d bytes: %v, %v", len(test.a), len(test.b), got, err)
		}
	}
}

// What cannot be put back is the only copy there is: it stays, and the error says where.
func TestStagingKeepsWhatItCannotPutBack(t *testing.T) {
	dir := t.TempDir()
	path, backup := filepath.Join(dir, "in-the-way"), filepath.Join(dir, "copy")
	if err := os.MkdirAll(filepath.Join(path, "child"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(backup, []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	s := newStaging()
	s.files = []staged{{path: path, temp: filepath.Join(dir, "temp"), backup: backup}}
	if err := s.putBack(&s.files[0]); err == nil || !strings.Contains(err.Error(), backup) {
		t.Errorf("got %v, want it to name %s", err, backup)
	}
	s.discard()
	if text, err := os.ReadFile(backup); err != nil || string(text) != "old" {
		t.Errorf("the copy is gone: %q, %v", text, err)
	}
}
