package render

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/tp0-lab/composer/internal/template/bundle"
	"github.com/tp0-lab/composer/internal/template/values"
)

// rows is a bundle with a kind of two rows, and one whose number is a value.
func rows(text string, more ...string) fstest.MapFS {
	fsys := body(text, more...)
	fsys[bundle.StagesFile] = &fstest.MapFile{Data: []byte(`
default: one
kinds:
- {kind: worker, name: "{type}_{id}", rows: workers}
- {name: node, first: 0, count: nodes}
stages: [{name: one, values: {nodes: 2, workers: {filter: {count: 2, in: raw}, joiner: {count: 3, in: "022", more: [x]}}}}]
`)}
	return fsys
}

func TestRows(t *testing.T) {
	const set = "replicas={joiner_2: {in: other}}"
	for _, test := range []struct {
		text    string
		special bool
		want    string
	}{
		{"{{ range .Kinds.worker }}{{ .Name }} {{ .ID }} {{ .Row.in }}.{{ end }}", true, `filter_1 1 raw.filter_2 2 raw.joiner_1 1 022.joiner_2 2 other.joiner_3 3 022.`},
		{"{{ range .Kinds.joiner }}{{ .Name }} {{ .Row.type }} {{ .Kind }}.{{ end }}", true, "joiner_1 joiner joiner.joiner_2 joiner joiner.joiner_3 joiner joiner."},
		{"{{ range .Kinds.worker }}{{ .Index }}/{{ .Replicas }} {{ .Ordinal }}.{{ end }}{{ range .Kinds.node }}{{ .Name }} {{ .Ordinal }}.{{ end }}", true, "0/2 0.1/2 1.0/3 2.1/3 3.2/3 4.node0 5.node1 6."},
		{`{{ join "," (.Names "worker") }} {{ join "," (.Names "filter") }} {{ .Counts.worker }} {{ .Counts.joiner }} {{ .Replicas }}`, false, "filter_1,filter_2,joiner_1,joiner_2,joiner_3 filter_1,filter_2 5 3 5"},
		{"{{ range .Clients }}{{ .Name }} {{ end }}", true, "filter_1 filter_2 joiner_1 joiner_2 joiner_3 "},
		{`{{ range .Kinds.worker }}{{ get .Row "more" | len }}{{ join "," (.Names .Kind) }} {{ end }}`, true, "0filter_1,filter_2 0filter_1,filter_2 1joiner_1,joiner_2,joiner_3 1joiner_1,joiner_2,joiner_3 1joiner_1,joiner_2,joiner_3 "},
		{`{{ range .Kinds.worker }}{{ template "t" . }}{{ end }}`, true, "[filter_1 raw][filter_2 raw][joiner_1 022][joiner_2 other][joiner_3 022]"},
		{"{{ range .Kinds.worker }}{{ if eq .ID 2 }}{{ .Name }}{{ end }}{{ end }}", false, "filter_2joiner_2"},
		{"{{ range .Kinds.worker }}{{ .Name }} {{ if eq .Kind `joiner` }}{{ break }}{{ end }}{{ end }}", true, "filter_1 filter_2 joiner_1 "},
		{"{{ range .Kinds.worker }}{{ $_ := set .Row `in` (printf `%s!` .Row.in) }}{{ .Row.in }} {{ end }}", false, "raw! raw! 022! other! 022! "},
		{"{{ range .Kinds.node }}{{ len .Row }}{{ end }}", true, "00"},
	} {
		b, err := bundle.Open(rows("# "+test.text, "t", "[{{ .Name }} {{ .Row.in }}]"))
		if err != nil {
			t.Fatal(err)
		}
		b.Overlay = &values.Overlay{}
		b.Overlay.AddKey("--set", values.YAML, set)
		e, err := New(b)
		if err != nil {
			t.Fatal(err)
		}
		if (e.special != nil) != test.special {
			t.Errorf("%s: specialised is %v", test.text, !test.special)
		}
		got, err := e.Render("one", Counted)
		if err != nil || string(got.Bytes) != "# "+test.want {
			t.Errorf("%s:\n got %s, error %v\nwant # %s", test.text, got.Bytes, err, test.want)
		}
		for _, n := range []int{0, 1, 2, 9, 10, 11, 101} {
			plain := renderBoth(t, e, "one", n)
			var streamed strings.Builder
			if err := e.Stream(&streamed, "one", n); err != nil || streamed.String() != string(plain.Bytes) {
				t.Errorf("%s: a streamed document is another, error %v", test.text, err)
			}
		}
	}
}

func TestRowErrors(t *testing.T) {
	for text, want := range map[string]string{
		"a:{{ range .Kinds.worker }}\n  - {{ .Row.tpye }}{{ end }}":    `compose.yaml.tmpl:2:12: <.Row.tpye>: map has no entry for key "tpye", did you mean type? (in filter_1)`,
		"a:{{ range .Kinds.worker }}\n  - {{ .Row.more }}{{ end }}":    `compose.yaml.tmpl:2:12: <.Row.more>: map has no entry for key "more": have count, in, type; if it need not be there, write (get .Row "more") (in filter_1)`,
		"a:{{ range .Kinds.node }}\n  - {{ .Row.type }}{{ end }}":      `compose.yaml.tmpl:2:12: <.Row.type>: map has no entry for key "type": this kind has no rows (in node0)`,
		"a:{{ range .Kinds.wroker }}\n  - {{ .Row.type }}{{ end }}":    `map has no entry for key "wroker", did you mean worker?`,
		"a:{{ range .Kinds.worker }}\n  - {{ .Values.x }}{{ end }}":    `map has no entry for key "x": have nodes, workers`,
		"a:\n  - {{ index (.Names \"filter\") 2 }}\n":                  `there is no item 2: the list has 2 items, from 0 to 1`,
		"a:{{ range $i, $r := .Kinds.worker }}\n  - {{ $i }}{{ end }}": `replicas have one variable, as in {{ range $r := .Kinds.worker }}`,
	} {
		_, err := newEngine(t, rows(text)).Render("one", Counted)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
}

// A table of many rows is still executed once for each row.
func TestRowsAreSpecialised(t *testing.T) {
	b, err := bundle.Open(rows("a:{{ range .Kinds.worker }}\n  {{ .Name }}: {{ .Row.in }}{{ end }}"))
	if err != nil {
		t.Fatal(err)
	}
	b.LimitReplicas(0)
	e, err := New(b)
	if err != nil {
		t.Fatal(err)
	}
	x, err := e.execute("one", 50_000, maxDocument)
	if err != nil {
		t.Fatal(err)
	}
	if x.steps > 20 {
		t.Errorf("100,000 replicas took %d steps", x.steps)
	}
	doc, err := x.document()
	if err != nil || !strings.HasSuffix(string(doc.Bytes), "\n  joiner_50000: \"022\"") || len(doc.Replicas) != 100_000 {
		t.Errorf("got %d replicas, error %v", len(doc.Replicas), err)
	}
}

func TestCommandOfRows(t *testing.T) {
	b, err := bundle.Open(rows("a: {{ .Command }}"))
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct{ set, want string }{
		{"", "composer render --stage one"},
		{"filter=4", "composer render --stage one -n filter=4"},
		{"node=1", "composer render --stage one -n filter=4 -n node=1"},
		{"3", "composer render --stage one -n filter=3 -n joiner=3 -n node=1"},
	} {
		if step.set != "" {
			if err := b.SetCounts(step.set); err != nil {
				t.Fatal(err)
			}
		}
		e, err := New(b)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := e.Render("one", Counted)
		if err != nil || string(doc.Bytes) != fmt.Sprintf("a: %q", step.want) {
			t.Errorf("got %s, error %v, want %s", doc.Bytes, err, step.want)
		}
	}
}

// Names with a number of digits are as long as the execution counts.
func TestPaddedNames(t *testing.T) {
	fsys := body("a:{{ range .Clients }}\n  - {{ .Name }}{{ end }}\nb:{{ range .Clients }}\n  - x {{ .ID }}{{ end }}")
	fsys[bundle.StagesFile] = &fstest.MapFile{Data: []byte("default: one\nkinds: [{name: 'n{id:3}', first: 0}]\nstages: [{name: one}]")}
	b, err := bundle.Open(fsys)
	if err != nil {
		t.Fatal(err)
	}
	e, err := New(b)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{0, 1, 9, 10, 11, 99, 100, 101, 1001, 1002} {
		x, err := e.execute("one", n, maxDocument)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := x.document()
		if err != nil || len(doc.Bytes) != x.offset() {
			t.Errorf("%d: %d bytes, counted %d, error %v", n, len(doc.Bytes), x.offset(), err)
		}
		plain, err := normal(e).Render("one", n)
		if err != nil {
			t.Fatal(err)
		}
		sameDocument(t, plain, doc)
	}
}
