package files

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tp0-lab/composer/internal/test/fifo"
)

func write(t *testing.T, path, text string, mode fs.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil { // whatever the umask
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// only checks that dir holds these names and nothing else: no temporary file.
func only(t *testing.T, dir string, names ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if strings.Join(got, " ") != strings.Join(names, " ") {
		t.Errorf("the directory holds %q, want %q", got, names)
	}
}

func mustWrite(t *testing.T, path, text string, wantChanged bool) {
	t.Helper()
	changed, err := WriteFile(path, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if changed != wantChanged {
		t.Errorf("changed is %t, want %t", changed, wantChanged)
	}
}

func TestNewFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "new")
	mustWrite(t, path, "text", true)
	if got := read(t, path); got != "text" {
		t.Errorf("got %q", got)
	}
	// As any other program would make it.
	other := filepath.Join(dir, "other")
	f, err := os.Create(other)
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	want, _ := os.Stat(other)
	if got, _ := os.Stat(path); got.Mode() != want.Mode() {
		t.Errorf("mode %v, want %v", got.Mode(), want.Mode())
	}
	only(t, dir, "new", "other")
}

func TestReplacedFileKeepsItsMode(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	for _, mode := range []fs.FileMode{0o600, 0o640, 0o777} {
		write(t, path, "old", mode)
		mustWrite(t, path, "new of "+mode.String(), true)
		if info, _ := os.Stat(path); info.Mode() != mode {
			t.Errorf("mode %v, want %v", info.Mode(), mode)
		}
	}
	only(t, dir, "file")
}

func TestIdenticalFileIsUntouched(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	write(t, path, "text", 0o644)
	then := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
	if err := os.Chtimes(path, then, then); err != nil {
		t.Fatal(err)
	}
	before, _ := os.Stat(path)
	mustWrite(t, path, "text", false)
	after, _ := os.Stat(path)
	if !os.SameFile(before, after) || !after.ModTime().Equal(then) {
		t.Error("an identical file was replaced")
	}
	mustWrite(t, path, "tExt", true) // as long, but not the same
	if got := read(t, path); got != "tExt" {
		t.Errorf("got %q", got)
	}
}

func TestSymbolicLinks(t *testing.T) {
	dir := t.TempDir()
	sub := filepath.Join(dir, "sub")
	for _, name := range []string{sub, filepath.Join(dir, "deep", "er")} {
		if err := os.MkdirAll(name, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(sub, "there"), "old", 0o644)
	links := map[string]string{
		"relative": "sub/there",
		"absolute": filepath.Join(sub, "there"),
		"dangling": "sub/none",
		"twice":    "dangling2",
		// by/.. is deep, not dir.
		"by": "deep/er", "dangling2": "by/../none2",
	}
	for name, target := range links {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	for name, target := range map[string]string{"relative": "sub/there", "absolute": "sub/there", "dangling": "sub/none", "twice": "deep/none2", "by/there": "deep/er/there"} {
		mustWrite(t, filepath.Join(dir, name), "new by "+name, true)
		if got := read(t, filepath.Join(dir, target)); got != "new by "+name {
			t.Errorf("%s: %s holds %q", name, target, got)
		}
		if got, err := os.Readlink(filepath.Join(dir, name)); name != "by/there" && (err != nil || got != links[name]) {
			t.Errorf("%s is a link to %q, want %q, error %v", name, got, links[name], err)
		}
	}
	only(t, sub, "none", "there")
	// A chain of links is followed as far as Linux does, to a file that is there and to one that is not.
	for _, end := range []string{"there", "new"} {
		target := filepath.Join("sub", end)
		for i := range 39 {
			link := end + strconv.Itoa(i)
			if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
				t.Fatal(err)
			}
			target = link
		}
		mustWrite(t, filepath.Join(dir, target), "by a chain", true)
		if got := read(t, filepath.Join(sub, end)); got != "by a chain" {
			t.Errorf("%s holds %q", end, got)
		}
	}
	for a, b := range map[string]string{"loop": "pool", "pool": "loop"} {
		if err := os.Symlink(a, filepath.Join(dir, b)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := WriteFile(filepath.Join(dir, "loop"), nil); err == nil || !strings.Contains(err.Error(), "too many") {
		t.Errorf("got %v", err)
	}
}

func TestFailures(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "file"), "old", 0o644)
	if err := os.Mkdir(filepath.Join(dir, "sub"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"sub":          "it is a directory",
		"sub/":         "it is a directory",
		"none/file":    "there is no directory " + filepath.Join(dir, "none") + ": make it first",
		"file/below":   "not a directory",
		"file/a/below": "not a directory",
	} {
		path := dir + "/" + name
		_, err := WriteFile(path, []byte("new"))
		if err == nil || err.Error() != "write "+path+": "+want {
			t.Errorf("%s: got %v, want it to say %q", name, err, want)
		}
	}
	if got := read(t, filepath.Join(dir, "file")); got != "old" {
		t.Errorf("the old file holds %q", got)
	}
	only(t, dir, "file", "sub")
	only(t, filepath.Join(dir, "sub"))
}

// /proc is a directory in which nobody makes files, be they root.
func TestUnwritableDirectory(t *testing.T) {
	if _, err := os.Stat("/proc/self"); err != nil {
		t.Skip("no /proc here")
	}
	_, err := WriteFile("/proc/compose.yaml", []byte("new"))
	if err == nil || !strings.HasPrefix(err.Error(), "write /proc/compose.yaml: ") || strings.Count(err.Error(), "compose.yaml") > 1 {
		t.Errorf("got %v", err)
	}
}

func TestPipe(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "pipe")
	fifo.Make(t, path)
	if _, err := WriteFile(path, []byte("text")); err == nil || !strings.Contains(err.Error(), "nobody reads from it") {
		t.Errorf("without a reader: %v", err)
	}
	reader, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	mustWrite(t, path, "text", true) // the pipe holds it; before, there is nothing but its end to read
	if text, err := io.ReadAll(reader); err != nil || string(text) != "text" {
		t.Errorf("got %q, error %v", text, err)
	}
	if info, _ := os.Lstat(path); info.Mode()&fs.ModeNamedPipe == 0 {
		t.Error("the pipe was replaced")
	}
	only(t, dir, "pipe")
}

func TestDevice(t *testing.T) {
	mustWrite(t, os.DevNull, "text", true)
	if info, _ := os.Stat(os.DevNull); info.Mode().IsRegular() {
		t.Error("the device was replaced")
	}
	if _, err := WriteFile("/dev/full", []byte("text")); err == nil || !strings.Contains(err.Error(), "no space left") {
		t.Errorf("got %v", err)
	}
}

func TestWriteFrom(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	long := strings.Repeat("0123456789", 20_000)
	from := func(path, text string) (bool, error) {
		return WriteFrom(path, func(w io.Writer) error {
			for len(text) > 0 {
				n := min(len(text), 5000)
				if _, err := io.WriteString(w, text[:n]); err != nil {
					return err
				}
				text = text[n:]
			}
			return nil
		})
	}
	for _, step := range []struct {
		text    string
		changed bool
	}{{long, true}, {long, false}, {long[1:], true}, {long[1:] + "x", true}, {"", true}, {"", false}} {
		old := time.Now().Add(-time.Hour)
		if _, err := os.Stat(path); err == nil {
			if err := os.Chtimes(path, old, old); err != nil {
				t.Fatal(err)
			}
		}
		changed, err := from(path, step.text)
		if err != nil || changed != step.changed {
			t.Errorf("%d bytes: changed is %t, error %v", len(step.text), changed, err)
		}
		if got := read(t, path); got != step.text {
			t.Errorf("the file has %d bytes, want %d", len(got), len(step.text))
		}
		if info, _ := os.Stat(path); info.ModTime().Before(time.Now().Add(-time.Minute)) == step.changed {
			t.Errorf("%d bytes: the file's time is %v", len(step.text), info.ModTime())
		}
	}
	only(t, dir, "file")

	// What fails in the middle changes nothing, and says its own words.
	write(t, path, "old", 0o600)
	broken := errors.New("the third line is wrong")
	_, err := WriteFrom(path, func(w io.Writer) error {
		_, _ = io.WriteString(w, long)
		return broken
	})
	if !errors.Is(err, broken) || err.Error() != broken.Error() {
		t.Errorf("got %v", err)
	}
	if got := read(t, path); got != "old" {
		t.Errorf("got %q", got)
	}
	only(t, dir, "file")
	if changed, err := from(filepath.Join(dir, "none", "file"), "x"); changed || err == nil || !strings.Contains(err.Error(), "there is no directory") {
		t.Errorf("changed %t, error %v", changed, err)
	}
}
