package main

import (
	"testing"

	"github.com/tp0-lab/composer/internal/bundle"
	"github.com/tp0-lab/composer/internal/values"
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
