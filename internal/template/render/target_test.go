package render

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/tp0-lab/composer/internal/template/bundle"
	"github.com/tp0-lab/composer/internal/template/values"
	"github.com/tp0-lab/composer/internal/test/golden"
	"github.com/tp0-lab/composer/templates"
)

// renderFor renders the stage one of a bundle for a target.
func renderFor(t *testing.T, b *bundle.Bundle, target string, n int) (string, error) {
	t.Helper()
	if err := b.SetTarget(target); err != nil {
		t.Fatal(err)
	}
	e, err := New(b)
	if err != nil {
		return "", err
	}
	doc, err := e.Render("one", n)
	return string(doc.Bytes), err
}

// Each target has a main template, and what another one defines is not there.
func TestTargets(t *testing.T) {
	fsys := body("{{ define \"own\" }}compose{{ end }}a: {{ template \"own\" }}\nshared: {{ template \"shared\" }}\n", "shared", "x")
	fsys[bundle.Swarm.Template] = &fstest.MapFile{Data: []byte("{{ define \"own\" }}swarm{{ end }}a: {{ template \"own\" }}\nslot: \"{{ .Slot }}\"\n# {{ .Replicas }}\n")}
	fsys[bundle.Kubernetes.Template] = &fstest.MapFile{Data: []byte("a: \"{{ .Slot }}\"\n---\nb: {{ .Replicas }}\n---\n")}
	for target, want := range map[string]string{
		"compose":    "a: compose\nshared: x\n",
		"swarm":      "a: swarm\nslot: \"{{.Task.Slot}}\"\n# 3\n",
		"kubernetes": "a: \"$(JOB_COMPLETION_INDEX)\"\n---\nb: 3\n---\n",
	} {
		b, err := bundle.Open(fsys)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := renderFor(t, b, target, 3); err != nil || got != want {
			t.Errorf("%s: got %q, error %v, want %q", target, got, err, want)
		}
	}
	fsys[bundle.Swarm.Template] = &fstest.MapFile{Data: []byte("a: {{ if }}")}
	b, err := bundle.Open(fsys)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := renderFor(t, b, "compose", 3); err != nil {
		t.Errorf("a mistake in the templates of another target: %v", err)
	}
	if _, err := renderFor(t, b, "swarm", 3); err == nil || !strings.Contains(err.Error(), "stack.yaml.tmpl:1:4:") {
		t.Errorf("a mistake in its own templates: %v", err)
	}
}

func TestSlotOfCompose(t *testing.T) {
	_, err := newEngine(t, body("a: {{ .Slot }}")).Render("one", 1)
	if err == nil || !strings.Contains(err.Error(), "compose.yaml.tmpl:1:7: <.Slot>: ") || !strings.Contains(err.Error(), "write .ID") {
		t.Errorf("got %v", err)
	}
}

// The documents of the lab for each engine, as the checks of package check take them; e2e-kubernetes and e2e-swarm have
// the engines' own verdict.
func TestGoldenTargets(t *testing.T) {
	for _, target := range []bundle.Target{bundle.Swarm, bundle.Kubernetes} {
		for _, stage := range []string{"ej1", "ej5", "ej8"} {
			b, err := bundle.Open(templates.FS)
			if err != nil {
				t.Fatal(err)
			}
			if err := b.SetTarget(target.Name); err != nil {
				t.Fatal(err)
			}
			e, err := New(b)
			if err != nil {
				t.Fatal(err)
			}
			few, err := e.Render(stage, 5)
			if err != nil {
				t.Fatal(err)
			}
			golden.Check(t, filepath.Join("testdata", "golden", stage+"-"+target.Name+".yaml"), few.Bytes)
			many, err := e.Render(stage, 50_000)
			if err != nil || bytes.Count(many.Bytes, []byte("\n")) != bytes.Count(few.Bytes, []byte("\n")) {
				t.Errorf("%s for %s: %d bytes for 5 clients, %d for 50,000, error %v", stage, target.Name, len(few.Bytes), len(many.Bytes), err)
			}
		}
	}
}

// A limit of the table is said to be the table's, also for Compose, where a network would take more.
func TestLimitOfCompose(t *testing.T) {
	fsys := body("a: b\n")
	fsys[bundle.StagesFile] = &fstest.MapFile{Data: []byte("default: one\nmax_replicas: 3\nstages: [{name: one}]\n")}
	b, err := bundle.Open(fsys)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := renderFor(t, b, "compose", 4); err == nil || !strings.Contains(err.Error(), "4: at most 3 for compose, by stages.yaml") {
		t.Errorf("got %v", err)
	}
}

// A document of one service is as long for any number of replicas.
func TestLimitOfATarget(t *testing.T) {
	fsys := body("a: b\n")
	fsys[bundle.StagesFile] = &fstest.MapFile{Data: []byte("default: one\nmax_replicas: {kubernetes: 100000}\nstages: [{name: one}]\n")}
	fsys[bundle.Kubernetes.Template] = &fstest.MapFile{Data: []byte("completions: {{ .Replicas }}\n")}
	b, err := bundle.Open(fsys)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := renderFor(t, b, "kubernetes", 100_000); err != nil || got != "completions: 100000\n" {
		t.Errorf("got %q, error %v", got, err)
	}
	if _, err := renderFor(t, b, "kubernetes", 100_001); err == nil || !strings.Contains(err.Error(), "100001: at most 100000 for kubernetes, by stages.yaml") {
		t.Errorf("got %v", err)
	}
}

// The text of a file is a value: escaped for its place, and only of files that the bundle has or the user names.
func TestFile(t *testing.T) {
	dir := t.TempDir()
	inside := filepath.Join(dir, "bundle")
	secret := filepath.Join(dir, "secret")
	for name, content := range map[string]string{
		"bundle/stages.yaml":  "default: one\nstages: [{name: one, values: {theirs: " + secret + "}}]\n",
		"bundle/conf/app.ini": "[a]\nb = \"c: $d\"\n",
		"secret":              "hush\n",
		"bundle/both":         "the bundle's\n",
		"both":                "the user's\n",
		"bundle/large":        strings.Repeat("x", bundle.MaxFile+1),
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(secret, filepath.Join(inside, "link")); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	for _, test := range []struct{ template, set, want string }{
		{`a: {{ file "conf/app.ini" }}`, "", `a: "[a]\nb = \"c: $$d\"\n"`},
		{`a: {{ file "./conf/app.ini" | trunc 3 | quote }}`, "", `a: "[a]"`},
		{"a: |\n  {{ file \"conf/app.ini\" | trim }}\nb: c", "", "a: |\n  [a]\n  b = \"c: $$d\"\nb: c"},
		{`a: app-{{ fileHash "conf/app.ini" }}`, "", "a: app-ca092235c753"},
		{`a: {{ file .Values.mine }}`, "mine=" + secret, `a: "hush\n"`},
		{`a: {{ file .Values.theirs }}`, "", "error: the bundle has no such file"},
		{`a: {{ file "` + secret + `" }}`, "", "error: the bundle has no such file"},
		{`a: {{ file "../secret" }}`, "", "error: the bundle has no such file"},
		{`a: {{ file "link" }}`, "", "error: leads out of the bundle"},
		{`a: {{ file "large" }}`, "", "error: "},
		{`a: {{ file "conf" }}`, "", "error: it is a directory"},
		{`a: {{ file "none" }}`, "", "error: the bundle has no such file"},
		{`a: {{ file "conf/ap.ini" }}`, "", "error: did you mean conf/app.ini?"},
		{`a: {{ fileHash "larg" }}`, "", "error: did you mean large?"},
		{`a: {{ file .Values.mine }}`, "mine=" + secret + "2", "error: neither the working directory nor the bundle has such a file"},
		{`a: {{ file .Values.mine }}`, "mine=both", `a: "the user's\n"`},
		{`a: {{ file "both" }}`, "", `a: "the bundle's\n"`},
		{`a: {{ file .Values.mine }}`, "mine=conf/app.ini", `a: "[a]\nb = \"c: $$d\"\n"`},
	} {
		if err := os.WriteFile(filepath.Join(inside, bundle.Compose.Template), []byte(test.template+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		b, err := bundle.OpenDir(inside)
		if err != nil {
			t.Fatal(err)
		}
		b.Overlay = &values.Overlay{}
		if test.set != "" {
			b.Overlay.AddKey("--set", values.YAML, test.set)
		}
		got, err := renderFor(t, b, "compose", 1)
		wrong, isError := strings.CutPrefix(test.want, "error: ")
		switch {
		case isError && (err == nil || !strings.Contains(err.Error(), wrong) || !strings.Contains(err.Error(), bundle.Compose.Template+":1:")):
			t.Errorf("%s: got %q, error %v, want %s", test.template, got, err, wrong)
		case !isError && (err != nil || strings.TrimSuffix(got, "\n") != test.want):
			t.Errorf("%s: got %q, error %v, want %q", test.template, got, err, test.want)
		}
	}
}

// A value reaches the container as it is, whatever the engine of the target replaces.
func TestLiteral(t *testing.T) {
	for target, want := range map[string]string{
		"compose":    `a: "x$$$$y$$(HOME){{z"`,
		"swarm":      `a: "x$$$$y$$(HOME){{\"{{\"}}z"`,
		"kubernetes": `a: "x$$$$y$$(HOME){{z"`,
	} {
		dir := t.TempDir()
		for name, content := range map[string]string{
			"stages.yaml":       "default: one\nstages: [{name: one, values: {v: 'x$$y$(HOME){{z', n: 7}}]\n",
			"compose.yaml.tmpl": "a: \"{{ literal .Values.v }}\"\n", "stack.yaml.tmpl": "a: \"{{ literal .Values.v }}\"\n", "kubernetes.yaml.tmpl": "a: \"{{ literal .Values.v }}\"\n",
		} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		b, err := bundle.OpenDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		got, err := renderFor(t, b, target, 1)
		if err != nil || strings.TrimSuffix(got, "\n") != want {
			t.Errorf("%s: got %s, error %v, want %s", target, got, err, want)
		}
	}
}
