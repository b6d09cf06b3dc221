package render

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tp0-lab/composer/internal/template/bundle"
	"github.com/tp0-lab/composer/internal/template/values"
	"github.com/tp0-lab/composer/internal/test/golden"
	"github.com/tp0-lab/composer/templates"
)

// With auth the stages of the lottery have secrets, and the echo stages are as they are without.
func TestGoldenAuth(t *testing.T) {
	render := func(target, stage string, sets ...string) []byte {
		t.Helper()
		b, err := bundle.Open(templates.FS)
		if err != nil {
			t.Fatal(err)
		}
		if err := b.SetTarget(target); err != nil {
			t.Fatal(err)
		}
		b.Overlay = &values.Overlay{}
		for _, set := range sets {
			b.Overlay.AddKey("--set", values.YAML, set)
		}
		e, err := New(b)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := e.Render(stage, 2)
		if err != nil {
			t.Fatal(err)
		}
		return doc.Bytes
	}
	for _, target := range []string{"compose", "swarm", "kubernetes"} {
		for _, stage := range []string{"ej1", "ej2", "ej3", "ej4"} {
			if with := render(target, stage, "auth=true"); !bytes.Equal(with, render(target, stage)) {
				t.Errorf("%s for %s is another with auth:\n%s", stage, target, with)
			}
		}
		for _, stage := range []string{"ej5", "ej6", "ej7", "ej8"} {
			with := render(target, stage, "auth=true")
			for _, want := range []string{"SERVER_SECRET_FILE", "CLI_SECRET_FILE"} {
				if bytes.Count(with, []byte(want)) == 0 {
					t.Errorf("%s for %s has no %s", stage, target, want)
				}
			}
			// What is there without auth is there with it, line for line.
			rest := strings.Split(string(with), "\n")
			for line := range strings.Lines(string(render(target, stage))) {
				at := slices.Index(rest, strings.TrimSuffix(line, "\n"))
				if at < 0 && !strings.HasPrefix(line, "# Made by:") {
					t.Fatalf("%s for %s lacks the line %q", stage, target, line)
				}
				rest = rest[at+1:]
			}
		}
		golden.Check(t, filepath.Join("testdata", "golden", "ej8-auth-"+target+".yaml"), render(target, "ej8", "auth=true"))
	}
	for _, target := range []string{"compose", "swarm", "kubernetes"} {
		for _, stage := range []string{"ej1", "ej4"} {
			if with := render(target, stage, "tls=true"); !bytes.Equal(with, render(target, stage)) {
				t.Errorf("%s for %s is another with tls:\n%s", stage, target, with)
			}
		}
		for _, stage := range []string{"ej5", "ej8"} {
			alone := render(target, stage, "tls=true")
			for _, want := range []string{"SERVER_TLS_CERT", "SERVER_TLS_KEY", "CLI_TLS_CA"} {
				if bytes.Count(alone, []byte(want)) == 0 || bytes.Contains(alone, []byte("_SECRET_FILE")) {
					t.Errorf("%s for %s with tls alone, which wants %s:\n%s", stage, target, want, alone)
				}
			}
		}
		golden.Check(t, filepath.Join("testdata", "golden", "ej8-tls-"+target+".yaml"), render(target, "ej8", "auth=true", "tls=true"))
	}
	golden.Check(t, filepath.Join("testdata", "golden", "ej8-auth-swarm-directory.yaml"), render("swarm", "ej8", "auth=true", "cluster.secrets=/srv/secrets"))
}
