package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestFind(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a/compose.yaml", "a/compose.override.yaml", "b/docker-compose.yml", "b/compose.yaml", "c/docker-compose-dev.yml", "c/values.yaml", "c/compose.json"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("services: {}\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	files, projects, err := find(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range append(files, projects...) {
		got = append(got, strings.ReplaceAll(strings.Trim(s.base+" < "+s.path, " <"), dir+"/", ""))
	}
	want := []string{"a/compose.yaml < a/compose.override.yaml", "a/compose.yaml", "b/compose.yaml", "b/docker-compose.yml", "c/docker-compose-dev.yml", "a", "b"}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestClass(t *testing.T) {
	wrong := []finding{{"note", "obsolete-version", "v"}, {"error", "invalid-mount", "m"}, {"error", "invalid-mount", "n"}}
	fragment := []finding{{"note", "part-of-project", "p"}}
	for _, tt := range []struct {
		name    string
		opinion opinion
		class   string
		reasons []string
	}{
		{"sound", opinion{}, bothTake, nil},
		{"both", opinion{findings: wrong, refusal: "x"}, bothRefuse, nil},
		{"lint", opinion{findings: wrong}, onlyLint, []string{"invalid-mount: m"}},
		{"compose", opinion{findings: wrong[:1], refusal: "x"}, onlyCompose, []string{"x"}},
		{"variables", opinion{refusal: "x", byVariables: true}, variableUnknown, []string{"x"}},
		{"part", opinion{findings: fragment, refusal: "x"}, part, []string{"x"}},
	} {
		class, reasons := tt.opinion.class()
		if class != tt.class || !slices.Equal(reasons, tt.reasons) {
			t.Errorf("%s: got %q %q, want %q %q", tt.name, class, reasons, tt.class, tt.reasons)
		}
	}
}

// Warnings before the reason are no reason.
func TestRefusal(t *testing.T) {
	if got := refusal([]byte("time=\"x\" level=warning msg=\"y\"\n\nno configuration file\nusage\n"), os.ErrNotExist); got != "no configuration file" {
		t.Errorf("got %q", got)
	}
	if got := refusal([]byte("time=\"x\"\n"), os.ErrNotExist); got != os.ErrNotExist.Error() {
		t.Errorf("got %q", got)
	}
}
