package words_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/tp0-lab/composer/internal/course/verify"
	"github.com/tp0-lab/composer/internal/course/words"
)

// Each title of a scenario, and each reason why the course does not ask for it, has both languages.
func TestScenariosAreTranslated(t *testing.T) {
	for _, s := range verify.Scenarios() {
		for _, message := range []string{s.Title, s.Beyond} {
			if message != "" && words.Spanish.Text(message) == message {
				t.Errorf("%s %s: the catalogue has no %q", s.Stage, s.Name, message)
			}
		}
	}
}

// shown are the functions of verify whose arguments people read in reports.
var shown = []string{"skip", "unjudged", "fatal", "problem", "must", "need", "finish"}

// Each message that a scenario can give has both languages.
func TestMessagesOfVerifyAreTranslated(t *testing.T) {
	found := checkMessages(t, "../verify/*.go", func(n ast.Node) []ast.Expr {
		if call, ok := n.(*ast.CallExpr); ok && slices.Contains(shown, selected(call)) {
			return call.Args
		}
		return nil
	})
	if found < 80 {
		t.Errorf("only %d messages are found: does this test still know the functions that show them?", found)
	}
}

// Each message about repositories, branches and lists has both languages: all errors and returned texts of these files.
func TestErrorsAreTranslated(t *testing.T) {
	found := 0
	for _, sources := range []string{"../class/*.go", "../git/git.go", "../git/tree.go", "../verify/repo.go", "../verify/branches.go"} {
		found += checkMessages(t, sources, func(n ast.Node) []ast.Expr {
			switch n := n.(type) {
			case *ast.CallExpr:
				if slices.Contains([]string{"Errorf", "New", "errorAt", "fieldError"}, selected(n)) {
					return n.Args
				}
			case *ast.ReturnStmt:
				return n.Results
			}
			return nil
		})
	}
	if found < 40 {
		t.Errorf("only %d messages are found: does this test still know how errors are made?", found)
	}
}

// selected returns the name of a function of a package, or of a method, that is called.
func selected(call *ast.CallExpr) string {
	if f, ok := call.Fun.(*ast.SelectorExpr); ok {
		return f.Sel.Name
	}
	return ""
}

// names are the beginnings of errors that ErrorText leaves, and gitsWords the beginning of what git says itself.
var (
	names     = regexp.MustCompile(`^(%s: |verify: )+`)
	gitsWords = regexp.MustCompile(`^git (%s|[a-z]+-[a-z-]+)( in %s)?: (%s$|want )`)
)

// checkMessages looks for the messages among the expressions of Go files, and returns their number.
func checkMessages(t *testing.T, pattern string, expressions func(ast.Node) []ast.Expr) (found int) {
	t.Helper()
	sources, err := filepath.Glob(pattern)
	if err != nil || len(sources) == 0 {
		t.Fatal(sources, err)
	}
	for _, source := range sources {
		if strings.HasSuffix(source, "_test.go") {
			continue
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, source, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			for _, e := range expressions(n) {
				message := names.ReplaceAllString(words.Normal(format(e)), "")
				if !hasWords(message) || gitsWords.MatchString(message) {
					continue
				}
				found++
				if !words.Has(message) {
					t.Errorf("%s: the catalogue in words/spanish.go has no %q", set.Position(e.Pos()), message)
				}
			}
			return true
		})
	}
	return found
}

// format returns the format of a message that is put together from texts and other parts.
func format(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		if e.Kind == token.STRING {
			text, _ := strconv.Unquote(e.Value) // the parser has seen it
			return strings.TrimSpace(text)
		}
	case *ast.BinaryExpr:
		if e.Op == token.ADD {
			return join(e.X) + join(e.Y)
		}
	case *ast.CallExpr:
		if f, ok := e.Fun.(*ast.SelectorExpr); ok && f.Sel.Name == "Sprintf" {
			return format(e.Args[0])
		}
	case *ast.ParenExpr:
		return format(e.X)
	}
	return "%s"
}

// join is format for a part of a sum, in which spaces count.
func join(e ast.Expr) string {
	if text, ok := e.(*ast.BasicLit); ok {
		if unquoted, err := strconv.Unquote(text.Value); err == nil {
			return unquoted
		}
	}
	return format(e)
}

var letters = regexp.MustCompile(`[a-z]{3,}`)

// hasWords tells a sentence from an identifier or a name of the course.
func hasWords(message string) bool {
	message = strings.ReplaceAll(message, "%s", "")
	return letters.MatchString(message) && strings.Contains(strings.TrimSpace(message), " ")
}

var (
	tags    = regexp.MustCompile(`(?s)<style>.*?</style>|<script>.*?</script>|<[^>]*>|&[a-z]+;`)
	actions = regexp.MustCompile(`(?s)\{\{.*?\}\}`)
	quoted  = regexp.MustCompile("\\bt \"([^\"]+)\"")
)

// The pages have no text of their own but in calls of t, whose texts have both languages.
func TestPagesAreTranslated(t *testing.T) {
	for _, page := range []string{"page.html.tmpl", "class.html.tmpl"} {
		raw, err := os.ReadFile(filepath.Join("../report", page))
		if err != nil {
			t.Fatal(err)
		}
		text := tags.ReplaceAllString(actions.ReplaceAllString(string(raw), ""), "\n")
		for line := range strings.Lines(text) {
			if line = strings.TrimSpace(line); letters.MatchString(line) && !strings.HasPrefix(line, "composer") && line != "– composer verify" {
				t.Errorf("%s: %q is no argument of t", page, line)
			}
		}
		calls := quoted.FindAllStringSubmatch(string(raw), -1)
		for _, call := range calls {
			if !words.Has(call[1]) {
				t.Errorf("%s: the catalogue has no %q", page, call[1])
			}
		}
		if len(calls) < 8 {
			t.Errorf("%s: only %d calls of t are found", page, len(calls))
		}
	}
}

// translates expects translations into Spanish, and English as it is.
func translates(t *testing.T, text func(words.Language, string) string, wants map[string]string) {
	t.Helper()
	for english, want := range wants {
		if got := text(words.Spanish, english); got != want {
			t.Errorf("%q: got %q, want %q", english, got, want)
		}
		if got := text(words.English, english); got != english {
			t.Errorf("English: got %q", got)
		}
	}
}

func TestText(t *testing.T) {
	translates(t, words.Language.Text, map[string]string{
		"all messages of 3 clients come back: 5 messages each": "vuelven todos los mensajes de 3 clientes: 5 mensajes cada uno",
		"client1 exits with code 0":                            "client1 termina con código 0",
		"generar-compose.sh writes otro.yaml for 1 client":     "generar-compose.sh escribe otro.yaml para 1 cliente",
		"trouble with this machine or its engine keeps it from being shown that the images can be built: exit status 125": "problemas de esta máquina o de su Docker impiden mostrar que las imágenes se pueden construir: exit status 125",
		"1 line, server: action: sorteo | result: success":                                                                "1 línea, server: action: sorteo | result: success",
		"a message of the solution":                     "a message of the solution",
		"read tcp 172.18.0.2: connection reset by peer": "read tcp 172.18.0.2: connection reset by peer", // spanishErrors has "read %s: %s"
		"":                            "",
		"100% of it":                  "100% of it",
		"bets.csv holds 5 %d records": "bets.csv tiene 5 %d records",
	})
}

// Names before an error stay, as do errors of the system.
func TestErrorText(t *testing.T) {
	translates(t, words.Language.ErrorText, map[string]string{
		"verify: x y is no list of a class: it is missing; name a directory with a clone for each student, or a CSV file with the columns name and repo": "verify: x y no es la lista de un curso: falta; nombrá un directorio con un clon por estudiante, o un archivo CSV con las columnas name y repo",
		`c.csv:2:1: there is no column "rpo", did you mean "repo"?; the columns are name, repo`:                                                          `c.csv:2:1: no hay columna "rpo", ¿será "repo"?; las columnas son name, repo`,
		"c.csv:2:1: want 2 fields, which are name, repo, but this row has 3; write quotes around a field that has a comma":                               "c.csv:2:1: se esperan 2 campos, que son name, repo, pero esta fila tiene 3; poné comillas alrededor de un campo que tenga una coma",
		"verify: ../a has no branch ej1, neither of its own nor of a remote; it has main, e1 and 3 more":                                                 "verify: ../a no tiene la rama ej1, ni propia ni de un remoto; tiene main, e1 y 3 más",
		"verify: l is no list of a class: it cannot be read: permission denied":                                                                          "verify: l no es la lista de un curso: no se puede leer: permission denied",
		"c.csv:2:1: the repository's path is missing":                                                                                                    "c.csv:2:1: falta la ruta del repositorio",
		"verify: 2 repositories failed\nopen x: permission denied":                                                                                       "verify: 2 repositorios mal\nopen x: permission denied",
		"ej5 at 0123456789ab, which is 3 commits behind and 1 ahead of origin/ej5":                                                                       "ej5 en 0123456789ab, que está 3 commits detrás y 1 delante de origin/ej5",
		"ej5 at 0123456789ab, which is 1 commit behind origin/ej5":                                                                                       "ej5 en 0123456789ab, que está 1 commit detrás de origin/ej5",
	})
}

// The command line and the progress say nothing in English to people who asked for Spanish.
func TestLastLinesAreTranslated(t *testing.T) {
	for _, message := range []string{
		"5 passed, 1 failed, 0 skipped, 2 unjudged, 3 unasked in 12.5s (../tp0, docker, composer v1.0.0)", "3.1s of that to build images",
		"ok", "FAILED", "unjudged", "skipped", "unasked", "building the image of ej1 server", "building the image of scripts, once for all runs",
		"building  Ana: the image of ej1 client", "begins    Ana", "1 right, 2 wrong, 0 not judged in 3.0s (1 at once, docker, composer v1.0.0)",
		"All 3 scenarios passed", "2 of 3 scenarios failed", "1 scenario passed, 2 skipped, 3 not asked for", "ej1 is missing", "ej1 at 0123456789ab",
		"1 scenario failed", "not all that was asked for could be judged", "not every repository could be judged: grades.csv says which",
		"interrupted after 1 of 5 scenarios", "interrupted after 1 of 3 students; the same command goes on",
	} {
		if got := words.Spanish.Text(message); got == message || strings.Contains(got, "passed") || strings.Contains(got, "skipped") {
			t.Errorf("%q is %q", message, got)
		}
	}
}

func TestOf(t *testing.T) {
	for locale, want := range map[string]words.Language{
		"es_AR.UTF-8": words.Spanish, "es": words.Spanish, "ES_es": words.Spanish, "es.UTF-8": words.Spanish,
		"en_US.UTF-8": words.English, "C": words.English, "": words.English, "est_EE": words.English,
	} {
		if got := words.Of(locale); got != want {
			t.Errorf("%q: %s", locale, got)
		}
	}
	if got := words.Language("").Code(); got != "en" {
		t.Errorf("no language is %q", got)
	}
}
