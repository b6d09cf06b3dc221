package verify

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
	"sync"
	"testing"
	"time"

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
	layer, err := layerOver("i", []baked{{"config.ini", 7, 8, 0o600}, {"a b/c", 0, 0, 0o644}}, []byte("new"))
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
	if _, err := layerOver("i", []baked{{path: "a\nRUN x"}}, []byte("new")); err == nil {
		t.Error("a name of two lines: no error")
	}
	if _, err := new(dockerEngine).find(t.Context(), "i", "c", nil); !errors.Is(err, errNoCopy) {
		t.Errorf("an empty file: %v", err)
	}
}

// An image is built once, however many scenarios need it, and others can be built meanwhile. Trouble of the machine gets a second
// try, a fault of the solution none. The time of builds at once counts once.
func TestOnce(t *testing.T) {
	now := time.Unix(0, 0)
	e := &dockerEngine{name: "n", images: make(map[string]*image), now: func() time.Time { return now }}
	builds := map[string]int{}
	failing := map[string]error{"fault": errors.New("syntax error"), "trouble": errors.New("dial tcp: lookup registry: no such host")}
	for range 3 {
		for _, key := range []string{"right", "fault", "trouble"} {
			_, err := e.once(key, func(i *image) error { builds[key]++; i.err = failing[key]; return nil })
			if !errors.Is(err, failing[key]) {
				t.Errorf("%s: %v", key, err)
			}
		}
	}
	if diff := cmp.Diff(map[string]int{"right": 1, "fault": 1, "trouble": 2}, builds); diff != "" {
		t.Error(diff)
	}
	if _, err := e.once("a", func(*image) error { // while a is built
		now = now.Add(time.Second)
		_, err := e.once("b", func(*image) error { now = now.Add(time.Second); return nil })
		return err
	}); err != nil || e.building != 2*time.Second {
		t.Errorf("%v, %v to build", err, e.building)
	}
	var both sync.WaitGroup
	count := 0
	for range 2 {
		both.Go(func() { _, _ = e.once("c", func(*image) error { count++; return nil }) })
	}
	both.Wait()
	if count != 1 {
		t.Errorf("%d builds at once", count)
	}
}

// A build that ctx ends is made again.
func TestOnceAfterAnEnd(t *testing.T) {
	e := &dockerEngine{images: make(map[string]*image), now: time.Now}
	_, first := e.once("a", func(*image) error { return context.Canceled })
	i, second := e.once("a", func(i *image) error { i.config = []byte("x"); return nil })
	if !errors.Is(first, context.Canceled) || second != nil || string(i.config) != "x" {
		t.Errorf("%v, %v, %s", first, second, i.config)
	}
}

// Without a network of its own, a lab removes nobody's containers.
func TestNoGuestsWithoutANetwork(t *testing.T) {
	t.Setenv("PATH", t.TempDir()) // docker would be asked
	if err := (&dockerLab{guests: true}).removeGuests(t.Context()); err != nil {
		t.Error(err)
	}
}
