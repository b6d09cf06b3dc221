package render

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/tp0-lab/composer/internal/template/bundle"
	"github.com/tp0-lab/composer/internal/test/golden"
	"github.com/tp0-lab/composer/templates"
)

func newEngine(tb testing.TB, fsys fs.FS) *Engine {
	tb.Helper()
	b, err := bundle.Open(fsys)
	if err != nil {
		tb.Fatal(err)
	}
	e, err := New(b)
	if err != nil {
		tb.Fatal(err)
	}
	return e
}

func TestGolden(t *testing.T) {
	e := newEngine(t, templates.FS)
	for _, s := range e.bundle.Stages {
		for _, n := range []int{0, 1, 5, 300} {
			name := fmt.Sprintf("%s-%d.yaml", s.Name, n)
			t.Run(name, func(t *testing.T) {
				doc, err := e.Render(s.Name, n)
				if err != nil {
					t.Fatal(err)
				}
				golden.Check(t, filepath.Join("testdata", "golden", name), doc.Bytes)
			})
		}
	}
}

// checkSpans checks that each replica of a built-in stage is in its own span.
func checkSpans(t *testing.T, doc Document, n int) {
	t.Helper()
	if len(doc.Replicas) != n {
		t.Fatalf("got %d spans, want %d", len(doc.Replicas), n)
	}
	end := 0
	for i, span := range doc.Replicas {
		if span.Begin < end {
			t.Fatalf("span %d begins in the one before it", i)
		}
		end = span.End
		if name := fmt.Sprintf("\n  client%d:\n", i+1); !bytes.Contains(doc.Bytes[span.Begin:end], []byte(name)) {
			t.Fatalf("span %d lacks %q", i, name)
		}
	}
}

func TestSameInputSameBytes(t *testing.T) {
	e := newEngine(t, templates.FS)
	want, err := e.Render("ej8", 40)
	if err != nil {
		t.Fatal(err)
	}
	other, err := newEngine(t, templates.FS).Render("ej8", 40)
	if err != nil {
		t.Fatal(err)
	}
	sameDocument(t, want, other)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for _, e := range []*Engine{e, normal(e)} {
				got, err := e.Render("ej8", 40)
				if err != nil || !bytes.Equal(got.Bytes, want.Bytes) {
					t.Errorf("a concurrent render is different, error %v", err)
				}
			}
		})
	}
	group.Wait()
}

// pieces are what TestAnyBundle makes bodies of: some see the ID, some keep
// state, some call templates.
var pieces = []string{
	"x", "\n#  ", `{{ .ID }}`, `{{ .Values.word }}`, `{{ if .Values.on }}`, `{{ if eq .ID 2 }}`, `{{ with .Values.dict }}{{ .ID }}`,
	`{{ range .Values.list }}`, `{{ end }}`, `{{ template "t" . }}`, `{{ template "u" . }}`, `{{ template "u" $ }}`, `{{ $v }}`,
	`{{ $v = "w" }}`, `{{ $v := "l" }}`, `{{ $i := 1 }}`, `{{ break }}`, `{{ continue }}`, `{{ else }}`, `{{ $.Replicas }}`, `{{ print .ID }}`,
	`{{ range $.Clients }}{{ .ID }}{{ end }}`, `{{ $_ := set $m "k" (add $m.k 1) }}`, `{{ $m.k }}`, `{{ .Stage | upper }}`, `{{ . }}`,
}

func TestErrorsHaveAPlace(t *testing.T) {
	tests := []struct {
		name string
		fsys fstest.MapFS
		want string
	}{
		{"missing key", body("one:\n  {{ .Values.nothing }}"), "compose.yaml.tmpl:2:13: <.Values.nothing>: map has no entry"},
		{"missing key of a replica", commented(`{{ range .Clients }}{{ .ID }}{{ .Values.nothing }}{{ end }}`), "compose.yaml.tmpl:1:42: "},
		{"missing key in a template", commented(`{{ range .Clients }}{{ template "t" . }}{{ end }}`, "t", "\n#{{ .ID }}{{ .Values.nothing }}"), "t.tmpl:2:21: <.Values.nothing>"},
		{"no field", commented(`{{ range .Clients }}{{ $.ID }}{{ end }}`), "<$.ID>: there is no .ID: this is the data of the main template"},
		{"fail", body(`{{ fail "because" }}`), "because"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := newEngine(t, tt.fsys).Render("one", 3)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want it to say %q", err, tt.want)
			}
		})
	}
	for _, text := range []string{"\n{{ .ID", "{{ now }}", "{{ env \"HOME\" }}", "{{ template }}"} {
		b, err := bundle.Open(body(text))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := New(b); err == nil || !strings.Contains(err.Error(), bundle.Compose.Template+":") {
			t.Errorf("%s: got %v, want an error with its file", text, err)
		}
	}
}

func TestReplicasAndStage(t *testing.T) {
	e := newEngine(t, templates.FS)
	for _, n := range []int{-1, 1023, 99999999999999} {
		if _, err := e.Render("ej1", n); !errors.Is(err, ErrReplicas) {
			t.Errorf("%d replicas: got %v", n, err)
		}
	}
	if _, err := e.Render("ej1", 1022); err != nil {
		t.Error(err)
	}
	if _, err := e.Render("ej9", 1); !errors.Is(err, bundle.ErrUnknownStage) {
		t.Errorf("got %v", err)
	}
}
