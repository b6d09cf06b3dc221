package bundle

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

func openOutputs(outputs string) (*Bundle, error) {
	table := "default: dev\nkinds: [{name: node, count: 2}, {name: \"org{id}-peer\", kind: peer, first: 0}]\nstages: [{name: dev}]\noutputs:\n" + outputs
	return Open(fstest.MapFS{StagesFile: {Data: []byte(table)}, "node.tmpl": {}, "all.tmpl": {}})
}

func TestOutputs(t *testing.T) {
	b, err := openOutputs(`
- {path: prometheus.yml, template: all}
- {path: "config/{name}.json", template: node.tmpl, kind: peer}
- {path: "{stage}/{kind}-{id}.toml", template: node}
- {path: .env, template: all, format: text}
`)
	if err != nil {
		t.Fatal(err)
	}
	want := []Output{
		{Path: "prometheus.yml", Template: "all.tmpl", Format: "yaml"},
		{Path: "config/{name}.json", Template: "node.tmpl", Format: "json", Kind: "peer", Each: true},
		{Path: "{stage}/{kind}-{id}.toml", Template: "node.tmpl", Format: "text", Each: true},
		{Path: ".env", Template: "all.tmpl", Format: "text"},
	}
	if diff := cmp.Diff(want, b.Outputs); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for i, want := range []string{"prometheus.yml", "config/org3-peer.json", "dev/peer-3.toml", ".env"} {
		if got := b.Outputs[i].PathOf("dev", b.known.All[1], 3); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestOutputsThatAreWrong(t *testing.T) {
	for row, want := range map[string]string{
		`{path: ../x.yml, template: all}`:            `built-in/stages.yaml:5:4: output 1: path "../x.yml": want a path below the folder of the Compose file`,
		`{path: a/../../x, template: all}`:           "want a path below the folder",
		`{path: a/../x, template: all}`:              "want a path below the folder",
		`{path: /etc/x, template: all}`:              "want a path below the folder",
		`{path: 'a\x', template: all}`:               "without control characters and backslashes",
		`{path: "a\nx", template: all}`:              "without control characters and backslashes",
		`{path: a//x, template: all}`:                `write it as "a/x"`,
		`{path: ./x, template: all}`:                 `write it as "x"`,
		`{path: ., template: all}`:                   "it is a folder",
		`{template: all}`:                            "want the path of the file",
		`{path: x}`:                                  "output 1: want a template",
		`{path: "{nam}.x", template: all}`:           "unknown part in braces: have {stage}, {name}, {kind}, {id}",
		`{path: x, template: al}`:                    `5:13: output 1: unknown template "al": have all, node`,
		`{path: x, template: all, format: yml}`:      `unknown format "yml", did you mean "yaml"?: have compose, yaml, json, env, text`,
		`{path: "{kind}.x", template: all}`:          "all replicas of a kind would have one file",
		`{path: "{id}.x", template: all}`:            "replicas of two kinds would have one file",
		`{path: x, template: all, kind: node}`:       "is one file; put {name} into it for one of each node",
		`{path: "{id}.x", template: all, kind: nod}`: `unknown kind "nod", did you mean node?`,
		`{path: x, template: all, formt: json}`:      "unknown key formt, did you mean format?",
	} {
		if _, err := openOutputs("- " + row); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", row, err, want)
		}
	}
}
