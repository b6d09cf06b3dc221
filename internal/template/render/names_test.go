package render

import (
	"testing"

	"github.com/tp0-lab/composer/internal/template/bundle"
)

// What a template's author gets wrong first, and what they read then.
func TestWrongNames(t *testing.T) {
	tests := []struct{ text, want string }{
		{"a: {{ .Value.x }}", "render stage one: compose.yaml.tmpl:1:13: <.Value.x>: there is no .Value: did you mean .Values?"},
		{"a: {{ .ID }}", "render stage one: compose.yaml.tmpl:1:7: <.ID>: there is no .ID: this is the data of the main template, as is $, and .ID is a replica's: write {{ range $r := .Kinds.KIND }} and $r.ID, or call the template with a replica"},
		{"a:{{ range .Clients }}\n  - {{ .Command }}{{ end }}", "render stage one: compose.yaml.tmpl:2:8: <.Command>: there is no .Command: this is a replica, and .Command is in the data of the main template: write $.Command there (in client1)"},
		{"a: {{ .Values.wrod }}", `render stage one: compose.yaml.tmpl:1:14: <.Values.wrod>: map has no entry for key "wrod", did you mean word?`},
		{"a: {{ .Values.colour }}", `render stage one: compose.yaml.tmpl:1:14: <.Values.colour>: map has no entry for key "colour": have ID, dict, list, map, off, on, word; if it need not be there, write (get .Values "colour")`},
		{"a: {{ .Values.colour.red }}", `render stage one: compose.yaml.tmpl:1:14: <.Values.colour.red>: map has no entry for key "colour": have ID, dict, list, map, off, on, word`},
		{"a: {{ .Values.dict.id }}", `render stage one: compose.yaml.tmpl:1:14: <.Values.dict.id>: map has no entry for key "id": have ID; if it need not be there, write (get .Values.dict "id")`},
		{"a: {{ .Values.dcit.ID }}", `render stage one: compose.yaml.tmpl:1:14: <.Values.dcit.ID>: map has no entry for key "dcit", did you mean dict?`},
		{"a: {{ with .Values.dict }}{{ .wrod }}{{ end }}", `render stage one: compose.yaml.tmpl:1:30: <.wrod>: map has no entry for key "wrod", did you mean word?`},
		{"a: {{ with .Values.dict }}{{ .colour }}{{ end }}", `render stage one: compose.yaml.tmpl:1:30: <.colour>: map has no entry for key "colour"; if it need not be there, write (get . "colour")`},
		{"a:{{ range .Clients }}\n  - {{ $.Values.wrod }}{{ end }}", `render stage one: compose.yaml.tmpl:2:9: <$.Values.wrod>: map has no entry for key "wrod", did you mean word? (in client1)`},
		{"a: {{ .Counts.cleint }}", `render stage one: compose.yaml.tmpl:1:14: <.Counts.cleint>: map has no entry for key "cleint", did you mean client?`},
		{"a:{{ range .Kinds.worker }}\n  - x{{ end }}", `render stage one: compose.yaml.tmpl:1:18: <.Kinds.worker>: map has no entry for key "worker": have client`},
		{"a: {{ .Values.dict.identification }}", `render stage one: compose.yaml.tmpl:1:14: <.Values.dict.identification>: map has no entry for key "identification": have ID; if it need not be there, write (get .Values.dict "identification")`},
		{"a: {{ with .Values.dict }}{{ .word }}{{ end }}", `render stage one: compose.yaml.tmpl:1:30: <.word>: map has no entry for key "word"; if it need not be there, write (get . "word")`},
		{"a: {{ $d := .Values.dict }}{{ $d.word }}", `render stage one: compose.yaml.tmpl:1:33: <$d.word>: map has no entry for key "word"; if it need not be there, write (get $d "word")`},
		{"a: {{ .Values.word.x }}", "render stage one: compose.yaml.tmpl:1:14: <.Values.word.x>: cannot read .x of the text \"hello\""},
		{"a:{{ range .Values.ID }}\n  - {{ .x }}{{ end }}", "render stage one: compose.yaml.tmpl:2:8: <.x>: cannot read .x of a number"},
		{"a: {{ .Values.off.x }}", "render stage one: compose.yaml.tmpl:1:14: <.Values.off.x>: cannot read .x of false"},
		{"a: {{ (dict \"none\" nil).none.x }}", "render stage one: compose.yaml.tmpl:1:20: <nil>: cannot read .x of a value that is not a map"},
		{"a: {{ .Clients.x }}", "render stage one: compose.yaml.tmpl:1:15: <.Clients.x>: cannot read .x of a value that is not a map"},
		{"a: {{ (splitList \",\" .Stage).x }}", "render stage one: compose.yaml.tmpl:1:22: <.Stage>: cannot read .x of a list"},
		{"a: {{ (toYaml .Values).x }}", "render stage one: compose.yaml.tmpl:1:15: <.Values>: cannot read .x of YAML (of toYaml, include or raw): write (… | fromYaml) for the map in it"},
		{"a: {{ (dict).word }}", `render stage one: compose.yaml.tmpl:1:8: <dict>: map has no entry for key "word"`},
		{"a: {{ toYaml .Values | upper }}", "render stage one: compose.yaml.tmpl:1:24: <upper>: error calling upper: want a single value, and these are lines of YAML (of toYaml, include or raw): write (fromYaml …) for the map or list in them, (toString …) for their text"},
		{"a: {{ quote .Stage | upper }}", "render stage one: compose.yaml.tmpl:1:22: <upper>: error calling upper: want text, not a value of quote or interpolate, which come last"},
		// The data of specialised templates is out of reach, in templates that are specialised and in others.
		{"a:{{ range .Pattern }}\n  - x{{ end }}", "render stage one: compose.yaml.tmpl:1:12: <.Pattern>: there is no .Pattern: have .Clients, .Command, .Counts, .Kinds, .Names, .Replicas, .Slot, .Stage, .Values"},
		{"a:{{ range .Clients }}\n  - x{{ end }}\nb:{{ range .Pattern }}\n  - x{{ end }}", "render stage one: compose.yaml.tmpl:3:12: <.Pattern>: there is no .Pattern: have .Clients, .Command, .Counts, .Kinds, .Names, .Replicas, .Slot, .Stage, .Values"},
		{"a:{{ range .Clients }}\n  - x{{ end }}\nb:{{ range .Patterns.client }}\n  - x{{ end }}", "render stage one: compose.yaml.tmpl:3:21: <.Patterns.client>: there is no .Patterns: have .Clients, .Command, .Counts, .Kinds, .Names, .Replicas, .Slot, .Stage, .Values"},
		{"a:{{ range .Clients }}\n  - x{{ end }}\nb:{{ range _patterns \"client\" }}\n  - x{{ end }}", `parse templates: compose.yaml.tmpl:3:3: function "_patterns" not defined; a text stands in quotes, as in "_patterns"`},
		{"a: {{ toYalm .Values }}", `parse templates: compose.yaml.tmpl:1:4: function "toYalm" not defined, did you mean toYaml?`},
		{"a: {{ now }}", `parse templates: compose.yaml.tmpl:1:4: function "now" not defined: what depends on the machine, the clock or chance is given by --set`},
		{"a: {{ xyzzyxyzzy }}", `parse templates: compose.yaml.tmpl:1:4: function "xyzzyxyzzy" not defined; a text stands in quotes, as in "xyzzyxyzzy"`},
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
