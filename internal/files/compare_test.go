package files

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tp0-lab/composer/internal/test/fifo"
)

func TestCompare(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	link := filepath.Join(dir, "link")
	if err := os.Symlink("file", link); err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("0123456789", 20_000)
	for _, test := range []struct {
		old, next string
		want      State
	}{
		{"", "", Current},
		{"a", "a", Current},
		{"a", "b", Outdated},
		{"a", "", Outdated},
		{"", "a", Outdated},
		{"ab", "a", Outdated},
		{"a", "ab", Outdated},
		{long, long, Current},
		{long, long[1:] + "0", Outdated},
		{long, long[:len(long)-1], Outdated},
		{long, long[:len(long)-1] + "x", Outdated},
		{long[1:], long, Outdated},
	} {
		write(t, path, test.old, 0o644)
		for _, name := range []string{path, link} {
			got, err := Compare(name, func(w io.Writer) error {
				for text := test.next; text != ""; {
					n := min(len(text), 7777)
					if _, err := io.WriteString(w, text[:n]); err != nil {
						return err
					}
					text = text[n:]
				}
				return nil
			})
			if err != nil || got != test.want {
				t.Errorf("%d and %d bytes: got %v, error %v, want %v", len(test.old), len(test.next), got, err, test.want)
			}
		}
		if got := read(t, path); got != test.old {
			t.Error("the file was changed")
		}
	}
	if got, err := Compare(filepath.Join(dir, "none"), text("x")); got != Missing || err != nil {
		t.Errorf("got %v, error %v", got, err)
	}
	broken := errors.New("broken")
	for _, name := range []string{"file", "none"} {
		if _, err := Compare(filepath.Join(dir, name), func(io.Writer) error { return broken }); !errors.Is(err, broken) {
			t.Errorf("%s: error %v", name, err)
		}
	}
	only(t, dir, "file", "link")
}

func TestWhatCannotBeCompared(t *testing.T) {
	dir := t.TempDir()
	fifo.Make(t, filepath.Join(dir, "pipe"))
	for name, want := range map[string]string{
		dir:                              "it is a directory",
		filepath.Join(dir, "pipe"):       "it is not a regular file",
		filepath.Join(dir, "none", "of"): "there is no directory",
	} {
		if _, err := Compare(name, text("x")); err == nil || !strings.HasPrefix(err.Error(), "compare "+name+": "+want) {
			t.Errorf("Compare: got %v", err)
		}
	}
}
