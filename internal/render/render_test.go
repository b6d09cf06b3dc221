package render

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tp0-lab/composer/internal/bundle"
	"github.com/tp0-lab/composer/templates"
)

var update = flag.Bool("update", false, "write the golden files anew")

func newEngine(tb testing.TB, fsys fs.FS) *Engine {
	tb.Helper()
	b, err := bundle.Open(fsys)
	if err != nil {
		tb.Fatal(err)
	}
	e, err := New(b)
	if err != nil {
		tb.Fatal(err)
	}
	return e
}

// normal returns e without the templates that specialise made.
func normal(e *Engine) *Engine {
	return &Engine{bundle: e.bundle, rewritten: e.rewritten}
}

func TestGolden(t *testing.T) {
	e := newEngine(t, templates.FS)
	for _, s := range e.bundle.Stages {
		for _, n := range []int{0, 1, 5, 300} {
			name := fmt.Sprintf("%s-%d.yaml", s.Name, n)
			t.Run(name, func(t *testing.T) {
				doc, err := e.Render(s.Name, n)
				if err != nil {
					t.Fatal(err)
				}
				golden := filepath.Join("testdata", "golden", name)
				if *update {
					if err := os.WriteFile(golden, doc.Bytes, 0o644); err != nil {
						t.Fatal(err)
					}
				}
				want, err := os.ReadFile(golden)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(string(want), string(doc.Bytes)); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			})
		}
	}
}

// All stages are specialised, and that changes nothing but the time.
func TestSpecialisedIsTheSame(t *testing.T) {
	e := newEngine(t, templates.FS)
	if e.special == nil {
		t.Fatal("the built-in bundle was not specialised")
	}
	for _, s := range e.bundle.Stages {
		for _, n := range []int{0, 1, 2, 3, 9, 10, 11, 99, 100, 101, 251, 252, 999, 1000, 1022} {
			special, err := e.Render(s.Name, n)
			if err != nil {
				t.Fatal(err)
			}
			plain, err := normal(e).Render(s.Name, n)
			if err != nil {
				t.Fatal(err)
			}
			sameDocument(t, plain, special)
			checkSpans(t, special, n)
		}
	}
}

func sameDocument(t interface {
	Helper()
	Errorf(string, ...any)
}, want, got Document,
) {
	t.Helper()
	if diff := cmp.Diff(string(want.Bytes), string(got.Bytes)); diff != "" {
		t.Errorf("specialised templates write something else (-normal +special):\n%s", diff)
	}
	if diff := cmp.Diff(want.Replicas, got.Replicas); diff != "" {
		t.Errorf("specialised templates have other spans (-normal +special):\n%s", diff)
	}
}

// checkSpans checks that each replica of a built-in stage is in its own span.
func checkSpans(t *testing.T, doc Document, n int) {
	t.Helper()
	if len(doc.Replicas) != n {
		t.Fatalf("got %d spans, want %d", len(doc.Replicas), n)
	}
	end := 0
	for i, span := range doc.Replicas {
		if span.Begin < end {
			t.Fatalf("span %d begins in the one before it", i)
		}
		end = span.End
		if name := fmt.Sprintf("\n  client%d:\n", i+1); !bytes.Contains(doc.Bytes[span.Begin:end], []byte(name)) {
			t.Fatalf("span %d lacks %q", i, name)
		}
	}
}

func TestSameInputSameBytes(t *testing.T) {
	e := newEngine(t, templates.FS)
	want, err := e.Render("ej8", 40)
	if err != nil {
		t.Fatal(err)
	}
	other, err := newEngine(t, templates.FS).Render("ej8", 40)
	if err != nil {
		t.Fatal(err)
	}
	sameDocument(t, want, other)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for _, e := range []*Engine{e, normal(e)} {
				got, err := e.Render("ej8", 40)
				if err != nil || !bytes.Equal(got.Bytes, want.Bytes) {
					t.Errorf("a concurrent render is different, error %v", err)
				}
			}
		})
	}
	group.Wait()
}

// commented is a bundle whose main template is a comment with text in it, where
// all values may stand, and whose other templates are more, by name.
func commented(text string, more ...string) fstest.MapFS { return body("# "+text, more...) }

// body is a bundle whose main template is text, and whose other templates are
// more, by name.
func body(text string, more ...string) fstest.MapFS {
	fsys := fstest.MapFS{
		bundle.StagesFile: {Data: []byte(`
default: one
stages:
  - name: one
    values: {on: true, off: false, word: hello, list: [b, a, c], map: {x: 1, y: 2}, ID: 7, dict: {ID: 8}}
`)},
		MainTemplate: {Data: []byte(text)},
	}
	for i := 0; i < len(more); i += 2 {
		fsys[more[i]+".tmpl"] = &fstest.MapFile{Data: []byte(`{{ define "` + more[i] + `" }}` + more[i+1] + `{{ end }}`)}
	}
	return fsys
}

// Each of these is refused by specialise, or comes out right.
var bundles = []struct {
	name    string
	fsys    fstest.MapFS
	special bool
	want    string // with three replicas
}{
	{"printed", commented(`{{ range .Clients }}<{{ .ID }}>{{ end }}`), true, "<1><2><3>"},
	{"twice", commented(`{{ range .Clients }}<{{ .ID }}{{ .ID }}>{{ end }}`), true, "<11><22><33>"},
	{"trimmed", commented("{{ range .Clients }}\n  {{- .ID -}}  \n{{ end }}"), true, "123"},
	{"never", commented(`{{ range .Clients }}x{{ end }}`), true, "xxx"},
	{"compared", commented(`{{ range .Clients }}{{ if eq .ID 3 }}three{{ end }}.{{ end }}`), false, "..three."},
	{"saved", commented(`{{ range .Clients }}{{ $x := .ID }}{{ $x }}{{ end }}`), false, "123"},
	{"replica saved", commented(`{{ range .Clients }}{{ $x := . }}{{ $x.ID }}{{ end }}`), false, "123"},
	{"loop variable", commented(`{{ range $c := .Clients }}{{ $c.ID }}{{ end }}`), false, "123"},
	{
		"handed on whole", commented(`{{ range .Clients }}{{ print . }};{{ end }}`), false,
		"{1 3 one map[ID:7 dict:map[ID:8] list:[b a c] map:map[x:1 y:2] off:false on:true word:hello] client map[client:3]};" +
			"{2 3 one map[ID:7 dict:map[ID:8] list:[b a c] map:map[x:1 y:2] off:false on:true word:hello] client map[client:3]};" +
			"{3 3 one map[ID:7 dict:map[ID:8] list:[b a c] map:map[x:1 y:2] off:false on:true word:hello] client map[client:3]};",
	},
	{"argument", commented(`{{ range .Clients }}{{ printf "%02d" .ID }}{{ end }}`), false, "010203"},
	{"piped", commented(`{{ range .Clients }}{{ .ID | add 1 }}{{ end }}`), false, "234"},
	{"in brackets", commented(`{{ range .Clients }}{{ (.).ID }}{{ end }}`), false, "123"},
	{"with", commented(`{{ range .Clients }}{{ with .Values.dict }}{{ .ID }}{{ end }}{{ .ID }} {{ end }}`), true, "81 82 83 "},
	{"with the replica", commented(`{{ range .Clients }}{{ with . }}{{ .ID }}{{ end }}{{ end }}`), false, "123"},
	{"with else", commented(`{{ range .Clients }}{{ with .Values.off }}{{ . }}{{ else }}{{ .ID }}{{ end }}{{ end }}`), true, "123"},
	{"range", commented(`{{ range .Clients }}{{ .ID }}{{ range .Values.list }}{{ . }}{{ end }}{{ end }}`), true, "1bac2bac3bac"},
	{"range with key", commented(`{{ range .Clients }}{{ range $k, $v := .Values.map }}{{ $k }}{{ $v }}{{ end }}{{ .ID }} {{ end }}`), true, "x1y21 x1y22 x1y23 "},
	{"if", commented(`{{ range .Clients }}{{ if .Values.on }}{{ .ID }}{{ else }}no{{ end }}{{ end }}`), true, "123"},
	{"dollar in a template", commented(`{{ range .Clients }}{{ template "t" . }}{{ end }}`,
		"t", `{{ range .Values.list }}{{ . }}{{ $.ID }}{{ end }} `), true, "b1a1c1 b2a2c2 b3a3c3 "},
	{"dollar is Data in the main template", commented(`{{ range .Clients }}{{ .ID }}{{ $.Values.ID }}{{ $.Replicas }} {{ end }}`), true, "173 273 373 "},
	{"nested templates", commented(`{{ range .Clients }}{{ template "a" . }}{{ end }}`,
		"a", `({{ template "b" $ }})`, "b", `{{ .ID }}{{ .Stage }}`), true, "(1one)(2one)(3one)"},
	{"nested templates that compare", commented(`{{ range .Clients }}{{ template "a" . }}{{ end }}`,
		"a", `({{ template "b" $ }})`, "b", `{{ if eq .ID 2 }}two{{ end }}`), false, "()(two)()"},
	{"recursive template", commented(`{{ range .Clients }}{{ template "a" . }}{{ end }}`,
		"a", `{{ .ID }}{{ if .Values.off }}{{ template "a" . }}{{ end }}`), true, "123"},
	{"one template for both", commented(`{{ template "t" .Values.dict }} {{ range .Clients }}{{ template "t" . }}{{ template "t" .Values }} {{ end }}`,
		"t", `[{{ .ID }}]`), true, "[8] [1][7] [2][7] [3][7] "},
	{"template with nothing", commented(`{{ range .Clients }}{{ template "t" }}{{ .ID }}{{ end }}`, "t", `-`), true, "-1-2-3"},
	{"template with a dict", commented(`{{ range .Clients }}{{ template "t" (dict "ID" .ID) }}{{ end }}`, "t", `[{{ .ID }}]`), false, "[1][2][3]"},
	{"break", commented(`{{ range .Clients }}{{ .ID }}{{ if .Values.on }}{{ break }}{{ end }}never{{ end }}`), true, "1"},
	{"break by ID", commented(`{{ range .Clients }}{{ .ID }}{{ if eq .ID 2 }}{{ break }}{{ end }};{{ end }}`), false, "1;2"},
	{"break of an inner range", commented(`{{ range .Clients }}{{ .ID }}{{ range .Values.list }}{{ . }}{{ break }}{{ end }}{{ end }}`), true, "1b2b3b"},
	{"continue", commented(`{{ range .Clients }}{{ .ID }}{{ if .Values.on }}{{ continue }}{{ end }}never{{ end }}`), true, "123"},
	{"two walks", commented(`{{ range .Clients }}{{ .ID }}{{ end }}-{{ range .Clients }}<{{ .ID }}>{{ end }}`), true, "123-<1><2><3>"},
	{"two walks, one compares", commented(`{{ range .Clients }}{{ .ID }}{{ end }}-{{ range .Clients }}{{ eq .ID 2 }} {{ end }}`), false, "123-false true false "},
	{"walk in if", commented(`{{ if .Values.on }}{{ range .Clients }}{{ .ID }}{{ end }}{{ end }}`), false, "123"},
	{"walk in with", commented(`{{ with .Clients }}{{ range . }}{{ .ID }}{{ end }}{{ end }}`), false, "123"},
	{"walk in a variable", commented(`{{ $c := .Clients }}{{ range $c }}{{ .ID }}{{ end }}`), false, "123"},
	{"walk in another template", commented(`{{ template "t" . }}`, "t", `{{ range .Clients }}{{ .ID }}{{ end }}`), false, "123"},
	{"walks here and in another template", commented(`{{ range .Clients }}{{ .ID }}{{ end }}{{ template "t" . }}`,
		"t", `{{ range .Clients }}<{{ .ID }}>{{ end }}`), true, "123<1><2><3>"},
	{"walk handed to another template", commented(`{{ template "t" .Clients }}`, "t", `{{ range . }}{{ .ID }}{{ end }}`), false, "123"},
	{
		"walk in a walk", commented(`{{ range .Clients }}{{ .ID }}{{ range $.Clients }}<{{ .ID }}>{{ end }}{{ end }}`), true,
		"1<1><2><3>2<1><2><3>3<1><2><3>",
	},
	{
		"walk in a walk, by a variable", commented(`{{ $d := . }}{{ range .Clients }}{{ .ID }}{{ range $d.Clients }}<{{ .ID }}>{{ end }}{{ .ID }} {{ end }}`), true,
		"1<1><2><3>1 2<1><2><3>2 3<1><2><3>3 ",
	},
	{"walk else", commented(`{{ range .Clients }}{{ .ID }}{{ else }}none{{ end }}`), true, "123"},
	{"counted by hand", commented(`{{ $n := 0 }}{{ range .Clients }}{{ $n = add $n 1 }}{{ $n }}{{ end }}={{ $n }}`), false, "123=3"},
	{"separator", commented(`{{ $first := true }}{{ range .Clients }}{{ if not $first }},{{ end }}{{ $first = false }}{{ .ID }}{{ end }}`), false, "1,2,3"},
	{"state in if", commented(`{{ $s := "a" }}{{ range .Clients }}{{ $s }}{{ if $s = "b" }}{{ end }}{{ end }}`), false, "abb"},
	{"state in a map", commented(`{{ $d := dict "n" 0 }}{{ range .Clients }}{{ $_ := set $d "n" (add $d.n 1) }}{{ $d.n }}{{ end }}`), false, "123"},
	{"state in the values", commented(`{{ range .Clients }}{{ .Values.word }} {{ $_ := set .Values "word" "bye" }}{{ end }}`), false, "hello bye bye "},
	{"state in values, by a template", commented(`{{ define "b" }}{{ $_ := set .map "x" (add .map.x 1) }}{{ .map.x }}{{ end }}{{ define "a" }}{{ if true }}{{ template "b" . }}{{ end }}{{ end }}{{ range .Clients }}{{ template "a" .Values }}{{ end }}`), false, "234"},
	{"state in a list", commented(`{{ $l := splitList "," "b,a" }}{{ range .Clients }}{{ $l }}{{ $_ := sortAlpha $l }}{{ end }}`), false, "[b a][a b][a b]"},
	{"variable from outside", commented(`{{ $w := .Values.word }}{{ range .Clients }}{{ $w }}{{ .ID }} {{ end }}`), true, "hello1 hello2 hello3 "},
	{"Data printed", commented(`{{ range .Clients }}{{ .ID }}{{ end }} {{ .Clients }}`), true, "123 replicas"},
	{"comments", commented(`{{ range .Clients }}{{/* each */}}{{ .ID }}{{ end }}`), true, "123"},
	{"no walk", commented(`{{ .Replicas }}`), false, "3"},
}

func TestBundles(t *testing.T) {
	for _, tt := range bundles {
		t.Run(tt.name, func(t *testing.T) {
			e := newEngine(t, tt.fsys)
			if (e.special != nil) != tt.special {
				t.Errorf("specialised is %t, want %t", e.special != nil, tt.special)
			}
			for _, n := range []int{3, 0, 1, 12, 101, 3} { // 3 again: a render leaves nothing behind
				want, err := normal(e).Render("one", n)
				if err != nil {
					t.Fatal(err)
				}
				got, err := e.Render("one", n)
				if err != nil {
					t.Fatal(err)
				}
				sameDocument(t, want, got)
				if n == 3 && string(got.Bytes) != "# "+tt.want {
					t.Errorf("got  %s\nwant %s", got.Bytes, tt.want)
				}
			}
		})
	}
}

// pieces are what TestAnyBundle makes bodies of: some see the ID, some keep
// state, some call templates.
var pieces = []string{
	"x", "\n#  ", `{{ .ID }}`, `{{ .Values.word }}`, `{{ if .Values.on }}`, `{{ if eq .ID 2 }}`, `{{ with .Values.dict }}{{ .ID }}`,
	`{{ range .Values.list }}`, `{{ end }}`, `{{ template "t" . }}`, `{{ template "u" . }}`, `{{ template "u" $ }}`, `{{ $v }}`,
	`{{ $v = "w" }}`, `{{ $v := "l" }}`, `{{ $i := 1 }}`, `{{ break }}`, `{{ continue }}`, `{{ else }}`, `{{ $.Replicas }}`, `{{ print .ID }}`,
	`{{ range $.Clients }}{{ .ID }}{{ end }}`, `{{ $_ := set $m "k" (add $m.k 1) }}`, `{{ $m.k }}`, `{{ .Stage | upper }}`, `{{ . }}`,
}

func TestAnyBundle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.SliceOfN(rapid.SampledFrom(pieces), 1, 10)
		inner := strings.Join(text.Draw(t, "body"), "")
		b, err := bundle.Open(commented(
			`{{ $v := "v" }}{{ $m := dict "k" 0 }}{{ range .Clients }}`+inner+`{{ end }}{{ $v }}{{ $m.k }}`,
			"t", `[{{ .ID }}{{ template "u" . }}]`, "u", `({{ $.Values.word }})`))
		if err != nil {
			t.Fatal(err)
		}
		e, err := New(b)
		if err != nil {
			t.Skip("not a template")
		}
		n := rapid.IntRange(0, 12).Draw(t, "n")
		want, wantErr := normal(e).Render("one", n)
		got, err := e.Render("one", n)
		if fmt.Sprint(err) != fmt.Sprint(wantErr) {
			t.Fatalf("got error %v, want %v", err, wantErr)
		}
		sameDocument(t, want, got)
	})
}

func TestErrorsHaveAPlace(t *testing.T) {
	tests := []struct {
		name string
		fsys fstest.MapFS
		want string
	}{
		{"missing key", body("one:\n  {{ .Values.nothing }}"), "compose.yaml.tmpl:2:13: <.Values.nothing>: map has no entry"},
		{"missing key of a replica", commented(`{{ range .Clients }}{{ .ID }}{{ .Values.nothing }}{{ end }}`), "compose.yaml.tmpl:1:42: "},
		{"missing key in a template", commented(`{{ range .Clients }}{{ template "t" . }}{{ end }}`, "t", "\n#{{ .ID }}{{ .Values.nothing }}"), "t.tmpl:2:21: <.Values.nothing>"},
		{"no field", commented(`{{ range .Clients }}{{ $.ID }}{{ end }}`), "<$.ID>: there is no .ID: have .Clients"},
		{"fail", body(`{{ fail "because" }}`), "because"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := newEngine(t, tt.fsys).Render("one", 3)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want it to say %q", err, tt.want)
			}
		})
	}
	for _, text := range []string{"\n{{ .ID", "{{ now }}", "{{ env \"HOME\" }}", "{{ template }}"} {
		b, err := bundle.Open(body(text))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := New(b); err == nil || !strings.Contains(err.Error(), MainTemplate+":") {
			t.Errorf("%s: got %v, want an error with its file", text, err)
		}
	}
}

func TestReplicasAndStage(t *testing.T) {
	e := newEngine(t, templates.FS)
	for _, n := range []int{-1, 1023, 99999999999999} {
		if _, err := e.Render("ej1", n); !errors.Is(err, ErrReplicas) {
			t.Errorf("%d replicas: got %v", n, err)
		}
	}
	if _, err := e.Render("ej1", 1022); err != nil {
		t.Error(err)
	}
	if _, err := e.Render("ej9", 1); !errors.Is(err, bundle.ErrUnknownStage) {
		t.Errorf("got %v", err)
	}
}

// overlay is a file system whose files hide those below.
type overlay struct {
	fstest.MapFS
	below fs.FS
}

func (o overlay) Open(name string) (fs.File, error) {
	if f, err := o.MapFS.Open(name); err == nil && name != "." {
		return f, nil
	}
	return o.below.Open(name)
}

func (o overlay) Stat(name string) (fs.FileInfo, error) {
	if info, err := o.MapFS.Stat(name); err == nil {
		return info, nil
	}
	return fs.Stat(o.below, name)
}

func (o overlay) ReadFile(name string) ([]byte, error) {
	if f, ok := o.MapFS[name]; ok {
		return f.Data, nil
	}
	return fs.ReadFile(o.below, name)
}

func (o overlay) Glob(pattern string) ([]string, error) { return fs.Glob(o.below, pattern) }

// A stage is data: this adds one with a line of YAML for each thing it says.
func TestNinthStage(t *testing.T) {
	table, err := fs.ReadFile(templates.FS, bundle.StagesFile)
	if err != nil {
		t.Fatal(err)
	}
	ninth := string(table) + `
  - name: ej9
    extends: ej8
    summary: the same, and quiet
    values:
      server: {log_level: ERROR}
      client: {linger: "", mounts: {/extra.txt: ./extra.txt}}
`
	e := newEngine(t, overlay{fstest.MapFS{bundle.StagesFile: {Data: []byte(ninth)}}, templates.FS})
	doc, err := e.Render("ej9", 2)
	if err != nil {
		t.Fatal(err)
	}
	text := string(doc.Bytes)
	for want, count := range map[string]int{
		`LOGGING_LEVEL: "ERROR"`: 1, "CLI_LINGER": 0, "source: ./extra.txt": 2, "target: /extra.txt": 2, "/agency-2.csv": 1, "render --stage ej9 -n 2": 1,
	} {
		if got := strings.Count(text, want); got != count {
			t.Errorf("%q is there %d times, want %d", want, got, count)
		}
	}
}

// Allocation for each replica beyond the document's bytes and spans is nothing.
func BenchmarkMemory(b *testing.B) {
	table, err := fs.ReadFile(templates.FS, bundle.StagesFile)
	if err != nil {
		b.Fatal(err)
	}
	unlimited := strings.Replace(string(table), "max_replicas: 1022", "max_replicas: 0", 1)
	e := newEngine(b, overlay{fstest.MapFS{bundle.StagesFile: {Data: []byte(unlimited)}}, templates.FS})
	for _, n := range []int{10, 1000, 100_000} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			b.ReportAllocs()
			size := 0
			for b.Loop() {
				doc, err := e.Render("ej8", n)
				if err != nil {
					b.Fatal(err)
				}
				size = len(doc.Bytes) + 16*len(doc.Replicas)
			}
			b.ReportMetric(float64(size), "document-B")
		})
	}
}

// The same as a test: a hundred times the replicas, the same number of allocations.
func TestMemoryIsTheDocument(t *testing.T) {
	e := newEngine(t, templates.FS)
	allocations := func(n int) float64 {
		return testing.AllocsPerRun(10, func() {
			if _, err := e.Render("ej8", n); err != nil {
				t.Fatal(err)
			}
		})
	}
	if few, many := allocations(10), allocations(1000); many > few+20 {
		t.Errorf("%v allocations for 10 replicas, %v for 1000", few, many)
	}
	doc, err := e.Render("ej8", 1000)
	if err != nil {
		t.Fatal(err)
	}
	if c, l := cap(doc.Bytes), len(doc.Bytes); c > l+l/4 {
		t.Errorf("the buffer has %d bytes for a document of %d", c, l)
	}
}
