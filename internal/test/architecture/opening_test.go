package architecture

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// opening are the functions that open what a name leads to without a look at what it is: a pipe holds them, a device
// never ends. Package files opens and reads files instead.
var opening = map[string][]string{
	"os":           {"Open", "OpenFile", "ReadFile", "DirFS", "OpenRoot"},
	"io/ioutil":    {"ReadFile"},
	"archive/zip":  {"OpenReader"},
	"path/to/root": {"Open", "OpenFile", "ReadFile"}, // methods of an os.Root, by the names that variables for it have

	"github.com/compose-spec/compose-go/v2/dotenv": {"GetEnvFromFile", "Load", "Read", "ReadFile", "ReadWithLookup"},
}

// allowed are uses that cannot meet a stranger's file.
var allowed = map[string]string{
	"internal/template/bundle/source.go root.OpenFile":  "does not wait, and Read looks at what it is",
	"internal/course/verify/repo.go os.OpenRoot":        "a directory that was just made",
	"internal/course/verify/repo.go root.OpenFile":      "only a new file (O_EXCL)",
	"internal/course/verify/site.go os.OpenRoot":        "a directory that was just made",
	"internal/lab/local/directories.go os.OpenRoot":     "a directory that was just made",
	"internal/lab/lottery/journal/lock_unix.go os.Open": "the directory of an open file, to sync it",
	"internal/cli/inputs.go os.DirFS":                   "only names are read",
}

// Only package files opens and reads files that others may have made.
func TestOpening(t *testing.T) {
	const root = "../../.."
	used := map[string]bool{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		name, _ := filepath.Rel(root, path)
		name = filepath.ToSlash(name)
		switch {
		case err != nil:
			return err
		case entry.IsDir() && slices.Contains([]string{".git", "bench", "internal/files", "internal/test"}, name):
			return filepath.SkipDir // bench reads what it has made itself
		case entry.IsDir() || filepath.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for use := range openings(file) {
			use = name + " " + use
			if used[use] = true; allowed[use] == "" {
				t.Errorf("%s: files.Open and its sisters refuse pipes and devices at once, and bound what is read", use)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for use := range allowed {
		if !used[use] {
			t.Errorf("%s is allowed, and is not there", use)
		}
	}
}

// openings returns the uses of the functions of opening, as they are written.
func openings(file *ast.File) map[string]bool {
	names := map[string][]string{"root": opening["path/to/root"]}
	for _, spec := range file.Imports {
		path := strings.Trim(spec.Path.Value, `"`)
		name := path[strings.LastIndexByte(path, '/')+1:]
		if spec.Name != nil {
			name = spec.Name.Name
		}
		names[name] = append(names[name], opening[path]...)
	}
	uses := map[string]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		selector, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		of := ""
		switch x := selector.X.(type) {
		case *ast.Ident:
			of = x.Name
		case *ast.SelectorExpr:
			of = x.Sel.Name
		}
		if slices.Contains(names[of], selector.Sel.Name) {
			uses[of+"."+selector.Sel.Name] = true
		}
		return true
	})
	return uses
}

func TestOpenings(t *testing.T) {
	const text = `package x
import ("os"; z "archive/zip"; "example.org/os2")
var a, b, c, d = os.ReadFile, z.OpenReader, os2.Open, s.root.ReadFile
func f() { os.Stat("x"); root.Stat("x"); g(os.OpenFile) }`
	file, err := parser.ParseFile(token.NewFileSet(), "x.go", text, 0)
	if err != nil {
		t.Fatal(err)
	}
	got := openings(file)
	for _, want := range []string{"os.ReadFile", "z.OpenReader", "root.ReadFile", "os.OpenFile"} {
		if !got[want] {
			t.Errorf("%s is not found", want)
		}
	}
	if len(got) != 4 {
		t.Errorf("got %v", got)
	}
}
