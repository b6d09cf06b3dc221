package render

import (
	"testing"

	"github.com/tp0-lab/composer/internal/bundle"
)

// What a template's author gets wrong first, and what they read then.
func TestWrongNames(t *testing.T) {
	tests := []struct{ text, want string }{
		{"a: {{ .Value.x }}", "render stage one: compose.yaml.tmpl:1:7: <.Value.x>: there is no .Value: did you mean .Values?"},
		{"a: {{ .ID }}", "render stage one: compose.yaml.tmpl:1:7: <.ID>: there is no .ID: have .Clients, .Command, .Counts, .Kinds, .Names, .Replicas, .Stage, .Values"},
		{"a:{{ range .Clients }}\n  - {{ .Command }}{{ end }}", "render stage one: compose.yaml.tmpl:2:8: <.Command>: there is no .Command: have .Counts, .ID, .Kind, .Name, .Names, .Replicas, .Stage, .Values"},
		{"", "parse templates: compose.yaml.tmpl: this file is missing or empty, and rendering begins with it"},
		{"{{/* x */}}\n", "parse templates: compose.yaml.tmpl: this file is missing or empty, and rendering begins with it"},
		{`{{ define "t" }}x{{ end }}a: b`, `parse templates: t.tmpl: template "t" is defined here, and in compose.yaml.tmpl already`},
		{`{{ define "u" }}x{{ end }}a: b`, `parse templates: t.tmpl: template "u" is defined here, and in compose.yaml.tmpl already`},
		{`{{ define "v" }}x{{ end }}a: b`, ""},
	}
	for _, tt := range tests {
		b, err := bundle.Open(body(tt.text, "t", `x{{ end }}{{ define "u" }}y`))
		if err != nil {
			t.Fatal(err)
		}
		e, err := New(b)
		if err == nil {
			_, err = e.Render("one", 1)
		}
		got := ""
		if err != nil {
			got = err.Error()
		}
		if got != tt.want {
			t.Errorf("%s:\ngot  %s\nwant %s", tt.text, got, tt.want)
		}
	}
}
