package load

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Places are those of the file's own text, in characters, whatever compose-go calls it.
func TestErrors(t *testing.T) {
	for text, want := range map[string]string{
		"services:\n  a: {image: ñ, labels: {a: ñ}, stop_grace_period: soon}\n": "f.yaml:2:52: services.a.stop_grace_period: ",
		"services:\n  ñ: {x: ñ}\n  a: {image: x, depends_on: [b]}\n":            "f.yaml:2:3: services additional properties 'ñ' not allowed",
		"services:\n  a: {}\n": `f.yaml:2:3: service "a" has neither an image nor a build context`,
		"services: {a: {image: x}}\n---\nservices:\n  a: {privileged: soon}\n": "f.yaml:4:19: services.a.privileged: ",
		"a: [\n": "f.yaml: ",
		"services: {a: {image: x, networks: [1999-03-17]}}\n":             "f.yaml: compose-go cannot read it: ",
		"a: ñ\nb: " + strings.Repeat("[", 300) + strings.Repeat("]", 300): "f.yaml:2:204: values are nested more than 200 deep here",
	} {
		_, err := Load(t.Context(), []byte(text), Options{File: "f.yaml", Dir: t.TempDir(), Profiles: []string{"*"}, Project: "p"})
		if err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%.40q: got %v, want %s", text, err, want)
		}
	}
}

func TestOptions(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "env"), []byte("A=b\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	text := []byte("services: {a: {image: \"${I}\", env_file: env, volumes: [./x:/x]}, b: {image: x, profiles: [p]}}\n")
	for name, tt := range map[string]struct {
		options Options
		want    string
	}{
		"run":   {Options{Resolve: true}, "i b " + dir + "/x 1"},
		"check": {Options{Profiles: []string{"*"}}, "i  ./x 2"},
		"prepared": {Options{Prepare: func(text []byte) []byte {
			return []byte(strings.Replace(string(text), "${I}", "other", 1))
		}}, "other  ./x 1"},
	} {
		o := tt.options
		o.Dir, o.Project, o.Environment = dir, "p", map[string]string{"I": "i"}
		project, err := Load(t.Context(), text, o)
		if err != nil {
			t.Fatal(name, err)
		}
		a := project.Services["a"]
		value := ""
		if v := a.Environment["A"]; v != nil {
			value = *v
		}
		got := strings.Join([]string{a.Image, value, a.Volumes[0].Source, string(rune('0' + len(project.Services)))}, " ")
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestFind(t *testing.T) {
	text := []byte("x: &x {é: [a, {b: c}]}\ny: *x\n")
	for path, want := range map[string][2]int{"x": {1, 1}, "x.é.0": {1, 12}, "y.é.1.b": {1, 19}, "y.é.1": {1, 15}, "z": {}, "x.é.2": {}} {
		line, column, ok := Find(text, strings.Split(path, ".")...)
		if got := [2]int{line, column}; got != want || ok != (line > 0) {
			t.Errorf("%s: got %v, want %v", path, got, want)
		}
	}
}

// compose-go compares values with its schema as JSON, which has no infinite numbers. Compose reads them as texts.
func TestInfinities(t *testing.T) {
	project, err := Load(t.Context(), []byte("services: {a: {image: x, environment: {A: .inf, B: -.Inf, C: .nan, D: '.inf'}, x-a: .inf}}\n"), Options{Profiles: []string{"*"}, Project: "p"})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"A": "+Inf", "B": "-Inf", "C": "NaN", "D": ".inf"} {
		if got := project.Services["a"].Environment[name]; got == nil || *got != want {
			t.Errorf("%s: got %v, want %s", name, got, want)
		}
	}
}
