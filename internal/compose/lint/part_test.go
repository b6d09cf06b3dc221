package lint

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tp0-lab/composer/internal/compose/project"
)

// A file that is a part of a project is told once, and one with a slip has the slip.
func TestPart(t *testing.T) {
	const part, base = "part-of-project", "services: {web: {image: x, networks: [lab]}, db: {image: x}}\nnetworks: {lab: }\nvolumes: {data: }\n"
	for _, tt := range []struct {
		name, text string
		beside     bool // base is compose.yaml beside it
		want       string
	}{
		{"no image, and a network", "services: {web: {ports: ['80:80'], networks: [lab]}}", false, part},
		{"some have images", "services: {web: {networks: [lab]}, db: {image: x, networks: [lab], depends_on: [cache]}}", false, part},
		{"alone, no image, and a network", "services: {web: {ports: ['80:80'], networks: [lab]}}", false, "specification undefined-network"},
		{"no image only", "services: {web: {ports: ['80:80']}}", false, "specification"},
		{"one of three", "services: {web: {networks: [lab]}, db: {image: x}, cache: {image: x}}", false, "specification undefined-network"},
		{"misspelt image", "services: {web: {imag: x, networks: [lab]}}", false, "specification undefined-network"},
		{"misspelt network", "services: {web: {networks: [lba]}}\nnetworks: {lab: }", false, "specification undefined-network"},
		{"complete services", "services: {web: {image: x, networks: [lab], depends_on: [db]}}", false, "undefined-network undefined-service"},
		{"no image, beside", "services: {web: {ports: ['80:80']}}", true, part},
		{"one of three, beside", "services: {web: {networks: [lab]}, a: {image: x}, b: {image: x}}", true, part},
		{"complete services, beside", "services: {more: {image: x, networks: [lab], depends_on: [db], volumes: ['data:/a']}}", true, part},
		{"no such service beside", "services: {wbe: {ports: ['80:80']}}", true, "specification"},
		{"no such network beside", "services: {more: {image: x, networks: [lab, lob]}}", true, "undefined-network undefined-network"},
		{"nothing is missing", "services: {more: {image: x}}", true, ""},
		{"a mistake besides", "services: {web: {ports: ['80:80'], networks: [lab], restart: never}}", true, part + " unlisted-value"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			if !strings.HasPrefix(tt.name, "alone") {
				if err := os.WriteFile(filepath.Join(dir, "other.yml"), nil, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if tt.beside {
				if err := os.WriteFile(filepath.Join(dir, "compose.yaml"), []byte(base), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			var rules []string
			for _, f := range checkSource(t, Source{Name: filepath.Join(dir, "prod.yaml"), Dir: dir, Text: []byte(tt.text), Part: true}) {
				rules = append(rules, f.Rule)
			}
			if got := strings.Join(rules, " "); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// What Compose reads by itself is a whole project, and so is one that is given as such.
func TestNoPart(t *testing.T) {
	text := []byte("services: {web: {networks: [lab]}}")
	for _, s := range []Source{{Name: "docker-compose.yml", Dir: ".", Text: text, Part: true}, {Name: "f.yaml", Dir: ".", Text: text}} {
		if found := checkSource(t, s); len(found) != 2 || found[0].Severity != Error {
			t.Errorf("%s: got %v", s.Name, found)
		}
	}
}

// Included and extended files have their findings, each once.
func TestOthersOfAFile(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"sub/db.yaml": "services:\n  db:\n    image: x\n    mem_limit: 2q\n",
		"base.yaml":   "services:\n  base:\n    image: x\n    restart: never\n    imag: y\n",
		"broken.yaml": "services: [\n",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for text, want := range map[string]string{
		"include: [sub/db.yaml]\nservices: {web: {image: x, depends_on: [db]}}":                                      "sub/db.yaml:4:16 specification",
		"include: [sub/db.yaml]\nservices: {web: {image: x, depends_on: [bd]}}":                                      "f.yaml:2:41 undefined-service, sub/db.yaml:4:16 specification",
		"services: {a: {extends: {service: base, file: base.yaml}}, b: {extends: {service: base, file: base.yaml}}}": "base.yaml:4:14 unlisted-value, base.yaml:5:5 specification",
		"services: {a: {extends: {service: bse, file: base.yaml}}}":                                                  "f.yaml:1:35 undefined-service",
		"services: {a: {extends: b}, b: {extends: a}}":                                                               "f.yaml:1:42 extends-cycle",
		"services: {a: {extends: c}, b: {image: x}}":                                                                 "f.yaml:1:25 undefined-service",
		"include: [{path: sub/db.yaml, env_file: no.env}]\nservices: {web: {image: x, env_file: none.env}}":          "f.yaml:1:41 missing-file, f.yaml:2:38 missing-file, sub/db.yaml:4:16 specification",
		"services: {a: {image: x}}\n---\nservices:\n":                                                                "f.yaml:3:1 several-documents, f.yaml:3:1 specification",
		"services: {a: {extends: {service: a, file: ''}}}":                                                           "f.yaml:1:35 undefined-service",
		"include: [broken.yaml]": "broken.yaml:1:12 yaml-syntax",
		"include: [f.yaml]":      "f.yaml:1:11 specification",
		"services: {a: {image: x, restart: never}}\n---\nservices: {a: {networks: [n]}, b: {imag: y}}": "f.yaml:1:35 unlisted-value, f.yaml:3:1 several-documents, f.yaml:3:27 undefined-network, f.yaml:3:36 specification",
	} {
		if err := os.WriteFile(filepath.Join(dir, "f.yaml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range checkSource(t, Source{Name: filepath.Join(dir, "f.yaml"), Dir: dir, Text: []byte(text)}) {
			name, _ := filepath.Rel(dir, f.File)
			got = append(got, fmt.Sprintf("%s:%d:%d %s", name, f.Line, f.Column, f.Rule))
		}
		if list := strings.Join(got, ", "); list != want {
			t.Errorf("%s\ngot  %s\nwant %s", text, list, want)
		}
	}
}

// Compose takes an empty file beside others, and refuses one alone.
func TestEmptyFile(t *testing.T) {
	for files, want := range map[string]string{
		"include: [empty.yaml]\nservices: {a: {image: x}}\n":                   "note: there is nothing in it",
		"services: {a: {image: x, extends: {file: empty.yaml, service: b}}}\n": `error: service a: there is no service "b"`,
		"": "error: there is nothing in it",
	} {
		dir := t.TempDir()
		t.Chdir(dir)
		for name, text := range map[string]string{"compose.yaml": files, "empty.yaml": "# nothing\n"} {
			if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		found, err := CheckFile(t.Context(), "compose.yaml", nil)
		if err != nil || len(found) == 0 || !strings.Contains(found[0].String(), want) {
			t.Errorf("%s: got %v, %v", files, found, err)
		}
	}
	found, err := CheckProject(t.Context(), []*project.File{{Name: "a", Text: []byte("services: {a: {image: x}}\n")}, {Name: "b", Text: []byte("\n")}}, ".", func(string) *Options { return nil })
	if err != nil || len(found) != 1 || found[0].Severity != Note || found[0].File != "b" {
		t.Errorf("got %v, %v", found, err)
	}
}
