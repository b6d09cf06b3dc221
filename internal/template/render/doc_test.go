package render

import (
	"os"
	"strings"
	"testing"
	"text/template"

	"go.yaml.in/yaml/v4"

	"github.com/tp0-lab/composer/internal/template/escape"
)

// Each row of the tables in docs/templates.md that has a template is a test.
func TestDocumentation(t *testing.T) {
	page, err := os.ReadFile("../../../docs/templates.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for line := range strings.SplitSeq(string(page), "\n") {
		cells := strings.Split(strings.ReplaceAll(line, `\|`, "\x00"), "|")
		if len(cells) != 6 || !strings.Contains(cells[2], "{{") {
			continue
		}
		rows++
		cell := func(i int) string {
			text := strings.Trim(strings.TrimSpace(cells[i]), "`")
			return strings.NewReplacer("⏎", "\n", "\x00", "|").Replace(text)
		}
		t.Run(cell(2), func(t *testing.T) {
			var value any
			if err := yaml.Unmarshal([]byte(cell(3)), &value); err != nil {
				t.Fatal(err)
			}
			got, err := renderValue(cell(2), value)
			if want, isError := strings.CutPrefix(cell(4), "error: "); isError {
				if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "t:") {
					t.Errorf("got %q, error %v\nwant an error with its place and %q", got, err, want)
				}
				return
			}
			if err != nil || got != cell(4) {
				t.Errorf("got  %q, error %v\nwant %q", got, err, cell(4))
			}
		})
	}
	if rows < 40 {
		t.Errorf("there are %d rows with templates", rows)
	}
}

// renderValue executes a template for .V.
func renderValue(text string, value any) (string, error) {
	t, err := template.New("t").Funcs(Funcs()).Parse(text)
	if err != nil {
		return "", err
	}
	r, err := escape.Rewrite(t, bound(t, Funcs()).with(new(execution)), map[string]string{"t": text}, escape.Compose)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	err = r.Template.Execute(&b, map[string]any{"V": value})
	return b.String(), r.Placed(err)
}
