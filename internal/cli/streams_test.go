package cli

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/tp0-lab/composer/internal/lab/config"
)

// A file, a pipe and /dev/null are no terminals, although /dev/null is a character device.
func TestNoTerminal(t *testing.T) {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	if o := FileOutput(null); o.Terminal || o.tableWidth() != 0 {
		t.Errorf("%s is a terminal of width %d", os.DevNull, o.Width)
	}
}

// The environment says how wide and coloured the output is.
func TestEnvironment(t *testing.T) {
	for _, tt := range []struct {
		environ  []string
		coloured bool
		width    int
	}{
		{nil, true, 90},
		{[]string{"NO_COLOR=", "COLUMNS=", "TERM=xterm"}, true, 90},
		{[]string{"NO_COLOR=1", "COLUMNS=70"}, false, 70},
		{[]string{"TERM=dumb", "COLUMNS=x"}, false, 90},
	} {
		s := Streams{Out: &Output{Terminal: true, Width: 90}, Err: &Output{}, Environ: tt.environ}
		s.takeEnvironment()
		if s.Out.coloured != tt.coloured || s.Out.tableWidth() != tt.width || s.Err.coloured || s.Err.tableWidth() != 0 {
			t.Errorf("%q: %+v, %+v", tt.environ, s.Out, s.Err)
		}
	}
}

// The variables of flags come from the given environment only.
func TestVariablesOfFlags(t *testing.T) {
	t.Setenv("COMPOSER_STAGE", "ej1")
	var out, talk strings.Builder
	code := Main(t.Context(), []string{"composer", "values", "--json"}, Streams{
		Out: &Output{Writer: &out}, Err: &Output{Writer: &talk}, Environ: []string{"COMPOSER_STAGE=ej3", "COMPOSER_BUNDLE="},
	})
	if code != 0 || !strings.Contains(out.String(), `"stage": "ej3"`) {
		t.Errorf("exit code %d, %s%s", code, out.String(), talk.String())
	}
}

// The language of the judge comes from the given environment only.
func TestLanguage(t *testing.T) {
	t.Setenv("LANG", "es_AR.UTF-8")
	for _, tt := range []struct{ environ, want string }{
		{"LANG=es_AR.UTF-8", "un cliente termina bien con SIGTERM"},
		{"LANG=C", "a client ends gracefully on SIGTERM"},
	} {
		var out, talk strings.Builder
		code := Main(t.Context(), []string{"composer", "verify", "--list", "--scenario", "sigterm-client"}, Streams{
			Out: &Output{Writer: &out}, Err: &Output{Writer: &talk}, Environ: []string{tt.environ},
		})
		if code != 0 || !strings.Contains(out.String(), tt.want) {
			t.Errorf("%s: exit code %d, %s%s", tt.environ, code, out.String(), talk.String())
		}
	}
}

type readFunc func() (int, error)

func (f readFunc) Read([]byte) (int, error) { return f() }

// A panic is a failure, not a wrong command line, and asks for a report.
func TestPanic(t *testing.T) {
	code, stdout, stderr := composerIn(t, readFunc(func() (int, error) { panic("lost") }), "lint", "-")
	first, stack, _ := strings.Cut(stderr, "\n")
	if code != exitFailure || stdout != "" || first != "composer: internal error: lost; please report it with the command line and these lines" {
		t.Errorf("exit code %d, %s%s", code, stdout, stderr)
	}
	if !strings.Contains(stack, "streams_test.go:") {
		t.Errorf("no stack: %s", stderr)
	}
}

// The file - is stdin, whatever stdin is.
func TestStdin(t *testing.T) {
	t.Chdir(t.TempDir())
	const compose = "name: x\nservices: {a: {image: one}}\n"
	if err := os.WriteFile("b.yaml", []byte(compose), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ args, in, want string }{
		{"values --stage ej6 --values -", "project: piped\n", "stdin:1:1"},
		{"render --stage ej1 --values -", "project: piped\n", "name: piped\n"},
		{"graph -f -", compose, "one"},
		{"lint -", "services: {a: {imgae: x}}\n", "stdin:1:"},
		{"diff - b.yaml", "name: y\n", "name: y\n"},
		{"diff b.yaml -", "name: y\n", "name: y\n"},
		{"config check -s client -", "loop:\n  amuont: 5\n", "stdin:2:3"},
		{"config check -s client -", strings.Repeat("#", config.MaxFile+1), "it is larger than 1 MiB"},
		{"config show -s server --file -", "[DEFAULT]\nSERVER_PORT = 99\n", "SERVER_PORT=99"},
		{"data check -", "x\n", "stdin:1: "},
	} {
		_, stdout, stderr := composerIn(t, strings.NewReader(tt.in), strings.Fields(tt.args)...)
		if !strings.Contains(stdout, tt.want) {
			t.Errorf("%s: got %s%s", tt.args, stdout, stderr)
		}
		code, stdout, stderr := composerIn(t, readFunc(func() (int, error) { return 0, errors.New("broken wire") }), strings.Fields(tt.args)...)
		if code != exitFailure || !strings.Contains(stdout+stderr, "stdin") || !strings.Contains(stdout+stderr, "broken wire") {
			t.Errorf("%s: exit code %d, %s", tt.args, code, stderr)
		}
	}
	if code, stdout, stderr := composer(t, "values", "--values", "-"); code != 0 {
		t.Errorf("empty: exit code %d, %s%s", code, stdout, stderr)
	}
}

// A template and values may come from pipes, as a shell's <(command) is.
func TestPipes(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"stages.yaml": "default: dev\nkinds: [{name: worker, count: 1}]\nstages: [{name: dev}]\n", "values.yaml": "image: x\n",
		"compose.yaml.tmpl": "services: {}\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	pipe := func(text string) string {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { r.Close() })
		if _, err := io.WriteString(w, text); err != nil {
			t.Fatal(err)
		}
		w.Close()
		return filepath.Join("/dev/fd", strconv.Itoa(int(r.Fd())))
	}
	code, stdout, stderr := composer(t, "render", "--bundle", dir, "--values", pipe("image: piped\n"),
		"--template", "compose.yaml="+pipe("name: made\nservices: {a: {image: {{ .Values.image }}}}\n"))
	if code != 0 || !strings.Contains(stdout, "name: made\n") || !strings.Contains(stdout, "piped") {
		t.Errorf("exit code %d\n%s%s", code, stdout, stderr)
	}
}
