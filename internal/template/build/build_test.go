package build

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tp0-lab/composer/internal/compose/diff"
	"github.com/tp0-lab/composer/internal/template/bundle"
	"github.com/tp0-lab/composer/internal/template/render"
	"github.com/tp0-lab/composer/internal/template/values"
	"github.com/tp0-lab/composer/templates"
)

func open(t *testing.T) *bundle.Bundle {
	t.Helper()
	b, err := bundle.Open(templates.FS)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// two is a bundle of the stages good and bad, in a file each.
func two(t *testing.T, bad string) *bundle.Bundle {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"stages.yaml":       "default: good\nstages:\n- {name: good, summary: x, values: {text: fine}}\n- {name: bad, summary: x, values: {text: " + bad + "}}\n",
		"compose.yaml.tmpl": "{{ if not .Values.text }}x-fail: {{ fail \"want a text\" }}\n{{ end }}services:\n  a:\n    image: {{ .Values.text }}\n{{ if eq .Values.text \"wrong\" }}    imag: b\n{{ end }}",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b, err := bundle.OpenDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func paths(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all[e.Name()] = string(text)
	}
	return all
}

func TestStages(t *testing.T) {
	b := open(t)
	everything := "ej1 ej2 ej3 ej4 ej5 ej6 ej7 ej8"
	file := filepath.Join(t.TempDir(), ".stage")
	if err := os.WriteFile(file, []byte("ej3\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ stages, file, output, want string }{
		{"", "", "", "ej8"},
		{"", file, "", "ej3"},
		{"ej5", file, "", "ej5"},
		{"ej5 ej5", "", "x", "ej5"},
		{"all", "", "x-{stage}", everything},
		{"ej2 all ej3", "", "{stage}/x", "ej2 ej1 ej3 ej4 ej5 ej6 ej7 ej8"},
		{"ej5 ej6", "", "x", `output "x": 2 stages`},
		{"all", "", "", `output "-": 8 stages`},
		{"ej5 ej9", "", "{stage}", `unknown stage "ej9"`},
	} {
		got, err := Job{Stages: strings.Fields(test.stages), StageFile: test.file, Output: test.output}.stages(b)
		if text := strings.Join(got, " "); err == nil && text != test.want || err != nil && !strings.HasPrefix(err.Error(), test.want) {
			t.Errorf("%q: got %s, error %v, want %s", test.stages, text, err, test.want)
		}
		if strings.HasPrefix(test.want, "output") && !errors.Is(err, ErrOutput) {
			t.Errorf("%q: error %v", test.stages, err)
		}
	}
}

// A stage called all is that stage.
func TestStageCalledAll(t *testing.T) {
	b := two(t, "fine")
	b.Stages[1].Name = All
	got, err := Job{Stages: []string{All}}.stages(b)
	if err != nil || len(got) != 1 || got[0] != All {
		t.Errorf("got %v, error %v", got, err)
	}
}

func TestWrite(t *testing.T) {
	for _, j := range []Job{{Validate: true}, {}, {Format: "json", Validate: true}, {Format: "json"}} {
		dir := t.TempDir()
		j.Stages, j.Output = []string{"all"}, filepath.Join(dir, "c-{stage}")
		made, err := j.Render(t.Context(), open(t))
		if err != nil {
			t.Fatal(err)
		}
		if got := paths(t, dir); len(got) != 0 {
			t.Errorf("Render wrote %v", got)
		}
		stale, err := made.Stale()
		if err != nil || len(stale) != 8 || !stale[0].Missing {
			t.Errorf("stale are %v, error %v", stale, err)
		}
		written, err := made.Write()
		if err != nil || len(written) != 8 {
			t.Fatalf("written are %v, error %v", written, err)
		}
		got := paths(t, dir)
		if len(got) != 8 || !strings.HasPrefix(got["c-ej6"], map[string]string{"": "# Made by: composer render --stage ej6 -n 5\n", "json": "{\n"}[j.Format]) {
			t.Errorf("the files are %v", got)
		}
		if stale, err := made.Stale(); err != nil || len(stale) != 0 {
			t.Errorf("stale are %v, error %v", stale, err)
		}
		var differences bytes.Buffer
		if err := made.Diff(&differences, diff.Style{}); err != nil || differences.Len() != 0 {
			t.Errorf("the difference is %s, error %v", &differences, err)
		}
		changed := filepath.Join(dir, "c-ej2")
		if err := os.WriteFile(changed, []byte(got["c-ej2"]+"x\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		stale, err = made.Stale()
		if diff := cmp.Diff([]Stale{{Path: changed}}, stale); diff != "" || err != nil {
			t.Errorf("stale (-want +got):\n%s, error %v", diff, err)
		}
		if err := made.Diff(&differences, diff.Style{}); err != nil || !strings.Contains(differences.String(), "\n-x\n") || strings.Count(differences.String(), "--- ") != 1 {
			t.Errorf("the difference is %s, error %v", &differences, err)
		}
		if written, err = made.Write(); err != nil || len(written) != 1 {
			t.Errorf("written are %v, error %v", written, err)
		}
		if diff := cmp.Diff(got, paths(t, dir)); diff != "" {
			t.Error(diff)
		}
	}
}

// One stage that is wrong, and no file is written.
func TestNoneIsWritten(t *testing.T) {
	for _, test := range []struct {
		bad      string
		validate bool
		want     string
	}{
		{"''", true, "render stage bad: "},
		{"''", false, "render stage bad: "},
		{"wrong", true, "render stage bad: DIR/compose.yaml.tmpl:5:37 (line 4 of the document, \"imag: b\"): unknown key \"services.a.imag\", did you mean image?"},
	} {
		b := two(t, test.bad)
		dir := t.TempDir()
		j := Job{Stages: []string{"all"}, Output: filepath.Join(dir, "{stage}.yaml"), Validate: test.validate}
		made, err := j.Render(t.Context(), b)
		if err == nil {
			_, err = made.Write()
		}
		if err == nil || !strings.HasPrefix(err.Error(), strings.Replace(test.want, "DIR", strings.TrimSuffix(b.Path(""), "/"), 1)) {
			t.Errorf("got %v, want %s", err, test.want)
		}
		if got := paths(t, dir); len(got) != 0 {
			t.Errorf("there is %v", got)
		}
	}
}

// Where there are several stages, an error says which one it is about, and once.
func TestErrorsNameTheStage(t *testing.T) {
	for _, validate := range []bool{true, false} {
		for wrong, want := range map[string]string{
			"values":   "render stage good: nowhere.yaml: no such file or directory",
			"template": "render stage stage bad: DIR/compose.yaml.tmpl:1:37: <fail \"want a text\">: error calling fail: want a text",
		} {
			b := two(t, "''")
			b.Stages[1].Name = "stage bad"
			b.Overlay = &values.Overlay{}
			if wrong == "values" {
				b.Overlay.AddFile("nowhere.yaml")
			}
			j := Job{Stages: []string{"all"}, Output: filepath.Join(t.TempDir(), "{stage}"), Validate: validate}
			made, err := j.Render(t.Context(), b)
			if err == nil {
				_, err = made.Write()
			}
			if err == nil || err.Error() != strings.Replace(want, "DIR", strings.TrimSuffix(b.Path(""), "/"), 1) {
				t.Errorf("%s, validate %v: got %v, want %s", wrong, validate, err, want)
			}
			if stage, ok := errors.AsType[*render.StageError](err); !ok || !strings.HasPrefix(want, "render stage "+stage.Stage+":") {
				t.Errorf("%s, validate %v: it is of %v", wrong, validate, stage)
			}
		}
	}
}

func TestCommand(t *testing.T) {
	b := open(t)
	b.Arguments = []string{"--set", "project=a b"}
	for _, test := range []struct {
		job  Job
		want string
	}{
		{Job{Validate: true, Output: "x.yaml"}, "composer render --stage ej8 -n 5 --set 'project=a b' -o x.yaml"},
		{
			Job{Stages: []string{"all"}, Format: "json", Output: "{stage}.json"},
			"composer render --stage all -n 5 --set 'project=a b' --no-validate --format json -o '{stage}.json'",
		},
	} {
		made, err := test.job.Render(t.Context(), b)
		if err != nil || made.Command != test.want {
			t.Errorf("got %s, error %v, want %s", made.Command, err, test.want)
		}
	}
}

// Somebody who interrupts waits for no stream to end, and finds nothing of it.
func TestInterrupted(t *testing.T) {
	enough := errors.New("enough")
	for _, j := range []Job{{Validate: true}, {}} {
		ctx, cancel := context.WithCancelCause(t.Context())
		dir := t.TempDir()
		j.Stages, j.Output = []string{"ej1", "ej2"}, filepath.Join(dir, "c-{stage}")
		made, err := j.Render(ctx, open(t))
		if err != nil {
			t.Fatal(err)
		}
		cancel(enough)
		if _, err := made.Write(); !j.Validate && !errors.Is(err, enough) {
			t.Errorf("got %v", err)
		}
		if got := paths(t, dir); !j.Validate && len(got) != 0 {
			t.Errorf("there are %v", got)
		}
		if _, err := j.Render(ctx, open(t)); !errors.Is(err, enough) {
			t.Errorf("got %v", err)
		}
	}
}
