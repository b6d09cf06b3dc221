package comparison

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

// placed matches a line and a column.
var placed = regexp.MustCompile(`:[0-9]+:[0-9]+: `)

const readme = "../../../README.md"

// texts are values that YAML reads as something else where nobody quotes them.
var texts = []string{"true", "007", "a: b", "x #1"}

// A tool makes a Compose file from a template, as its users write it on the first day.
type tool struct {
	name    string
	present func(t *testing.T) bool

	// value writes a file whose service has VALUE in its environment.
	value func(t *testing.T, dir, value string) run
	// missing writes a file from a template that names a value which nobody gave.
	missing func(t *testing.T, dir string) run
	// ports writes a file with two services that publish one port.
	ports func(t *testing.T, dir string) run
	// broken writes over a good file, and fails after the first service.
	broken func(t *testing.T, dir string) run
}

// run is the end of a command that writes out.yaml in dir.
type run struct {
	dir    string
	failed bool
	text   string
}

func (r run) file() string {
	text, _ := os.ReadFile(filepath.Join(r.dir, "out.yaml"))
	return string(text)
}

func execute(t *testing.T, dir string, args ...string) run {
	t.Helper()
	c := exec.Command(args[0], args[1:]...)
	c.Dir = dir
	text, err := c.CombinedOutput()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatalf("%s: %v", args[0], err)
	}
	return run{dir: dir, failed: err != nil, text: string(text)}
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func succeeds(args ...string) func(*testing.T) bool {
	return func(*testing.T) bool { return exec.Command(args[0], args[1:]...).Run() == nil }
}

func bash(t *testing.T, dir, script string) run {
	t.Helper()
	write(t, dir, "make.sh", script)
	return execute(t, dir, "bash", "make.sh")
}

const (
	service   = "services:\n  app:\n    image: busybox\n    environment:\n      VALUE: "
	twoPorts  = "services:\n{{ range $n := until 2 }}  app{{ $n }}:\n    image: busybox\n    ports: [\"8080:80\"]\n{{ end }}"
	goodFile  = "services:\n  app1:\n    image: busybox\n  app2:\n    image: busybox\n"
	helmChart = "apiVersion: v2\nname: chart\nversion: 0.1.0\n"
)

var bashTool = tool{
	name:    "bash",
	present: succeeds("bash", "-c", "true"),
	value: func(t *testing.T, dir, value string) run {
		t.Helper()
		return bash(t, dir, "VALUE='"+value+"'\ncat <<EOF >out.yaml\n"+service+"$VALUE\nEOF\n")
	},
	missing: func(t *testing.T, dir string) run {
		t.Helper()
		return bash(t, dir, "cat <<EOF >out.yaml\n"+service+"$VALEU\nEOF\n")
	},
	ports: func(t *testing.T, dir string) run {
		t.Helper()
		return bash(t, dir, "{ echo services:; for n in 1 2; do\ncat <<EOF\n  app$n:\n    image: busybox\n    ports: [\"8080:80\"]\nEOF\ndone; } >out.yaml\n")
	},
	broken: func(t *testing.T, dir string) run {
		t.Helper()
		return bash(t, dir, "set -e\n{ printf 'services:\\n  app1:\\n    image: busybox\\n  app2:\\n'; false; echo '    image: busybox'; } >out.yaml\n")
	},
}

func python(t *testing.T, dir, template, values string) run {
	t.Helper()
	write(t, dir, "template.j2", template)
	write(t, dir, "make.py", "import jinja2\ntemplate = jinja2.Template(open('template.j2').read())\n"+
		"with open('out.yaml', 'w') as out:\n    out.write(template.render("+values+"))\n")
	return execute(t, dir, "python3", "make.py")
}

var jinjaTool = tool{
	name:    "jinja2",
	present: succeeds("python3", "-c", "import jinja2"),
	value: func(t *testing.T, dir, value string) run {
		t.Helper()
		return python(t, dir, service+"{{ value }}\n", fmt.Sprintf("value=%q", value))
	},
	missing: func(t *testing.T, dir string) run {
		t.Helper()
		return python(t, dir, service+"{{ valeu }}\n", `value="a"`)
	},
	ports: func(t *testing.T, dir string) run {
		t.Helper()
		return python(t, dir, "services:\n{% for n in [1, 2] %}  app{{ n }}:\n    image: busybox\n    ports: [\"8080:80\"]\n{% endfor %}", "")
	},
	broken: func(t *testing.T, dir string) run {
		t.Helper()
		return python(t, dir, "services:\n  app1:\n    image: busybox\n  app2:\n    image: {{ 1 / 0 }}\n", "")
	},
}

func helm(t *testing.T, dir, template, values string) run {
	t.Helper()
	write(t, dir, "chart/Chart.yaml", helmChart)
	write(t, dir, "chart/templates/compose.yaml", template)
	write(t, dir, "chart/values.yaml", values)
	return bash(t, dir, "helm template chart >out.yaml\n")
}

var helmTool = tool{
	name:    "Helm",
	present: succeeds("helm", "version"),
	value: func(t *testing.T, dir, value string) run {
		t.Helper()
		return helm(t, dir, service+"{{ .Values.value }}\n", fmt.Sprintf("value: %q\n", value))
	},
	missing: func(t *testing.T, dir string) run {
		t.Helper()
		return helm(t, dir, service+"{{ .Values.valeu }}\n", "value: a\n")
	},
	ports: func(t *testing.T, dir string) run {
		t.Helper()
		return helm(t, dir, twoPorts, "")
	},
	broken: func(t *testing.T, dir string) run {
		t.Helper()
		return helm(t, dir, goodFile+"  app3: {{ fail \"no\" }}\n", "")
	},
}

func compose(t *testing.T, dir, file, env string) run {
	t.Helper()
	write(t, dir, "compose.yaml", file)
	write(t, dir, ".env", env)
	return execute(t, dir, "docker", "compose", "config", "-o", "out.yaml")
}

var composeTool = tool{
	name:    "plain Compose",
	present: succeeds("docker", "compose", "version"),
	value: func(t *testing.T, dir, value string) run {
		t.Helper()
		return compose(t, dir, service+"${VALUE}\n", "VALUE='"+value+"'\n")
	},
	missing: func(t *testing.T, dir string) run {
		t.Helper()
		return compose(t, dir, service+"${VALEU}\n", "")
	},
	ports: func(t *testing.T, dir string) run {
		t.Helper()
		return compose(t, dir, "services:\n  app1: &app\n    image: busybox\n    ports: [\"8080:80\"]\n  app2: *app\n", "")
	},
}

// composerTool renders a bundle by the program of this checkout.
func composerTool(program string) tool {
	render := func(t *testing.T, dir, template, values string) run {
		t.Helper()
		write(t, dir, "bundle/stages.yaml", "default: all\nstages:\n  - {name: all}\n")
		write(t, dir, "bundle/compose.yaml.tmpl", template)
		write(t, dir, "bundle/values.yaml", values)
		return execute(t, dir, program, "render", "--bundle", "bundle", "-o", "out.yaml")
	}
	return tool{
		name:    "composer",
		present: func(*testing.T) bool { return true },
		value: func(t *testing.T, dir, value string) run {
			t.Helper()
			return render(t, dir, service+"{{ .Values.value }}\n", fmt.Sprintf("value: %q\n", value))
		},
		missing: func(t *testing.T, dir string) run {
			t.Helper()
			return render(t, dir, service+"{{ .Values.valeu }}\n", "value: a\n")
		},
		ports: func(t *testing.T, dir string) run {
			t.Helper()
			return render(t, dir, twoPorts, "{}\n")
		},
		broken: func(t *testing.T, dir string) run {
			t.Helper()
			return render(t, dir, goodFile+"  app3: {{ fail \"no\" }}\n", "{}\n")
		},
	}
}

// arrived counts the texts that the tool's file has as they were given.
func (c tool) arrived(t *testing.T) string {
	t.Helper()
	n := 0
	for _, text := range texts {
		r := c.value(t, t.TempDir(), text)
		var document struct {
			Services map[string]struct{ Environment map[string]any }
		}
		if r.failed {
			t.Errorf("%s: %s", c.name, r.text)
		}
		if err := yaml.Unmarshal([]byte(r.file()), &document); err == nil && document.Services["app"].Environment["VALUE"] == text {
			n++
		}
	}
	return fmt.Sprintf("%d of %d", n, len(texts))
}

// without says what the tool makes of a value that nobody gave.
func (c tool) without(t *testing.T) string {
	t.Helper()
	r := c.missing(t, t.TempDir())
	if r.failed && !strings.Contains(strings.ToLower(r.text), "valeu") {
		t.Errorf("%s fails for another reason: %s", c.name, r.text)
	}
	switch {
	case r.failed && placed.MatchString(r.text):
		return "an error with its place"
	case r.failed:
		return "an error"
	case strings.Contains(r.text, "VALEU"):
		return "an empty text, and a warning"
	}
	return "an empty text"
}

// onePort says who finds that two services publish one port.
func (c tool) onePort(t *testing.T) string {
	t.Helper()
	if r := c.ports(t, t.TempDir()); r.failed {
		if !strings.Contains(r.text, "8080") {
			t.Errorf("%s fails for another reason: %s", c.name, r.text)
		}
		return "an error before the file is written"
	}
	return "found when they start"
}

// left says what a failure in the middle leaves of the file that was there.
func (c tool) left(t *testing.T) string {
	t.Helper()
	if c.broken == nil {
		return "—"
	}
	dir := t.TempDir()
	write(t, dir, "out.yaml", goodFile)
	r := c.broken(t, dir)
	switch file := r.file(); {
	case !r.failed:
		t.Errorf("%s does not fail: %s", c.name, r.text)
		return ""
	case file == goodFile:
		return "the old file"
	case file == "":
		return "an empty file"
	default:
		return "half a file"
	}
}

// table reads the table as cells by row and column.
func table(t *testing.T) map[string]map[string]string {
	t.Helper()
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	_, text, found := bytes.Cut(text, []byte("## Is it for you?\n"))
	if !found {
		t.Fatal("README.md has no part \"Is it for you?\"")
	}
	var columns []string
	rows := map[string]map[string]string{}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") {
			break
		}
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		switch {
		case len(cells) < 6:
		case columns == nil:
			columns = cells
		default:
			rows[cells[0]] = map[string]string{}
			for i, cell := range cells {
				rows[cells[0]][columns[i]] = cell
			}
		}
	}
	return rows
}

// Each tool that this machine has does what the README says of it.
func TestTable(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds the program and runs other tools")
	}
	program := filepath.Join(t.TempDir(), "composer")
	if text, err := exec.Command("go", "build", "-o", program, "../../../composer").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	rows := table(t)
	for _, c := range []tool{bashTool, jinjaTool, helmTool, composeTool, composerTool(program)} {
		t.Run(c.name, func(t *testing.T) {
			if !c.present(t) {
				t.Skipf("%s is not installed", c.name)
			}
			for row, measure := range map[string]func(*testing.T) string{
				"`true`, `007`, `a: b`, `x #1` arrive as they were given": c.arrived,
				"a value that is missing":                                 c.without,
				"two services with one port":                              c.onePort,
				"a failure in the middle leaves":                          c.left,
			} {
				if got, want := measure(t), rows[row][c.name]; got != want {
					t.Errorf("%s: %q was measured, README.md says %q", row, got, want)
				}
			}
		})
	}
}
