// Package examples tests the bundles in the directories beside it.
package examples

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"

	"github.com/tp0-lab/composer/internal/template/bundle"
	"github.com/tp0-lab/composer/internal/template/check"
	"github.com/tp0-lab/composer/internal/template/render"
	"github.com/tp0-lab/composer/internal/test/golden"
)

func open(t *testing.T, dir string, counts ...string) (*bundle.Bundle, *render.Engine) {
	t.Helper()
	b, err := bundle.OpenDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, count := range counts {
		if err := b.SetCounts(count); err != nil {
			t.Fatal(err)
		}
	}
	e, err := render.New(b)
	if err != nil {
		t.Fatal(err)
	}
	return b, e
}

func TestGolden(t *testing.T) {
	for name, counts := range map[string][]string{
		"default": nil,
		"alone":   {"1", "aggregator=1", "joiner=1"},
		"none":    {"0", "aggregator=0", "joiner=0"},
		"many":    {"12", "aggregator=10", "joiner=2"},
	} {
		b, e := open(t, "pipeline", counts...)
		for _, s := range b.Stages {
			t.Run(s.Name+" "+name, func(t *testing.T) {
				doc, err := e.Render(s.Name, render.Counted)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := check.Document(t.Context(), doc); err != nil {
					t.Error(err)
				}
				golden.Check(t, filepath.Join("testdata", "pipeline-"+s.Name+"-"+name+".yaml"), doc.Bytes)
			})
		}
	}
}

// As compose-go reads it, each worker knows all workers of the kinds that it
// talks to, by names that are services.
func TestPeers(t *testing.T) {
	b, e := open(t, "pipeline", "3", "aggregator=2", "joiner=2")
	doc, err := e.Render(b.Default, 3)
	if err != nil {
		t.Fatal(err)
	}
	details := types.ConfigDetails{WorkingDir: "/", ConfigFiles: []types.ConfigFile{{Filename: "compose.yaml", Content: doc.Bytes}}}
	project, err := loader.LoadWithContext(t.Context(), details)
	if err != nil {
		t.Fatal(err)
	}
	for service, want := range map[string]map[string]string{
		"filter3":     {"WORKER_ID": "3", "WORKER_COUNT": "3", "AGGREGATORS": "aggregator1:9002,aggregator2:9002", "MIN_YEAR": "2000"},
		"aggregator1": {"WORKER_ID": "1", "WORKER_COUNT": "2", "JOINERS": "joiner1:9003,joiner2:9003"},
		"joiner2":     {"WORKER_ID": "2", "FILTERS": "filter1:9001,filter2:9001,filter3:9001", "AGGREGATORS": "aggregator1:9002,aggregator2:9002"},
	} {
		environment := project.Services[service].Environment
		for name, value := range want {
			if got := environment[name]; got == nil || *got != value {
				t.Errorf("%s: %s is %v, want %s", service, name, got, value)
			}
		}
		for _, peers := range []string{"FILTERS", "AGGREGATORS", "JOINERS"} {
			if environment[peers] == nil {
				continue
			}
			for address := range strings.SplitSeq(*environment[peers], ",") {
				host, _, _ := strings.Cut(address, ":")
				if _, ok := project.Services[host]; !ok {
					t.Errorf("%s: %s names %s, which is no service", service, peers, host)
				}
			}
		}
	}
	if len(project.Services) != 8 {
		t.Errorf("there are %d services, want 8", len(project.Services))
	}
}

// The pipeline runs on several machines, too: a document of one service for each kind, whatever their numbers.
func TestTargets(t *testing.T) {
	for _, target := range []bundle.Target{bundle.Swarm, bundle.Kubernetes} {
		for _, counts := range [][]string{nil, {"0", "aggregator=0", "joiner=0"}, {"5000", "aggregator=10"}} {
			b, err := bundle.OpenDir("pipeline")
			if err != nil {
				t.Fatal(err)
			}
			for _, count := range counts {
				if err := b.SetCounts(count); err != nil {
					t.Fatal(err)
				}
			}
			if err := b.SetTarget(target.Name); err != nil {
				t.Fatal(err)
			}
			e, err := render.New(b)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range b.Stages {
				doc, err := e.Render(s.Name, render.Counted)
				if err != nil {
					t.Fatal(err)
				}
				report, err := check.ForTarget(t.Context(), target, doc, t.TempDir())
				if err != nil || len(report.Warnings) > 0 {
					t.Errorf("%s for %s %v: %v %v", s.Name, target.Name, counts, err, report.Warnings)
				}
				if len(counts) == 2 && !strings.Contains(string(doc.Bytes), "replicas: 5000\n") {
					t.Errorf("%s for %s: the number of filters is not in\n%s", s.Name, target.Name, doc.Bytes)
				}
			}
		}
	}
}
