package report

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	const at = "2026-03-14 10:00:00 "
	for _, test := range []struct {
		text   string
		kind   kind
		action string
		failed bool
	}{
		{at + "INFO     action: sorteo | result: success", drawKind, "sorteo", false},
		{at + "INFO     action: apuesta_recibida | result: fail | cantidad: 100", storeKind, "apuesta_recibida", true},
		{at + "ERROR    action: connect | result: in_progress", plainKind, "connect", true},
		{at + "CRITICAL action: x", plainKind, "x", true},
		{"action: receive_signal | result: success | signal: SIGTERM", signalKind, "receive_signal", false},
		{"2026-03-14T10:00:00.123Z INFO action:batch_enviado|result:success|cantidad:3", sendKind, "batch_enviado", false},
		{"[ERROR] action: x | result: success", plainKind, "x", true},
		{"client1 exited with code 0", exitKind, "exit 0", false},
		{"exited with code 137", exitKind, "exit 137", true},
		{"tp0-client-1 exited with code 143 (restarting)", exitKind, "exit 143", true},
		{"panic: a transaction: x", textKind, "other output", false},
		{"it exited with code zero", textKind, "other output", false},
		{"", textKind, "other output", false},
		{"action: ", plainKind, "", false},
	} {
		got := parse(test.text)
		if got.kind != test.kind || got.action != test.action || got.failed != test.failed {
			t.Errorf("%q: %s %q failed %v", test.text, got.kind, got.action, got.failed)
		}
	}
}

// lines are written "milliseconds container action", where an action may have fields.
func lines(t *testing.T, text string) []Line {
	t.Helper()
	var all []Line
	for line := range strings.Lines(strings.TrimSpace(text)) {
		var ms int
		var container string
		if _, err := fmt.Sscan(line, &ms, &container); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		rest := strings.TrimSpace(line[strings.Index(line, container)+len(container):])
		if !strings.Contains(rest, "exited") {
			rest = "action: " + strings.Replace(rest, " ", " | result: success | ", 1)
		}
		all = append(all, Line{after(ms), container, rest})
	}
	return all
}

// sketch is the layout as text: a line for each mark, with its rows, then one for each arrow.
func sketch(line *timeline) string {
	var b strings.Builder
	for _, m := range line.marks {
		fmt.Fprintf(&b, "%d-%d %s %s\n", m.first, m.end, line.lanes[m.lane].name, m.label(40))
	}
	for _, a := range line.arrows {
		sure := "?"
		if a.sure {
			sure = ""
		}
		fmt.Fprintf(&b, "%s %s >%s %s %s\n", line.lanes[a.from.lane].name, a.from.label(40), sure, line.lanes[a.to.lane].name, a.to.label(40))
	}
	return b.String()
}

func TestLayout(t *testing.T) {
	for _, test := range []struct{ name, lines, want string }{
		{"like lines are one mark, and near ones share a row", `
			0 server listen
			100 client1 config
			105 client2 config
			110 server accept
			130 server accept
			900 client1 config`, `
			0-0 server listen
			1-1 client1 config ×2
			1-1 client2 config
			1-1 server accept ×2
			`},
		{"a pause makes two marks", `
			0 server accept
			999 server accept
			1999 server accept`, `
			0-0 server accept ×2
			1-1 server accept
			`},
		{"a draw and an exit are borders", `
			0 client1 a
			0 server sorteo
			0 client1 a
			0 client1 exited with code 0
			0 client1 a`, `
			0-0 client1 a
			1-1 server sorteo
			2-2 client1 a
			3-3 client1 exit 0
			4-4 client1 a
			`},
		{"a bet is found on the other side", `
			0 client1 apuesta_enviada dni: 7 | numero: 1
			0 client2 apuesta_enviada dni: 8 | numero: 1
			50 server apuesta_almacenada dni: 7 | numero: 1
			50 server apuesta_almacenada dni: 9 | numero: 1`, `
			0-0 client1 apuesta_enviada
			0-0 client2 apuesta_enviada
			1-1 server apuesta_almacenada ×2
			client1 apuesta_enviada > server apuesta_almacenada ×2
			client2 apuesta_enviada >? server apuesta_almacenada ×2
			`},
		{"an echo comes from the server, though it was read later", `
			0 client1 receive_message msg: x
			1 client1 loop_finished
			2 server receive_message msg: x`, `
			0-0 server receive_message
			1-1 client1 receive_message
			2-2 client1 loop_finished
			server receive_message > client1 receive_message
			`},
		{"but not where it was read much later", `
			0 client1 receive_message msg: x
			500 server receive_message msg: x`, `
			0-0 client1 receive_message
			1-1 server receive_message
			server receive_message > client1 receive_message
			`},
		{"answers come from the server's own line, else from the draw", `
			0 server sorteo
			5 server consulta_ganadores agencia: 2 | cant_ganadores: 1
			6 client1 consulta_ganadores cant_ganadores: 1
			6 client2 consulta_ganadores cant_ganadores: 1`, `
			0-0 server sorteo
			1-1 server consulta_ganadores
			1-1 client1 consulta_ganadores
			2-2 client2 consulta_ganadores
			server consulta_ganadores > client2 consulta_ganadores
			server sorteo >? client1 consulta_ganadores
			`},
		{"an answer before the draw comes from nowhere", `
			0 client1 consulta_ganadores cant_ganadores: 1
			100 server sorteo`, `
			0-0 client1 consulta_ganadores
			1-1 server sorteo
			`},
		{"what is sent when nothing is stored any more goes nowhere", `
			0 server apuesta_recibida cantidad: 1
			50 client1 batch_enviado cantidad: 1`, `
			0-0 server apuesta_recibida
			1-1 client1 batch_enviado
			`},
	} {
		t.Run(test.name, func(t *testing.T) {
			want := strings.ReplaceAll(strings.TrimLeft(test.want, "\n"), "\t", "")
			if diff := cmp.Diff(want, sketch(newTimeline(lines(t, test.lines)))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestLanes(t *testing.T) {
	var all []Line
	for _, name := range []string{"client10", "netcat", "client2", "server-1", "tp0-client1-1"} {
		all = append(all, Line{after(0), name, "x"})
	}
	var got []string
	for _, l := range newTimeline(all).lanes {
		got = append(got, l.name)
	}
	if want := []string{"server-1", "tp0-client1-1", "client2", "client10", "netcat"}; !cmp.Equal(want, got) {
		t.Errorf("%q, want %q", got, want)
	}
}

// Whatever is logged, a picture stays of a size that people look at, and says what it leaves out.
func TestPictureStaysSmall(t *testing.T) {
	for name, line := range map[string]func(int) Line{
		"other actions": func(i int) Line { return Line{after(i), "server", fmt.Sprintf("action: a%d | result: success", i)} },
		"pauses":        func(i int) Line { return Line{after(i * 3000), "server", "action: a | result: success"} },
		"exits": func(i int) Line {
			return Line{after(i * 100), fmt.Sprintf("client%d", i%2), []string{"exited with code 1", "action: a"}[i/2%2]}
		},
		"draws":      func(i int) Line { return Line{after(i * 100), "server", []string{"action: sorteo", "action: b"}[i%2]} },
		"containers": func(i int) Line { return Line{after(i), fmt.Sprintf("client%d", i), "action: a"} },
		"one row":    func(int) Line { return Line{after(0), "server", "action: a"} },
	} {
		t.Run(name, func(t *testing.T) {
			all := make([]Line, 10_000)
			for i := range all {
				all[i] = line(i)
			}
			began := time.Now()
			tl := newTimeline(all)
			p := tl.picture("x")
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("took %v", took)
			}
			if p.Width > 4000 || p.Height > 8000 || len(p.Marks) > 1500 || len(p.Arrows) > 1500 {
				t.Errorf("%d × %d px, %d marks, %d arrows", p.Width, p.Height, len(p.Marks), len(p.Arrows))
			}
			drawn := tl.omitted
			for _, m := range tl.marks {
				drawn += m.lines
			}
			if tl.hidden == 0 && drawn != len(all) {
				t.Errorf("%d lines drawn or counted as omitted, of %d", drawn, len(all))
			}
			if story := strings.Join(tl.story(), "; "); (tl.omitted > 0 || tl.hidden > 0) != strings.Contains(story, "not drawn") {
				t.Errorf("%d omitted, %d containers hidden: %s", tl.omitted, tl.hidden, story)
			}
		})
	}
}

// A container that is started anew has two lives.
func TestLives(t *testing.T) {
	p := newTimeline(logged(t, "ej8-restart")).picture("x")
	if lives := p.Lanes[0].Lives; len(lives) != 2 || lives[0][1] >= lives[1][0] {
		t.Errorf("%v", lives)
	}
}

func TestStory(t *testing.T) {
	for name, want := range map[string]string{
		"ej1":         "2 clients; 3 exits, all with code 0; 48 lines",
		"ej5":         "3 clients; 3 bets stored; 4 exits, all with code 0; 30 lines",
		"ej8-info":    "5 clients; 80 batches stored, 7,870 bets; 1 draw; winners: client1 2, client2 3, client3 1, client4 0, client5 1; 6 exits, all with code 0; 122 lines",
		"ej8-restart": "3 clients; 69 batches stored, 6,850 bets; 1 draw; winners: client1 2, client2 3, client3 1; ended badly: server (exit 137); 195 lines",
	} {
		if got := strings.Join(newTimeline(logged(t, name)).story(), "; "); got != want {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestText(t *testing.T) {
	for _, test := range []struct{ got, want string }{
		{cut("añb", 2), "a…"},
		{cut("añb", 3), "añ…"},
		{cut("añb", 4), "añb"},
		{legal("a\x00\x0b\xffé\ufffe\t\n😀"), "aé\t\n😀"},
		{shorten("abcdef", 6), "abcdef"},
		{shorten("abcdefg", 6), "abcdef…"},
		{shorten("漢字漢字", 6), "漢字漢…"},
		{seconds(1999 * time.Millisecond), "1.99 s"},
		{seconds(12340 * time.Millisecond), "12.3 s"},
		{seconds(2 * time.Hour), "7,200 s"},
		{offset(after(-1500), started), "−1.50 s"},
		{offset(after(10), started), "+0.01 s"},
	} {
		if test.got != test.want {
			t.Errorf("%q, want %q", test.got, test.want)
		}
	}
}
