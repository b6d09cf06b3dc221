package cli

import (
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/tp0-lab/composer/internal/template/bundle"
	"github.com/tp0-lab/composer/internal/template/values"
	"github.com/tp0-lab/composer/templates"
)

// The built-in values, which are not compared with their schema each time, are
// right in all stages.
func TestBuiltInValues(t *testing.T) {
	b, err := bundle.Open(templates.FS)
	if err != nil {
		t.Fatal(err)
	}
	b.Overlay = &values.Overlay{}
	b.Overlay.AddKey("--set", values.YAML, "project=tp0") // something to compare
	for _, s := range b.Stages {
		if _, err := b.Values(s.Name); err != nil {
			t.Errorf("%s: %v", s.Name, err)
		}
	}
	b.Overlay.AddKey("--set", values.YAML, "projcet=tp0")
	if _, err := b.Values("ej1"); err == nil {
		t.Error("values are not compared")
	}
}

// Each key of the built-in values has a comment, and a place in docs/values.md.
func TestValuesAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/values.md")
	if err != nil {
		t.Fatal(err)
	}
	text, err := fs.ReadFile(templates.FS, bundle.ValuesFile)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(text), "\n")
	keys := 0
	for i, line := range lines {
		key, _, ok := strings.Cut(strings.TrimSpace(line), ":")
		if !ok || strings.HasPrefix(key, "#") {
			continue
		}
		keys++
		if !strings.Contains(line, " # ") && !strings.HasPrefix(strings.TrimSpace(lines[i-1]), "#") {
			t.Errorf("%s:%d: %s has no comment", bundle.ValuesFile, i+1, key)
		}
		if !strings.Contains(string(page), key+"`") && !strings.Contains(string(page), "`"+key+".") {
			t.Errorf("docs/values.md lacks %s", key)
		}
	}
	if keys < 20 {
		t.Errorf("there are %d keys", keys)
	}
}
