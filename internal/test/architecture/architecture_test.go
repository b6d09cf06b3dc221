// Package architecture holds the arrows between the wings of the house, and draws them.
package architecture

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/tp0-lab/composer/internal/test/golden"
)

const module = "github.com/tp0-lab/composer/"

// wings lists which wings each wing may import. .golangci.yml has the same rules for depguard.
var wings = map[string][]string{
	"composer":          {"internal/cli", "internal/lab"},
	"services":          {}, // the configuration files that are shipped
	"services/server":   {"internal/lab"},
	"services/client":   {"internal/lab"},
	"bench":             {"internal/lab", "internal/files", "internal/text"},
	"templates":         {},
	"internal/cli":      {"internal/course", "internal/lab", "internal/template", "internal/compose", "internal/files", "internal/text", "templates", "services"},
	"internal/course":   {"internal/lab", "internal/template", "internal/compose", "internal/files", "internal/text", "templates", "services"},
	"internal/lab":      {"services", "internal/compose", "internal/files", "internal/text"},
	"internal/template": {"internal/compose", "internal/files", "internal/text"},
	"internal/compose":  {"internal/files", "internal/text"},
	"internal/files":    {"internal/text"},
	"internal/text":     {},
	"internal/test":     nil, // only tests import it, and it may import everything
	"examples":          nil,
}

// forbidden lists imports that a package, or each package below a folder, has neither itself nor
// through others.
var forbidden = []struct{ importer, imported string }{
	// The codec knows no domain. The domain knows no codec and no network.
	{"internal/lab/wire", "internal/lab/lottery"},
	{"internal/lab/lottery", "internal/lab/wire"},
	{"internal/lab/lottery", "net"},
	// The draw stands on the store, the store on bets and on the journal, which knows nothing of bets.
	{"internal/lab/lottery/store", "internal/lab/lottery/draw"},
	{"internal/lab/lottery/journal", "internal/lab/lottery"},
	// The services know nothing of stages and templates.
	{"services", "text/template"},
	{"services", "templates"},
	// A bundle is read without knowing how it is rendered, and rendered without knowing how it is checked.
	{"internal/template/bundle", "internal/template/render"},
	{"internal/template/render", "internal/template/check"},
	// What is delivered is what was committed, not the templates of this program.
	{"internal/course/deliver", "templates"},
	// Only the command line knows the CLI package.
	{"internal/course", "github.com/urfave/cli/v2"},
	{"internal/template", "github.com/urfave/cli/v2"},
	{"internal/compose", "github.com/urfave/cli/v2"},
	{"internal/lab", "github.com/urfave/cli/v2"},
}

type pkg struct {
	path          string
	imports, deps []string
}

// packages lists the packages of the module with their imports, tests aside.
func packages(t *testing.T) []pkg {
	t.Helper()
	out, err := exec.Command("go", "list", "-f", `{{ .ImportPath }};{{ range .Imports }}{{ . }} {{ end }};{{ range .Deps }}{{ . }} {{ end }}`, module+"...").Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []pkg
	for line := range strings.Lines(string(out)) {
		parts := strings.Split(strings.TrimSpace(line), ";")
		all = append(all, pkg{strings.TrimPrefix(parts[0], module), names(parts[1]), names(parts[2])})
	}
	return all
}

func names(list string) []string {
	all := strings.Fields(list)
	for i := range all {
		all[i] = strings.TrimPrefix(all[i], module)
	}
	return all
}

// wing returns the wing that holds a package of this module, or "".
func wing(path string) string {
	longest := ""
	for name := range wings {
		if within(path, name) && len(name) > len(longest) {
			longest = name
		}
	}
	return longest
}

func within(path, folder string) bool { return path == folder || strings.HasPrefix(path, folder+"/") }

func TestArrows(t *testing.T) {
	all := packages(t)
	for _, p := range all {
		from := wing(p.path)
		if from == "" {
			t.Errorf("%s is in no wing", p.path)
			continue
		}
		for _, imported := range p.imports {
			to := wing(imported)
			if to != "" && to != from && wings[from] != nil && !slices.Contains(wings[from], to) {
				t.Errorf("%s imports %s: no arrow goes from %s to %s", p.path, imported, from, to)
			}
		}
		for _, rule := range forbidden {
			if !within(p.path, rule.importer) {
				continue
			}
			for _, dep := range p.deps {
				if within(dep, rule.imported) {
					t.Errorf("%s depends on %s", p.path, dep)
				}
			}
		}
	}
	for _, rule := range forbidden {
		if !slices.ContainsFunc(all, func(p pkg) bool { return within(p.path, rule.importer) }) {
			t.Errorf("a rule is about %s, which does not exist", rule.importer)
		}
	}
}

// The drawing in docs/architecture.md is what go list says.
func TestDrawing(t *testing.T) {
	arrows := map[string]bool{}
	for _, p := range packages(t) {
		from := wing(p.path)
		if wings[from] == nil {
			continue
		}
		for _, imported := range p.imports {
			if to := wing(imported); to != "" && to != from {
				arrows[fmt.Sprintf("  %s --> %s\n", node(from), node(to))] = true
			}
		}
	}
	const page, begin, end = "../../../docs/architecture.md", "<!-- drawing -->\n", "<!-- end -->"
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), begin)
	_, after, found := strings.Cut(rest, end)
	if !ok || !found {
		t.Fatalf("%s has no %s", page, begin)
	}
	drawing := "```mermaid\nflowchart LR\n" + strings.Join(slices.Sorted(maps.Keys(arrows)), "") + "```\n"
	golden.Check(t, page, before+begin+drawing+end+after)
}

func node(wing string) string { return strings.TrimPrefix(wing, "internal/") }
