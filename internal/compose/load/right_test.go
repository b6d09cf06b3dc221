package load

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A document that is loaded without compose-go's schema gives the same project, or the same error.
func TestRight(t *testing.T) {
	for text, right := range map[string]bool{
		"services: {a: {image: x, ports: ['80:80', 81], environment: [A=1, 'B=${B:-2}'], volumes: ['v:/v'], depends_on: [b]}, b: {image: y}}\nvolumes: {v: }\n":                  true,
		"name: other\nservices: {a: {build: ., scale: '${N:-2}', networks: {n: {aliases: [c]}}}}\nnetworks: {n: {external: true}}\n":                                             true,
		"services: {a: {image: x, labels: {a: 1}}}\nsecrets: {s: {file: f, environment: E}}\n":                                                                                   true, // not by what comes after the schema
		"services: {a: {image: x, ports: [{target: 80, host_ip: nowhere}]}}\n":                                                                                                   true,
		"services: {a: {image: x, privileged: soon}}\n":                                                                                                                          true,
		"services: {a: {image: x, depends_on: [b]}}\n":                                                                                                                           true,
		"services: {a: {image: x, develop: {watch: [{path: '', action: sync}]}}}\n":                                                                                              true,
		"services: {a: {image: x, oom_score_adj: '5000'}}\n":                                                                                                                     false,
		"x-a: {cpus: '1'}\nservices: {a: {image: x, \"tt\\x79\": 'true', init: '${I:-true}', cpus: '1.5', healthcheck: {retries: '3', test: [NONE]}, ulimits: {nofile: '5'}}}\n": true,
		"version: '3'\nservices: {a: {image: x}}\n":                                                                                                                              false,
		"services: {a: {imgae: x}}\n":                                 false,
		"services: {a: {extends: b}, b: {image: x}}\n":                false,
		"services: {a: {image: x}}\n---\nservices: {b: {image: x}}\n": false,
		"services: {a: {image: x, privileged: !reset soon}}\n":        false,
	} {
		o := Options{File: "f.yaml", Dir: t.TempDir(), Profiles: []string{"*"}, Project: "p", Environment: map[string]string{}}
		lookup := func(string) (string, bool) { return "", false }
		if got := o.isRight(surveyOf([]byte(text)), lookup); got != right {
			t.Errorf("%s: right %v, want %v", text, got, right)
		}
		got, err := Load(t.Context(), []byte(text), o)
		project, wrong := o.load(t.Context(), []byte(text), o.Dir, o.Dir+"/f.yaml", survey{broken: true}, false)
		if (err != nil) != (wrong != nil) {
			t.Errorf("%s: got %v, with the schema %v", text, err, wrong)
		} else if err == nil {
			if diff := cmp.Diff(project, got); diff != "" {
				t.Errorf("%s: with and without the schema:\n%s", text, diff)
			}
		} else if want := o.newError([]byte(text), wrong, o.Dir+"/f.yaml").Error(); err.Error() != want {
			t.Errorf("%s: got %v, with the schema %v", text, err, want)
		}
	}
}
