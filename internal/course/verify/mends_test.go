package verify

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tp0-lab/composer/internal/course/report"
	"github.com/tp0-lab/composer/internal/lab/local"
)

// A script of ej3 may look for the container server by its name. Other stages' containers have none, so that labs do not meet.
func TestOverrideLeavesNamesToScripts(t *testing.T) {
	p, err := local.Load(t.Context(), []byte("services:\n  server: {image: s, container_name: server}\n  client1: {image: c, container_name: client1}\n"), "c.yaml", t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	const reset = "container_name: !reset null"
	for keep, want := range map[bool]int{true: 0, false: 2} {
		text := string(override("lab", p, map[string]string{"server": "i1", "client": "i2"}, nil, nil, nil, keep))
		if got := strings.Count(text, reset); got != want {
			t.Errorf("keep %v: %d names are reset, want %d, in\n%s", keep, got, want, text)
		}
	}
}

// A lab that runs beside one of ej3 has no container with the words server or client, for which its script may look.
func TestNeutralNames(t *testing.T) {
	p, err := local.Load(t.Context(), []byte("services:\n  client1: {image: c}\n  server: {image: s, container_name: server}\n  twice: {image: s, scale: 2}\n"), "c.yaml", t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	names := neutralNames("lab", p)
	if diff := cmp.Diff(map[string]string{"client1": "lab-1", "server": "lab-2"}, names); diff != "" {
		t.Error(diff)
	}
	text := string(override("lab", p, nil, nil, nil, names, false))
	if !strings.Contains(text, `container_name: "lab-2"`) || strings.Count(text, "container_name: !reset null") != 1 {
		t.Error(text)
	}
	l := &dockerLab{names: []string{"client1", "server", "twice"}, services: map[string]string{"lab-2": "server"}, journal: newJournal(), last: make(map[string]time.Time), now: time.Now}
	l.readLogs(strings.NewReader("lab-2  | 2026-01-01T00:00:00Z hello\nlab-twice-2  | 2026-01-01T00:00:00Z ho\nlab-2 exited with code 0\n"))
	var got []string
	for _, line := range l.journal.timeline() {
		got = append(got, line.Container)
	}
	slices.Sort(got)
	if want := []string{"server", "server", "twice"}; !slices.Equal(got, want) {
		t.Errorf("lines of %q, want %q", got, want)
	}
}

// The client's number is in no configuration file, so a checkout's line about the files may lack it.
func TestChangedFilesAskForWhatIsInTheFiles(t *testing.T) {
	const server = "action: config | result: success | port: 12345 | listen_backlog: 8 | logging_level: DEBUG"
	client := func(fields string) string { return "action: config | result: success | " + fields }
	tests := []struct{ name, line, seen string }{
		{"all", client("client_id: 1 | server_address: server:12345 | loop_amount: 1 | loop_period: 100ms | log_level: DEBUG"), ""},
		{"without the client's number", client("server_address: server:12345 | loop_amount: 1 | loop_period: 100ms | log_level: DEBUG"), ""},
		{"another amount", client("server_address: server:12345 | loop_amount: 5 | loop_period: 100ms | log_level: DEBUG"), "loop_amount: 1"},
		{"without the period", client("server_address: server:12345 | loop_amount: 1 | log_level: DEBUG"), "loop_period: 100ms"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := checkout(t, "ej2", map[string]string{
				"server/config.ini": "", "client/config.yaml": "",
				"generar-compose.sh": "printf 'services: {server: {image: s}, client1: {image: c}}' >$1\n",
			})
			e := scriptedEngine{}
			for _, l := range []report.Line{
				{Container: "server", Text: server},
				{Container: "client1", Text: tt.line},
				{Container: "client1", Text: "action: receive_message | result: success"},
				{Container: "client1", Text: "action: loop_finished | result: success"},
			} {
				l.Text = "2026-01-01 00:00:00 INFO     " + l.Text
				e.lines = append(e.lines, l)
			}
			run := func(tr *trial) { changedFiles(tr, serverKeys{8, "DEBUG", 0}, clientKeys{1, "100ms", "DEBUG", 10, ""}) }
			r := runOne(t.Context(), Scenario{Stage: "ej2", Name: "x", run: run}, e, s, Options{Now: time.Now, Patience: time.Millisecond})
			if seen := fmt.Sprint(r.Problems); (r.Status == report.Failed) != (tt.seen != "") || !strings.Contains(seen, tt.seen) {
				t.Errorf("%s: %s %s", r.Status, r.Reason, seen)
			}
		})
	}
}

// What a client sends between two answers is a batch only if it waits for the answer to each.
func TestLargestBurst(t *testing.T) {
	received := func(amounts ...int) (lines []entry) {
		j := newJournal()
		for _, n := range amounts {
			j.add(report.Line{Container: "server", Text: fmt.Sprintf("2026-01-01 00:00:00 INFO     action: apuesta_recibida | result: success | cantidad: %d", n)})
		}
		lines, _ = j.snapshot()
		return lines
	}
	tests := []struct {
		name   string
		bursts [][]int
		lines  []entry
		ours   bool
		want   int
	}{
		{"an answer for each batch", [][]int{{900, 9000, 12}}, received(10, 10), false, 9000},
		{"a connection for each batch", [][]int{{900}, {800}}, received(10, 10), false, 900},
		{"a client that does not wait", [][]int{{9000}}, received(10, 10), false, 0},
		{"a line for all batches", [][]int{{9000}}, received(20), false, 0},
		{"a line for a batch of this project, whose batch.maxAmount is no bound", [][]int{{9000}}, received(20), true, 9000},
		{"no line", [][]int{{9000}}, nil, false, 9000},
		{"nothing sent", [][]int{{}}, nil, false, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var links []link
			for _, b := range tt.bursts {
				links = append(links, link{bursts: b})
			}
			if got := largestBurst(links, len(tt.lines), tt.lines, &site{maxAmount: 10, ours: tt.ours}); got != tt.want {
				t.Errorf("got %d, want %d", got, tt.want)
			}
		})
	}
}

// failingLab is a lab whose clients all end with code 1.
type failingLab struct{ scriptedLab }

func (failingLab) exitCode(context.Context, string) (int, error) { return 1, nil }

func (failingLab) relay(ctx context.Context, _ int) (*relay, error) {
	return newRelay(ctx, "127.0.0.1", func(context.Context) (net.Conn, error) { return nil, errors.New("nobody") })
}

type failingEngine struct{ scriptedEngine }

func (e failingEngine) start(context.Context, *site, map[string]map[string]string, *journal) (lab, error) {
	return failingLab{}, nil
}

// A draw that fails through the relay may do so because the relay hides the clients' addresses: that proves nothing about
// what the server sends.
func TestOwnWinnersProveNothingWhereTheDrawFails(t *testing.T) {
	for ours, want := range map[bool]report.Status{false: report.Unjudged, true: report.Failed} {
		s := checkout(t, "ej7", map[string]string{
			"server/config.ini": "", "client/config.yaml": "",
			"generar-compose.sh": "printf 'services: {server: {image: s}, client1: {image: c}}' >$1\n",
		})
		run := func(tr *trial) {
			if tr.site.ours = ours; ours {
				tr.site.serverConfig, tr.site.clientConfig = "server/config.ini", "client/config.yaml"
			}
			ownWinners(tr)
		}
		r := runOne(t.Context(), Scenario{Stage: "ej7", Name: "x", run: run}, failingEngine{}, s, Options{Now: time.Now, Patience: time.Millisecond})
		if r.Status != want || want == report.Unjudged && !strings.Contains(r.Reason, "hides") {
			t.Errorf("ours %v: %s: %s %v", ours, r.Status, r.Reason, r.Problems)
		}
	}
}

// A checkout's server draws after the release of the held agency, unless a side has given the agency up or the relay itself
// keeps it from a draw.
func TestDrawnAfterRelease(t *testing.T) {
	fails := func(tr *trial) func() { return func() { tr.problem("a", "b", nil); runtime.Goexit() } }
	works := func(*trial) func() { return func() {} }
	tests := []struct {
		name   string
		draws  bool
		gaveUp bool
		whole  func(*trial) func()
		want   report.Status
	}{
		{"it draws", true, false, fails, report.Passed},
		{"it never draws", false, false, works, report.Failed},
		{"it never draws through a relay", false, false, fails, report.Passed},
		{"the agency was given up", false, true, works, report.Passed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := checkout(t, "ej8", map[string]string{"server/Dockerfile": "FROM scratch\n"})
			run := func(tr *trial) {
				tr.patience = time.Millisecond
				if tt.draws {
					tr.journal.add(report.Line{Container: "server", Text: "2026-01-01 00:00:00 INFO     action: sorteo | result: success"})
				}
				drawnAfterRelease(tr, &relay{gaveUp: tt.gaveUp}, tt.whole(tr))
			}
			got := runOne(t.Context(), Scenario{Stage: "ej8", Name: "x", run: run}, nil, s, Options{Now: time.Now})
			if got.Status != tt.want {
				t.Errorf("%s: %s %v", got.Status, got.Reason, got.Problems)
			}
		})
	}
}

// A service that waits for what the relay holds is not blamed for it. What it does where nobody is held counts, and so does a
// bet that is not on disk.
func TestBlameHold(t *testing.T) {
	kill := func(tr *trial) { tr.problem("server ends on SIGTERM", wasKilled, nil) }
	lost := func(tr *trial) { tr.problem("bets.csv holds the 10 bets", "no record", nil) }
	unknown := func(tr *trial) { tr.unjudged("no bet") }
	works := func(*trial) {}
	tests := []struct {
		name       string
		ours       bool
		held, free func(*trial)
		want       report.Status
	}{
		{"right", false, works, kill, report.Passed},
		{"killed only where a client is held", false, kill, works, report.Passed},
		{"killed either way", false, kill, kill, report.Failed},
		{"killed, and loses a bet", false, func(tr *trial) { kill(tr); lost(tr) }, works, report.Failed},
		{"loses a bet", false, lost, works, report.Failed},
		{"killed, and nothing is known without the hold", false, kill, unknown, report.Unjudged},
		{"nothing is known with it", false, unknown, works, report.Unjudged},
		{"this project", true, kill, works, report.Failed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := checkout(t, "ej6", map[string]string{"server/Dockerfile": "FROM scratch\n"})
			run := func(tr *trial) {
				tr.site.ours = tt.ours
				blameHold(tr, func() { tt.held(tr) }, func() { tt.free(tr) })
			}
			got := runOne(t.Context(), Scenario{Stage: "ej6", Name: "x", run: run}, nil, s, Options{Now: time.Now})
			if got.Status != tt.want {
				t.Errorf("%s: %s %v", got.Status, got.Reason, got.Problems)
			}
		})
	}
}

// A line without a colon is one failure, of winners-of-5. Where other scenarios ask for answers, any form of the number is one.
func TestAnsweredInAnyForm(t *testing.T) {
	tests := []struct {
		name, line string
		want       bool
	}{
		{"the course's form", "action: consulta_ganadores | result: success | cant_ganadores: 12", true},
		{"without a colon", "action: consulta_ganadores | result: success | cant_ganadores 12", true},
		{"in other words", "action: consulta_ganadores | result: success | ganadores: 12.", true},
		{"more behind it", "action: consulta_ganadores | result: success | cant_ganadores: 12 | dnis: [30904465]", true},
		{"another number", "action: consulta_ganadores | result: success | cant_ganadores: 2", false},
		{"no number", "action: consulta_ganadores | result: success", false},
		{"a failure", "action: consulta_ganadores | result: fail | cant_ganadores: 12", false},
		{"nothing", "action: loop_finished | result: success", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := checkout(t, "ej7", map[string]string{"server/Dockerfile": "FROM scratch\n"})
			run := func(tr *trial) {
				tr.patience = time.Millisecond
				tr.journal.add(report.Line{Container: "client1", Text: "2026-01-01 00:00:00 INFO     " + tt.line})
				answeredInAnyForm(tr, []int{12})
			}
			r := runOne(t.Context(), Scenario{Stage: "ej7", Name: "x", run: run}, nil, s, Options{Now: time.Now})
			if (r.Status == report.Passed) != tt.want {
				t.Errorf("%s: %v", r.Status, r.Problems)
			}
		})
	}
}

func TestLastNumber(t *testing.T) {
	for text, want := range map[string]string{"": "", "none": "", "7": "7", "a 12": "12", "12 of 345.": "345", "a1b": "1"} {
		if got := lastNumber(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

// Bets that the server does not store after the hold either are not lost to the hold.
func TestBlameStall(t *testing.T) {
	const first = "1,Ana,Paz,20,1990-01-02,1\n1,Ana,Paz,21,1990-01-02,1\n"
	for _, tt := range []struct {
		name, file string
		want       report.Status
	}{
		{"stored later", first + "9,Eva,Sol,30,1990-01-02,2\n9,Eva,Sol,31,1990-01-02,2\n", report.Failed},
		{"never stored", first + "2,Eva,Sol,30,1990-01-02,2\n", report.Unjudged},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := checkout(t, "ej8", map[string]string{"server/Dockerfile": "FROM scratch\n"})
			run := func(tr *trial) {
				tr.lab, tr.limit = scriptedLab{diskLab{text: tt.file}}, time.Millisecond
				tr.sent = [][]string{{"1", "", "", "20"}, {"1", "", "", "21"}, {"2", "", "", "30"}, {"3", "", "", "31"}}
				blameStall(tr, &relay{resume: make(chan struct{})})
			}
			r := runOne(t.Context(), Scenario{Stage: "ej8", Name: "x", run: run}, nil, s, Options{Now: time.Now})
			if r.Status != tt.want {
				t.Errorf("%s: %s %v", r.Status, r.Reason, r.Problems)
			}
		})
	}
}

// Where messages are cut, the lines about a bet are not judged once more.
func TestCutBetsAreJudgedByWhatIsOnDisk(t *testing.T) {
	s := checkout(t, "ej5", map[string]string{
		"server/config.ini": "", "client/config.yaml": "",
		"generar-compose.sh": "printf 'services: {server: {image: s}, client1: {image: c, environment: {NOMBRE: a, APELLIDO: b, DOCUMENTO: 1, NACIMIENTO: c, NUMERO: 2}}}' >$1\n",
	})
	const stored = "1,Tiago Nicolás,Ñandú Müller,30904465,1999-03-17,7574\n"
	for file, want := range map[string]report.Status{stored: report.Passed, "": report.Failed} {
		e := talkingEngine{scriptedEngine{file: file}}
		run := func(tr *trial) { singleBets(tr, 1, "Tiago Nicolás", "Ñandú Müller", true) }
		r := runOne(t.Context(), Scenario{Stage: "ej5", Name: "x", run: run}, e, s, Options{Now: time.Now, Patience: time.Second})
		if r.Status != want {
			t.Errorf("%q: %s %s %v", file, r.Status, r.Reason, r.Problems)
		}
	}
}

// talkingEngine has labs in which each client that starts says a word to the relay, and the server answers it.
type talkingEngine struct{ scriptedEngine }

func (e talkingEngine) start(context.Context, *site, map[string]map[string]string, *journal) (lab, error) {
	return &talkingLab{scriptedLab: scriptedLab{diskLab{text: e.file}}}, nil
}

type talkingLab struct {
	scriptedLab
	r *relay
}

func (l *talkingLab) relay(ctx context.Context, _ int) (_ *relay, err error) {
	l.r, err = newRelay(ctx, "127.0.0.1", func(context.Context) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go func() {
			word := make([]byte, 1)
			_, _ = theirs.Read(word)
			_, _ = theirs.Write(word)
			_ = theirs.Close()
		}()
		return ours, nil
	})
	return l.r, err
}

func (l *talkingLab) up(context.Context, ...string) error {
	if l.r == nil {
		return nil
	}
	conn, err := net.Dial("tcp", l.r.address)
	if err != nil {
		return err
	}
	defer conn.Close() // all is read
	_, _ = conn.Write([]byte("x"))
	_, _ = conn.Read(make([]byte, 1))
	return nil
}

// A service that is killed after the whole file was sent says nothing about the middle of it.
func TestNotWhole(t *testing.T) {
	for file, want := range map[string]report.Status{"1,A,B,20,1990-01-02,1\n": report.Failed, "1,A,B,20,1990-01-02,1\n1,A,B,21,1990-01-02,1\n": report.Unjudged} {
		s := checkout(t, "ej7", map[string]string{"server/Dockerfile": "FROM scratch\n"})
		run := func(tr *trial) {
			tr.lab = scriptedLab{diskLab{text: file}}
			tr.sent = [][]string{{"1", "", "", "20"}, {"1", "", "", "21"}, {"2", "", "", "30"}}
			tr.problem("server ends on SIGTERM", wasKilled, nil)
			notWhole(tr)
		}
		r := runOne(t.Context(), Scenario{Stage: "ej7", Name: "x", run: run}, nil, s, Options{Now: time.Now})
		if r.Status != want {
			t.Errorf("%q: %s: %s", file, r.Status, r.Reason)
		}
	}
}

// A solution may know how long the names in the course's files are, so invented ones are no longer.
func TestInventedNamesAreAsLongAsTheCourses(t *testing.T) {
	s := checkout(t, "ej6", map[string]string{"server/Dockerfile": "FROM scratch\n"})
	run := func(tr *trial) {
		tr.agencies([]int{500, 20}, []int{1, 0})
		if len(tr.sent) != 520 {
			t.Errorf("%d bets", len(tr.sent))
		}
		for _, r := range tr.sent {
			if len(r) != 6 || len(r[1]) > longestFirst || len(r[2]) > longestLast {
				t.Fatalf("%q", r)
			}
		}
	}
	if r := runOne(t.Context(), Scenario{Stage: "ej6", Name: "x", run: run}, nil, s, Options{Now: time.Now}); r.Status != report.Passed {
		t.Error(r.Status, r.Problems)
	}
}
