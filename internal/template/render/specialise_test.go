package render

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tp0-lab/composer/internal/template/bundle"
	"github.com/tp0-lab/composer/templates"
)

// normal returns e without the templates that specialise made.
func normal(e *Engine) *Engine {
	return &Engine{bundle: e.bundle, rewritten: e.rewritten, functions: e.functions}
}

// All stages are specialised, and that changes nothing but the time.
func TestSpecialisedIsTheSame(t *testing.T) {
	e := newEngine(t, templates.FS)
	if e.special == nil {
		t.Fatal("the built-in bundle was not specialised")
	}
	for _, s := range e.bundle.Stages {
		for _, n := range []int{0, 1, 2, 9, 10, 11, 99, 100, 101, 1000} {
			special := renderBoth(t, e, s.Name, n)
			checkSpans(t, special, n)
		}
	}
}

// failer is a *testing.T or a *rapid.T.
type failer interface {
	Helper()
	Errorf(string, ...any)
	Fatal(...any)
}

// renderBoth renders a stage as it is and without specialising, and expects the same document, which it returns.
func renderBoth(t failer, e *Engine, stage string, n int) Document {
	t.Helper()
	want, err := normal(e).Render(stage, n)
	if err != nil {
		t.Fatal(err)
	}
	got, err := e.Render(stage, n)
	if err != nil {
		t.Fatal(err)
	}
	sameDocument(t, want, got)
	return got
}

func sameDocument(t failer, want, got Document) {
	t.Helper()
	if diff := cmp.Diff(string(want.Bytes), string(got.Bytes)); diff != "" {
		t.Errorf("specialised templates write something else (-normal +special):\n%s", diff)
	}
	if diff := cmp.Diff(want.Replicas, got.Replicas); diff != "" {
		t.Errorf("specialised templates have other spans (-normal +special):\n%s", diff)
	}
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
		bundle.Compose.Template: {Data: []byte(text)},
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
		"client1;client2;client3;",
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
	{"state in the values", commented(`{{ range .Clients }}{{ .Values.word }} {{ $_ := set .Values "word" "bye" }}{{ end }}`), false, "hello hello hello "},
	{"state in values, by a template", commented(`{{ define "b" }}{{ $_ := set .map "x" (add .map.x 1) }}{{ .map.x }}{{ end }}{{ define "a" }}{{ if true }}{{ template "b" . }}{{ end }}{{ end }}{{ range .Clients }}{{ template "a" .Values }}{{ end }}`), false, "222"},
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
				got := renderBoth(t, e, "one", n)
				if n == 3 && string(got.Bytes) != "# "+tt.want {
					t.Errorf("got  %s\nwant %s", got.Bytes, tt.want)
				}
			}
		})
	}
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
