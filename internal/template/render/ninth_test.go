package render

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/tp0-lab/composer/internal/template/bundle"
	"github.com/tp0-lab/composer/templates"
)

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
