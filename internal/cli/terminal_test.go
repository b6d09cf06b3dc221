package cli

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tp0-lab/composer/internal/template/bundle"
	"github.com/tp0-lab/composer/internal/text"
)

// What an error quotes of others does nothing to a terminal.
func TestPrintError(t *testing.T) {
	var b strings.Builder
	printError(&b, errors.New("a\x1b[31m: b\n  second\r line"))
	if got, want := b.String(), "composer: a\ufffd[31m: b\n  second\ufffd line\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Names and texts of others do nothing to a terminal, whatever command shows them.
func TestTalkIsPrintable(t *testing.T) {
	const (
		evil   = "e\x1b[31m\r\u009b\u2028\u202el"
		quoted = `"e\x1b[31m\r\u009b\u2028\u202el"` // in YAML
	)
	t.Chdir(t.TempDir())
	write := func(name, text string) {
		t.Helper()
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o700), os.WriteFile(name, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	if err := bundle.WriteFiles(evil, bundle.StarterFS(), false); err != nil {
		t.Fatal(err)
	}
	write("summary/stages.yaml", "default: dev\nkinds: [{name: worker, count: 1}]\nstages: [{name: dev, summary: "+quoted+"}]\n")
	write("summary/values.yaml", quoted+": 1\nmount: "+quoted+"\n")
	write("summary/compose.yaml.tmpl", "services:\n  a: {image: x, volumes: [{type: bind, source: \"./no/{{ .Values.mount }}\", target: /x, bind: {create_host_path: false}}]}\n")
	write("stage/stages.yaml", "default: "+quoted+"\nkinds: [{name: worker, count: 1}]\nstages: [{name: dev}]\n")
	write("key/stages.yaml", "default: dev\nkinds: [{name: worker, count: 1}]\nstages: [{name: dev}]\n"+quoted+": 1\n")
	write(evil+".yaml", "services: {"+quoted+": {image: "+quoted+", "+quoted+": 1}}\n")
	write("right.yaml", "name: x\nservices: {a: {image: x, environment: {A: "+quoted+"}}}\n")
	write("unset.yaml", "services: {a: {image: "+`"${E`+"\u009b"+`:-}$E"`+"}}\n")
	write("network.yaml", "services: {a: {image: x, networks: ["+quoted+"]}}\n")
	write("values.yaml", quoted+": 1\n")
	write(evil+"/config.yaml", quoted+": 1\nserver:\n  address: "+quoted+"\n")
	write(evil+"/config.ini", "[DEFAULT]\n"+evil[:6]+" = 1\nSERVER_PORT = "+evil[:6]+"\n")
	write(evil+"/agency-1.csv", "x\n")
	t.Setenv("CLI_BAD"+evil, "1")
	t.Setenv("CLI_SERVER_ADDRESS", evil)
	tests := [][]string{
		{"lint", evil + ".yaml", "network.yaml", "unset.yaml"},
		{"lint", evil},
		{"lint", "--disable", evil, "right.yaml"},
		{"config", "show", "--file", evil + "/config.yaml"},
		{"config", "show", "--file", evil + "/config.ini"},
		{"config", "check", evil + "/config.yaml", evil + "/config.ini"},
		{"config", "check", evil},
		{"config", "init", "-s", "server", "-o", evil + "/config.ini"},
		{"stages", "--bundle", "summary"},
		{"stages", "--bundle", "stage"},
		{"stages", "--bundle", "key"},
		{"stages", "--bundle", evil + evil},
		{"values", "--bundle", "summary"},
		{"values", "--bundle", evil},
		{"values", "--values", evil + ".yaml"},
		{"values", "--set", evil + "=1"},
		{"values", "--stage", evil},
		{"render", "--bundle", "summary", "-o", evil + ".out", "--check"},
		{"render", "--bundle", "summary", "-o", "mounts.out"},
		{"render", "--bundle", evil, "--set", "worker.image=" + evil, "--set", evil + "=1"},
		{"render", "--bundle", evil, "--values", "values.yaml"},
		{"render", "--template", evil + "=right.yaml"},
		{"render", "--watch", "--bundle", "summary", "--stage", evil, "-o", "watch.out"},
		{"render", "-n", evil},
		{"graph", "-f", evil + ".yaml"},
		{"graph", "-f", "network.yaml"},
		{"graph", "-f", evil},
		{"graph", "--format", evil},
		{"diff", evil, "right.yaml"},
		{"diff", evil + ".yaml", evil},
		{"diff", "--json", "network.yaml", evil + "/config.ini"},
		{"diff", "--exit-code", evil + ".yaml", "right.yaml"},
		{"data", "check", evil + "/agency-1.csv"},
		{"data", "check", evil},
		{"data", "extract", evil},
		{"data", "generate", "-o", evil + "/made", "--bets", "1", "--agencies", "1"},
		{"run", "-f", evil + ".yaml"},
		{"verify", "--stage", evil},
		{"verify", "--report", "junit=" + evil + "/no/x"},
		{"init", evil},
		{"init", evil + "/new"},
		{"help", evil},
		{evil},
		{"--" + evil},
	}
	for _, args := range tests {
		_, stdout, s := composer(t, args...)
		if args[0] != "diff" { // which is a patch where it goes to no terminal
			s += stdout
		}
		for line := range strings.Lines(s) {
			if line = strings.TrimSuffix(line, "\n"); line != text.Printable(line) {
				t.Errorf("composer %q: prints %q", args, line)
			}
		}
		if !strings.Contains(s, "\ufffd") && !strings.Contains(s, `\x1b`) && !strings.Contains(s, `\u001b`) {
			t.Errorf("composer %q: prints nothing of it: %q", args, s)
		}
	}
}
