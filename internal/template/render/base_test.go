package render

import (
	"context"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tp0-lab/composer/internal/template/bundle"
)

const baseFile = `# the base
x-common: &common {restart: unless-stopped, environment: {TZ: "${TZ:-UTC}", A: base}}
services:
  db: {<<: *common, image: "postgres:${PG:-17}", volumes: ["./data:/var/lib/postgresql/data"], ports: ["${PORT:-5432}:5432"]}
  node1:
    image: old
    command: [a, b]
    environment: [A=1, B=2]
    depends_on: [db]
networks: {lab: {ipam: {config: [{subnet: 10.0.0.0/24}]}}}
`

const overTemplate = `# Made by: x
services:
{{- range .Kinds.node }}
  {{ .Name }}:
    image: node:{{ .Values.tag }}
    command: [c]
    environment: {A: "{{ .ID }}", PASSWORD: {{ .Values.password }}, HOME: "${HOME}"}
    depends_on: {db: {condition: service_healthy}}
    volumes: ["./conf/{{ .Name }}.ini:/node.ini"]
{{- end }}
  db: {healthcheck: {test: [CMD, pg_isready]}, volumes: !override ["pg:/var/lib/postgresql/data"]}
volumes: {pg: {}}
`

func basedEngine(t *testing.T, stages string, files map[string]string) *Engine {
	t.Helper()
	all := fstest.MapFS{
		bundle.StagesFile:       {Data: []byte("default: dev\nkinds: [{name: node, count: 2}]\nstages: " + stages)},
		bundle.ValuesFile:       {Data: []byte("tag: 1.2.3\npassword: 'a$b'\n")},
		bundle.Compose.Template: {Data: []byte(overTemplate)},
		"base.yaml":             {Data: []byte(baseFile)},
	}
	for name, text := range files {
		all[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return newEngine(t, all)
}

// composed returns the project that compose-go makes of files.
func composed(t *testing.T, files ...string) *types.Project {
	t.Helper()
	details := types.ConfigDetails{WorkingDir: "/lab", Environment: map[string]string{"PG": "18", "HOME": "/root"}}
	for _, text := range files {
		details.ConfigFiles = append(details.ConfigFiles, types.ConfigFile{Filename: "compose.yaml", Content: []byte(text)})
	}
	project, err := loader.LoadWithContext(context.Background(), details, func(o *loader.Options) { o.SetProjectName("p", false) })
	if err != nil {
		t.Fatal(err)
	}
	project.Environment, project.ComposeFiles, project.Extensions = nil, nil, nil
	return project
}

// What is laid over a base is what Compose makes of both files, and keeps the variables.
func TestBaseIsLikeCompose(t *testing.T) {
	plain, err := basedEngine(t, "[{name: dev}]", nil).Render("dev", 3)
	if err != nil {
		t.Fatal(err)
	}
	e := basedEngine(t, "[{name: first, base: base.yaml}, {name: dev, extends: first}]", nil)
	doc, err := e.Render("dev", 3)
	if err != nil {
		t.Fatal(err)
	}
	want, got := composed(t, baseFile, string(plain.Bytes)), composed(t, string(doc.Bytes))
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty(), cmp.Exporter(func(reflect.Type) bool { return true })); diff != "" {
		t.Errorf("(-want +got):\n%s\n%s", diff, doc.Bytes)
	}
	for _, part := range []string{"postgres:${PG:-17}", "${PORT:-5432}:5432", `a$$b`, "${HOME}"} {
		if !strings.Contains(string(doc.Bytes), part) {
			t.Errorf("there is no %s in\n%s", part, doc.Bytes)
		}
	}
	if !strings.HasPrefix(string(doc.Bytes), "# Made by: x\n") {
		t.Errorf("it begins %.40s", doc.Bytes)
	}
	var stream strings.Builder
	if err := e.Stream(&stream, "dev", 3); err != nil || stream.String() != string(doc.Bytes) {
		t.Errorf("got %s, error %v", &stream, err)
	}
}

// The text of a value may be the base.
func TestBaseOfAValue(t *testing.T) {
	e := basedEngine(t, "[{name: dev, base: {value: legacy.file}, values: {legacy: {file: 'services: {old: {image: x}}'}}}]", nil)
	doc, err := e.Render("dev", 1)
	if err != nil || !strings.Contains(string(doc.Bytes), "old:") {
		t.Errorf("got %s, error %v", doc.Bytes, err)
	}
}

// A part of the document is found in the base or in the templates.
func TestBaseLocate(t *testing.T) {
	e := basedEngine(t, "[{name: dev, base: base.yaml}]", nil)
	doc, err := e.Render("dev", 2)
	if err != nil {
		t.Fatal(err)
	}
	for part, want := range map[string]string{
		"postgres:": "base.yaml:4:28", "unless-stopped": "base.yaml:2:29", "node:1.2.3": "compose.yaml.tmpl:5:12",
		"./conf/node2.ini": "compose.yaml.tmpl:9:15", "pg_isready": "compose.yaml.tmpl:11:34",
	} {
		if got, err := e.Locate("dev", 2, doc.Bytes, strings.Index(string(doc.Bytes), part)); err != nil || got != want {
			t.Errorf("%s: got %s, error %v, want %s", part, got, err, want)
		}
	}
}

func TestBaseErrors(t *testing.T) {
	for _, test := range []struct {
		stages string
		files  map[string]string
		want   string
	}{
		{"[{name: dev, base: none.yaml}]", nil, "built-in/stages.yaml:3:22: base: none.yaml: file does not exist"},
		{"[{name: dev, base: {value: legcy}, values: {legacy: x}}]", nil, "base: there is no value legcy, did you mean legacy?; --set-file legcy=compose.yaml makes it"},
		{"[{name: dev, base: {value: legacy}}]", nil, "there is no value legacy; --set-file legacy=compose.yaml makes it the text of a file"},
		{"[{name: dev, base: {value: tag}, values: {tag: 3}}]", nil, "the value tag is no text"},
		{"[{name: dev, base: base.yaml}]", map[string]string{"base.yaml": "services:\n  - a\n - b"}, "base.yaml:"},
		{"[{name: dev, base: base.yaml}]", map[string]string{"base.yaml": "include: [other.yaml]\nservices: {}"}, "base.yaml:1:11: other.yaml is another file, and this one has to be whole"},
		{"[{name: dev, base: base.yaml}]", map[string]string{"base.yaml": "services: {db: {extends: {file: x.yaml, service: db}}}"}, "base.yaml:1:33: x.yaml is another file"},
		{"[{name: dev, base: base.yaml}]", map[string]string{"base.yaml": "services: {node1: {ports: {a: b}}}", bundle.Compose.Template: "services:\n  node1:\n    ports: [\"1:1\"]\n"}, "compose.yaml.tmpl:3:12 (line 3 of the rendered document): cannot override services.node1.ports"},
		{"[{name: dev, base: base.yaml}]", map[string]string{bundle.Compose.Template: "a: b\n  c: d\n"}, "compose.yaml.tmpl:"},
	} {
		_, err := basedEngine(t, test.stages, test.files).Render("dev", 1)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s %v: got %v, want %s", test.stages, test.files, err, test.want)
		}
	}
}
