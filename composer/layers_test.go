package main

import (
	"maps"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/tp0-lab/composer/"

// layers says what a package, or all packages below a folder, may not know of.
// Names that are not of this module stand for themselves.
var layers = []struct{ who, not string }{
	// The codec imports no domain; the domain imports no codec and no network.
	{"internal/lab/wire", "internal/lab/lottery"},
	{"internal/lab/lottery", "internal/lab/wire"},
	{"internal/lab/lottery", "net"},
	// Services know nothing of stages.
	{"services/", "internal/template/bundle"},
	{"services/", "internal/template/render"},
	{"services/", "internal/template/check"},
	{"services/", "templates"},
	{"services/", "text/template"},
	{"internal/lab/wire", "internal/template/bundle"},
	{"internal/lab/wire", "internal/template/render"},
	{"internal/lab/wire", "internal/template/check"},
	{"internal/lab/lottery", "internal/template/bundle"},
	{"internal/lab/lottery", "internal/template/render"},
	{"internal/lab/lottery", "internal/template/check"},
	// A bundle is read without knowing how it is rendered, and rendered without knowing how it is checked or written.
	{"internal/template/bundle", "internal/template/render"},
	{"internal/template/bundle", "templates"},
	{"internal/template/render", "internal/template/check"},
	{"internal/template/render", "internal/files"},
	{"internal/template/render", "templates"},
	{"internal/template/check", "internal/files"},
	{"internal/template/check", "templates"},
	{"internal/files", "internal/"},
	{"internal/template/build", "templates"},
	{"internal/files/watch", "internal/"},
	{"internal/compose/yamltree", "internal/"},
	// What is wrong with a file does not depend on who made it.
	{"internal/compose/lint", "internal/template/bundle"},
	{"internal/compose/lint", "internal/template/render"},
	{"internal/compose/lint", "templates"},
	{"internal/compose/graph", "internal/template/bundle"},
	{"internal/compose/graph", "internal/template/render"},
	{"internal/compose/graph", "templates"},
	{"internal/compose/vars", "internal/"},
	{"internal/course/doctor", "internal/"},
	{"internal/course/doctor", "templates"},
	// Texts are laid out without knowing whose they are.
	{"internal/text", "internal/"},
	{"internal/text", "internal/"},
	{"internal/text", "internal/"},
	{"internal/text", "internal/"},
	{"internal/manual", "internal/template/bundle"},
	{"internal/completion", "internal/template/bundle"},
	// What is delivered is what was committed, not what this program carries.
	{"internal/course/deliver", "internal/template/bundle"},
	{"internal/course/deliver", "templates"},
	// Only the command line knows the package of the command line.
	{"internal/", "github.com/urfave/cli/v2"},
	{"services/", "github.com/urfave/cli/v2"},
}

// small are packages that any other may know of.
var small = []string{"internal/text", "internal/text"}

func TestLayers(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{ .ImportPath }}{{ range .Deps }} {{ . }}{{ end }}`, module+"...").Output()
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for line := range strings.Lines(string(out)) {
		deps := strings.Fields(line)
		for _, name := range deps {
			known[name] = true
		}
		for _, layer := range layers {
			if !within(deps[0], layer.who) {
				continue
			}
			for _, dep := range deps[1:] {
				if within(dep, layer.not) && !slices.Contains(small, strings.TrimPrefix(dep, module)) {
					t.Errorf("%s knows of %s, and %s may not know of %s", deps[0], dep, layer.who, layer.not)
				}
			}
		}
	}
	for _, layer := range layers {
		for _, name := range []string{layer.who, layer.not} {
			if !slices.ContainsFunc(slices.Collect(maps.Keys(known)), func(pkg string) bool { return within(pkg, name) }) {
				t.Errorf("there is no %s any more, and a rule is about it", name)
			}
		}
	}
}

// within reports whether a package is the one of that name or, where the name
// ends with a slash, below it.
func within(pkg, name string) bool {
	if top, _, _ := strings.Cut(name, "/"); top == "internal" || top == "services" || top == "templates" {
		name = module + name
	}
	if strings.HasSuffix(name, "/") {
		return strings.HasPrefix(pkg, name)
	}
	return pkg == name
}
