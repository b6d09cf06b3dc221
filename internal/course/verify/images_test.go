package verify

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tp0-lab/composer/internal/course/git"
)

// Stages share images if their branches differ only in files that no image has a use for.
func TestSources(t *testing.T) {
	const config = "server/config.ini"
	tree := []git.Entry{
		{Mode: "100644", Hash: "a", Path: "server/main.py"},
		{Mode: "100644", Hash: "b", Path: config},
		{Mode: "100755", Hash: "c", Path: "generar-compose.sh"},
		{Mode: "100644", Hash: "d", Path: "docs/README.md"},
	}
	want := sources(tree, config)
	for _, tt := range []struct {
		name  string
		at    int
		entry git.Entry
		same  bool
	}{
		{"another program", 0, git.Entry{Mode: "100644", Hash: "x", Path: "server/main.py"}, false},
		{"another name", 0, git.Entry{Mode: "100644", Hash: "a", Path: "server/other.py"}, false},
		{"another mode", 0, git.Entry{Mode: "100755", Hash: "a", Path: "server/main.py"}, false},
		{"another configuration", 1, git.Entry{Mode: "100644", Hash: "x", Path: config}, true},
		{"another script", 2, git.Entry{Mode: "100755", Hash: "x", Path: "generar-compose.sh"}, true},
		{"another text", 3, git.Entry{Mode: "100644", Hash: "x", Path: "docs/README.md"}, true},
		{"a script of that name elsewhere", 3, git.Entry{Mode: "100644", Hash: "x", Path: "server/generar-compose.sh"}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			other := append([]git.Entry(nil), tree...)
			other[tt.at] = tt.entry
			if got := sources(other, config); (got == want) != tt.same {
				t.Errorf("%s and %s", got, want)
			}
		})
	}
}

// archive makes a tar of files, by name.
func archive(t *testing.T, headers ...tar.Header) *bytes.Buffer {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, h := range headers {
		text := h.Linkname // the content, for short
		h.Linkname, h.Size = "", int64(len(text))
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return &b
}

func TestPlacesIn(t *testing.T) {
	got, err := placesIn(archive(t,
		tar.Header{Name: "etc/same-size", Mode: 0o644, Linkname: "PORT = 2"}, tar.Header{Name: "config.ini", Mode: 0o600, Uid: 7, Gid: 8, Linkname: "PORT = 1"},
		tar.Header{Name: "app/config.ini", Mode: 0o644, Linkname: "PORT = 1"}, tar.Header{Name: "longer", Linkname: "PORT = 1\n"},
	), []byte("PORT = 1"))
	want := []baked{{"config.ini", 7, 8, 0o600}, {"app/config.ini", 0, 0, 0o644}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(baked{})); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func TestLayerOver(t *testing.T) {
	base := image{name: "i", config: []byte("old"), places: []baked{{"config.ini", 7, 8, 0o600}, {"a b/c", 0, 0, 0o644}}}
	layer, err := layerOver(base, []byte("new"))
	if err != nil {
		t.Fatal(err)
	}
	got := make(map[string]string)
	modes := make(map[string]int64)
	for r := tar.NewReader(bytes.NewReader(layer)); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		got[h.Name], modes[h.Name] = string(text), h.Mode
	}
	want := map[string]string{
		"config-0": "new", "config-1": "new",
		"Dockerfile": "FROM i\nCOPY --chown=7:8 [\"config-0\", \"/config.ini\"]\nCOPY --chown=0:0 [\"config-1\", \"/a b/c\"]\n",
	}
	if diff := cmp.Diff(want, got); diff != "" || modes["config-0"] != 0o600 {
		t.Errorf("mode %o (-want +got):\n%s", modes["config-0"], diff)
	}
	for name, bad := range map[string]image{
		"no copy":      {name: "i", config: []byte("old")},
		"no content":   {name: "i", places: base.places},
		"another line": {name: "i", config: []byte("old"), places: []baked{{path: "a\nRUN x"}}},
	} {
		if _, err := layerOver(bad, []byte("new")); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
