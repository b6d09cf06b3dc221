package bundle

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/tp0-lab/composer/internal/template/values"
)

func withFiles(t *testing.T, stages string, names ...string) *Bundle {
	t.Helper()
	files := fstest.MapFS{StagesFile: {Data: []byte(stages)}}
	for _, name := range names {
		files[name] = &fstest.MapFile{Data: []byte("a: b\n")}
	}
	b, err := Open(files)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestSetTarget(t *testing.T) {
	const limits = "default: a\nmax_replicas: {compose: 7, kubernetes: 9}\nstages: [{name: a}]\n"
	for _, test := range []struct {
		stages, names, target string
		limit                 int
		wrong                 string
	}{
		{limits, "compose.yaml.tmpl stack.yaml.tmpl", "compose", 7, ""},
		{limits, "compose.yaml.tmpl stack.yaml.tmpl", "swarm", 0, ""},
		{limits, "compose.yaml.tmpl stack.yaml.tmpl", "kubernetes", 7, "target kubernetes: the bundle has no kubernetes.yaml.tmpl; its targets are: compose, swarm"},
		{limits, "kubernetes.yaml.tmpl", "compose", 7, "target compose: the bundle has no compose.yaml.tmpl; its targets are: kubernetes"},
		{limits, "kubernetes.yaml.tmpl", "kubernetes", 9, ""},
		{limits, "other.tmpl", "compose", 7, ""}, // package render says what is missing
		{limits, "compose.yaml.tmpl", "swam", 7, `unknown target "swam", did you mean "swarm"?: have compose, swarm, kubernetes`},
		{"default: a\nmax_replicas: 5\nstages: [{name: a}]\n", "stack.yaml.tmpl", "swarm", 5, ""},
		{"default: a\nstages: [{name: a}]\n", "stack.yaml.tmpl", "swarm", 0, ""},
	} {
		b := withFiles(t, test.stages, strings.Fields(test.names)...)
		err := b.SetTarget(test.target)
		if b.MaxReplicas != test.limit || test.wrong == "" && (err != nil || b.Target.Name != test.target) {
			t.Errorf("%s of %s: target %v, limit %d, error %v", test.target, test.names, b.Target, b.MaxReplicas, err)
		}
		if test.wrong != "" && (!errors.Is(err, ErrTarget) || err.Error() != test.wrong) {
			t.Errorf("%s of %s: got %v, want %s", test.target, test.names, err, test.wrong)
		}
	}
	b := withFiles(t, limits, "stack.yaml.tmpl")
	b.LimitReplicas(3)
	if err := b.SetTarget("swarm"); err != nil || b.MaxReplicas != 3 {
		t.Errorf("the user's limit became %d, error %v", b.MaxReplicas, err)
	}
}

func TestWrongLimits(t *testing.T) {
	for table, want := range map[string]string{
		"max_replicas: {swarm: -2}": "stages.yaml:1:16: max_replicas.swarm is -2, and 0 is no limit",
		"max_replicas: {swam: 2}":   "stages.yaml:1:16: max_replicas: unknown key swam, did you mean swarm?",
		"max_replicas: {swarm: x}":  "stages.yaml:1:16: swarm: want a whole number",
	} {
		files := fstest.MapFS{StagesFile: {Data: []byte(table + "\ndefault: a\nstages: [{name: a}]\n")}}
		if _, err := Open(files); err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", table, err, want)
		}
	}
}

// One service has one set of values.
func TestReplicasHaveNoOwnValuesElsewhere(t *testing.T) {
	for _, target := range AllTargets() {
		b := withFiles(t, "default: a\nstages: [{name: a, values: {replicas: {2: {x: y}}}}]\n", target.Template)
		b.Overlay = &values.Overlay{}
		b.Overlay.AddKey("--set", values.YAML, "replicas.3.x=z")
		if err := b.SetTarget(target.Name); err != nil {
			t.Fatal(err)
		}
		_, err := b.Values("a")
		if target == Compose {
			if err != nil {
				t.Error(err)
			}
			continue
		}
		wrong, ok := errors.AsType[*values.Error](err)
		if !ok || len(wrong.Problems) != 2 {
			t.Fatalf("%s: got %v", target.Name, err)
		}
		for _, want := range []string{"replicas.2: a " + target.Document + " has one service", "--set replicas.3.x: replicas.3: a " + target.Document} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got %v, want %s", target.Name, err, want)
			}
		}
	}
}
