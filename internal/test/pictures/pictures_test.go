package pictures

import (
	"bytes"
	"html/template"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tp0-lab/composer/internal/cli"
	"github.com/tp0-lab/composer/internal/test/golden"
)

// compose is the template on the left of idea.svg.
const compose = `services:
{{- range .Kinds.worker }}
  {{ .Name }}:
    image: {{ .Values.image }}
    environment:
      WORKER: "{{ .ID }} of {{ .Replicas }}"
    ports:
      - "{{ add 9000 .ID }}:8080"
{{- end }}
`

// bundle has the files beside it.
var bundle = map[string]string{
	"compose.yaml.tmpl": compose,
	"values.yaml":       "image: worker:1.4\n",
	"stages.yaml":       "default: dev\nkinds: [{name: worker, count: 3}]\nstages: [{name: dev, summary: three workers}]\n",
}

// TestPictures draws idea.svg, a template and what it becomes, and brokers.svg. With -update it writes them.
func TestPictures(t *testing.T) {
	dir := t.TempDir()
	for name, text := range bundle {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	idea := draw(t, strings.Split(strings.TrimSpace(compose), "\n"), services(composer(t, "render", "--bundle", dir)))
	golden.Check(t, "../../../docs/pictures/idea.svg", idea)
	golden.Check(t, "../../../docs/pictures/brokers.svg", composer(t, "graph", "--bundle", "../../../examples/brokers", "--format", "svg"))
}

// composer returns what a command line prints.
func composer(t *testing.T, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	s := cli.Streams{In: strings.NewReader(""), Out: &cli.Output{Writer: &out}, Err: &cli.Output{Writer: &errs}, Now: time.Now}
	if code := cli.Main(t.Context(), append([]string{"composer"}, args...), s); code != 0 {
		t.Fatalf("composer %v: exit code %d\n%s", args, code, &errs)
	}
	return out.String()
}

// services returns the lines of each service of a document, without the indentation of its name.
func services(document string) [][]string {
	_, document, _ = strings.Cut(document, "services:\n")
	var all [][]string
	for line := range strings.Lines(document) {
		line = strings.TrimSuffix(strings.TrimPrefix(line, "  "), "\n")
		if !strings.HasPrefix(line, " ") {
			all = append(all, nil)
		}
		all[len(all)-1] = append(all[len(all)-1], line)
	}
	return all
}

// Sizes in the picture, in pixels.
const (
	top    = 40 // of the boxes, below the titles
	left   = 10
	width  = 410 // of the template
	right  = 500 // where the services begin
	narrow = 330 // of a service
	row    = 17  // from line to line
	margin = 22  // from the top of a box to its first line, and less below its last one
	gap    = 12  // between two services
)

// box is a rectangle with lines of text. Middle is where an arrow meets its side.
type box struct {
	X, Y, Width, Height, Middle int
	Lines                       []line
}

type line struct {
	X, Y int
	Text string
}

func newBox(x, y, width, height int, texts []string) box {
	b := box{X: x, Y: y, Width: width, Height: height, Middle: y + height/2}
	for i, text := range texts {
		b.Lines = append(b.Lines, line{x + 16, y + margin + i*row, text})
	}
	return b
}

var picture = template.Must(template.New("").Parse(`<svg xmlns="http://www.w3.org/2000/svg" width="840" height="{{ .Height }}" viewBox="0 0 840 {{ .Height }}" role="img" aria-label="One template on the left becomes three services on the right">
<style>rect{fill:#f6f8fa;stroke:#57606a}text{fill:#1f2328;font:14px ui-monospace,monospace;white-space:pre}.t{font:600 14px system-ui,sans-serif}path{stroke:#0969da;fill:none;stroke-width:2}polygon{fill:#0969da}@media(prefers-color-scheme:dark){rect{fill:#161b22;stroke:#8b949e}text{fill:#e6edf3}}</style>
{{- define "box" }}
<rect x="{{ .X }}" y="{{ .Y }}" width="{{ .Width }}" height="{{ .Height }}" rx="8"/>
{{- range .Lines }}
<text x="{{ .X }}" y="{{ .Y }}" xml:space="preserve">{{ .Text }}</text>
{{- end }}
{{- end }}
<text class="t" x="10" y="{{ .Title }}">compose.yaml.tmpl</text>
<text class="t" x="500" y="28">composer render -n worker=3</text>
{{- template "box" .Template }}
{{- range .Services }}
<path d="M420 {{ $.Template.Middle }} C455 {{ $.Template.Middle }} 455 {{ .Middle }} 490 {{ .Middle }}"/>
<polygon points="488,{{ .Above }} 500,{{ .Middle }} 488,{{ .Below }}"/>
{{- template "box" . }}
{{- end }}
</svg>
`))

// Above and Below are the ends of an arrow's head.
func (b box) Above() int { return b.Middle - 5 }
func (b box) Below() int { return b.Middle + 5 }

func draw(t *testing.T, template []string, services [][]string) string {
	t.Helper()
	var boxes []box
	y := top
	for _, texts := range services {
		height := margin + len(texts)*row - 2
		boxes = append(boxes, newBox(right, y, narrow, height, texts))
		y += height + gap
	}
	height := y - gap - top
	own := margin + len(template)*row - 2
	at := top + (height-own)/2
	var out bytes.Buffer
	err := picture.Execute(&out, map[string]any{"Template": newBox(left, at, width, own, template), "Title": at - 12, "Services": boxes, "Height": top + height + 10})
	if err != nil {
		t.Fatal(err)
	}
	return out.String()
}
