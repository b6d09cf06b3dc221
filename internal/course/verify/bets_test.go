package verify

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tp0-lab/composer/internal/course/report"
)

// diskLab is a lab of which only the file of bets is there.
type diskLab struct {
	lab
	text string
}

func (l diskLab) bets(context.Context) ([]byte, error) { return []byte(l.text), nil }

func TestStored(t *testing.T) {
	sent := [][]string{{"1", "Ana", "Paz", "20", "1990-01-02", "1"}, {"2", "Eva", "Sol", "21", "1990-01-02", "2"}}
	tests := []struct{ name, text, expected, seen string }{
		{"all", "2,Eva,Sol,21,1990-01-02,2\r\n1,Ana,Paz,20,1990-01-02,1\r\n", "", ""},
		{"one is missing", "1,Ana,Paz,20,1990-01-02,1\n", "each once", "1 records; the first that is missing is "},
		{"one is there twice", strings.Repeat("1,Ana,Paz,20,1990-01-02,1\n", 2) + "2,Eva,Sol,21,1990-01-02,2\n", "each once", `3 records; there is ["1" "Ana"`},
		{"under another agency", "1,Ana,Paz,20,1990-01-02,1\n1,Eva,Sol,21,1990-01-02,2\n", "each under its agency", "2 records; there is "},
		{"no file", "", "each once", "0 records"},
		{"no CSV", "1,\"Ana\n", "each once", "it is no CSV file"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tr := &trial{ctx: t.Context(), journal: newJournal(), lab: diskLab{text: tt.text}, sent: sent}
			tr.stored()
			switch {
			case tt.expected == "" && len(tr.problems) > 0:
				t.Error(tr.problems)
			case tt.expected != "" && (len(tr.problems) != 1 || !strings.HasSuffix(tr.problems[0].Expected, tt.expected) || !strings.HasPrefix(tr.problems[0].Seen, tt.seen)):
				t.Errorf("got %q", tr.problems)
			}
		})
	}
}

// The course limits the number of bets of a batch: a solution may send fewer.
func TestBatchesOfAtMost(t *testing.T) {
	tests := []struct {
		name, cantidad, seen string
	}{
		{"full batches", "10 10 5", ""},
		{"small batches", "9 9 7", ""},
		{"one that is too large", "11 10 4", "cantidad: 11"},
		{"one that is missing", "10 10", "20 in 2 lines"},
		{"no number", "10 diez 5", "cantidad: diez"},
		{"none", "", "0 lines"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tr := &trial{ctx: t.Context(), journal: newJournal(), sent: make([][]string, 25), patience: time.Millisecond}
			for n := range strings.FieldsSeq(tt.cantidad) {
				tr.journal.add(report.Line{Container: "server", Text: "2026-01-01 00:00:00 INFO     action: apuesta_recibida | result: success | cantidad: " + n})
			}
			batchesOfAtMost(tr, 10)
			if seen := fmt.Sprint(tr.problems); (len(tr.problems) > 0) != (tt.seen != "") || !strings.Contains(seen, tt.seen) {
				t.Errorf("got %s", seen)
			}
		})
	}
}

// lateLab has the file of bets from the second look at it on.
type lateLab struct {
	lab
	text  string
	looks int
	late  func() // what happens at the second look; nil is nothing
}

func (l *lateLab) bets(context.Context) ([]byte, error) {
	if l.looks++; l.looks == 1 {
		return nil, nil
	}
	if l.late != nil && l.looks == 2 {
		l.late()
	}
	return []byte(l.text), nil
}

// A client may end before the server has read what it has sent.
func TestStoredWaits(t *testing.T) {
	sent := [][]string{{"1", "Ana", "Paz", "20", "1990-01-02", "1"}}
	tr := &trial{ctx: t.Context(), journal: newJournal(), lab: &lateLab{text: "1,Ana,Paz,20,1990-01-02,1\n"}, sent: sent, patience: time.Minute}
	if tr.stored(); len(tr.problems) > 0 {
		t.Error(tr.problems)
	}
}

// What fails while the server reads what it was sent is seen.
func TestStoredWellSeesLateFailures(t *testing.T) {
	j := newJournal()
	late := &lateLab{text: "1,Ana,Paz,20,1990-01-02,1\n", late: func() {
		j.add(report.Line{Container: "server", Text: "2026-01-01 00:00:00 ERROR    action: apuesta_recibida | result: fail | cantidad: 1"})
	}}
	tr := &trial{ctx: t.Context(), site: &site{stage: "ej8"}, journal: j, lab: late, sent: [][]string{{"1", "Ana", "Paz", "20", "1990-01-02", "1"}}, patience: time.Minute}
	if tr.storedWell(); len(tr.problems) != 1 || tr.problems[0].Expected != "no line with result: fail" {
		t.Error(tr.problems)
	}
}

// The course names the variables of a bet as examples.
func TestNamesBets(t *testing.T) {
	const client = "  client1:\n    image: c\n    environment: [NOMBRE=a, APELLIDO=b, DOCUMENTO=1, NACIMIENTO=c, NUMERO=2]\n"
	tests := []struct {
		name, services string
		want           bool
	}{
		{"the course's names", client, true},
		{"others", strings.ReplaceAll(client, "DOCUMENTO", "BET_DNI"), false},
		{"none", "  client1:\n    image: c\n", false},
		{"one client without", client + "  client2:\n    image: c\n", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := checkout(t, "ej5", map[string]string{"server/config.ini": "", "generar-compose.sh": "cat >$1 <<'E'\nservices:\n" + tt.services + "E\n"})
			got := false
			run := func(tr *trial) { got = namesBets(tr, 1+strings.Count(tt.services, "client2")) }
			if r := runOne(t.Context(), Scenario{Stage: "ej5", Name: "x", run: run}, nil, s, Options{Now: time.Now}); r.Status != report.Passed || got != tt.want {
				t.Errorf("got %v, %s: %s %v", got, r.Status, r.Reason, r.Problems)
			}
		})
	}
}

// A bet of the solution's own is the same in the logs of both sides and on disk.
func TestOwnBets(t *testing.T) {
	const sent, stored = "action: apuesta_enviada | result: success | dni: 20 | numero: 7", "action: apuesta_almacenada | result: success | dni: 20 | numero: 7"
	tests := []struct{ name, sent, stored, file, seen string }{
		{"all the same", sent, stored, "1,A,B,20,1990-01-02,7\n", ""},
		{"another on disk", sent, stored, "1,A,B,21,1990-01-02,7\n", "1 record, the first of which is"},
		{"nothing on disk", sent, stored, "", "no record"},
		{"twice on disk", sent, stored, strings.Repeat("1,A,B,20,1990-01-02,7\n", 2), "2 records, "},
		{"another in the server's log", sent, strings.Replace(stored, "20", "21", 1), "1,A,B,20,1990-01-02,7\n", `which lacks "dni: 20"`},
		{"nothing in the client's log", "", stored, "1,A,B,20,1990-01-02,7\n", "0 lines"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := checkout(t, "ej5", map[string]string{
				"server/config.ini":  "",
				"generar-compose.sh": "printf 'services: {server: {image: s}, client1: {image: c}}' >$1\n",
			})
			e := scriptedEngine{file: tt.file, lines: []report.Line{
				{Container: "client1", Text: "2026-01-01 00:00:00 INFO     " + tt.sent}, {Container: "server", Text: "2026-01-01 00:00:00 INFO     " + tt.stored},
			}}
			run := func(tr *trial) { singleBets(tr, 1, "a", "b", false) }
			r := runOne(t.Context(), Scenario{Stage: "ej5", Name: "x", run: run}, e, s, Options{Now: time.Now, Patience: time.Millisecond})
			if seen := fmt.Sprint(r.Problems); (r.Status == report.Failed) != (tt.seen != "") || !strings.Contains(seen, tt.seen) {
				t.Errorf("%s: %s %s", r.Status, r.Reason, seen)
			}
		})
	}
}

// A checkout's Compose file may give all clients the same bet: each has to be there under its agency.
func TestOwnBetsOfSeveral(t *testing.T) {
	const rest = ",Ana,Paz,30904465,1999-03-17,7574\n"
	for file, want := range map[string]string{
		"1" + rest + "2" + rest: "",
		"2" + rest + "1" + rest: "",
		"1" + rest + "1" + rest: "bets.csv holds the bet of client2 under agency 2",
		"0" + rest + "0" + rest: "bets.csv holds the bet of client1 under agency 1, bets.csv holds the bet of client2 under agency 2",
		"1" + rest:              "bets.csv holds the bet of client2 under agency 2, bets.csv holds 2 bets",
		"1,a,b,1,c,d\n2" + rest: "bets.csv holds the bet of client1 under agency 1",
	} {
		tr := &trial{ctx: t.Context(), site: &site{stage: "ej5"}, journal: newJournal(), lab: scriptedLab{diskLab{text: file}}, n: 2}
		for container, action := range map[string]string{"client1": "apuesta_enviada", "client2": "apuesta_enviada", "server": "apuesta_almacenada"} {
			tr.journal.add(report.Line{Container: container, Text: "2026-01-01 00:00:00 INFO     action: " + action + " | result: success | dni: 30904465 | numero: 7574"})
		}
		ownBets(tr, 2, true)
		var got []string
		for _, p := range tr.problems {
			got = append(got, p.Expected)
		}
		if diff := cmp.Diff(want, strings.Join(got, ", ")); diff != "" {
			t.Errorf("%q (-want +got):\n%s", file, diff)
		}
		if tr.problems = nil; !strings.Contains(want, "holds 2 bets") {
			if ownBets(tr, 2, false); len(tr.problems) > 0 { // another scenario judges the agency
				t.Errorf("%q: %v", file, tr.problems)
			}
		}
	}
}

// scriptedEngine starts labs that log lines at once, exit with 0, and have a file of bets.
type scriptedEngine struct {
	engine
	file  string
	lines []report.Line
}

func (scriptedEngine) build(context.Context, *site) error { return nil }

func (scriptedEngine) reserve(context.Context, *site) func() { return func() {} }

func (e scriptedEngine) start(_ context.Context, _ *site, _ map[string]map[string]string, j *journal) (lab, error) {
	for _, l := range e.lines {
		j.add(l)
	}
	return scriptedLab{diskLab{text: e.file}}, nil
}

type scriptedLab struct{ diskLab }

func (scriptedLab) up(context.Context, ...string) error           { return nil }
func (scriptedLab) exitCode(context.Context, string) (int, error) { return 0, nil }
func (scriptedLab) settle(context.Context) error                  { return nil }
func (scriptedLab) down(context.Context) error                    { return nil }
