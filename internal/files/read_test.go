package files

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"

	"github.com/tp0-lab/composer/internal/test/fifo"
)

func TestRead(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	write(t, path("file"), "1234", 0o644)
	write(t, path("long"), "12345", 0o644)
	for name, target := range map[string]string{"link": "file", "loop": "loop"} {
		if err := os.Symlink(target, path(name)); err != nil {
			t.Fatal(err)
		}
	}
	fifo.Make(t, path("pipe"))
	for _, tt := range []struct {
		path, want, err string
		is              error
	}{
		{path("file"), "1234", "", nil},
		{path("link"), "1234", "", nil},
		{os.DevNull, "", "", nil},
		{path("none"), "", "no such file or directory", fs.ErrNotExist},
		{path("file/none"), "", "not a directory", syscall.ENOTDIR},
		{dir, "", "it is a directory", ErrDirectory},
		{path("long"), "", "it is larger than 4 bytes", nil},
		{"/dev/zero", "", "it is larger than 4 bytes", nil},
		{path("loop"), "", "it is a symbolic link that leads to itself", nil},
		{path("pipe"), "", "it is a pipe that nobody writes to", nil},
	} {
		got, err := Read(tt.path, 4)
		if tt.err == "" {
			if err != nil || string(got) != tt.want {
				t.Errorf("%s: got %q, error %v", tt.path, got, err)
			}
			continue
		}
		if err == nil || err.Error() != "read "+tt.path+": "+tt.err || Cause(err).Error() != tt.err {
			t.Errorf("got %v, want %q", err, tt.err)
		}
		if tt.is != nil && !errors.Is(err, tt.is) {
			t.Errorf("%v is not %v", err, tt.is)
		}
	}
}

// A shell passes <(command) as the name of a pipe, which may be written to later than it is opened.
func TestReadPipe(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	go func() {
		_, _ = io.WriteString(w, strings.Repeat("x", 1<<17)) // more than a pipe holds
		_ = w.Close()
	}()
	name := fmt.Sprintf("/dev/fd/%d", r.Fd())
	got, err := Read(name, 1<<20)
	if err != nil || len(got) != 1<<17 {
		t.Errorf("%d bytes, error %v", len(got), err)
	}
}

func TestReadFrom(t *testing.T) {
	if got, err := ReadFrom(strings.NewReader("1234"), "stdin", 4); err != nil || string(got) != "1234" {
		t.Errorf("got %q, error %v", got, err)
	}
	if _, err := ReadFrom(strings.NewReader(strings.Repeat("x", 4<<20+1)), "stdin", 4<<20); err == nil || err.Error() != "read stdin: it is larger than 4 MiB" {
		t.Errorf("got %v", err)
	}
	broken := errors.New("broken")
	if _, err := ReadFrom(iotest.ErrReader(broken), "stdin", 4); !errors.Is(err, broken) || err.Error() != "read stdin: broken" {
		t.Errorf("got %v", err)
	}
}

func TestCause(t *testing.T) {
	broken := errors.New("broken")
	for _, err := range []error{broken, &fs.PathError{Op: "open", Path: "x", Err: broken}, &os.LinkError{Op: "link", Old: "x", New: "y", Err: broken}} {
		if got := Cause(err); !errors.Is(got, broken) || got.Error() != "broken" {
			t.Errorf("got %v", got)
		}
	}
}
