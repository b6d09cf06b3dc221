package report

import (
	"os"
	"strconv"
	"strings"
	"time"

	"pgregory.net/rapid"
)

var started = time.Date(2026, 3, 14, 10, 0, 0, 0, time.UTC)

func after(ms int) time.Time { return started.Add(time.Duration(ms) * time.Millisecond) }

// logged reads lines of the form "milliseconds TAB container TAB text", from real runs of the services.
func logged(t rapid.TB, name string) []Line {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name + ".log")
	if err != nil {
		t.Fatal(err)
	}
	var lines []Line
	for line := range strings.Lines(string(text)) {
		parts := strings.SplitN(strings.TrimSuffix(line, "\n"), "\t", 3)
		ms, err := strconv.Atoi(parts[0])
		if err != nil || len(parts) != 3 {
			t.Fatalf("%s: no line of a log: %q", name, line)
		}
		lines = append(lines, Line{At: after(ms), Container: parts[1], Text: parts[2]})
	}
	return lines
}

// example is a report as a run gives it, with two failures.
func example(t rapid.TB) Report {
	t.Helper()
	ej8 := logged(t, "ej8")
	early := logged(t, "ej8-info")
	early = append(early[:60:60], append([]Line{
		{At: early[59].At, Container: "client3", Text: "2026-03-14 10:00:00 INFO     action: consulta_ganadores | result: success | cant_ganadores: 1"},
		{At: early[59].At, Container: "client4", Text: "2026-03-14 10:00:00 ERROR    action: consulta_ganadores | result: fail | error: unexpected end of the stream"},
		{At: early[59].At, Container: "client4", Text: "client4 exited with code 1"},
	}, early[60:]...)...)
	r := Report{Target: "this project", Engine: "local", Started: started, Duration: 27314 * time.Millisecond}
	add := func(stage, name, title string, ms int, timeline []Line) {
		r.Scenarios = append(r.Scenarios, Scenario{
			Stage: stage, Name: name, Title: title, Status: Passed, Duration: time.Duration(ms) * time.Millisecond, Timeline: timeline,
		})
	}
	echo := logged(t, "ej1")
	add("ej1", "one-client", "One client gets each of its messages back.", 912, echo[:18])
	add("ej1", "two-clients", "Two clients get each of their messages back.", 1204, echo)
	add("ej2", "files-decide", "Both files are changed, and no image is built anew.", 803, echo)
	add("ej3", "good-server", "The script says success for a server that echoes.", 402, nil)
	add("ej3", "lying-server", "The script says fail for a server that echoes something else.", 371, nil)
	add("ej3", "plain-sh", "The script runs in a shell that is not bash.", 0, nil)
	r.Scenarios[5].Status, r.Scenarios[5].Reason = Skipped, "no shell but bash was found"
	add("ej4", "term-both", "Client and server stop gracefully on SIGTERM.", 2670, logged(t, "ej4"))
	add("ej5", "document-on-both-sides", "Each bet's document is in both logs.", 1360, logged(t, "ej5"))
	add("ej6", "exact-batch", "A file of 200 bets takes two batches of 100.", 1500, ej8[:100])
	add("ej6", "commas-quotes-accents", "Names with commas, quotes and accents are stored as they are.", 1500, ej8[:60])
	add("ej8", "five-agencies", "Five agencies send at once; each gets its own winners after the draw.", 1890, ej8)
	add("ej8", "restart-half-way", "The server is killed half-way and started anew; no bet is lost.", 3975, logged(t, "ej8-restart"))
	add("ej8", "no-answer-before-the-draw", "No agency gets an answer before the last one has finished.", 1745, early)
	last := &r.Scenarios[len(r.Scenarios)-1]
	last.Status = Failed
	last.Problems = []Problem{
		{
			Expected: "no consulta_ganadores before the server's sorteo",
			Seen:     "client3: consulta_ganadores with cant_ganadores: 1, 0.61 s before the draw",
			Around:   early[57:64],
		},
		{Expected: "client4 exits with code 0", Seen: "exit code 1", Around: early[61:64]},
	}
	return r
}
