package bundle

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/tp0-lab/composer/internal/template/values"
	"github.com/tp0-lab/composer/internal/test/fifo"
)

func open(text string) (*Bundle, error) {
	return Open(fstest.MapFS{StagesFile: {Data: []byte(text)}})
}

func TestStageExtends(t *testing.T) {
	b, err := open(`
default: two
max_replicas: 7
stages:
  - name: one
    summary: first
    values: {server: {port: 1, env: {A: a, B: b}}, list: [1, 2]}
  - name: two
    extends: one
    values: {server: {env: {A: null, C: c}}, list: [3]}
  - name: three
    extends: two
`)
	if err != nil {
		t.Fatal(err)
	}
	want := any(map[string]any{
		"server": map[string]any{"port": 1, "env": map[string]any{"B": "b", "C": "c"}},
		"list":   []any{3},
	})
	for _, name := range []string{"two", "three"} {
		got, err := b.Values(name)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got.Plain()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	one, _ := b.Values("one")
	if one.Get("server", "env", "A").Scalar != "a" {
		t.Error("extending a stage changed it")
	}
	if b.MaxReplicas != 7 || b.Default != "two" {
		t.Errorf("got max %d, default %q", b.MaxReplicas, b.Default)
	}
}

func TestOpenErrors(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"empty", "", "no stages"},
		{"no name", "stages: [{summary: x}]", "stage 1 has no name"},
		{"twice", "default: a\nstages: [{name: a}, {name: a}]", `"a" is there twice`},
		{"extends nothing", "default: a\nstages: [{name: a, extends: b}]", `extends "b", which is not a stage before it`},
		{"extends a near name", "default: a\nstages: [{name: alpha}, {name: b, extends: alhpa}]", `2:35: stage "b" extends "alhpa", which is not a stage before it, did you mean "alpha"?`},
		{"default", "default: z\nstages: [{name: a}]", `1:1: default: unknown stage "z": have a`},
		{"a near default", "stages: [{name: prod}, {name: test}]\ndefault: prdo", `2:1: default: unknown stage "prdo", did you mean "prod"?: have prod, test`},
		{"no default", "stages: [{name: prod}]", `1:1: there is no default: write default: prod`},
		{"a near part", "default: a\nkinds: [{name: 'a-{idx}'}]\nstages: [{name: a}]", `2:9: name "a-{idx}": {idx} is a field of rows, and this kind has no rows, did you mean id?`},
		{"a width of two digits", "default: a\nkinds: [{name: 'a{id:12}'}]\nstages: [{name: a}]", `name "a{id:12}": want {id} once, or {id:2} with a number of digits from 1 to 9, and no other braces`},
		{"unknown key", "default: a\nstages:\n  - name: a\n    colour: x", "4:5: stage 1: unknown key colour, have name, extends, summary, base, values"},
		{"a list", "- a", "1:1: want keys with values"},
		{"odd name", "default: a\nstages: [{name: \"a\\nb\"}]", `stage "a\nb"`},
		{"hidden name", "default: a\nstages: [{name: .a}]", `stage ".a": a name has`},
		{"foreign name", "default: a\nstages: [{name: ñ}]", `stage "ñ": a name has`},
		{"good name", "default: z\nstages: [{name: A.b_c-9}]", `unknown stage "z"`},
		{"negative limit", "default: a\nmax_replicas: -1\nstages: [{name: a}]", "max_replicas is -1"},
		{"two documents", "default: a\nstages: [{name: a}]\n---\ndefault: b", "a second document"},
		{"kind without a name", "default: a\nkinds: [{count: 1}]\nstages: [{name: a}]", `2:9: kind "": a name has`},
		{"kind that ends with a digit", "default: a\nkinds: [{name: a1}]\nstages: [{name: a}]", `name "a1": the number would go on with the digit before it; write name: "a1-{id}"`},
		{"digit behind the number", "default: a\nkinds: [{name: 'a{id}1'}]\nstages: [{name: a}]", `write name: "a{id}-1"`},
		{"two numbers", "default: a\nkinds: [{name: 'a{id}-{id}'}]\nstages: [{name: a}]", `want {id} once`},
		{"zero behind a name", "default: a\nkinds: [{name: 'es0{id}'}]\nstages: [{name: a}]", `write name: "es{id:2}"`},
		{"two widths", "default: a\nkinds: [{name: 'a{id:2}-{id:2}'}]\nstages: [{name: a}]", `want {id} once`},
		{"no width", "default: a\nkinds: [{name: 'a{id:x}'}]\nstages: [{name: a}]", `want {id} once`},
		{"another part", "default: a\nkinds: [{name: '{type}-{id}'}]\nstages: [{name: a}]", `{type} is a field of rows, and this kind has no rows`},
		{"name without number", "default: a\nkinds: [{kind: a, name: a}]\nstages: [{name: a}]", `want {id} in it`},
		{"name that begins with the number", "default: a\nkinds: [{name: '{id}a'}]\nstages: [{name: a}]", `the first is a letter`},
		{"a kind called all", "default: a\nkinds: [{name: all}]\nstages: [{name: a}]", `2:9: kind "all": -n all=N is the number of every kind; give this one another name`},
		{"names twice", "default: a\nkinds: [{kind: a, name: 'x-{id}'}, {kind: b, name: 'x-{id}'}]\nstages: [{name: a}]", `kind "b": its replicas have the names of those of kind a`},
		{"first below 0", "default: a\nkinds: [{name: a, first: -1}]\nstages: [{name: a}]", `first is -1`},
		{"kind twice", "default: a\nkinds: [{name: k}, {name: k}]\nstages: [{name: a}]", `2:20: kind "k" is there twice`},
		{"fewer than none of a kind", "default: a\nkinds: [{name: k, count: -1}]\nstages: [{name: a}]", `2:19: kind "k": there cannot be -1 of it`},
		{"a count that is neither", "default: a\nkinds: [{name: k, count: true}]\nstages: [{name: a}]", "2:19: count: want a whole number"},
		{"kinds are a map", "default: a\nkinds: {name: k}\nstages: [{name: a}]", "2:1: kinds: want a list"},
		{"values are a list", "default: a\nstages: [{name: a, values: [x]}]", `stage "a": its values are not a map`},
		{"a near miss", "default: a\nstage: [{name: a}]", "2:1: unknown key stage, did you mean stages?"},
		{"many kinds", "default: a\nkinds: [" + strings.Repeat("{name: a}, ", 101) + "]\nstages: [{name: a}]", "2:1: kinds: there are 101, and at most 100 are read"},
		{"many stages", "default: a\nstages: [" + strings.Repeat("{name: a}, ", 1001) + "]", "2:1: stages: there are 1001, and at most 1000 are read"},
		{"syntax", "stages: [", "1:10: while parsing a flow node, did not find expected node content"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := open(tt.text)
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), StagesFile) {
				t.Errorf("got %v, want it to say %q", err, tt.want)
			}
		})
	}
	if _, err := Open(fstest.MapFS{}); err == nil {
		t.Error("a bundle without a table was opened")
	}
}

func TestUnknownStageNamesThoseThereAre(t *testing.T) {
	b, err := open("default: ej1\nstages: [{name: ej1}, {name: ej2}, {name: ej3}, {name: ej4}, {name: ej5}]")
	if err != nil {
		t.Fatal(err)
	}
	_, err = b.Stage("ej9")
	if !errors.Is(err, ErrUnknownStage) || err.Error() != `unknown stage "ej9": have ej1 … ej5` {
		t.Errorf("got %v", err)
	}
}

// A value of null is no value, whether there is one below it or not.
func TestNullIsNoValue(t *testing.T) {
	b, err := open(`
default: two
stages:
  - {name: one, values: {a: null, b: {c: null, d: 1}}}
  - {name: two, extends: one, values: {e: {f: null, g: 2}, b: {h: {i: null}}}}
`)
	if err != nil {
		t.Fatal(err)
	}
	want := []map[string]any{
		{"b": map[string]any{"d": 1}},
		{"b": map[string]any{"d": 1, "h": map[string]any{}}, "e": map[string]any{"g": 2}},
	}
	for i, s := range b.Stages {
		if diff := cmp.Diff(any(want[i]), b.merge(s).Plain()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", s.Name, diff)
		}
	}
}

func TestChoose(t *testing.T) {
	b, err := open("default: a\nstages: [{name: a}, {name: b}, {name: c}]")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	pipe := filepath.Join(dir, "pipe")
	fifo.Make(t, pipe)
	tests := []struct{ name, asked, file, want string }{
		{"asked for", "c", write("1", "b\n"), "c"},
		{"the file's", "", write("2", "b\n"), "b"},
		{"no line break, Windows line break", "", write("3", " b \r\n"), "b"},
		{"blank file", "", write("4", "\n"), "a"},
		{"no file", "", filepath.Join(dir, "none"), "a"},
		{"asked for, file is wrong", "c", write("5", "z"), "c"},
		{"unknown in the file", "", write("6", "z\n"), filepath.Join(dir, "6") + `: unknown stage "z": have a, b, c`},
		{"unknown", "z", "", `unknown stage "z": have a, b, c`},
		{"two lines", "", write("7", "a\nb\n"), `unknown stage "a\nb"`},
		{"a directory", "", dir, "choose the stage: " + dir + ": it is a directory"},
		{"a pipe", "", pipe, "choose the stage: " + pipe + ": it is not a regular file"},
		{"what has no end", "", "/dev/zero", "choose the stage: /dev/zero: it is not a regular file"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := b.Choose(tt.asked, tt.file)
			got := s.Name
			if err != nil {
				got = err.Error()
			}
			if got != tt.want && (err == nil || !strings.Contains(got, tt.want)) {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestSetCounts(t *testing.T) {
	b, err := open("default: a\nkinds: [{name: filter, count: 2}, {name: joiner}]\nstages: [{name: a}]")
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"7", "7, joiner=2", "joiner=3", "filter=9"} {
		if err := b.SetCounts(text); err != nil {
			t.Error(err)
		}
	}
	if want := []Kind{
		{Name: "filter", Count: 9, Given: true, First: 1, Before: "filter"},
		{Name: "joiner", Count: 3, Given: true, First: 1, Before: "joiner"},
	}; !cmp.Equal(want, b.known.All) {
		t.Errorf("got %v, want %v", b.known.All, want)
	}
	if err := b.SetCounts("all=4,joiner=2"); err != nil || b.known.All[0].Count != 4 || b.known.All[1].Count != 2 {
		t.Errorf("got %v, error %v", b.known.All, err)
	}
	for text, want := range map[string]string{
		"all=x":                `number of replicas "all=x": want a whole number, such as 5`,
		"x":                    `number of replicas "x": want a whole number, such as 5`,
		"":                     `number of replicas "": want a whole number, such as 5`,
		"joiner=":              `number of replicas "joiner=": want a whole number, such as 5`,
		"1,000":                `number of replicas "1,000": it has two numbers for the kind filter`,
		"joiner=1,joiner=2":    `number of replicas "joiner=1,joiner=2": it has two numbers for the kind joiner`,
		"jonier=1":             `number of replicas jonier=1: unknown kind "jonier", did you mean joiner?`,
		"sink=1":               `number of replicas sink=1: unknown kind "sink": have filter, joiner`,
		"99999999999999999999": "number of replicas 99999999999999999999: far too large",
		"joiner=1=2":           `number of replicas "joiner=1=2": want a whole number, such as 5`,
	} {
		if err := b.SetCounts(text); !errors.Is(err, ErrCount) || err.Error() != want {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
}

// All that is wrong with the keys of replicas, and what is right with others.
func TestOverrides(t *testing.T) {
	b, err := open("default: a\nkinds: [{name: filter}, {name: joiner}]\nstages: [{name: a, values: {filter: {x: 1, y: 1}}}]")
	if err != nil {
		t.Fatal(err)
	}
	b.Overlay = &values.Overlay{}
	b.Overlay.AddKey("--set", values.YAML, "replicas={3: {x: 2}, filter3: {y: 3}, joiner12: {z: 4}}")
	n, err := b.Values("a")
	if err != nil {
		t.Fatal(err)
	}
	overrides := b.Overrides(n, b.known)
	if len(overrides) != 2 || len(overrides["filter"]) != 1 || len(overrides["joiner"]) != 1 {
		t.Fatalf("got %v", overrides)
	}
	for want, got := range map[string]*values.Node{"map[x:2 y:3]": overrides["filter"][3], "map[z:4]": overrides["joiner"][12]} {
		if fmt.Sprint(got.Plain()) != want {
			t.Errorf("got %v, want %s", got.Plain(), want)
		}
	}
	for _, set := range []string{"replicas=[5]", "replicas.3=5"} {
		wrong := *b
		wrong.Overlay = &values.Overlay{}
		wrong.Overlay.AddKey("--set", values.YAML, set)
		if _, err := wrong.Values("a"); err == nil || !strings.Contains(err.Error(), ": want a map of ") {
			t.Errorf("%s: got %v", set, err)
		}
	}
	b.Overlay.AddKey("--set", values.YAML, "replicas={0: {}, fliter1: {}, filter: {}, filter03: {}, 99999999999999999999: {}}")
	_, err = b.Values("a")
	if err == nil || strings.Count(err.Error(), "\n") != 5 || !strings.Contains(err.Error(), `replicas.fliter1: unknown kind "fliter", did you mean filter?`) {
		t.Errorf("got %v", err)
	}
}

// Names and first numbers of replicas, and keys of their values.
func TestNames(t *testing.T) {
	_, err := open(`default: a
kinds:
- {name: node, first: 0}
- {name: "worker-{id}"}
- {name: "tier1-{id}", first: 10}
- {name: "{id}"}
stages: [{name: a}]`)
	if err == nil || !strings.Contains(err.Error(), "the first is a letter") {
		t.Errorf("got %v", err)
	}
	b, err := open(`default: a
kinds:
- {name: node, first: 0}
- {name: "worker-{id}"}
- {name: "tier1-{id}", first: 10}
- {kind: peer, name: "org-{id}-peer"}
- {name: "x-{id}_y"}
- {name: "dash-{id}-"}
- {name: "es{id:2}"}
stages: [{name: a}]`)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, k := range b.known.All {
		got = append(got, k.Name+" "+k.NameOf(k.First))
	}
	if diff := cmp.Diff([]string{"node node0", "worker worker-1", "tier1 tier1-10", "peer org-1-peer", "x-_y x-1_y", "dash dash-1-", "es es01"}, got); diff != "" {
		t.Errorf("kinds (-want +got):\n%s", diff)
	}
	for key, want := range map[string]string{
		"0":          "node 0 ",
		"12":         "node 12 ",
		"node0":      "node 0 ",
		"worker-3":   "worker 3 ",
		"tier1-10":   "tier1 10 ",
		"org-7-peer": "peer 7 ",
		"dash-2-":    "dash 2 ",
		"es02":       "es 2 ",
		"es10":       "es 10 ",
		"es123":      "es 123 ",
		"es2":        `none 0 unknown kind "es": the names of its replicas are as es01`,
		"es002":      "es 2 want the number of a replica from 0, or a kind with one, such as node0",
		"worker-0":   "worker 0 want the number of a replica from 1, or a kind with one, such as worker-1",
		"tier1-9":    "tier1 9 want the number of a replica from 10, or a kind with one, such as tier1-10",
		"node01":     "node 1 want the number of a replica from 0, or a kind with one, such as node0",
		"worker3":    `none 0 unknown kind "worker": the names of its replicas are as worker-1`,
		"wroker-3":   `none 0 unknown kind "wroker-", did you mean worker?`,
		"peer":       "none 0 want the number of a replica from 0, or a kind with one, such as node0",
	} {
		kind, id, problem := b.known.replica(key)
		name := "none"
		if kind != nil {
			name = kind.Name
		}
		if got := fmt.Sprintf("%s %d %s", name, id, problem); got != want {
			t.Errorf("%s: got %s, want %s", key, got, want)
		}
	}
}

// openFiles returns how many files this process has open.
func openFiles(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("no /proc here")
	}
	return len(entries)
}

// A bundle keeps nothing open, so that it can be opened again and again.
func TestOpenDir(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // which would close what was forgotten
	dir := t.TempDir()
	outside := filepath.Join(t.TempDir(), "values.yaml")
	for name, text := range map[string]string{
		filepath.Join(dir, StagesFile): "default: a\nstages:\n- name: a\n", filepath.Join(dir, "x.tmpl"): "x", outside: "secret: 1\n",
	} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	before := openFiles(t)
	for range 20 {
		b, err := OpenDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		if names, err := b.Templates(); err != nil || len(names) != 1 {
			t.Errorf("templates are %v, error %v", names, err)
		}
	}
	if after := openFiles(t); after > before+10 { // other tests may have some
		t.Errorf("%d files are open, before there were %d", after, before)
	}
	if err := os.Symlink(outside, filepath.Join(dir, ValuesFile)); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenDir(dir); err == nil || !strings.Contains(err.Error(), filepath.Join(dir, ValuesFile)) {
		t.Errorf("a link that leads out: %v", err)
	}
	for _, wrong := range []string{filepath.Join(dir, "x.tmpl"), filepath.Join(dir, "none")} {
		if _, err := OpenDir(wrong); err == nil || !strings.HasPrefix(err.Error(), "open bundle: "+wrong+": ") {
			t.Errorf("%s: %v", wrong, err)
		}
	}
}

// A file of a bundle has at most MaxFile bytes, and is a regular file.
func TestRead(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, size int) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(strings.Repeat("x", size)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("most.tmpl", MaxFile)
	write("more.tmpl", MaxFile+1)
	fifo.Make(t, filepath.Join(dir, "pipe.tmpl"))
	if err := os.Mkdir(filepath.Join(dir, "directory.tmpl"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/dev/null", filepath.Join(dir, "link.tmpl")); err != nil {
		t.Fatal(err)
	}
	b := &Bundle{files: directory(dir), dir: dir}
	if content, err := b.Read("most.tmpl"); err != nil || len(content) != MaxFile {
		t.Errorf("got %d bytes, error %v", len(content), err)
	}
	for name, want := range map[string]string{
		"more.tmpl":      "read more.tmpl: it is larger than 1 MiB",
		"pipe.tmpl":      "read pipe.tmpl: it is not a regular file",
		"directory.tmpl": "read directory.tmpl: it is a directory",
		"link.tmpl":      "open link.tmpl: it is a link that leads out of the bundle, and those are not followed: put the file itself there",
		"none.tmpl":      "openat none.tmpl: no such file or directory",
	} {
		if _, err := b.Read(name); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", name, err, want)
		}
	}
}
