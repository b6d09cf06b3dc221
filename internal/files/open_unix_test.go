//go:build unix

package files

import (
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// strange fills a directory with what can stand in a file's place, and returns what each reader says of it.
func strange(t *testing.T) (dir string, errs map[string]error) {
	t.Helper()
	dir = t.TempDir()
	t.Chdir(dir) // the name of a socket has a limit
	socket, err := net.Listen("unix", "socket")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = socket.Close() })
	huge, err := os.Create("huge")
	if err != nil {
		t.Fatal(err)
	}
	err = errors.Join(huge.Truncate(1<<40), huge.Close(), syscall.Mkfifo("pipe", 0o600), os.Mkdir("directory", 0o700),
		os.Symlink("/dev/zero", "device"), os.Symlink("loop", "loop"), os.Symlink("pipe", "link"))
	if err != nil {
		t.Fatal(err)
	}
	return dir, map[string]error{
		"socket": ErrNotRegular, "pipe": ErrNotRegular, "link": ErrNotRegular, "device": ErrNotRegular,
		"directory": ErrDirectory, "huge": ErrTooLarge, "none": fs.ErrNotExist, "loop": errLoop,
	}
}

// Nothing but a regular file within the limit is read, and nothing is waited for.
func TestReadRegular(t *testing.T) {
	dir, errs := strange(t)
	write(t, filepath.Join(dir, "file"), "1234", 0o644)
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	for name, read := range map[string]func(string, int64) ([]byte, error){
		"ReadRegular": ReadRegular,
		"ReadIn":      func(name string, limit int64) ([]byte, error) { return ReadIn(root, name, limit) },
	} {
		if got, err := read("file", 4); err != nil || string(got) != "1234" {
			t.Errorf("%s: got %q, error %v", name, got, err)
		}
		if _, err := read("file", 3); !errors.Is(err, ErrTooLarge) {
			t.Errorf("%s: got %v", name, err)
		}
		for file, want := range errs {
			_, err := read(file, 1<<20)
			if name == "ReadIn" && file == "device" {
				want = nil // it leads out of the root
			}
			if err == nil || want != nil && !errors.Is(err, want) || !strings.HasPrefix(err.Error(), "read "+file+": ") {
				t.Errorf("%s %s: got %v, want %v", name, file, err, want)
			}
		}
	}
}

// A writer does not wait for a reader of a pipe either.
func TestOpenToWrite(t *testing.T) {
	_, errs := strange(t)
	for file, want := range errs {
		if file == "none" || file == "huge" {
			continue
		}
		if _, err := Open(file, os.O_WRONLY|os.O_CREATE); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", file, err, want)
		}
	}
	f, err := Open("new", os.O_WRONLY|os.O_CREATE)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// What a user names may be a pipe with a writer, or a device.
func TestOpenInput(t *testing.T) {
	_, errs := strange(t)
	for file, want := range errs {
		f, err := OpenInput(file)
		switch file {
		case "huge", "device":
			want = nil
		case "pipe", "link":
			if err == nil {
				_, err = io.ReadAll(f)
			}
			if err == nil || err.Error() != "it is a pipe that nobody writes to" {
				t.Errorf("%s: got %v", file, err)
			}
			continue
		}
		if !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", file, err, want)
		}
	}
}

func TestOpenRoot(t *testing.T) {
	dir, _ := strange(t)
	for _, name := range []string{"pipe", "device", "huge", "none"} {
		if _, err := OpenRoot(name); err == nil {
			t.Errorf("%s is opened as a directory", name)
		}
	}
	root, err := OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	_ = root.Close()
}
