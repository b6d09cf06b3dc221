package cli

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/urfave/cli/v2"
)

// composer runs the command line in this process.
func composer(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	return composerIn(t, strings.NewReader(""), args...)
}

// composerIn is composer with a stdin.
func composerIn(t *testing.T, in io.Reader, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, talk bytes.Buffer
	code = Main(t.Context(), append([]string{"composer"}, args...), Streams{
		In: in, Out: &Output{Writer: &out}, Err: &Output{Writer: &talk}, Environ: os.Environ(), Now: time.Now,
	})
	return code, out.String(), talk.String()
}

func TestRenderToAFile(t *testing.T) {
	t.Chdir(t.TempDir())
	code, printed, talk := composer(t, "render", "--stage", "ej1", "-n", "3")
	if code != 0 || talk != "" || !strings.HasPrefix(printed, "# Made by: composer render --stage ej1 -n 3\n") {
		t.Fatalf("exit code %d\n%s\n%s", code, printed, talk)
	}
	code, stdout, talk := composer(t, "render", "--stage", "ej1", "-n", "3", "-o", "made.yaml")
	if code != 0 || stdout != "" || talk != "" {
		t.Errorf("exit code %d\n%s\n%s", code, stdout, talk)
	}
	made, err := os.ReadFile("made.yaml")
	if err != nil || string(made) != printed {
		t.Errorf("a file and stdout differ, error %v", err)
	}
}

// --stage, then COMPOSER_STAGE, then .stage, then the default.
func TestStagePrecedence(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("COMPOSER_STAGE", "") // so that it is put back
	os.Unsetenv("COMPOSER_STAGE")
	stage := func(args ...string) string {
		code, stdout, talk := composer(t, append([]string{"render", "-n", "0"}, args...)...)
		if code != 0 {
			t.Fatal(talk)
		}
		return strings.Fields(stdout)[6]
	}
	if got := stage(); got != "ej8" {
		t.Errorf("by default it is %s", got)
	}
	if err := os.WriteFile(".stage", []byte("ej3\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if got := stage(); got != "ej3" {
		t.Errorf("by .stage it is %s", got)
	}
	t.Setenv("COMPOSER_STAGE", "ej2")
	if got := stage(); got != "ej2" {
		t.Errorf("by COMPOSER_STAGE it is %s", got)
	}
	if got := stage("--stage", "ej1"); got != "ej1" {
		t.Errorf("by --stage it is %s", got)
	}
}

// One sentence on stderr, nothing on stdout, and nothing written.
func TestErrors(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.Mkdir("folder", 0o755); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		args string
		code int
		want string
	}{
		{"render -n five", 2, `number of replicas "five": want a whole number, such as 5`},
		{"render -n -1", 2, "number of replicas -1: cannot be negative"},
		{"render -n 1023", 2, "number of replicas 1023: at most 1022 fit on one network"},
		{"render -n 99999999999999", 2, "number of replicas 99999999999999: at most 1022 fit on one network"},
		{"render -n 99999999999999999999", 2, "number of replicas 99999999999999999999: far too large"},
		{"render -n", 2, "-n wants a value; see `composer render --help`"},
		{"render --stage ej9", 2, `unknown stage "ej9": have ej1 … ej8`},
		{"render --zzz", 2, "unknown flag --zzz; see `composer render --help`"},
		{"render --stag ej1", 2, "unknown flag --stag, did you mean --stage?; see `composer render --help`"},
		{"render -k5", 2, "unknown flag --k5; see `composer render --help`"},
		{"run --stage ej1 --stage=ej2", 2, "run: --stage is given twice, and takes one value; see `composer run --help`"},
		{"render -n 1,000", 2, `number of replicas "1,000": it has two numbers for the kind client`},
		{"render extra", 2, "composer render takes flags only, not \"extra\"; see `composer render --help`"},
		{"run -f=", 2, "--file wants a value; see `composer run --help`"},
		{"stages extra", 2, "composer stages takes flags only, not \"extra\"; see `composer stages --help`"},
		{"rendr", 2, "unknown command \"rendr\", did you mean \"render\"?; see `composer --help`"},
		{"xyzzy", 2, "unknown command \"xyzzy\"; see `composer --help`"},
		{"help xyzzy", 2, "unknown command \"xyzzy\"; see `composer --help`"},
		{"render -o folder", 1, "write folder: it is a directory"},
		{"render -o none/made.yaml", 1, "write none/made.yaml: there is no directory none"},
	}
	for _, tt := range tests {
		t.Run(tt.args, func(t *testing.T) {
			code, stdout, talk := composer(t, strings.Fields(tt.args)...)
			if code != tt.code || stdout != "" {
				t.Errorf("exit code %d, want %d, and stdout %q", code, tt.code, stdout)
			}
			if !strings.HasPrefix(talk, "composer: "+tt.want) || strings.Count(talk, "\n") != 1 {
				t.Errorf("got  %swant composer: %s", talk, tt.want)
			}
		})
	}
	if left, _ := filepath.Glob("*"); len(left) != 1 {
		t.Errorf("there are files: %q", left)
	}
}

// Every flag has an environment variable and says in its help which.
func TestFlagsHaveVariables(t *testing.T) {
	seen := map[string]string{}
	var visit func(parent string, commands []*cli.Command) []string
	visit = func(parent string, commands []*cli.Command) (names []string) {
		for _, c := range commands {
			if c.Hidden {
				continue
			}
			path := strings.TrimSpace(parent + " " + c.Name)
			names = append(names, path)
			if c.Usage == "" || len(branch(path, c).Examples()) == 0 {
				t.Errorf("%s is not documented, or has no example", path)
			}
			for _, f := range c.Flags {
				checkFlag(t, path+" --"+f.Names()[0], f, seen)
			}
			names = append(names, visit(path, c.Subcommands)...)
		}
		return names
	}
	got := strings.Join(visit("", newApp(&Streams{}).Commands), ", ")
	if want := "init, render, values, stages, targets, lint, graph, diff, doctor, data, data generate, data extract, data check, data serve, data secrets, data set-aside, config, config show, config keys, config init, config check, config schema, run, verify, deliver, help, version, completion, man"; got != want {
		t.Errorf("the commands are %s, want %s", got, want)
	}
}

func checkFlag(t *testing.T, name string, f cli.Flag, seen map[string]string) {
	t.Helper()
	doc, ok := f.(cli.DocGenerationFlag)
	if !ok {
		t.Fatalf("%s: %T is not documented", name, f)
	}
	variables := doc.GetEnvVars()
	if len(variables) != 1 || !strings.HasPrefix(variables[0], "COMPOSER_") {
		t.Fatalf("%s has variables %v, want one COMPOSER_…", name, variables)
	}
	// --stage means the same everywhere, and so does its variable.
	if other, taken := seen[variables[0]]; taken && !strings.HasSuffix(other, " --"+f.Names()[0]) {
		t.Errorf("%s and %s share %s", other, name, variables[0])
	}
	seen[variables[0]] = name
	if f.Names()[0] == "json" && variables[0] != "COMPOSER_JSON" {
		t.Errorf("%s has the variable %s, want the one that all commands share", name, variables[0])
	}
	if !strings.Contains(f.String(), "$"+variables[0]) {
		t.Errorf("the help of %s does not name %s: %s", name, variables[0], f)
	}
	if usage := doc.GetUsage(); usage == "" || strings.Contains(usage, "\n") {
		t.Errorf("the help of %s is not a line: %q", name, usage)
	}
}

// All kinds of replicas are in the title of a drawing.
func TestGraphTitle(t *testing.T) {
	code, stdout, talk := composer(t, "graph", "--bundle", "../../examples/pipeline", "-n", "1")
	if want := "\n  accTitle: healthy, 1 filter, 2 aggregators, 1 joiner\n"; code != 0 || !strings.Contains(stdout, want) {
		t.Errorf("exit code %d\n%s\n%.200s\nwant%s", code, talk, stdout, want)
	}
}

// What doctor wants of Go is what go.mod does.
func TestGoVersion(t *testing.T) {
	text, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	if want := "\ngo " + strings.TrimPrefix(goVersion, "go") + "."; !strings.Contains(string(text), want) {
		t.Errorf("go.mod does not have %q", want)
	}
}
