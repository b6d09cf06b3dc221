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
	sources, err := filepath.Glob("../verify/*.go")
	if err != nil || len(sources) == 0 {
		t.Fatal(sources, err)
	}
	found := 0
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
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			f, ok := call.Fun.(*ast.SelectorExpr)
			if !ok || !slices.Contains(shown, f.Sel.Name) {
				return true
			}
			for _, argument := range call.Args {
				message := words.Normal(format(argument))
				if !hasWords(message) {
					continue
				}
				found++
				if !words.Has(message) {
					t.Errorf("%s: the catalogue in words/spanish.go has no %q", set.Position(argument.Pos()), message)
				}
			}
			return true
		})
	}
	if found < 80 {
		t.Errorf("only %d messages are found: does this test still know the functions that show them?", found)
	}
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

func TestText(t *testing.T) {
	for english, want := range map[string]string{
		"all messages of 3 clients come back: 5 messages each": "vuelven todos los mensajes de 3 clientes: 5 mensajes cada uno",
		"client1 exits with code 0":                            "client1 termina con código 0",
		"generar-compose.sh writes otro.yaml for 1 client":     "generar-compose.sh escribe otro.yaml para 1 cliente",
		"trouble with this machine or its engine keeps it from being shown that the images can be built: exit status 125": "problemas de esta máquina o de su Docker impiden mostrar que las imágenes se pueden construir: exit status 125",
		"a message of the solution":   "a message of the solution",
		"":                            "",
		"100% of it":                  "100% of it",
		"bets.csv holds 5 %d records": "bets.csv tiene 5 %d records",
	} {
		if got := words.Spanish.Text(english); got != want {
			t.Errorf("%q: got %q, want %q", english, got, want)
		}
		if got := words.English.Text(english); got != english {
			t.Errorf("English: got %q", got)
		}
	}
}

// The command line and the progress say nothing in English to people who asked for Spanish.
func TestLastLinesAreTranslated(t *testing.T) {
	for _, message := range []string{
		"5 passed, 1 failed, 0 skipped, 2 unjudged, 3 unasked in 12.5s (../tp0, docker, composer v1.0.0)", "3.1s of that to build images",
		"ok", "FAILED", "unjudged", "skipped", "unasked", "building the image of ej1 server", "building the image of scripts, once for all runs",
		"building  Ana: the image of ej1 client", "begins    Ana", "1 right, 2 wrong, 0 not judged in 3.0s (1 at once, docker, composer v1.0.0)",
		"All 3 scenarios passed", "2 of 3 scenarios failed", "1 scenario passed, 2 skipped, 3 not asked for", "ej1 is missing", "ej1 at 0123456789ab",
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
