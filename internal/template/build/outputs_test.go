package build

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tp0-lab/composer/internal/template/bundle"
)

// withOutputs is a bundle with a kind node and these outputs, whose template is a.tmpl.
func withOutputs(t *testing.T, nodes int, outputs ...string) *bundle.Bundle {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"stages.yaml":       "default: dev\nkinds: [{name: node, count: 1}]\nstages: [{name: dev}]\noutputs:\n- " + strings.Join(outputs, "\n- ") + "\n",
		"compose.yaml.tmpl": "services:\n  a: {image: x}\n",
		"a.tmpl":            "x: {{ .Stage }}\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	b, err := bundle.OpenDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.SetCounts(strconv.Itoa(nodes)); err != nil {
		t.Fatal(err)
	}
	return b
}

// What cannot be written leaves all files and folders as they were.
func TestOutputsAllOrNone(t *testing.T) {
	b := withOutputs(t, 2, `{path: "made/here/{name}.yml", template: a}`, `{path: blocked/x.yml, template: a}`)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "c.yaml"), []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	j := Job{Output: filepath.Join(dir, "c.yaml"), Validate: true}
	made, err := j.Render(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "blocked"), []byte("in the way"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := made.Write(); err == nil || !strings.Contains(err.Error(), "blocked is a file, and") {
		t.Errorf("got %v", err)
	}
	if diff := cmp.Diff(map[string]string{"c.yaml": "old", "blocked": "in the way"}, paths(t, dir)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if err := os.Remove(filepath.Join(dir, "blocked")); err != nil {
		t.Fatal(err)
	}
	stale, err := made.Stale()
	if err != nil || len(stale) != 4 || !stale[3].Missing {
		t.Errorf("stale are %v, error %v", stale, err)
	}
	written, err := made.Write()
	if err != nil || len(written) != 4 {
		t.Errorf("written are %v, error %v", written, err)
	}
	if stale, err := made.Stale(); err != nil || len(stale) != 0 {
		t.Errorf("stale are %v, error %v", stale, err)
	}
	// A link that comes between is not followed either.
	if err := os.Remove(written[3]); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(dir, "c.yaml"), written[3]); err != nil {
		t.Fatal(err)
	}
	if _, err := made.Write(); err == nil || !strings.Contains(err.Error(), "is a symbolic link") {
		t.Errorf("got %v", err)
	}
}

// Files are left over if their whole path is that of a replica that is not there, of any kind.
func TestLeft(t *testing.T) {
	b := withOutputs(t, 2, `{path: "conf/{name}/{id}.yml", template: a}`, `{path: "node{id}.{stage}.yml", template: a}`)
	dir := t.TempDir()
	for _, name := range []string{
		"conf/node1/1.yml", "conf/node3/3.yml", "conf/node10/10.yml", "conf/node3/4.yml", "conf/node03/03.yml", "conf/node4/4.yml/x",
		"node9.dev.yml", "node9.other.yml", "node0.dev.yml", "nodes.dev.yml", "node99999999999.dev.yml",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	kinds, err := b.Kinds("dev")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range leftOver(b.Outputs, kinds, dir, "dev") {
		name, _ := filepath.Rel(dir, path)
		got = append(got, name)
	}
	want := []string{"conf/node3/3.yml", "conf/node10/10.yml", "node0.dev.yml", "node9.dev.yml"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// The numbers of padded names begin with zeros.
func TestLeftOfPaddedNames(t *testing.T) {
	in, dir := t.TempDir(), t.TempDir()
	for name, text := range map[string]string{
		"stages.yaml":       "default: dev\nkinds: [{kind: es, name: \"es{id:2}\", count: 1}]\nstages: [{name: dev}]\noutputs:\n- {path: \"{name}.yml\", template: a, kind: es}\n",
		"compose.yaml.tmpl": "services:\n  a: {image: x}\n",
		"a.tmpl":            "x: 1\n",
	} {
		if err := os.WriteFile(filepath.Join(in, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"es01.yml", "es04.yml", "es4.yml", "es10.yml"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	b, err := bundle.OpenDir(in)
	if err != nil {
		t.Fatal(err)
	}
	kinds, err := b.Kinds("dev")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{filepath.Join(dir, "es04.yml"), filepath.Join(dir, "es10.yml")}
	if diff := cmp.Diff(want, leftOver(b.Outputs, kinds, dir, "dev")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What a format wants of the file is checked, and the error has the place in the template.
func TestOutputsThatAreWrong(t *testing.T) {
	for row, want := range map[string]string{
		`{path: c.yaml, template: a}`:                               "c.yaml is made twice",
		`{path: C.yaml, template: a}`:                               "c.yaml and ",
		`{path: a/x.json, template: a}`:                             "",
		`{path: o.yaml, template: a, format: compose}`:              `o.yaml: BUNDLE/a.tmpl:1:1 (line 1 of the document, "x: dev"): unknown key "x"`,
		`{path: "{stage}.yaml", template: a}`:                       "",
		`{path: o.yaml, template: compose.yaml, format: compose}`:   "",
		`{path: "{name}.json", template: compose.yaml, kind: node}`: "",
	} {
		b := withOutputs(t, 1, row)
		_, err := Job{Output: filepath.Join(t.TempDir(), "c.yaml"), Validate: true}.Render(t.Context(), b)
		want = strings.Replace(want, "BUNDLE/", b.Path(""), 1)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: got %v, want %s", row, err, want)
		}
	}
}

// A file to which the template writes nothing names its template.
func TestEmptyOutput(t *testing.T) {
	for _, row := range []string{`{path: "{name}.json", template: a, kind: node}`, `{path: x.json, template: a}`} {
		b := withOutputs(t, 1, row)
		path := b.Path("a.tmpl")
		if err := os.WriteFile(path, []byte("{{ if false }}x{{ end }}"), 0o600); err != nil {
			t.Fatal(err)
		}
		b, err := bundle.OpenDir(filepath.Dir(path))
		if err != nil {
			t.Fatal(err)
		}
		_, err = Job{Validate: true}.Render(t.Context(), b)
		if want := ".json: " + path + ` (line 1 of the document, ""): there is no YAML document`; err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", row, err, want)
		}
	}
}

// Without a path for the Compose file the outputs are checked, and named.
func TestOutputsWithoutAPath(t *testing.T) {
	made, err := Job{Validate: true}.Render(t.Context(), withOutputs(t, 2, `{path: "{name}.yml", template: a}`))
	if err != nil || len(made.All) != 1 || !slices.Equal(made.Unwritten, []string{"node1.yml", "node2.yml"}) {
		t.Errorf("got %d documents and %v, error %v", len(made.All), made.Unwritten, err)
	}
}
