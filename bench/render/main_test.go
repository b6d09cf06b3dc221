//go:build unix

package main

import (
	"bytes"
	"io"
	"io/fs"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/tp0-lab/composer/internal/template/bundle"
	"github.com/tp0-lab/composer/internal/template/check"
	"github.com/tp0-lab/composer/internal/template/render"
	"github.com/tp0-lab/composer/templates"
)

// The scripts print what composer does, or the comparison would be none. The
// benchmark itself sees to what it measures, however large.
func TestScriptsPrintTheSame(t *testing.T) {
	b, err := bundle.Open(templates.FS)
	if err != nil {
		t.Fatal(err)
	}
	engine, err := render.New(b)
	if err != nil {
		t.Fatal(err)
	}
	generators, err := scripts(t.Context(), t.TempDir(), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range generators {
		for _, n := range []int{0, 1, 5, 251, 252, most} {
			if n == most && g.name == bash { // it starts a process for each client
				continue
			}
			doc, err := engine.Render(stage, n)
			if err != nil {
				t.Fatal(err)
			}
			args := g.command(n)
			out, err := exec.Command(args[0], args[1:]...).Output()
			if err != nil {
				t.Fatalf("%s: %v", g.name, err)
			}
			if !bytes.Equal(out, doc.Bytes) {
				t.Errorf("%s prints something else for %d clients", g.name, n)
			}
		}
	}
}

// Each of the bundles has two hundred services or a few more, which the check accepts by their shapes.
func TestBundles(t *testing.T) {
	names, err := fs.ReadDir(bundles, "bundles")
	if err != nil || len(names) < 5 {
		t.Fatalf("there are %d bundles, error %v", len(names), err)
	}
	for _, name := range names {
		t.Run(name.Name(), func(t *testing.T) {
			b, err := bundle.OpenDir(filepath.Join("bundles", name.Name()))
			if err != nil {
				t.Fatal(err)
			}
			engine, err := render.New(b)
			if err != nil {
				t.Fatal(err)
			}
			doc, err := engine.Render(b.Default, render.Counted)
			if err != nil {
				t.Fatal(err)
			}
			if len(doc.Replicas) < 200 {
				t.Errorf("it has %d replicas", len(doc.Replicas))
			}
			if _, err := check.Document(t.Context(), doc); err != nil {
				t.Error(err)
			}
		})
	}
}
