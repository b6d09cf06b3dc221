package bundle

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

func open(text string) (*Bundle, error) {
	return Open(fstest.MapFS{StagesFile: {Data: []byte(text)}})
}

func TestStageExtends(t *testing.T) {
	b, err := open(`
default: two
max_replicas: 7
stages:
  - name: one
    summary: first
    values: {server: {port: 1, env: {A: a, B: b}}, list: [1, 2]}
  - name: two
    extends: one
    values: {server: {env: {A: null, C: c}}, list: [3]}
  - name: three
    extends: two
`)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"server": map[string]any{"port": 1, "env": map[string]any{"B": "b", "C": "c"}},
		"list":   []any{3},
	}
	for _, name := range []string{"two", "three"} {
		s, err := b.Stage(name)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, s.Values); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	one, _ := b.Stage("one")
	if one.Values["server"].(map[string]any)["env"].(map[string]any)["A"] != "a" {
		t.Error("extending a stage changed it")
	}
	if b.MaxReplicas != 7 || b.Default != "two" {
		t.Errorf("got max %d, default %q", b.MaxReplicas, b.Default)
	}
}

func TestOpenErrors(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"empty", "", "no stages"},
		{"no name", "stages: [{summary: x}]", "stage 1 has no name"},
		{"twice", "default: a\nstages: [{name: a}, {name: a}]", `"a" is there twice`},
		{"extends nothing", "default: a\nstages: [{name: a, extends: b}]", `extends "b"`},
		{"default", "default: z\nstages: [{name: a}]", `default "z"`},
		{"unknown key", "default: a\nstages:\n  - name: a\n    sumary: x", "line 4: field sumary"},
		{"a list", "- a", "line 1"},
		{"syntax", "stages: [", "line 1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := open(tt.text)
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), StagesFile) {
				t.Errorf("got %v, want it to say %q", err, tt.want)
			}
		})
	}
	if _, err := Open(fstest.MapFS{}); err == nil {
		t.Error("a bundle without a table was opened")
	}
}

func TestUnknownStageNamesThoseThereAre(t *testing.T) {
	b, err := open("default: ej1\nstages: [{name: ej1}, {name: ej2}, {name: ej3}, {name: ej4}, {name: ej5}]")
	if err != nil {
		t.Fatal(err)
	}
	_, err = b.Stage("ej9")
	if !errors.Is(err, ErrUnknownStage) || err.Error() != `unknown stage "ej9": have ej1 … ej5` {
		t.Errorf("got %v", err)
	}
}
