//go:build unix

package main

import (
	"bytes"
	"io"
	"os/exec"
	"testing"

	"github.com/tp0-lab/composer/internal/template/bundle"
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
