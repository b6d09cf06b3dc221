package config_test

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tp0-lab/composer/internal/lab/client"
	"github.com/tp0-lab/composer/internal/lab/config"
	"github.com/tp0-lab/composer/internal/lab/server"
	"github.com/tp0-lab/composer/internal/test/fifo"
)

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := writeFile(path, text); err != nil {
		t.Fatal(err)
	}
	return path
}

func writeFile(path, text string) error { return os.WriteFile(path, []byte(text), 0o644) }

// read reads a file as the service does whose file has such a name.
func read(path string) (config.Layer, error) {
	if server.Configuration().Reads(path) {
		return server.Configuration().Read(path)
	}
	return client.Configuration().Read(path)
}

// load starts a service with a file. It returns the findings about keys that the service does not know.
func load(path string) (unknown []config.Finding, err error) {
	if server.Configuration().Reads(path) {
		_, unknown, err = config.Load[server.Config](server.Configuration(), nil, path)
	} else {
		_, unknown, err = config.Load[client.Config](client.Configuration(), []string{"CLI_ID=1"}, path)
	}
	return unknown, err
}

// show has a line for each value: VARIABLE=text key line.
func show(layer config.Layer) string {
	var b strings.Builder
	for _, variable := range slices.Sorted(maps.Keys(layer)) {
		v := layer[variable]
		fmt.Fprintf(&b, "%s=%q %s %d\n", variable, v.Text, v.Key, v.Line)
	}
	return b.String()
}

func TestFormOfYAML(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		want       []string
	}{
		{"nested", "loop:\n  amount: 7\n  period: \"5s\"", []string{`CLI_LOOP_AMOUNT="7" loop.amount 2`, `CLI_LOOP_PERIOD="5s" loop.period 3`}},
		{"flow style", "{loop: {amount: 7}}", []string{`CLI_LOOP_AMOUNT="7" loop.amount 1`}},
		{"deep", "a: {b: {c: {d: 1}}}", []string{`CLI_A_B_C_D="1" a.b.c.d 1`}},
		{"camel case", "batch:\n  maxAmount: 10\n", []string{`CLI_BATCH_MAXAMOUNT="10" batch.maxAmount 2`}},
		{"a path as a key", "loop.amount: 7", []string{`CLI_LOOP_AMOUNT="7" loop.amount 1`}},
		{"BOM and CRLF", "\ufeffa: 1\r\nb:\r\n  c: 2\r\n", []string{`CLI_A="1" a 1`, `CLI_B_C="2" b.c 3`}},
		{"null is empty", "a: null\nb: ~\nc:\nd:\n  e:\nf: {}", []string{`CLI_A="" a 1`, `CLI_B="" b 2`, `CLI_C="" c 3`, `CLI_D_E="" d.e 5`, `CLI_F="" f 6`}},
		{"no value at all", "? a", []string{`CLI_A="" a 1`}},
		{"an empty string", `a: ""`, []string{`CLI_A="" a 1`}},
		{"scalars stay text", "a: 1e3\nb: 007\nc: 0x10\nd: 1_000\ne: 2024-01-01\nf: no\ng: 22:22", []string{
			`CLI_A="1e3" a 1`, `CLI_B="007" b 2`, `CLI_C="0x10" c 3`, `CLI_D="1_000" d 4`, `CLI_E="2024-01-01" e 5`, `CLI_F="no" f 6`, `CLI_G="22:22" g 7`,
		}},
		{"quotes and comments", "# c\na: 'x # y' # z\nb: \"q\\tr\"", []string{`CLI_A="x # y" a 2`, `CLI_B="q\tr" b 3`}},
		{"blanks around", "a:    5   \n", []string{`CLI_A="5" a 1`}},
		{"an anchor that nobody uses", "a: &x 1", []string{`CLI_A="1" a 1`}},
		{"one document with marks", "---\na: 1\n...\n", []string{`CLI_A="1" a 2`}},
		{"empty", "", nil},
		{"empty document", "---\n", nil},
		{"empty mapping", "{}", nil},
		{"comments only", "# nothing\n", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			layer, err := read(write(t, "config.yaml", tt.text))
			if got := strings.TrimSpace(show(layer)); err != nil || got != strings.Join(tt.want, "\n") {
				t.Errorf("got %v\n%s\nwant\n%s", err, got, strings.Join(tt.want, "\n"))
			}
		})
	}
}

func TestFormOfINI(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		want       []string
	}{
		{"no final newline", "[DEFAULT]\nSERVER_PORT = 1", []string{`SERVER_PORT="1" SERVER_PORT 2`}},
		{"a colon", "[DEFAULT]\nA: 1\nB:2", []string{`A="1" A 2`, `B="2" B 3`}},
		{"the first separator counts", "[DEFAULT]\nA = x:1=2\nB: y=3", []string{`A="x:1=2" A 2`, `B="y=3" B 3`}},
		{"keys in any case", "[DEFAULT]\nserver_Port=1", []string{`SERVER_PORT="1" server_Port 2`}},
		{"section in any case", "[ Default ]\nA=1", []string{`A="1" A 2`}},
		{"a comment behind the section", "[DEFAULT] ; ours\nA=1", []string{`A="1" A 2`}},
		{"comments are whole lines", "# c\n; d\n[DEFAULT]\n  # e\nA = 1 # f", []string{`A="1 # f" A 5`}},
		{"no value", "[DEFAULT]\nA =\nB:", []string{`A="" A 2`, `B="" B 3`}},
		{"BOM and CRLF", "\ufeff[DEFAULT]\r\nA = 1\r\n\r\nB = 2\r\n", []string{`A="1" A 2`, `B="2" B 4`}},
		{"tabs and indents", "[DEFAULT]\n\tA\t=\t1\n  B = 2", []string{`A="1" A 2`, `B="2" B 3`}},
		{"no interpolation", "[DEFAULT]\nA = %(B)s", []string{`A="%(B)s" A 2`}},
		{"other sections are kept apart", "[X]\nA = 1\n[DEFAULT]\nA = 2\n[Y]\nA = 3", []string{`A="2" A 4`, `[X] A="1" A 2`, `[Y] A="3" A 6`}},
		{"a section twice", "[DEFAULT]\nA = 1\n[DEFAULT]\nB = 2", []string{`A="1" A 2`, `B="2" B 4`}},
		{"a quote is a quote", "[DEFAULT]\nA = \"x\"", []string{`A="\"x\"" A 2`}},
		{"empty", "", nil},
		{"a section only", "[DEFAULT]", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			layer, err := read(write(t, "config.ini", tt.text))
			if got := strings.TrimSpace(show(layer)); err != nil || got != strings.Join(tt.want, "\n") {
				t.Errorf("got %v\n%s\nwant\n%s", err, got, strings.Join(tt.want, "\n"))
			}
		})
	}
}

// An error hides nothing of the rest.
func TestAllErrorsOfAFileAtOnce(t *testing.T) {
	path := write(t, "config.yaml", "a: [1]\nb: 2\nb: 3\nc: {d: 4, d: 5}")
	layer, err := read(path)
	want := path + ":1:4: a: want a single value or keys with values, not a list or an alias; " + path + ":3:1: b is there already, in line 2; " + path + ":4:11: c.d is there already, in line 4"
	if err == nil || err.Error() != want || show(layer) != "CLI_B=\"2\" b 2\nCLI_C_D=\"4\" c.d 4\n" {
		t.Errorf("got %v\n%s", err, show(layer))
	}
	path = write(t, "config.ini", "A=1\n[DEFAULT]\nx\nA=2\nA=3")
	layer, err = read(path)
	if all, ok := errors.AsType[config.Findings](err); !ok || len(all) != 3 || show(layer) != "A=\"2\" A 4\n" {
		t.Errorf("got %v\n%s", err, show(layer))
	}
}

func TestFileErrorsHaveAPlace(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"config.yaml", "a:\n  - 1", ":2:3: a: want a single value"},
		{"config.yaml", "- a", ":1:1: the file: want a single value"},
		{"config.yaml", "a: &x 1\nb: *x", ":2:4: b: want a single value"},
		{"config.yaml", "a: &x {b: 1}\nc:\n  <<: *x", ":3:7: c.<<: want a single value"},
		{"config.yaml", "a: 1\nb: 2\na: 3", ":3:1: a is there already, in line 1"},
		{"config.yaml", "x:\n  a: 1\nx:\n  b: 1", ":3:1: x is there already, in line 1"},
		{"config.yaml", "a: null\na: 1", ":2:1: a is there already, in line 1"},
		{"config.yaml", "loop: {amount: 1}\nloop.amount: 2", ":2:1: loop.amount is there already, in line 1"},
		{"config.yaml", "a: 1\nA: 2", ":2:1: A is there already, in line 1"},
		{"config.yaml", "a: 1\n---\nb: 2", ":2:1: a second document"},
		{"config.yaml", "a: 1\n...\nb: 2", ":3:1: did not find expected <document start>"},
		{"config.yaml", "just text", ":1:1: want keys"},
		{"config.yaml", "loop:\n  [a]: 1", ":2:3: want a name as a key"},
		{"config.yaml", "a: 1\n\"\": 2", ":2:1: want a name as a key"},
		{"config.yaml", "a: [", ":1:5: while parsing a flow node, did not find expected node content"},
		{"config.yaml", "a: b: c", ":1:5: mapping values are not allowed"},
		{"config.yaml", "x: 1\ny: a: b\nz: 2", ":2:5: mapping values are not allowed"},
		{"config.yaml", "x: 1\ny: }\nz: 1", ":2:4: while parsing a block node, did not find expected node content"},
		{"config.yaml", "x: 1\ny:\n\tz: 3", ":3:1: a tab indents this line; YAML wants spaces"},
		{"config.yaml", "x: \"abc\ny: 1\n", ":1:4: while scanning a quoted scalar, found unexpected end of stream"},
		{"config.yaml", "a: 1\nb: \x01", ":2:4: control characters are not allowed"},
		{"config.yaml", "a: 1\nb: \xff", ":2:4: invalid leading UTF-8 octet"},
		{"config.yaml", "a: 1\nb: *x", ":2:4: unknown anchor 'x' referenced"},

		{"config.ini", "SERVER_PORT = 1", ":1:1: a key before the line [DEFAULT]"},
		{"config.ini", "[DEFAULT]\nnonsense", ":2:1: want `KEY = value`"},
		{"config.ini", "[DEFAULT]\n= 1", ":2:1: want `KEY = value`"},
		{"config.ini", "[DEFAULT\nA = 1", ":1:1: want `KEY = value`"},
		{"config.ini", "[DEFAULT = 1", ":1:1: want `KEY = value`"},
		{"config.ini", "[DEFAULT]\nA = 1\na = 2", ":3:1: a is there already, in line 2"},
		{"config.ini", "[DEFAULT]\nA =\nA = 2", ":3:1: A is there already, in line 2"},
		{"config.ini", "\xff\xfe[\x00D\x00", ":1:1: want `KEY = value`"},
	} {
		path := write(t, tt.name, tt.text)
		if _, err := read(path); err == nil || !strings.HasPrefix(err.Error(), path+tt.want) {
			t.Errorf("%q: got %v, want %s", tt.text, err, tt.want)
		}
	}
}

func TestWhatIsNoFile(t *testing.T) {
	dir := t.TempDir()
	file := write(t, "file", "")
	for _, name := range []string{"config.yaml", "config.ini"} {
		for _, missing := range []string{filepath.Join(dir, name), filepath.Join(dir, "none", name), filepath.Join(file, name)} {
			if unknown, err := load(missing); err != nil || len(unknown) > 0 {
				t.Errorf("%s is missing: got %v, %v", missing, unknown, err)
			}
		}
		inPlace := filepath.Join(t.TempDir(), name)
		if err := os.Mkdir(inPlace, 0o755); err != nil {
			t.Fatal(err)
		}
		if _, err := load(inPlace); err == nil || !strings.Contains(err.Error(), name+" is a directory") {
			t.Errorf("%s is a directory: got %v", name, err)
		}
		if unknown, err := load(write(t, name, strings.Repeat("#", 1<<20))); err != nil || len(unknown) > 0 {
			t.Errorf("%s of 1 MiB in a line: got %v", name, err)
		}
		if _, err := load(write(t, name, strings.Repeat("#", 1<<20+1))); err == nil || !strings.Contains(err.Error(), name+": it is larger than 1 MiB") {
			t.Errorf("%s of more: got %v", name, err)
		}
	}
	// A device has no size, and no end.
	if _, _, err := config.Load[server.Config](server.Configuration(), nil, "/dev/zero"); err == nil {
		t.Error("/dev/zero was read")
	}
}

// checkAny is what holds for any text in a file: it is read, and every value
// has its place, or it is refused, with a place.
func checkAny(t interface {
	Helper()
	Errorf(format string, args ...any)
}, path, text string, fail func(error),
) {
	t.Helper()
	if err := writeFile(path, text); err != nil {
		fail(err)
		return
	}
	lines := strings.Count(text, "\n") + strings.Count(text, "\r") + 1
	layer, err := read(path)
	if err != nil && !regexp.MustCompile(`^`+regexp.QuoteMeta(path)+`:[1-9]\d*:[1-9]\d*: .`).MatchString(err.Error()) {
		t.Errorf("%q: no place in %v", text, err)
	}
	for variable, v := range layer {
		if v.Line < 1 || v.Line > lines || v.Column < 1 || v.KeyLine < 1 || v.KeyLine > v.Line || v.KeyColumn < 1 || v.File != path || variable == "" || v.Key == "" {
			t.Errorf("%q: %s is %+v", text, variable, v)
		}
	}
}

func TestAnyFileIsReadOrRefused(t *testing.T) {
	dir := t.TempDir()
	words := []string{"a", "b", ":", ": ", " ", "  ", "\n", "\r\n", "=", "[", "]", "[DEFAULT]\n", "- ", "&x ", "*x", "\"", "'", "{", "}", ",", "\t", "\x00", "é", "\xff", "#", "|\n", "? ", "---\n", "!!null ", "%", "<<: ", "\ufeff"}
	rapid.Check(t, func(rt *rapid.T) {
		text := strings.Join(rapid.SliceOf(rapid.SampledFrom(words)).Draw(rt, "text"), "")
		for _, name := range []string{"config.yaml", "config.ini"} {
			checkAny(rt, filepath.Join(dir, name), text, func(err error) { rt.Fatal(err) })
		}
	})
}

func FuzzFiles(f *testing.F) {
	for _, seed := range []string{"", "a: 1", "loop: {amount: 7}\n", "[DEFAULT]\nA = 1", "a: &x [*x]", "a: 1\n---\nb: 2", "\ufeffa: \"\xff\"", "? [a]\n: b"} {
		f.Add(seed)
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text string) {
		for _, name := range []string{"config.yaml", "config.ini"} {
			checkAny(t, filepath.Join(dir, fmt.Sprintf("%d-%s", os.Getpid(), name)), text, func(err error) { t.Fatal(err) })
		}
	})
}

// A pipe is refused, rather than waited for.
func TestPipeIsNoConfiguration(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config")
	fifo.Make(t, path)
	if _, err := load(path); err == nil || !strings.Contains(err.Error(), "a pipe that nobody writes to") {
		t.Errorf("got %v", err)
	}
}
