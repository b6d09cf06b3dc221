package files

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

// text writes s.
func text(s string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, s)
		return err
	}
}

func TestSet(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{"same": "s", "longer": "old content", "equal": "old"} {
		write(t, filepath.Join(dir, name), content, 0o600)
	}
	for _, link := range []string{"link", "contained"} {
		write(t, filepath.Join(dir, "to-"+link), "old", 0o600)
		if err := os.Symlink("to-"+link, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	past := time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC)
	if err := os.Chtimes(filepath.Join(dir, "same"), past, past); err != nil {
		t.Fatal(err)
	}
	names := []string{"same", "longer", "equal", "new", "link"}
	var s Set
	defer s.Discard()
	for _, name := range names {
		if err := s.Add(filepath.Join(dir, name), text(name[:1])); err != nil {
			t.Fatal(err)
		}
	}
	if got := read(t, filepath.Join(dir, "longer")); got != "old content" {
		t.Errorf("before Commit a file has %q", got)
	}
	written, err := s.Commit()
	if err != nil {
		t.Fatal(err)
	}
	s.Discard()
	for i := range written {
		written[i] = filepath.Base(written[i])
	}
	if !slices.Equal(written, names[1:]) {
		t.Errorf("written are %q", written)
	}
	contained := Set{Contained: true, Mode: 0o644}
	defer contained.Discard()
	if err := contained.Add(filepath.Join(dir, "contained"), text("c")); err != nil {
		t.Fatal(err)
	}
	if _, err := contained.Commit(); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"same": "s", "longer": "l", "equal": "e", "new": "n", "link": "l", "to-link": "l", "contained": "c", "to-contained": "old",
	} {
		if got := read(t, filepath.Join(dir, name)); got != want {
			t.Errorf("%s has %q, want %q", name, got, want)
		}
	}
	for name, want := range map[string]fs.FileMode{"same": 0o600, "longer": 0o600, "to-link": 0o600, "link": fs.ModeSymlink, "contained": 0o644} {
		info, err := os.Lstat(filepath.Join(dir, name))
		if err != nil || info.Mode() != want && (want != fs.ModeSymlink || info.Mode().Type() != want) {
			t.Errorf("%s: mode %v, error %v", name, info.Mode(), err)
		}
		if name == "same" && !info.ModTime().Equal(past) {
			t.Error("an unchanged file was touched")
		}
	}
	only(t, dir, "contained", "equal", "link", "longer", "new", "same", "to-contained", "to-link")
}

// Whichever rename fails, everything is as it was.
func TestSetPutsBack(t *testing.T) {
	for failAt := range 3 {
		dir := t.TempDir()
		before := map[string]string{"a": "old a", "c": "old c", "same": "x"}
		for name, content := range before {
			write(t, filepath.Join(dir, name), content, 0o644)
		}
		var s Set
		for _, name := range []string{"same", "a", "b", "c"} {
			if err := s.Add(filepath.Join(dir, name), text("x")); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Remove(s.files[1+failAt].temp.Name()); err != nil { // the first one is unchanged
			t.Fatal(err)
		}
		written, err := s.Commit()
		if !errors.Is(err, fs.ErrNotExist) || written != nil || !strings.Contains(err.Error(), filepath.Join(dir, string("abc"[failAt]))) {
			t.Errorf("written %q, error %v", written, err)
		}
		s.Discard()
		for name, want := range before {
			if got := read(t, filepath.Join(dir, name)); got != want {
				t.Errorf("%s has %q, want %q", name, got, want)
			}
		}
		only(t, dir, "a", "c", "same")
	}
}

// A real rename that fails: a directory comes in the way of the second.
func TestSetMeetsADirectory(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a"), "old", 0o644)
	var s Set
	for _, name := range []string{"a", "b"} {
		if err := s.Add(filepath.Join(dir, name), text("new")); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "b"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Commit(); err == nil || !strings.HasPrefix(err.Error(), "write "+filepath.Join(dir, "b")+": ") {
		t.Errorf("error %v", err)
	}
	s.Discard()
	if got := read(t, filepath.Join(dir, "a")); got != "old" {
		t.Errorf("got %q", got)
	}
	only(t, dir, "a", "b")
}

func TestSetRefuses(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "directory"), 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "twice"), "old", 0o644)
	if err := os.Symlink("twice", filepath.Join(dir, "again")); err != nil {
		t.Fatal(err)
	}
	var s Set
	if err := s.Add(filepath.Join(dir, "twice"), text("x")); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"directory":              "it is a directory",
		"none/file":              "there is no directory",
		"again":                  "it is the same file as " + filepath.Join(dir, "twice"),
		"directory/../twice":     "it is the same file as",
		"../../../../dev/full/x": "", // whatever the system says
	} {
		if err := s.Add(dir+"/"+name, text("x")); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v", name, err)
		}
	}
	if err := s.Add(os.DevNull, text("x")); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("a device: error %v", err)
	}
	full := errors.New("disk full")
	if err := s.Add(filepath.Join(dir, "filled"), func(w io.Writer) error { return errors.Join(text("half")(w), full) }); err == nil || err.Error() != full.Error() {
		t.Errorf("error %v", err)
	}
	if _, err := s.Commit(); err != nil { // of those that were taken
		t.Error(err)
	}
	s.Discard()
	only(t, dir, "again", "directory", "twice")
	if got := read(t, filepath.Join(dir, "twice")); got != "x" {
		t.Errorf("got %q", got)
	}
}

// A backup that cannot be put back is the only copy: it stays, and the error names it.
func TestSetKeepsWhatItCannotPutBack(t *testing.T) {
	dir := t.TempDir()
	path, backup := filepath.Join(dir, "in-the-way"), filepath.Join(dir, "copy")
	if err := os.MkdirAll(filepath.Join(path, "child"), 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, backup, "old", 0o644)
	f := &staged{path: path, target: path, backup: backup}
	if err := f.putBack(); err == nil || !strings.Contains(err.Error(), backup) {
		t.Errorf("got %v, want it to name %s", err, backup)
	}
	s := Set{files: []*staged{f}}
	s.Discard()
	if got := read(t, backup); got != "old" {
		t.Errorf("the copy has %q", got)
	}
}

// A set of many files has none of them open.
func TestSetClosesItsFiles(t *testing.T) {
	var set Set
	defer set.Discard()
	if err := set.Add(filepath.Join(t.TempDir(), "a"), text("a")); err != nil {
		t.Fatal(err)
	}
	if err := set.files[0].temp.Close(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("it was open; closing it: %v", err)
	}
}
