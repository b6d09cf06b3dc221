package render

import (
	"testing"
	"testing/fstest"

	"github.com/tp0-lab/composer/internal/template/bundle"
	"github.com/tp0-lab/composer/internal/template/values"
)

// Maps of values are gone through as they were written, and what is laid over them comes last.
func TestOrder(t *testing.T) {
	const file = "env: {ZONE: 1, HOST: 2, deep: {y: 1, b: {z: 1, a: 2}}, list: [{q: 1, p: 2}], ADD: 3}\n"
	for _, test := range []struct{ text, want string }{
		{`# {{ range $k, $v := .Values.env }}{{ $k }} {{ end }}`, "# ZONE HOST deep list ADD NEW "},
		{`# {{ range $v := .Values.env.deep.b }}{{ $v }} {{ end }}{{ range .Values.env.deep.b }}{{ . }} {{ end }}`, "# 1 2 1 2 "},
		{"a: {{ toYaml .Values.env }}", "a:\n  ZONE: 1\n  HOST: 2\n  deep:\n    \"y\": 1\n    b:\n      z: 1\n      a: 2\n  list:\n    -\n      q: 1\n      p: 2\n  ADD: 3\n  NEW: 4"},
		{`# {{ $_ := set .Values.env "BB" 1 }}{{ $_ := set .Values.env "AA" 1 }}{{ $_ := unset .Values.env "HOST" }}{{ range $k, $v := .Values.env }}{{ $k }} {{ end }}`, "# ZONE deep list ADD NEW AA BB "},
		{`# {{ range .Kinds.filter }}{{ $_ := set .Values.env "BB" 1 }}{{ range $k, $v := .Values.env }}{{ $k }} {{ end }}{{ end }}`, "# ZONE HOST deep list ADD NEW BB ZONE HOST deep list ADD NEW BB "},
		{`# {{ range .Kinds.filter }}{{ range $k, $v := .Values.filter }}{{ $k }} {{ end }}{{ end }}`, "# x m a x m a b "},
		{`# {{ range $k, $v := .Values.env }}{{ if eq $k "deep" }}{{ continue }}{{ end }}{{ if eq $k "ADD" }}{{ break }}{{ end }}{{ $k }} {{ end }}`, "# ZONE HOST list "},
		{`# {{ range $k, $v := .Values.none }}{{ else }}none{{ end }}`, "# none"},
		{`# {{ keys .Values.env | join " " }}`, "# ADD HOST NEW ZONE deep list"},
		{`# {{ range $k, $v := dict "b" 1 "a" 2 }}{{ $k }} {{ end }}`, "# a b "},
	} {
		fsys := kinds(test.text)
		fsys[bundle.ValuesFile] = &fstest.MapFile{Data: []byte(file)}
		b, err := bundle.Open(fsys)
		if err != nil {
			t.Fatal(err)
		}
		b.Overlay = &values.Overlay{}
		b.Overlay.AddKey("--set", values.YAML, "env.HOST=2")
		b.Overlay.AddKey("--set", values.YAML, "env.NEW=4")
		b.Overlay.AddKey("--set", values.YAML, "none={}")
		b.Overlay.AddKey("--set", values.YAML, "filter={m: 1, a: 2}")
		b.Overlay.AddKey("--set", values.YAML, "replicas.2={m: 2, b: 3, a: 1}")
		e, err := New(b)
		if err != nil {
			t.Fatal(err)
		}
		got, err := e.Render("one", 2)
		want := test.want
		if err != nil || string(got.Bytes) != want {
			t.Errorf("%s:\ngot  %q, error %v\nwant %q", test.text, got.Bytes, err, want)
		}
	}
}
