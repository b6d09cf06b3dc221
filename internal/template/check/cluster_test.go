package check

import (
	"strings"
	"testing"

	"github.com/tp0-lab/composer/internal/template/bundle"
	"github.com/tp0-lab/composer/internal/template/render"
	"github.com/tp0-lab/composer/internal/template/values"
	"github.com/tp0-lab/composer/templates"
)

// All stages of the lab are sound for all engines, however their values say that files travel.
func TestStagesForTargets(t *testing.T) {
	for _, target := range []bundle.Target{bundle.Swarm, bundle.Kubernetes} {
		for _, set := range []string{"cluster.bets=/srv/bets", "cluster.agencies=http://h:8080/agency-{id}.csv", "cluster.agencies_claim=agencies", "cluster.server_address=10.0.0.1"} {
			b, err := bundle.Open(templates.FS)
			if err != nil {
				t.Fatal(err)
			}
			b.Overlay = &values.Overlay{}
			b.Overlay.AddKey("--set", values.Text, set)
			if err := b.SetTarget(target.Name); err != nil {
				t.Fatal(err)
			}
			engine, err := render.New(b)
			if err != nil {
				t.Fatal(err)
			}
			for _, stage := range b.Stages {
				for _, n := range []int{0, 1, 5, 1000} {
					doc, err := engine.Render(stage.Name, n)
					if err != nil {
						t.Fatal(err)
					}
					report, err := ForTarget(t.Context(), target, doc, t.TempDir())
					if err != nil || len(report.Warnings) > 0 {
						t.Errorf("%s of %s with %s: %v %v", stage.Name, target.Name, set, err, report.Warnings)
					}
				}
			}
		}
	}
}

// The first mistake is the error, with the line of the document; what an engine ignores is a warning.
func TestForTarget(t *testing.T) {
	for text, want := range map[string]string{
		"services:\n  a:\n    image: x\n    cpus: 1\n":                   `line 4 of the document, "cpus: 1": docker stack deploy does not know the key "cpus"`,
		"services:\n  a:\n    image: x\n    restart: always\n":           `warning: line 4 of the document, "restart: always": service a: Swarm ignores restart`,
		"apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspek: {}\n": `line 4 of the document, "spek: {}": Service: Kubernetes does not know the field "spek", did you mean "spec"?`,
	} {
		target := bundle.Swarm
		if strings.HasPrefix(text, "apiVersion") {
			target = bundle.Kubernetes
		}
		report, err := ForTarget(t.Context(), target, render.Document{Bytes: []byte(text)}, "")
		got := ""
		if err != nil {
			got = err.Error()
		} else if len(report.Warnings) > 0 {
			got = "warning: " + report.Warnings[0].Error()
		}
		if !strings.HasPrefix(got, want) {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
