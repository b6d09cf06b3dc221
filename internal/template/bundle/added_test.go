package bundle

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/tp0-lab/composer/internal/template/values"
)

const derived = `default: a
kinds: [{kind: worker, name: "{type}", rows: workers}, {name: node}]
stages:
- {name: a, values: {small: {memory: 9g, cpus: 1}, list: [{x: 1}, {y: z}], any: {}, on: true, workers: {fast: {input: q}}}}
- {name: b, extends: a, values: {small: {cpus: 1.5, tag: "3"}}}
`

// A derived schema takes the values it was made of, and refuses others.
func TestDeriveSchema(t *testing.T) {
	b, err := open(derived)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(b.DeriveSchema())
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ set, want string }{
		{"small.memory=1g", ""},
		{"small.cpus=2.5", ""},
		{"small.cpus=2", ""},
		{"any.thing=1", ""},
		{"workers.slow={input: r}", ""},
		{"replicas.1={memory: 8g}", ""},
		{"list[2]={x: 3}", ""},
		{"small.memry=9g", "unknown key, did you mean memory?"},
		{"small.cpus=two", `"two" is a string, want number`},
		{"on=1", "1 is a number, want boolean"},
		{"workers.slow={inptu: r}", "unknown key, did you mean input?"},
		{"list[2]={q: 3}", "unknown key"},
		{"else=1", "unknown key"},
	} {
		for _, stage := range []string{"a", "b"} {
			own, err := Open(fstest.MapFS{StagesFile: {Data: []byte(derived)}, SchemaFile: {Data: raw}})
			if err != nil {
				t.Fatal(err)
			}
			own.Overlay = &values.Overlay{}
			own.Overlay.AddKey("--set", values.YAML, test.set)
			_, err = own.Values(stage)
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("%s, stage %s: got %v, want %q", test.set, stage, err, test.want)
			}
		}
	}
}

func TestAdded(t *testing.T) {
	b, err := open(derived)
	if err != nil {
		t.Fatal(err)
	}
	b.Overlay = &values.Overlay{}
	for _, set := range []string{"small.memry=9g", "small.memory=1g", "any.thing=1", "workers.slow={input: q}", "workers.fast.inptu=1", "els=1", "replicas.fast1.ouput=3"} {
		b.Overlay.AddKey("--set", values.YAML, set)
	}
	var got []string
	for _, a := range b.Added("b") {
		got = append(got, a.Path+" of "+a.Map+" beside "+strings.Join(a.Siblings, ","))
	}
	want := "small.memry of small beside memory,cpus,tag; workers.fast.inptu of fast beside input; els of Values beside small,list,any,on,workers; replicas.fast1.ouput of fast beside type,input,inptu"
	if strings.Join(got, "; ") != want {
		t.Errorf("got %s\nwant %s", strings.Join(got, "; "), want)
	}
}
