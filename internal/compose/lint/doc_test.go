package lint

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// docs/lint.md has all rules as they are, each with an example that breaks it
// and one in which nothing is wrong.
func TestPage(t *testing.T) {
	text, err := os.ReadFile("../../../docs/lint.md")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "config.ini"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "other.yaml"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```yaml\n(.*?)```")
	sections := strings.Split(string(text), "\n#### `")[1:]
	rules := Rules()
	if len(sections) != len(rules) {
		t.Fatalf("the page has %d rules, and there are %d", len(sections), len(rules))
	}
	for i, r := range rules {
		t.Run(r.Name, func(t *testing.T) {
			severity := string(r.Severity)
			want := fmt.Sprintf("%s`\n\n%s: %s. %s\n", r.Name, strings.ToUpper(severity[:1])+severity[1:], r.What, r.Why)
			if !strings.HasPrefix(sections[i], want) {
				t.Errorf("the page should say\n#### `%s", want)
			}
			examples := blocks.FindAllStringSubmatch(sections[i], -1)
			if shown := r.Name != "unreadable" && r.Name != "too-many-findings"; !shown && len(examples) == 0 {
				return // not in a few lines of text
			}
			if len(examples) != 2 {
				t.Fatalf("there are %d examples", len(examples))
			}
			for n, example := range examples {
				found := checkWith(t, Source{Name: filepath.Join(dir, "file.yaml"), Dir: dir, Text: []byte(example[1]), Part: r.Name == "part-of-project"}, levels(On, r.Name))
				breaks := false
				for _, f := range found {
					breaks = breaks || f.Rule == r.Name
				}
				if n == 0 && !breaks {
					t.Errorf("the example does not break the rule: %v", found)
				}
				if n == 1 && len(found) > 0 {
					t.Errorf("the mended example breaks rules: %v", found)
				}
			}
		})
	}
}
