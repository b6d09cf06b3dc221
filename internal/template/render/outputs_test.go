package render

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/tp0-lab/composer/internal/template/bundle"
)

// outputsOf renders the outputs of a bundle whose table has these rows, and whose only output template is this one.
func outputsOf(t *testing.T, row, template string) (*Engine, []*Output, error) {
	t.Helper()
	b, err := bundle.Open(fstest.MapFS{
		bundle.StagesFile:       {Data: []byte("default: dev\nkinds: [{name: node, count: 2}]\nstages: [{name: dev}]\noutputs: [{template: out.tmpl, " + row + "}]")},
		bundle.ValuesFile:       {Data: []byte("text: 'a: \"b\" # $HOME'\nnode: {dollar: $X, n: 1}\nlist: [$A, 2]\nreplicas: {2: {n: 7}}\n")},
		bundle.Compose.Template: {Data: []byte("services: {a: {image: x}}\n")},
		"out.tmpl":              {Data: []byte(template)},
	})
	if err != nil {
		t.Fatal(err)
	}
	e, err := New(b)
	if err != nil {
		t.Fatal(err)
	}
	all, err := e.Outputs()
	return e, all, err
}

// Each format writes a value for its place.
func TestOutputFormats(t *testing.T) {
	for _, test := range []struct{ row, template, want string }{
		{"path: x.yml", "a: {{ .Values.text }}\nb: {{ toYaml .Values.list }}\nc: ${X}{{ .Stage }}$Y\n", "a: \"a: \\\"b\\\" # $HOME\"\nb:\n  - \"$A\"\n  - 2\nc: ${X}dev$Y\n"},
		{"path: x.yml, format: compose", "a: {{ .Values.text }}\nb: {{ toYaml .Values.list }}\n", "a: \"a: \\\"b\\\" # $$HOME\"\nb:\n  - \"$$A\"\n  - 2\n"},
		{"path: x.yml, format: compose", "b: {{ toYaml .Values.list | interpolate }}\nc: {{ interpolate (toYaml .Values.list) }}\n", "b:\n  - \"$A\"\n  - 2\nc:\n  - \"$A\"\n  - 2\n"},
		{"path: x.json", "a: {{ .Values.text }}\n", "a: \"a: \\\"b\\\" # $HOME\"\n"}, // package build makes JSON of it
		{"path: x.toml", "a = {{ quote .Values.text }}\nb = {{ .Values.text }}: {{ .Values.node.n }}\n", "a = \"a: \\\"b\\\" # $HOME\"\nb = a: \"b\" # $HOME: 1\n"},
		{"path: x.conf", "{{ range .Names \"node\" }}server {{ . }};\n{{ end }}{{ template \"part\" 3 }}{{ define \"part\" }}<{{ . }}>{{ end }}", "server node1;\nserver node2;\n<3>"},
		{"path: x.conf", "{{ include \"part\" 3 }};{{ if include \"none\" 1 }}x{{ end }}{{ define \"part\" }}'{{ . }}\"{{ end }}{{ define \"none\" }}{{ end }}", "'3\";"},
		{"path: x.conf", "{{ range .Kinds.node }}{{ .Name }}={{ .Values.node.n }} {{ end }}", "node1=1 node2=7 "},
		{"path: x.conf", "{{ toYaml .Values.list }}", "- \"$A\"\n- 2"},
	} {
		_, all, err := outputsOf(t, test.row, test.template)
		if err != nil {
			t.Errorf("%s: %v", test.template, err)
			continue
		}
		made, err := all[0].Render("dev", 2)
		if err != nil || len(made) != 1 || string(made[0].Bytes) != test.want {
			t.Errorf("%s: got %q, error %v, want %q", test.template, made, err, test.want)
		}
	}
}

// A file for each replica is made of its own data, and its parts are found in the template.
func TestOutputOfEachReplica(t *testing.T) {
	e, all, err := outputsOf(t, `path: "{name}/{id}.conf"`, "id={{ .ID }}\npeers={{ without (.Names .Kind) .Name | join \",\" }}\nn={{ .Values.node.n }}\n")
	if err != nil {
		t.Fatal(err)
	}
	made, err := all[0].Render("dev", 2)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, f := range made {
		got[f.Path] = string(f.Bytes)
	}
	want := map[string]string{"node1/1.conf": "id=1\npeers=node2\nn=1\n", "node2/2.conf": "id=2\npeers=node1\nn=7\n"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if place, err := all[0].Locate("dev", 2, made[1], strings.Index(got["node2/2.conf"], "node1")); err != nil || place != "out.tmpl:2:10" {
		t.Errorf("got %s, error %v", place, err)
	}
	if unread := e.Unread(known(t, e)); len(unread) > 0 {
		t.Errorf("no template reads %v", unread)
	}
}

func TestOutputErrors(t *testing.T) {
	for _, test := range []struct{ row, template, want string }{
		{"path: x.conf", "{{ .Values.none }}", "render stage dev: out.tmpl:1:11: <.Values.none>: map has no entry"},
		{"path: x.conf", "a\n{{ .Values.list }}", "render stage dev: out.tmpl:2:4: this is a list"},
		{"path: x.conf", "a\n  {{ .Values.none | default nil }}{{ nil }}", "out.tmpl:2:"},
		{`path: "{id}.conf"`, "{{ if eq .ID 2 }}{{ .Values.none }}{{ end }}", "render stage dev: out.tmpl:1:28: <.Values.none>: map has no entry for key \"none\""},
		{`path: "{id}.conf"`, "{{ if eq .ID 2 }}{{ .Values.list }}{{ end }}", "(in node2)"},
		{"path: x.env", "A=1\n{{ if true }}B='{{ .Values.text }}'{{ end }}\nC=\"x\"{{ .Values.text }}\n", "render stage dev: out.tmpl:3:9: \"a: "},
		{`path: "{id}.env"`, "A={{ .Values.text }}\n{{ if eq .ID 2 }}{{ .Values.text }}=1{{ end }}", "render stage dev: out.tmpl:2:21: want KEY=VALUE"},
		{"path: x.yml", "a: b{{ .Values.text }}", "out.tmpl:1:8: "},
		{"path: x.conf", "{{ range until 2000000 }}{{ end }}", "out.tmpl:1:"},
		{"path: x.conf", "{{ template \"out.tmpl\" . }}", "exceeded maximum template depth"},
	} {
		_, all, err := outputsOf(t, test.row, test.template)
		if err == nil {
			_, err = all[0].Render("dev", 2)
		}
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %s", test.template, err, test.want)
		}
	}
}
