package render

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/tp0-lab/composer/internal/template/bundle"
	"github.com/tp0-lab/composer/internal/template/escape"
	"github.com/tp0-lab/composer/templates"
)

// Each of these would run without end, or fill the memory.
func TestEndless(t *testing.T) {
	tests := []struct {
		name string
		fsys fstest.MapFS
		want string
		long bool // takes a second or so
	}{
		{"include", commented(`{{ include "t" . }}`, "t", "\na: {{ include \"t\" . }}"), "t.tmpl:1:", false},
		{"include, by another", commented("\n{{ include \"t\" . }}", "t", `a: {{ include "u" . }}`, "u", `b: {{ include "t" . }}`), "templates are more than 1000 deep within one another: does this one call itself?", false},
		{"template", commented(`{{ template "t" . }}`, "t", `{{ template "t" . }}`), "t.tmpl:1:17: templates are more than 1000 deep", false},
		{"template that prints", commented(`{{ template "t" . }}`, "t", `x {{ if .Values.on }}{{ with . }}{{ range .Values.list }}{{ template "t" $ }}{{ end }}{{ end }}{{ end }}`), "more than 1000 deep", true},
		{"templates that call two", commented(`{{ template "t00" . }}`, doubling(40)...), "rounds of ranges and calls of templates: does this end?", true},
		{"rounds without output", commented(`{{ range 1000000000000 }}{{ end }}`), "compose.yaml.tmpl:1:12: more than 1000300 rounds", true},
		{"rounds with continue", commented(`{{ range 1000000000000 }}{{ continue }}{{ end }}`), "compose.yaml.tmpl:1:12: more than", true},
		{"walks in walks", commented(`{{ range .Clients }}{{ range $.Clients }}{{ range $.Clients }}{{ range $.Clients }}{{ end }}{{ end }}{{ end }}{{ end }}`), "", false},
		{"until", commented(`{{ range until 1000000000 }}{{ end }}`), "compose.yaml.tmpl:1:12: <until 1000000000>: error calling until: from 0 to 1000000000 by 1: want at most 1048576 numbers", false},
		{"untilStep", commented(`{{ range untilStep 0 5 0 }}{{ end }}`), "by 0", false},
		{"seq", commented(`{{ seq 1 1 1000000000 }}`), "want at most", false},
		{"repeat", commented(`{{ repeat 1000000000000 "x" }}`), "longer than 16 MiB", false},
		{"print doubles", commented(`{{ $s := "x" }}{{ range 100 }}{{ $s = print $s $s }}{{ end }}`), "print: its ", false},
		{"concat doubles", commented(`{{ $l := list 1 }}{{ range 100 }}{{ $l = concat $l $l }}{{ end }}`), "concat: its ", true},
		{"lists of lists", commented(`{{ $l := list 1 }}{{ range 100 }}{{ $l = list $l $l }}{{ end }}`), "list: its ", true},
		{"replace multiplies", commented(`{{ $s := repeat 1000000 "x" }}{{ replace "x" $s $s }}`), "replace: its arguments are too large", false},
		{"toYaml of lists of lists", commented("\na: {{ $l := list 1 }}{{ range 30 }}{{ $l = list $l $l }}{{ end }}{{ toYaml $l }}"), "list: its ", false},
		{"a map that holds itself", commented(`{{ $d := dict }}{{ $_ := set $d "d" $d }}{{ toJson $d }}`), "set: its ", false},
		{"js doubles", commented(`{{ $s := "\\" }}{{ range 40 }}{{ $s = js $s }}{{ end }}`), "js: its ", true},
		{"printf with widths", commented(`{{ $f := repeat 5000 "%999999[1]d" }}{{ $s := printf $f 1 }}`), "printf: its format makes too long a text", false},
		{"printf with an argument again and again", commented(`{{ $f := repeat 500000 "%[1]s" }}{{ $s := printf $f (repeat 100000 "x") }}`), "printf: its format makes too long a text", false},
		{"a long text for each depth", commented(`{{ template "t" . }}`, "t", `{{ $s := repeat 16000000 "x" }}{{ template "t" . }}`), "t.tmpl:1:26: <repeat 16000000 \"x\">: error calling repeat: repeat: all functions together took and made more than 259 MiB: does this end?", false},
		{"a long text in each round", commented(`{{ range 1000000 }}{{ $s := repeat 16000000 "x" }}{{ end }}`), "all functions together", true},
		{"a long text looked at in each round", commented(`{{ $s := repeat 16000000 "x" }}{{ range 1000000 }}{{ $x := contains "y" $s }}{{ end }}`), "all functions together", false},
		{"a long include in each round", commented(`{{ range 1000000 }}{{ $s := include "t" . }}{{ end }}`, "t", "# "+strings.Repeat("x", 1000000)), "all functions together", true},
		{"actions before an unknown function", commented(strings.Repeat("{{ 1 }}", 8_000) + "{{ nofunc }}"), "compose.yaml.tmpl:1:56003: function \"nofunc\" not defined", false},
		{"unknown functions", commented(strings.Repeat("{{ nofunc }}", 80_000)), "compose.yaml.tmpl:1:3: function \"nofunc\" not defined", false},
		{"indent", commented("\na: {{ indent 1000000 \"x\" }}"), "cannot indent by 1000000", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.long && testing.Short() {
				t.Skip("long: it reaches a bound after a second")
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			begin := time.Now()
			b, err := bundle.Open(tt.fsys)
			if err != nil {
				t.Fatal(err)
			}
			e, err := New(b)
			var out bytes.Buffer
			if err == nil {
				err = e.Stream(&out, "one", 3)
			}
			if tt.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) || !errors.As(err, new(*escape.Error)) {
				t.Errorf("got %v, want an error with its place and %q", err, tt.want)
			}
			if out.Len() > 0 {
				t.Errorf("%d bytes were written", out.Len())
			}
			runtime.ReadMemStats(&after)
			if took := time.Since(begin); took > time.Minute {
				t.Errorf("it took %v", took)
			}
			if held := after.HeapInuse; held > before.HeapInuse+1<<30 {
				t.Errorf("%d MiB are in use", held>>20)
			}
		})
	}
}

// The bound of rounds also holds for an execution that is near it already, which takes no second.
func TestLastRound(t *testing.T) {
	x := newNormal(t, newEngine(t, commented(`{{ range 1000 }}{{ end }}`)))
	x.steps = maxSteps - 500
	if err := x.run(x.data); err == nil || err.Error() != "compose.yaml.tmpl:1:12: more than 1000100 rounds of ranges and calls of templates: does this end?" {
		t.Errorf("got %v", err)
	}
}

// A document that is kept in memory has an end of its own.
func TestLongDocument(t *testing.T) {
	e := newEngine(t, commented(`{{ range 1000000000000 }}`+strings.Repeat("long ", 2000)+`{{ end }}`))
	x := newNormal(t, e)
	x.longest, x.keep = 4<<20, 4<<20
	if err := x.run(x.data); err == nil || err.Error() != "compose.yaml.tmpl:1:12: the document is longer than 4 MiB: does this end?" {
		t.Errorf("got %v", err)
	}
	if x.size > 5<<20 {
		t.Errorf("%d bytes were made", x.size)
	}
	// Not even in one round.
	e = newEngine(t, commented(`{{ $s := repeat 1000000 "x" }}{{ range list 1 }}`+strings.Repeat("{{ $s }}", 20)+`{{ end }}`))
	x = newNormal(t, e)
	x.longest, x.keep = 4<<20, 4<<20
	if err := x.run(x.data); err == nil || x.out.Len() > 8<<20 {
		t.Errorf("%d bytes, error %v", x.out.Len(), err)
	}
}

// newNormal returns an execution of what is not specialised, for one replica.
func newNormal(t *testing.T, e *Engine) *execution {
	t.Helper()
	in, err := e.input(e.bundle.Default, 1)
	if err != nil {
		t.Fatal(err)
	}
	x, err := newExecution(e, e.rewritten.Template, in)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// doubling returns n templates of which each calls the next one twice.
func doubling(n int) []string {
	name := func(i int) string { return "t" + string(rune('0'+i/10)) + string(rune('0'+i%10)) }
	var all []string
	for i := range n {
		all = append(all, name(i), `{{ template "`+name(i+1)+`" . }}{{ template "`+name(i+1)+`" . }}`)
	}
	return append(all, name(n), "")
}

func TestSyntaxErrorsHaveAColumn(t *testing.T) {
	tests := []struct{ text, want string }{
		{"a: b\nc: {{ .ID", "compose.yaml.tmpl:2:4: unclosed action"},
		{"a: {{ .Values }} {{ now }}", `compose.yaml.tmpl:1:18: function "now" not defined`},
		{"{{ if true }}\n  {{ .Stage }} {{ end }} {{ end }}", "compose.yaml.tmpl:2:26: unexpected {{end}}"},
		{"a\n{{ if true }}\nb\n", "compose.yaml.tmpl:2:1: {{ if }} has no {{ end }}, or one within it has none"},
		{"{{/* if {{ if */}}{{- /* {{ if }} */ -}}\n{{ define \"x\" }}{{- range .L }}{{- if . }}{{ end }}{{ else }}{{end -}}\n", "compose.yaml.tmpl:2:1: {{ define }} has no"},
		{"a: {{ template }}", "compose.yaml.tmpl:1:4: "},
		{"a: {{ $x }}", `compose.yaml.tmpl:1:4: undefined variable "$x"`},
		{"a: {{ break }}", "compose.yaml.tmpl:1:4: {{break}} outside {{range}}"},
		{"a: {{ squote 1 }}", `compose.yaml.tmpl:1:4: function "squote" not defined`},
		{"a: \xff", "compose.yaml.tmpl:1:4: not UTF-8"},
		{"a: é\n\nb: \xc3\u00e9", "compose.yaml.tmpl:3:4: not UTF-8"},
		{"# " + strings.Repeat("x", 1<<20), "compose.yaml.tmpl: it is larger than 1 MiB"},
	}
	for _, tt := range tests {
		b, err := bundle.Open(body(tt.text))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := New(b); err == nil || !strings.Contains(err.Error(), "parse templates: "+tt.want) {
			t.Errorf("%.40q: got %v, want %q", tt.text, err, tt.want)
		}
	}
}

// Editors on Windows end lines with CR LF, and begin files with a byte order mark.
func TestWindowsLines(t *testing.T) {
	doc, err := newEngine(t, body("\ufeffa: {{ .Stage }}\r\nb: |\r\n  {{ .Stage }}\r\n")).Render("one", 1)
	if err != nil || string(doc.Bytes) != "a: one\nb: |\n  one\n" {
		t.Errorf("got %q, error %v", doc.Bytes, err)
	}
}

func TestReplicasWithoutLimit(t *testing.T) {
	e := unlimited(t)
	for n, right := range map[int]bool{-1: false, 0: true, 1_000_000_000: true, 1_000_000_001: false, math.MaxInt: false} {
		if _, err := e.counts(known(t, e), n); (err == nil) != right || err != nil && !errors.Is(err, ErrReplicas) {
			t.Errorf("%d replicas: got %v", n, err)
		}
	}
}

// known returns the kinds of the engine's default stage.
func known(tb testing.TB, e *Engine) bundle.Kinds {
	tb.Helper()
	kinds, err := e.bundle.Kinds(e.bundle.Default)
	if err != nil {
		tb.Fatal(err)
	}
	return kinds
}

func unlimited(tb testing.TB) *Engine {
	tb.Helper()
	b, err := bundle.Open(templates.FS)
	if err != nil {
		tb.Fatal(err)
	}
	b.LimitReplicas(0)
	e, err := New(b)
	if err != nil {
		tb.Fatal(err)
	}
	return e
}

// Stream writes what Render returns, whichever way it takes.
func TestStreamIsTheSame(t *testing.T) {
	same := func(t *testing.T, e *Engine, stage string, n int) {
		t.Helper()
		want, err := e.Render(stage, n)
		if err != nil {
			t.Fatal(err)
		}
		var got bytes.Buffer
		if err := e.Stream(&got, stage, n); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(want.Bytes, got.Bytes()) {
			t.Errorf("stage %s with %d replicas is streamed otherwise", stage, n)
		}
	}
	e := unlimited(t)
	for _, s := range e.bundle.Stages {
		for _, n := range []int{0, 1, 9, 1000} {
			same(t, e, s.Name, n)
		}
	}
	same(t, e, "ej8", 20_000)
	if !testing.Short() {
		same(t, normal(e), "ej8", 20_000) // longer than smallDocument
	}
	for _, tt := range bundles {
		for _, n := range []int{0, 1, 3, 101} {
			same(t, newEngine(t, tt.fsys), "one", n)
		}
	}
}

// counter counts what is written, and takes no memory.
type counter struct {
	bytes, writes int
	fail          error
}

func (c *counter) Write(p []byte) (int, error) {
	c.bytes += len(p)
	c.writes++
	return len(p), c.fail
}

// A hundred times the replicas take the same memory, also where templates are
// executed for each.
func TestStreamIsFlat(t *testing.T) {
	if testing.Short() {
		t.Skip("long: it streams 141,000 replicas")
	}
	e := unlimited(t)
	allocated := func(e *Engine, n int) uint64 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		var c counter
		if err := e.Stream(&c, "ej8", n); err != nil {
			t.Fatal(err)
		}
		if c.bytes < 500*n {
			t.Errorf("%d bytes for %d replicas", c.bytes, n)
		}
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	if got := allocated(e, 100_000); got > 1<<20 {
		t.Errorf("%d bytes were allocated", got)
	}
	heap := func(e *Engine, n int) uint64 {
		var peak uint64
		w := writerFunc(func(p []byte) (int, error) {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			peak = max(peak, m.HeapAlloc)
			return len(p), nil
		})
		runtime.GC()
		if err := e.Stream(w, "ej8", n); err != nil {
			t.Fatal(err)
		}
		return peak
	}
	if few, many := heap(normal(e), 1000), heap(normal(e), 20_000); many > few+4*smallDocument {
		t.Errorf("the heap has %d bytes for 1000 replicas, %d for 20000", few, many)
	}
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func TestStreamErrors(t *testing.T) {
	full := errors.New("the disk is full")
	n := 20_000 // longer than smallDocument
	if testing.Short() {
		n = 2000
	}
	for _, e := range []*Engine{unlimited(t), normal(unlimited(t))} {
		c := counter{fail: full}
		if err := e.Stream(&c, "ej8", n); !errors.Is(err, full) || c.writes != 1 {
			t.Errorf("got %v after %d writes", err, c.writes)
		}
	}
	// A mistake behind the replicas is found before anything is written.
	late := body("a:\n{{ range .Clients }}\n  - {{ .ID }}{{ end }}\nb: {{ .Values.nothing }}\n")
	for _, e := range []*Engine{newEngine(t, late), normal(newEngine(t, late))} {
		var c counter
		if err := e.Stream(&c, "one", 10_000); err == nil || !strings.Contains(err.Error(), "compose.yaml.tmpl:4:14: ") || c.writes != 0 {
			t.Errorf("got %v after %d writes", err, c.writes)
		}
	}
	if err := unlimited(t).Stream(io.Discard, "ej9", 1); !errors.Is(err, bundle.ErrUnknownStage) {
		t.Errorf("got %v", err)
	}
}

// Templates of a set are compared with each other, so there cannot be any number.
func TestTooManyTemplates(t *testing.T) {
	fsys := body("a: b")
	for i := range 1000 {
		fsys[fmt.Sprintf("t%04d.tmpl", i)] = &fstest.MapFile{Data: []byte("{{/* */}}")}
	}
	b, err := bundle.Open(fsys)
	if err != nil {
		t.Fatal(err)
	}
	const want = "parse templates: t0999.tmpl: with this one, the bundle has more than 1000 templates"
	if _, err := New(b); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
