package render

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/tp0-lab/composer/internal/template/bundle"
	"github.com/tp0-lab/composer/templates"
)

// Where a piece of the document comes from, with three replicas.
func TestLocate(t *testing.T) {
	tests := []struct {
		name string
		fsys fstest.MapFS
		find string // of the last one in the document
		want string
	}{
		{"text", body("a:\n  imag: {{ .Stage }}\n"), "imag", "compose.yaml.tmpl:2:3"},
		{"text behind an action", body("a: x\n{{ .Stage }}: {imag: x}\n"), "imag", "compose.yaml.tmpl:2:16"},
		{"trimmed text", body("a:\n{{- if true }}\n  b: c\n{{- end }}\n"), "b: c", "compose.yaml.tmpl:3:3"},
		{"an action", body("a:\n  b: {{ .Stage }}\n"), "one", "compose.yaml.tmpl:2:9"},
		{"lines of a value", body("a:\n  {{ toYaml .Values }}\n"), "list", "compose.yaml.tmpl:2:6"},
		{"replicas", body("a:{{ range .Clients }}\n  c{{ .ID }}:\n    imag: {{ .Name }}{{ end }}\n"), "imag", "compose.yaml.tmpl:3:5"},
		{"the ID of a replica", body("a:{{ range .Clients }}\n  c{{ .ID }}: x{{ end }}\n"), "3: x", "compose.yaml.tmpl:2:7"},
		{"behind replicas", body("a:{{ range .Clients }}\n  c{{ .ID }}: x{{ end }}\nz: x\n"), "z: x", "compose.yaml.tmpl:3:1"},
		{"a template", body("a:{{ range .Clients }}{{ template \"t\" . }}{{ end }}\n", "t", "\n  c{{ .ID }}:\n    imag: x"), "imag", "t.tmpl:3:5"},
		{"an include", body("a:\n  b:\n    {{ include \"t\" . }}\n", "t", "image: {{ .Stage }}\nimag: x\n"), "imag", "t.tmpl:2:1"},
		{"an action in an include", body("a:\n  {{ include \"t\" . }}\n", "t", "image: {{ .Stage }}\nimag: x\n"), "one", "t.tmpl:1:27"},
		{"the first line of an include", body("a:{{ range .Clients }}\n  - {{ include \"t\" . }}{{ end }}\n", "t", "id: {{ .ID }}\nimag: x"), "id", "t.tmpl:1:17"},
		{"an include in an include", body("a:\n  {{ include \"t\" . }}\n", "t", "b:\n  {{ include \"u\" . }}", "u", "c: 1\nimag: 2\n"), "imag", "u.tmpl:2:1"},
		{"the second of equal lines", body("a:\n  {{ include \"t\" . }}\n", "t", "b:\n  imag: 1\nc:\n  imag: 1\n"), "imag", "t.tmpl:4:3"},
		{"the end", body("a: x\n"), "", "compose.yaml.tmpl:2:1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := newEngine(t, tt.fsys)
			doc, err := e.Render("one", 3)
			if err != nil {
				t.Fatal(err)
			}
			got, err := e.Locate("one", 3, doc.Bytes, strings.LastIndex(string(doc.Bytes), tt.find))
			if err != nil || got != tt.want {
				t.Errorf("got %s, error %v, want %s:\n%s", got, err, tt.want, doc.Bytes)
			}
		})
	}
}

// Each line of the built-in stages has a place in the templates whose text is there.
func TestLocateBuiltIn(t *testing.T) {
	b, err := bundle.Open(templates.FS)
	if err != nil {
		t.Fatal(err)
	}
	e, err := New(b)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := e.Render("ej8", 2)
	if err != nil {
		t.Fatal(err)
	}
	at := 0
	for line := range strings.Lines(string(doc.Bytes)) {
		place, err := e.Locate("ej8", 2, doc.Bytes, at)
		file, rest, _ := strings.Cut(place, ":")
		var number, column int
		if _, scanErr := fmt.Sscanf(rest, "%d:%d", &number, &column); err != nil || scanErr != nil {
			t.Fatalf("%q is at %q, error %v", line, place, err)
		}
		text, err := templates.FS.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if own := strings.Split(string(text), "\n")[number-1]; column > len(own)+1 {
			t.Errorf("%q is at %s, which is %q", line, place, own)
		}
		at += len(line)
	}
}
