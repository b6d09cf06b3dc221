package yamltree_test

import (
	"encoding/json"
	"testing"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/google/go-cmp/cmp"

	"github.com/tp0-lab/composer/internal/compose/yamltree"
	"github.com/tp0-lab/composer/internal/template/bundle"
	"github.com/tp0-lab/composer/internal/template/render"
	"github.com/tp0-lab/composer/templates"
)

// What compose-go reads from the JSON of each stage is what it reads from the YAML.
func TestComposeReadsTheSame(t *testing.T) {
	b, err := bundle.Open(templates.FS)
	if err != nil {
		t.Fatal(err)
	}
	engine, err := render.New(b)
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string][]byte{"anchors": []byte(`
x-base: &base
  image: "a:1"
  environment: &env {A: "1e3", B: 5, C: 0x1F, D: "$$x", E: }
services:
  a: *base
  b:
    <<: *base
    environment: {<<: *env, A: yes, F: 1.50, G: 123456789012345678901234567890}
    ports: ["8080:80", 22]
    healthcheck: {test: ["CMD", "true"], interval: 5s, retries: 3}
    deploy: {resources: {limits: {cpus: "0.5", memory: 64M}}}
`)}
	for _, stage := range b.Stages {
		doc, err := engine.Render(stage.Name, 3)
		if err != nil {
			t.Fatal(err)
		}
		texts[stage.Name] = doc.Bytes
	}
	for name, text := range texts {
		made, err := yamltree.JSON(text)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !json.Valid(made) {
			t.Errorf("%s: this is no JSON:\n%s", name, made)
		}
		if diff := cmp.Diff(project(t, text), project(t, made)); diff != "" {
			t.Errorf("%s (-YAML +JSON):\n%s", name, diff)
		}
	}
}

func project(t *testing.T, text []byte) *types.Project {
	t.Helper()
	p, err := loader.LoadWithContext(t.Context(), types.ConfigDetails{
		WorkingDir:  "/",
		ConfigFiles: []types.ConfigFile{{Filename: "compose", Content: text}},
		Environment: types.Mapping{},
	}, func(o *loader.Options) { o.SetProjectName("test", false) })
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return p
}
