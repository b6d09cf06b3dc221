package dataset

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// packed is an entry of an archive that a test builds.
type packed struct {
	name, content string
	mode          fs.FileMode // 0: a file, or a directory if the name ends in "/"
	flags         uint16
	claim         int // if not 0, the size that the header claims
}

func archive(t *testing.T, entries ...packed) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "test.zip")
	write(t, path, string(archiveBytes(t, entries...)))
	return path
}

func archiveBytes(t interface{ Fatal(...any) }, entries ...packed) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, e := range entries {
		h := &zip.FileHeader{Name: e.name, Method: zip.Deflate}
		h.SetMode(0o666)
		if e.mode != 0 {
			h.SetMode(e.mode)
		}
		if strings.HasSuffix(e.name, "/") {
			if _, err := z.CreateHeader(h); err != nil {
				t.Fatal(err)
			}
			continue
		}
		// Raw, so that the header may lie.
		var content bytes.Buffer
		deflate, err := flate.NewWriter(&content, flate.BestSpeed)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := deflate.Write([]byte(e.content)); err != nil {
			t.Fatal(err)
		}
		if err := deflate.Close(); err != nil {
			t.Fatal(err)
		}
		h.Flags |= e.flags
		h.CRC32 = crc32.ChecksumIEEE([]byte(e.content))
		h.CompressedSize64 = uint64(content.Len())
		h.UncompressedSize64 = uint64(len(e.content))
		if e.claim != 0 {
			h.UncompressedSize64 = uint64(e.claim)
		}
		w, err := z.CreateRaw(h)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(content.Bytes()); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestExtract(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "deep", "data")
	path := archive(t,
		packed{name: "datasets/"},
		packed{name: "datasets/agency-10.csv", content: "ten"},
		packed{name: "datasets/agency-2.csv", content: "two", mode: 0o755},
		packed{name: "agency-1.csv"},
		packed{name: "README\n.md", content: "text"},
		packed{name: "__MACOSX/datasets/._agency-2.csv", content: "fork"},
		packed{name: "datasets/agency-02.csv", content: "no"},
	)
	got, err := Extract(t.Context(), path, dir, ExtractOptions{})
	if err != nil {
		t.Fatal(err)
	}
	in := func(name string) string { return filepath.Join(dir, name) }
	want := Extracted{
		Written: []string{in("agency-1.csv"), in("agency-2.csv"), in("agency-10.csv")},
		Ignored: []string{"README\n.md", "__MACOSX/datasets/._agency-2.csv", "datasets/agency-02.csv"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	contents := map[string]string{"agency-1.csv": "", "agency-2.csv": "two", "agency-10.csv": "ten"}
	wantFiles(t, dir, contents)
	for name := range contents {
		if info, err := os.Stat(in(name)); err != nil || info.Mode() != 0o644 {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}

	// Again, with one file changed and one gone.
	past := time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC)
	if err := os.Chtimes(in("agency-10.csv"), past, past); err != nil {
		t.Fatal(err)
	}
	write(t, in("agency-2.csv"), "my own")
	if err := os.Remove(in("agency-1.csv")); err != nil {
		t.Fatal(err)
	}
	got, err = Extract(t.Context(), path, dir, ExtractOptions{Keep: true})
	want = Extracted{
		Written: []string{in("agency-1.csv")},
		Kept:    []string{in("agency-2.csv"), in("agency-10.csv")},
		Ignored: want.Ignored,
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("keep: got %+v, %v\nwant %+v", got, err, want)
	}
	got, err = Extract(t.Context(), path, dir, ExtractOptions{})
	want = Extracted{
		Written:   []string{in("agency-2.csv")},
		Unchanged: []string{in("agency-1.csv"), in("agency-10.csv")},
		Ignored:   want.Ignored,
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("again: got %+v, %v\nwant %+v", got, err, want)
	}
	wantFiles(t, dir, contents)
	if info, err := os.Stat(in("agency-10.csv")); err != nil || !info.ModTime().Equal(past) {
		t.Errorf("an unchanged file was touched: %v, %v", info, err)
	}
}

// Each of these is refused, by an error that names the archive and the entry,
// and leaves the directory and what is around it as they were.
func TestExtractRefuses(t *testing.T) {
	good := packed{name: "agency-1.csv", content: "new"}
	zeros := strings.Repeat("\x00", 3<<20)
	for name, test := range map[string]struct {
		entries []packed
		options ExtractOptions
		is      error
		says    string
	}{
		"parent":                 {[]packed{good, {name: "../agency-2.csv"}}, ExtractOptions{}, ErrUnsafe, `"../agency-2.csv"`},
		"parent, not taken":      {[]packed{good, {name: "a/../../evil"}}, ExtractOptions{}, ErrUnsafe, `"a/../../evil"`},
		"parent at the end":      {[]packed{good, {name: "a/.."}}, ExtractOptions{}, ErrUnsafe, `"a/.."`},
		"absolute":               {[]packed{good, {name: "/agency-2.csv"}}, ExtractOptions{}, ErrUnsafe, `"/agency-2.csv"`},
		"drive":                  {[]packed{good, {name: "C:/agency-2.csv"}}, ExtractOptions{}, ErrUnsafe, `"C:/agency-2.csv"`},
		"backslash":              {[]packed{good, {name: `..\agency-2.csv`}}, ExtractOptions{}, ErrUnsafe, `"..\\agency-2.csv"`},
		"zero byte":              {[]packed{good, {name: "agency-2.csv\x00"}}, ExtractOptions{}, ErrUnsafe, `"agency-2.csv\x00"`},
		"symbolic link":          {[]packed{good, {name: "agency-2.csv", content: "/etc/passwd", mode: fs.ModeSymlink | 0o777}}, ExtractOptions{}, ErrUnsafe, `"agency-2.csv"`},
		"another symbolic link":  {[]packed{good, {name: "a", content: "/", mode: fs.ModeSymlink | 0o777}}, ExtractOptions{}, ErrUnsafe, `"a"`},
		"device":                 {[]packed{good, {name: "agency-2.csv", mode: fs.ModeDevice | 0o666}}, ExtractOptions{}, errNotAFile, `"agency-2.csv"`},
		"named pipe":             {[]packed{good, {name: "agency-2.csv", mode: fs.ModeNamedPipe | 0o666}}, ExtractOptions{}, errNotAFile, `"agency-2.csv"`},
		"directory":              {[]packed{good, {name: "agency-2.csv/"}}, ExtractOptions{}, errNotAFile, `"agency-2.csv/"`},
		"encrypted":              {[]packed{good, {name: "agency-2.csv", content: "x", flags: 1}}, ExtractOptions{}, errEncrypted, `"agency-2.csv"`},
		"duplicate":              {[]packed{good, {name: "agency-1.csv"}}, ExtractOptions{}, ErrDuplicate, `"agency-1.csv"`},
		"duplicate in folder":    {[]packed{good, {name: "x/agency-1.csv"}}, ExtractOptions{}, ErrDuplicate, `"x/agency-1.csv"`},
		"no agencies":            {[]packed{{name: "bets.csv", content: "x"}}, ExtractOptions{}, ErrNoAgencies, "has no agency-N.csv"},
		"empty":                  {nil, ExtractOptions{}, ErrNoAgencies, "has no agency-N.csv"},
		"bomb, file":             {[]packed{good, {name: "agency-2.csv", content: zeros}}, ExtractOptions{MaxFile: 1 << 20}, ErrTooLarge, `"agency-2.csv"`},
		"bomb, all":              {[]packed{good, {name: "agency-2.csv", content: zeros}, {name: "agency-3.csv", content: zeros}}, ExtractOptions{MaxTotal: 4 << 20}, ErrTooLarge, `"agency-3.csv"`},
		"one byte over":          {[]packed{good}, ExtractOptions{MaxFile: 2}, ErrTooLarge, "over the bound of 2 bytes"},
		"claims less":            {[]packed{good, {name: "agency-2.csv", content: "content", claim: 3}}, ExtractOptions{}, nil, `"agency-2.csv"`},
		"claims more":            {[]packed{good, {name: "agency-2.csv", content: "content", claim: 300}}, ExtractOptions{}, nil, `"agency-2.csv"`},
		"bomb that claims less":  {[]packed{good, {name: "agency-2.csv", content: zeros, claim: 3}}, ExtractOptions{MaxFile: 1 << 20}, nil, `"agency-2.csv"`},
		"long name is cut short": {[]packed{good, {name: "../" + strings.Repeat("x", 60_000)}}, ExtractOptions{}, ErrUnsafe, `xxx"`},
	} {
		t.Run(name, func(t *testing.T) {
			parent := t.TempDir()
			dir := filepath.Join(parent, "data")
			if err := os.Mkdir(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			before := map[string]string{"agency-1.csv": "old", "agency-2.csv": "old"}
			for name, content := range before {
				write(t, filepath.Join(dir, name), content)
			}
			path := archive(t, test.entries...)
			got, err := Extract(t.Context(), path, dir, test.options)
			if err == nil || test.is != nil && !errors.Is(err, test.is) {
				t.Fatalf("error %v, want %v", err, test.is)
			}
			if s := err.Error(); !strings.Contains(s, test.says) || !strings.Contains(s, path) || len(s) > 600 {
				t.Errorf("error %q does not say %q, or too much", s, test.says)
			}
			if !reflect.DeepEqual(got, Extracted{}) {
				t.Errorf("result %+v", got)
			}
			wantFiles(t, dir, before)
			wantFiles(t, parent, map[string]string{"data": "/"})
		})
	}
}

// Exactly as much as the bounds allow is allowed.
func TestExtractBounds(t *testing.T) {
	path := archive(t, packed{name: "agency-1.csv", content: "1234"}, packed{name: "agency-2.csv", content: "56"})
	if _, err := Extract(t.Context(), path, t.TempDir(), ExtractOptions{MaxFile: 4, MaxTotal: 6}); err != nil {
		t.Error(err)
	}
	if _, err := Extract(t.Context(), path, t.TempDir(), ExtractOptions{MaxFile: 4, MaxTotal: 5}); !errors.Is(err, ErrTooLarge) {
		t.Errorf("error %v", err)
	}
}

// An archive that was cut anywhere, or of which a byte of content is another,
// is refused.
func TestExtractTorn(t *testing.T) {
	whole := archiveBytes(t, packed{name: "agency-1.csv", content: strings.Repeat("a,b,1,2000-01-01,7\r\n", 30)})
	path := filepath.Join(t.TempDir(), "test.zip")
	dir := t.TempDir()
	write(t, filepath.Join(dir, "agency-1.csv"), "old")
	for n := range len(whole) {
		write(t, path, string(whole[:n]))
		if _, err := Extract(t.Context(), path, dir, ExtractOptions{}); err == nil {
			t.Fatalf("cut to %d of %d bytes: no error", n, len(whole))
		}
	}
	// The content begins behind the local header, whose name is at 30.
	flipped := bytes.Clone(whole)
	flipped[30+len("agency-1.csv")+int(binary.LittleEndian.Uint16(whole[28:]))+8] ^= 0x40
	write(t, path, string(flipped))
	if _, err := Extract(t.Context(), path, dir, ExtractOptions{}); err == nil {
		t.Error("another byte in the content: no error")
	}
	wantFiles(t, dir, map[string]string{"agency-1.csv": "old"})
}

func TestExtractFails(t *testing.T) {
	path := archive(t, packed{name: "agency-1.csv", content: "new"}, packed{name: "agency-2.csv", content: "new"})

	t.Run("cancelled", func(t *testing.T) {
		dir := t.TempDir()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := Extract(ctx, path, dir, ExtractOptions{}); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
		wantFiles(t, dir, nil)
	})
	t.Run("directory in a file's place", func(t *testing.T) {
		dir := t.TempDir()
		if err := os.Mkdir(filepath.Join(dir, "agency-2.csv"), 0o755); err != nil {
			t.Fatal(err)
		}
		_, err := Extract(t.Context(), path, dir, ExtractOptions{})
		if err == nil || !strings.Contains(err.Error(), "agency-2.csv: it is a directory: Docker makes one") {
			t.Errorf("error %v", err)
		}
		wantFiles(t, dir, map[string]string{"agency-2.csv": "/"})
	})
	t.Run("file in the directory's place", func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "data")
		write(t, dir, "")
		if _, err := Extract(t.Context(), path, dir, ExtractOptions{}); err == nil {
			t.Error("no error")
		}
	})
	t.Run("no archive", func(t *testing.T) {
		none := filepath.Join(t.TempDir(), "none.zip")
		if _, err := Extract(t.Context(), none, t.TempDir(), ExtractOptions{}); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("error %v", err)
		}
	})
}

// A symbolic link in a file's place is replaced, never written through.
func TestExtractReplacesLink(t *testing.T) {
	dir, elsewhere := t.TempDir(), filepath.Join(t.TempDir(), "precious")
	write(t, elsewhere, "precious")
	if err := os.Symlink(elsewhere, filepath.Join(dir, "agency-1.csv")); err != nil {
		t.Fatal(err)
	}
	path := archive(t, packed{name: "agency-1.csv", content: "new"})
	if _, err := Extract(t.Context(), path, dir, ExtractOptions{}); err != nil {
		t.Fatal(err)
	}
	wantFiles(t, dir, map[string]string{"agency-1.csv": "new"})
	wantFiles(t, filepath.Dir(elsewhere), map[string]string{"precious": "precious"})
}

// A link to a file that has the content already is no different from that file.
func TestExtractLeavesLinkToTheSame(t *testing.T) {
	dir, elsewhere := t.TempDir(), filepath.Join(t.TempDir(), "big")
	write(t, elsewhere, "same")
	link := filepath.Join(dir, "agency-1.csv")
	if err := os.Symlink(elsewhere, link); err != nil {
		t.Fatal(err)
	}
	path := archive(t, packed{name: "agency-1.csv", content: "same"})
	got, err := Extract(t.Context(), path, dir, ExtractOptions{})
	if err != nil || !slices.Equal(got.Unchanged, []string{link}) {
		t.Errorf("%+v, %v", got, err)
	}
	if to, err := os.Readlink(link); err != nil || to != elsewhere {
		t.Errorf("the link leads to %q, %v", to, err)
	}
}

func TestFindArchive(t *testing.T) {
	dir := t.TempDir()
	if _, err := FindArchive(dir); !errors.Is(err, ErrNoArchive) {
		t.Errorf("error %v", err)
	}
	for _, name := range []string{"dataset.zip", "datasets.zip"} {
		path := filepath.Join(dir, name)
		write(t, path, "")
		if got, err := FindArchive(dir); err != nil || got != path {
			t.Errorf("with %s: %s, %v", name, got, err)
		}
	}
}

// Whatever is generated is extracted again, and is clean.
func TestGenerateExtractCheck(t *testing.T) {
	root := t.TempDir()
	n := 0
	rapid.Check(t, func(r *rapid.T) {
		n++
		dir := filepath.Join(root, FileName(uint32(n))+".d")
		seed := rapid.Uint64().Draw(r, "seed")
		var agencies [][2]int
		for range rapid.IntRange(1, 4).Draw(r, "agencies") {
			bets := rapid.IntRange(0, 400).Draw(r, "bets")
			agencies = append(agencies, [2]int{bets, rapid.IntRange(0, bets).Draw(r, "winners")})
		}
		shape := of(seed, agencies...)
		path := filepath.Join(dir, "dataset.zip")
		if err := Write(t.Context(), path, shape, WriteOptions{}); err != nil {
			r.Fatal(err)
		}
		got, err := Extract(t.Context(), path, dir, ExtractOptions{})
		if err != nil || len(got.Written) != len(shape) || got.Ignored != nil {
			r.Fatalf("extracted %+v, %v", got, err)
		}
		found, err := CheckFiles(dir)
		if err != nil || !reflect.DeepEqual(found, got.Written) {
			r.Fatalf("files to check are %v, %v; want %v", found, err, got.Written)
		}
		for i, file := range found {
			report, err := Check(t.Context(), file, 10)
			want := Report{
				File: file, Bets: shape[i].Bets, Winners: shape[i].Winners,
				Bytes: report.Bytes, Problems: []Problem{}, Warnings: []Problem{},
			}
			if err != nil || !reflect.DeepEqual(report, want) {
				r.Fatalf("got %+v, %v\nwant %+v", report, err, want)
			}
		}
	})
}
