package examples

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/tp0-lab/composer/internal/template/bundle"
	"github.com/tp0-lab/composer/internal/template/check"
	"github.com/tp0-lab/composer/internal/template/existing"
	"github.com/tp0-lab/composer/internal/template/render"
)

const cookbook = "../docs/cookbook.md"

var (
	block   = regexp.MustCompile("(?ms)^```yaml (\\S+)\n(.*?)^```$")
	numbers = regexp.MustCompile("(?m)^With `(.*)`:$")
)

// Each recipe is rendered with its numbers and checked, and has what the page shows.
func TestCookbook(t *testing.T) {
	page, err := os.ReadFile(cookbook)
	if err != nil {
		t.Fatal(err)
	}
	recipes := 0
	for _, section := range strings.Split(string(page), "\n## ")[1:] {
		title, _, _ := strings.Cut(section, "\n")
		blocks := block.FindAllStringSubmatch(section, -1)
		if len(blocks) == 0 {
			continue
		}
		recipes++
		t.Run(title, func(t *testing.T) {
			dir := t.TempDir()
			var result string
			beside := map[string]string{}
			for _, b := range blocks {
				if b[1] == "result" {
					result = b[2]
					continue
				}
				if result != "" { // what is behind the result is an output
					beside[b[1]] = b[2]
					continue
				}
				if err := os.WriteFile(filepath.Join(dir, b[1]), []byte(b[2]), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			stage, counts := "", []string(nil)
			words := strings.Fields(numbers.FindStringSubmatch(section)[1])
			for i := 0; i+1 < len(words); i += 2 {
				if words[i] == "--stage" {
					stage = words[i+1]
				} else {
					counts = append(counts, words[i+1])
				}
			}
			b, e := open(t, dir, counts...)
			if stage == "" {
				stage = b.Default
			}
			doc, err := e.Render(stage, render.Counted)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := check.Document(t.Context(), doc); err != nil {
				t.Errorf("%v\n%s", err, doc.Bytes)
			}
			if result == "" || !strings.Contains(string(doc.Bytes)+"\n", result) {
				t.Errorf("got\n%s\nwant in it\n%s", doc.Bytes, result)
			}
			checkOutputs(t, e, stage, beside)
			checkExisting(t, dir)
			kinds, err := b.Kinds(stage)
			if unread := e.Unread(kinds); len(unread) > 0 || err != nil {
				t.Errorf("no template reads %v, error %v", unread, err)
			}
		})
	}
	if recipes < 12 {
		t.Errorf("there are %d recipes", recipes)
	}
}

// checkOutputs checks that the outputs make the files that the page shows.
func checkOutputs(t *testing.T, e *render.Engine, stage string, want map[string]string) {
	t.Helper()
	outputs, err := e.Outputs()
	if err != nil {
		t.Fatal(err)
	}
	made := map[string]string{}
	for _, o := range outputs {
		rendered, err := o.Render(stage, render.Counted)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range rendered {
			made[filepath.ToSlash(f.Path)] = string(f.Bytes)
		}
	}
	for path, content := range want {
		if made[path] != content {
			t.Errorf("%s: got\n%s\nwant\n%s", path, made[path], content)
		}
	}
	if len(made) > 0 && len(want) == 0 {
		t.Error("the page shows no output")
	}
}

// checkExisting checks that the bundle in a directory is the one that is made of the Compose file beside it, if there is one.
func checkExisting(t *testing.T, dir string) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(dir, "compose.yaml"))
	if err != nil {
		return
	}
	made, err := existing.Make(t.Context(), "compose.yaml", content, dir)
	if err != nil {
		t.Fatal(err)
	}
	for name, got := range made.Files {
		want, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || string(want) != string(got) {
			t.Errorf("%s is\n%s\nand the page has\n%s, error %v", name, got, want, err)
		}
	}
}

// Each row of the table of lists is written as the page says, for node2 of 5.
func TestCookbookLists(t *testing.T) {
	page, err := os.ReadFile(cookbook)
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for line := range strings.Lines(string(page)) {
		cells := strings.Split(strings.ReplaceAll(line, `\|`, "\x00"), "|")
		if len(cells) != 5 || !strings.Contains(cells[2], "{{") {
			continue
		}
		rows++
		cell := func(i int) string {
			return strings.ReplaceAll(strings.Trim(strings.TrimSpace(cells[i]), "`"), "\x00", "|")
		}
		dir := t.TempDir()
		for name, text := range map[string]string{
			bundle.StagesFile:       "default: dev\nkinds: [{name: node, count: 5}]\nstages: [{name: dev, values: {items: [a, b, c, d, e, f, g]}}]",
			bundle.Compose.Template: "a:{{ range .Kinds.node }}\n  {{ .Name }}: \"{{ if eq .ID 2 }}" + cell(2) + "{{ end }}\"{{ end }}",
		} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		_, e := open(t, dir)
		doc, err := e.Render("dev", 5)
		if want := `node2: "` + cell(3) + `"`; err != nil || !strings.Contains(string(doc.Bytes), want) {
			t.Errorf("%s: got %s, error %v, want %s", cell(2), doc.Bytes, err, want)
		}
	}
	if rows < 12 {
		t.Errorf("there are %d rows", rows)
	}
}
