package render

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"pgregory.net/rapid"

	"github.com/tp0-lab/composer/internal/template/bundle"
	"github.com/tp0-lab/composer/internal/template/values"
	"github.com/tp0-lab/composer/templates"
)

// laid returns an engine for the built-in bundle with values.
func laid(tb testing.TB, sets ...string) *Engine {
	tb.Helper()
	b, err := bundle.Open(templates.FS)
	if err != nil {
		tb.Fatal(err)
	}
	b.Overlay = &values.Overlay{}
	for _, set := range sets {
		b.Overlay.AddKey("--set", values.YAML, set)
	}
	e, err := New(b)
	if err != nil {
		tb.Fatal(err)
	}
	return e
}

// A replica with values of its own is executed once more, the others are made
// from one as before, and the document is that of normal execution.
func TestOverridesStaySpecialised(t *testing.T) {
	tests := [][]string{
		{"replicas.3.log_level=DEBUG"},
		{"replicas.1.image=client:next", "replicas.client2.image=client:other"},
		{"replicas={1: {linger: 9s}, 10: {environment: {X: 1}}, 11: {mounts: {/a: ./a}}, 400: {image: far}}"},
		{"replicas.client3.bet.enabled=true", "replicas.3.bet.first_name=Ana", "client.environment.A=b"},
	}
	for _, sets := range tests {
		for _, stage := range []string{"ej1", "ej8"} {
			e := laid(t, sets...)
			for _, n := range []int{0, 1, 2, 3, 10, 11, 12, 401} {
				special, err := e.Render(stage, n)
				if err != nil {
					t.Fatal(err)
				}
				plain, err := normal(e).Render(stage, n)
				if err != nil {
					t.Fatal(err)
				}
				sameDocument(t, plain, special)
				checkSpans(t, special, n)
				var streamed strings.Builder
				if err := e.Stream(&streamed, stage, n); err != nil || streamed.String() != string(plain.Bytes) {
					t.Errorf("%v: a streamed document is another, error %v", sets, err)
				}
			}
		}
	}
	e := laid(t, tests[2]...)
	x, err := e.execute("ej8", 1000, maxDocument)
	if err != nil {
		t.Fatal(err)
	}
	// Text, 1, 2 … 9, 10, 11, 12 … 399, 400, 401 … 1000.
	if len(x.pieces) != 8 || x.pieces[5].first != 12 || x.pieces[5].last != 399 {
		t.Errorf("the document was made of %d pieces, want 8", len(x.pieces))
	}
}

func TestOverrideValues(t *testing.T) {
	doc, err := laid(t, "replicas.2={log_level: DEBUG, environment: {X: 7, CLI_MODE: echo}}").Render("ej8", 3)
	if err != nil {
		t.Fatal(err)
	}
	for i, span := range doc.Replicas {
		text := string(doc.Bytes[span.Begin:span.End])
		for _, line := range []string{`CLI_LOG_LEVEL: "DEBUG"`, `X: "7"`, `CLI_MODE: "echo"`} {
			if strings.Contains(text, line) != (i == 1) {
				t.Errorf("client%d: %s\n%s", i+1, line, text)
			}
		}
		if !strings.Contains(text, `CLI_LINGER: "2s"`) {
			t.Errorf("client%d lacks what all have:\n%s", i+1, text)
		}
	}
}

// kinds is a bundle of three kinds, whose values are x, by kind and replica.
func kinds(text string, more ...string) fstest.MapFS {
	fsys := body(text, more...)
	fsys[bundle.StagesFile] = &fstest.MapFile{Data: []byte(`
default: one
kinds: [{name: filter, count: 2}, {name: joiner, count: 3}, {name: sink}]
stages: [{name: one, values: {filter: {x: f}, joiner: {x: j}, sink: {x: s}, word: hello}}]
`)}
	return fsys
}

func TestKinds(t *testing.T) {
	tests := []struct {
		name, text string
		special    bool
		want       string
	}{
		{"two walks", `{{ range .Kinds.filter }}<{{ .ID }}>{{ end }}{{ range .Kinds.joiner }}({{ .ID }}){{ end }}{{ range .Kinds.sink }}!{{ end }}`, true, "<1><2>(1)(2)(3)"},
		{"names", `{{ range .Kinds.filter }}{{ .Name }} {{ end }}{{ range .Kinds.joiner }}{{ .Name }}.{{ end }}`, true, "filter1 filter2 joiner1.joiner2.joiner3."},
		{"the list of another", `{{ range .Kinds.filter }}{{ .ID }}: {{ join "," (.Names "joiner") }} {{ end }}`, true, "1: joiner1,joiner2,joiner3 2: joiner1,joiner2,joiner3 "},
		{"the list at the top", `{{ join "," (.Names "filter") }}{{ .Names "sink" }}`, false, "filter1,filter2[]"},
		{"counts", `{{ .Replicas }}{{ .Counts.joiner }}{{ range .Kinds.joiner }}{{ .Replicas }}{{ .Counts.filter }}{{ .Kind }}{{ end }}`, true, "2332joiner32joiner32joiner"},
		{"values", `{{ range .Kinds.filter }}{{ (index .Values .Kind).x }}{{ end }}{{ range .Kinds.joiner }}{{ .Values.joiner.x }}{{ end }}`, true, "ffjjj"},
		{"one template for two kinds", `{{ range .Kinds.filter }}{{ template "t" . }}{{ end }}{{ range .Kinds.joiner }}{{ template "t" . }}{{ end }}`, true, "[filter1 1][filter2 2][joiner1 1][joiner2 2][joiner3 3]"},
		{"the first kind", `{{ range .Clients }}{{ .Name }}{{ end }}`, true, "filter1filter2"},
		{"a name that is compared", `{{ range .Kinds.filter }}{{ if eq .Name "filter2" }}two{{ end }}{{ end }}`, false, "two"},
		{"a name that is an argument", `{{ range .Kinds.filter }}{{ upper .Name }}{{ end }}`, false, "FILTER1FILTER2"},
		{"a walk in a walk", `{{ range .Kinds.filter }}{{ .ID }}{{ range $.Kinds.joiner }}{{ .Name }}{{ end }}{{ end }}`, true, "1joiner1joiner2joiner32joiner1joiner2joiner3"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := newEngine(t, kinds("# "+tt.text, "t", "[{{ .Name }} {{ .ID }}]"))
			if (e.special != nil) != tt.special {
				t.Errorf("specialised is %t, want %t", e.special != nil, tt.special)
			}
			for _, n := range []int{2, 0, 1, 11} {
				got := renderBoth(t, e, "one", n)
				if n == 2 && string(got.Bytes) != "# "+tt.want {
					t.Errorf("got  %s\nwant # %s", got.Bytes, tt.want)
				}
			}
		})
	}
}

// A name is what it is wherever it stands.
func TestNamePlaces(t *testing.T) {
	const text = "a:{{ range .Kinds.filter }}\n  {{ .Name }}:\n    - {{ .Name }}\n    - \"{{ .Name }}\"\n    - '{{ .Name }}'\n    - x-{{ .Name }}.csv\n    - [{{ .Name }}] # {{ .Name }}{{ end }}\nb: |{{ range .Kinds.filter }}\n  {{ .Name }}{{ end }}\n"
	e := newEngine(t, kinds(text))
	if e.special == nil {
		t.Error("it is not specialised")
	}
	for _, n := range []int{1, 12} {
		renderBoth(t, e, "one", n)
	}
}

// numbered is a bundle whose kinds have names and first numbers of their own.
func numbered(text string) fstest.MapFS {
	fsys := body(text)
	fsys[bundle.StagesFile] = &fstest.MapFile{Data: []byte(`
default: one
kinds: [{name: "node-{id}", first: 0}, {kind: peer, name: "org{id}-peer", count: 2, first: 9}, {name: "es{id:2}", count: 3, first: 98}]
stages: [{name: one, values: {node: {x: n}, peer: {x: p}}}]
`)}
	return fsys
}

func TestNumbers(t *testing.T) {
	for _, test := range []struct {
		text    string
		special bool
		want    string
	}{
		{`{{ range .Kinds.node }}{{ .ID }}:{{ .Index }}:{{ .Ordinal }} {{ end }}{{ range .Kinds.peer }}{{ .ID }}:{{ .Index }}:{{ .Ordinal }} {{ end }}`, true, "0:0:0 1:1:1 2:2:2 9:0:3 10:1:4 "},
		{`{{ range .Kinds.node }}{{ .Name }} {{ end }}{{ range .Kinds.peer }}{{ .Name }} {{ .ID }} {{ end }}`, true, "node-0 node-1 node-2 org9-peer 9 org10-peer 10 "},
		{`{{ range .Kinds.es }}{{ .Name }} {{ .ID }} {{ end }}{{ range .Kinds.node }}{{ .Name }} {{ end }}`, true, "es98 98 es99 99 es100 100 node-0 node-1 node-2 "},
		{`{{ range .Kinds.peer }}{{ add 8000 .Ordinal }} {{ end }}`, false, "8003 8004 "},
		{`{{ join "," (.Names "node") }} {{ join "," (.Names "peer") }}`, false, "node-0,node-1,node-2 org9-peer,org10-peer"},
		{`{{ range .Kinds.peer }}{{ . }} {{ end }}`, false, "org9-peer org10-peer "},
		{`{{ range .Kinds.node }}{{ .Values.node.x }}{{ end }}{{ range .Kinds.peer }}{{ .Values.peer.x }}{{ end }}`, true, "nNnpP"},
	} {
		b, err := bundle.Open(numbered("# " + test.text))
		if err != nil {
			t.Fatal(err)
		}
		b.Overlay = &values.Overlay{}
		b.Overlay.AddKey("--set", values.YAML, `replicas={"1": {x: N}, org10-peer: {x: P}}`)
		e, err := New(b)
		if err != nil {
			t.Fatal(err)
		}
		if (e.special != nil) != test.special {
			t.Errorf("%s: specialised is %v", test.text, !test.special)
		}
		got, err := e.Render("one", 3)
		if err != nil || string(got.Bytes) != "# "+test.want {
			t.Errorf("%s: got %s, error %v, want %s", test.text, got.Bytes, err, test.want)
		}
		for _, n := range []int{0, 1, 9, 10, 11, 101} {
			plain := renderBoth(t, e, "one", n)
			var streamed strings.Builder
			if err := e.Stream(&streamed, "one", n); err != nil || streamed.String() != string(plain.Bytes) {
				t.Errorf("%s: a streamed document is another, error %v", test.text, err)
			}
		}
	}
}

func TestKindErrors(t *testing.T) {
	for text, want := range map[string]string{
		`{{ range .Kinds.fliter }}{{ end }}`:                      "compose.yaml.tmpl:1:18: <.Kinds.fliter>: map has no entry",
		`{{ .Names "fliter" }}`:                                   `map has no entry for key "fliter", did you mean filter?`,
		`{{ range .Kinds.filter }}{{ .Names "fliter" }}{{ end }}`: `map has no entry for key "fliter", did you mean filter?`,
	} {
		_, err := newEngine(t, kinds("# "+text)).Render("one", 1)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "Pattern") {
			t.Errorf("%s: got %v", text, err)
		}
	}
}

// For any bodies and any overrides, both ways write the same.
func TestAnyOverrides(t *testing.T) {
	parts := append(slices.Clone(pieces), `{{ .Name }}`, `{{ .Values.filter.x }}`, `{{ if eq .Values.filter.x "g" }}`, `{{ if eq .Values.filter.x "g" }}{{ break }}{{ end }}`, `{{ join "" (.Names "joiner") }}`)
	rapid.Check(t, func(t *rapid.T) {
		inner := strings.Join(rapid.SliceOfN(rapid.SampledFrom(parts), 1, 8).Draw(t, "body"), "")
		b, err := bundle.Open(kinds(`# {{ $v := "v" }}{{ $m := dict "k" 0 }}{{ range .Kinds.filter }}`+inner+`{{ end }}{{ range .Kinds.joiner }}{{ .Name }}{{ .Values.joiner.x }}{{ end }}`,
			"t", `[{{ .ID }}{{ template "u" . }}]`, "u", `({{ $.Values.word }})`))
		if err != nil {
			t.Fatal(err)
		}
		b.Overlay = &values.Overlay{}
		for range rapid.IntRange(0, 3).Draw(t, "overrides") {
			kind := rapid.SampledFrom([]string{"filter", "joiner", ""}).Draw(t, "kind")
			b.Overlay.AddKey("--set", values.YAML, fmt.Sprintf("replicas.%s%d.x=g", kind, rapid.IntRange(1, 12).Draw(t, "id")))
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

// What many replicas with values of their own cost does not grow with their
// square: each shares with the others what it has not.
func TestManyOverrides(t *testing.T) {
	const n = 1000
	own := make([]string, n)
	for i := range own {
		own[i] = fmt.Sprintf("%d: {x: %[1]d}", i+1)
	}
	for _, text := range []string{
		"services:{{ range .Clients }}\n  {{ .Name }}: {{ toYaml .Values.client }}{{ end }}",
		`{{ $_ := set (dict) "a" 1 }}` + "services:{{ range .Clients }}\n  {{ .Name }}: {{ toYaml .Values.client }}{{ end }}",
	} {
		b, err := bundle.Open(body(text))
		if err != nil {
			t.Fatal(err)
		}
		b.Overlay = &values.Overlay{}
		b.Overlay.AddKey("--set", values.YAML, "replicas={"+strings.Join(own, ", ")+"}")
		e, err := New(b)
		if err != nil {
			t.Fatal(err)
		}
		allocated := testing.AllocsPerRun(1, func() {
			doc, err := e.Render("one", n)
			if err != nil || !strings.Contains(string(doc.Bytes), "client1000:\n    x: 1000") {
				t.Errorf("error %v:\n%s", err, doc.Bytes)
			}
		})
		if allocated > 300*n {
			t.Errorf("%.0f allocations for %d replicas", allocated, n)
		}
	}
}
