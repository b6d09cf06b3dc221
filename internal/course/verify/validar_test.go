package verify

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/tp0-lab/composer/internal/course/report"
)

// shellLab is a lab whose validar-echo-server.sh says that a running server is right. Its ids are those of the server's container before
// and after each run of the script; none is a server that is down.
type shellLab struct {
	scriptedLab
	containers
	ids  *[]string
	runs *int
	lies bool   // the script says so of a server that is down, too
	says string // on stderr
	err  error  // of the engine
}

func (l shellLab) running(context.Context) (string, error) {
	id := (*l.ids)[0]
	*l.ids = (*l.ids)[1:]
	return id, l.err
}

func (l shellLab) check(context.Context, ...string) (printed, complaints string, err error) {
	*l.runs++
	if *l.runs == 1 || l.lies {
		return "action: test_echo_server | result: success\n", l.says, l.err
	}
	return "action: test_echo_server | result: fail\n", l.says, l.err
}

func (shellLab) impostor(context.Context, int, string) (func(), error) { return func() {}, nil }

func (shellLab) listening(context.Context) bool { return true }

func (shellLab) interrupt(context.Context, string, string) error { return nil }

type shellEngine struct {
	scriptedEngine
	lab shellLab
}

func (e shellEngine) start(context.Context, *site, map[string]map[string]string, *journal) (lab, error) {
	return e.lab, nil
}

// What a script says of a server that it starts itself proves nothing.
func TestScriptsThatStartTheServer(t *testing.T) {
	tests := []struct {
		name string
		ids  []string
		lies bool
		err  error
		want report.Status
	}{
		{"right", []string{"a", "a", ""}, false, nil, report.Passed},
		{"wrong", []string{"a", "a", ""}, true, nil, report.Failed},
		{"a server that is replaced", []string{"a", "b", ""}, true, nil, report.Unjudged},
		{"a server that is taken down", []string{"a", "", ""}, true, nil, report.Unjudged},
		{"a server that is started where it is down", []string{"a", "a", "a"}, true, nil, report.Unjudged},
		{"an engine that fails", []string{"", "", ""}, true, errors.New("no engine"), report.Unjudged},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, name := range []string{"check-no-server", "check-lying-server", "check-silent-server"} {
				s := checkout(t, "ej3", map[string]string{
					"server/config.ini": "", "client/config.yaml": "", "validar-echo-server.sh": "",
					"generar-compose.sh": "printf 'services: {server: {image: s}, client1: {image: c}}' >$1\n",
				})
				scenarios := checkScenarios()
				at := slices.IndexFunc(scenarios, func(s Scenario) bool { return s.Name == name })
				ids := slices.Clone(tt.ids)
				l := shellLab{ids: &ids, runs: new(int), lies: tt.lies, says: "nc: timed out", err: tt.err}
				got := runOne(t.Context(), scenarios[at], shellEngine{lab: l}, s, Options{Now: time.Now, Docker: true})
				if got.Status != tt.want {
					t.Errorf("%s: %s: %s %v, want %s", name, got.Status, got.Reason, got.Problems, tt.want)
				}
			}
		})
	}
}
