package dataset

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"testing"
	"time"
)

const shipped = "../../../.data/dataset.zip"

// unzipped are the contents of an archive, by name.
func unzipped(t *testing.T, path string) map[string]string {
	t.Helper()
	z, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	contents := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		contents[f.Name] = string(b)
	}
	return contents
}

// Contents are compared, not bytes of the archive: another version of Go may
// compress differently.
func TestShippedDataset(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dataset.zip")
	if err := Write(t.Context(), path, DefaultShape(), WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	if got, want := unzipped(t, path), unzipped(t, shipped); !maps.Equal(got, want) {
		t.Errorf("%s is not what `composer data generate` makes; if that is meant, make it anew with --force", shipped)
	}
}

func TestWrite(t *testing.T) {
	shape := of(5, [2]int{3000, 2}, [2]int{0, 0}, [2]int{100, 0})
	want := map[string]string{}
	for _, o := range shape {
		want[FileName(o.Agency)] = string(generated(t, o))
	}

	dir := filepath.Join(t.TempDir(), "new", "data")
	last := 0
	progress := func(done, total int) {
		if done < last || total != 3100 {
			t.Errorf("progress: %d of %d after %d", done, total, last)
		}
		last = done
	}
	if err := Write(t.Context(), dir, shape, WriteOptions{Progress: progress}); err != nil {
		t.Fatal(err)
	}
	wantFiles(t, dir, want)
	if last != 3100 {
		t.Errorf("progress ended at %d", last)
	}

	zips := filepath.Join(t.TempDir(), "new")
	for _, name := range []string{"a.zip", "b.zip"} {
		if err := Write(t.Context(), filepath.Join(zips, name), shape, WriteOptions{}); err != nil {
			t.Fatal(err)
		}
		if got := unzipped(t, filepath.Join(zips, name)); !maps.Equal(got, want) {
			t.Errorf("%s holds other files than the directory", name)
		}
	}
	if got := paths(t, zips); got["a.zip"] != got["b.zip"] || len(got) != 2 {
		t.Errorf("archives of one shape differ, or are not alone: %d files", len(got))
	}
	z, err := zip.OpenReader(filepath.Join(zips, "a.zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	for _, f := range z.File {
		if f.Mode() != 0o644 || !f.Modified.Equal(archived) {
			t.Errorf("%s: mode %v, modified %v", f.Name, f.Mode(), f.Modified)
		}
	}
}

func TestWriteForce(t *testing.T) {
	shape := of(0, [2]int{5, 0}, [2]int{5, 0})
	for _, name := range []string{"data.zip", "data"} {
		dir := t.TempDir()
		out := filepath.Join(dir, name)
		taken := out
		if name == "data" {
			taken = filepath.Join(out, "agency-2.csv")
			if err := os.Mkdir(out, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		write(t, taken, "old")
		if err := Write(t.Context(), out, shape, WriteOptions{}); !errors.Is(err, ErrExists) {
			t.Errorf("%s: error %v", name, err)
		}
		wantFiles(t, filepath.Dir(taken), map[string]string{filepath.Base(taken): "old"})

		if err := Write(t.Context(), out, shape, WriteOptions{Force: true}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		past := time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC)
		if err := os.Chtimes(taken, past, past); err != nil {
			t.Fatal(err)
		}
		if err := Write(t.Context(), out, shape, WriteOptions{Force: true}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if info, err := os.Stat(taken); err != nil || !info.ModTime().Equal(past) || info.Size() < 10 {
			t.Errorf("%s: written anew with the same content, or not at all: %v, %v", name, info, err)
		}
	}
}

// Cancelled at any moment, or met with a disk that is full, Write leaves what
// was there.
func TestWriteFails(t *testing.T) {
	shape := of(0, [2]int{3000, 0}, [2]int{3000, 0})
	for _, name := range []string{"data.zip", "data"} {
		for at := range 6 { // blocks of about 1,400 bets: the last is after the last file
			dir := t.TempDir()
			out, old := filepath.Join(dir, name), filepath.Join(dir, name)
			if name == "data" {
				old = filepath.Join(out, "agency-1.csv")
				if err := os.Mkdir(out, 0o755); err != nil {
					t.Fatal(err)
				}
			}
			write(t, old, "old")
			ctx, cancel := context.WithCancel(t.Context())
			blocks := 0
			err := Write(ctx, out, shape, WriteOptions{Force: true, Progress: func(int, int) {
				if blocks == at {
					cancel()
				}
				blocks++
			}})
			cancel()
			if !errors.Is(err, context.Canceled) {
				t.Fatalf("%s, block %d: error %v", name, at, err)
			}
			wantFiles(t, filepath.Dir(old), map[string]string{filepath.Base(old): "old"})
		}
	}
}

func TestWriteErrors(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "file"), "")
	if err := os.MkdirAll(filepath.Join(dir, "data", "agency-2.csv"), 0o755); err != nil {
		t.Fatal(err)
	}
	two := of(0, [2]int{1, 0}, [2]int{1, 0})
	for name, test := range map[string]struct {
		out   string
		shape Shape
	}{
		"no agencies":       {"x", Shape{}},
		"bad shape":         {"x", of(0, [2]int{1, 2})},
		"below a file":      {"file/data", two},
		"onto a directory":  {"data", two},
		"archive in a file": {"file/data.zip", two},
	} {
		err := Write(t.Context(), filepath.Join(dir, test.out), test.shape, WriteOptions{Force: true})
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	wantFiles(t, dir, map[string]string{"file": "", "data": "/"})
	wantFiles(t, filepath.Join(dir, "data"), map[string]string{"agency-2.csv": "/"})
}

// An archive on a writer that fails at any write is an error.
func TestWriteArchiveFails(t *testing.T) {
	shape := of(0, [2]int{300, 0}, [2]int{300, 0})
	var whole bytes.Buffer
	none := func(int) error { return nil }
	if err := writeArchive(&whole, shape, none); err != nil {
		t.Fatal(err)
	}
	for room := 0; room < whole.Len(); room += 97 {
		if err := writeArchive(&limited{room}, shape, none); !errors.Is(err, fs.ErrClosed) {
			t.Fatalf("room for %d of %d bytes: error %v", room, whole.Len(), err)
		}
	}
}

// limited takes so many bytes and then fails.
type limited struct{ room int }

func (l *limited) Write(p []byte) (int, error) {
	if l.room -= len(p); l.room < 0 {
		return 0, fs.ErrClosed
	}
	return len(p), nil
}
