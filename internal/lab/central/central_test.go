package central

import (
	"context"
	"log/slog"
	"net"
	"os"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/tp0-lab/composer/internal/lab/logline"
	"github.com/tp0-lab/composer/internal/lab/wire"
	"github.com/tp0-lab/composer/internal/test/pipes"
)

func TestSingleBets(t *testing.T) {
	h := serve(t, 0, nil)
	c, w := h.join(1)
	if w != welcomeOf(1) {
		t.Errorf("welcome %+v", w)
	}
	b := wire.Bet{FirstName: "Santiago Lionel", LastName: "Lorca", Document: "30904465", Year: 1999, Month: 3, Day: 17, Number: 7574}
	c.send(batch(0, b))
	c.result(ok(0, 1))
	h.log.wait(t, 1, "apuesta_almacenada | result: success | dni: 30904465 | numero: 7574")
	c.send(batch(0, b))
	c.result(wire.Result{Position: 0, Count: 1, Code: wire.CodePosition, Index: wire.NoIndex})
	h.log.wait(t, 1, "apuesta_almacenada | result: fail | dni: 30904465 | numero: 7574 | error: ")
	c.conn.Close()
	h.log.wait(t, 1, "close_client_connection | result: success | ip: 127.0.0.1")

	_, w = h.join(1)
	if want := welcomeOf(1, b); w != want {
		t.Errorf("welcome %+v, want %+v", w, want)
	}
	h.storedIs(1, b)
}

func TestBatchesInFlight(t *testing.T) {
	h := serve(t, 0, nil)
	c, _ := h.join(7)
	var frames []byte
	for i := range wire.MaxInFlight {
		frames = append(frames, batch(i*10, bets(i*10, 10)...)...)
	}
	for len(frames) > 0 { // in pieces that are no frames
		n := min(len(frames), 1001)
		c.send(frames[:n])
		frames = frames[n:]
	}
	for i := range wire.MaxInFlight {
		c.result(ok(i*10, 10))
	}
	if n := h.log.count("apuesta_recibida | result: success | cantidad: 10"); n != wire.MaxInFlight {
		t.Errorf("%d lines", n)
	}
	h.storedIs(7, bets(0, wire.MaxInFlight*10)...)
	c.conn.Close()
	_, w := h.join(7)
	want := welcomeOf(7, bets(0, wire.MaxInFlight*10)...)
	if w != want {
		t.Errorf("welcome %+v, want %+v", w, want)
	}
}

func TestBadBets(t *testing.T) {
	for _, tt := range []struct {
		change func(*wire.Bet)
		code   wire.Code
	}{
		{func(b *wire.Bet) { b.FirstName = "" }, wire.CodeFirstName},
		{func(b *wire.Bet) { b.FirstName = "\xff" }, wire.CodeFirstName},
		{func(b *wire.Bet) { b.LastName = "Paz\r\n1,x" }, wire.CodeLastName},
		{func(b *wire.Bet) { b.Document = "" }, wire.CodeDocument},
		{func(b *wire.Bet) { b.Document = "1\u2028" }, wire.CodeDocument},
		{func(b *wire.Bet) { b.Month = 13 }, wire.CodeBirthdate},
		{func(b *wire.Bet) { b.Year = 0 }, wire.CodeBirthdate},
		{func(b *wire.Bet) { b.Month, b.Day = 2, 30 }, wire.CodeBirthdate},
	} {
		t.Run(tt.code.String(), func(t *testing.T) {
			h := serve(t, 0, nil)
			c, _ := h.join(1)
			list := bets(0, 5)
			tt.change(&list[3])
			c.send(slices.Concat(batch(0, list...), batch(5, bets(5, 2)...)))
			c.result(wire.Result{Position: 0, Count: 5, Code: tt.code, Index: 3})
			c.result(wire.Result{Position: 5, Count: 2, Code: wire.CodePosition, Index: wire.NoIndex})
			if n := h.log.count("apuesta_recibida | result: fail | cantidad: 5 | error: "); n != 1 {
				t.Errorf("%d lines", n)
			}
			h.storedIs(1)
			c.send(batch(0, list[3]))
			c.result(wire.Result{Position: 0, Count: 1, Code: tt.code, Index: 0})
			c.send(batch(0, bets(0, 5)...)) // the connection is usable
			c.result(ok(0, 5))
			h.storedIs(1, bets(0, 5)...)
		})
	}
}

// A silent peer costs one connection: it holds no place and delays nobody.
func TestSilentPeersDelayNobody(t *testing.T) {
	h := serve(t, 0, func(c *Config) { c.Concurrency = 1 })
	for range 20 {
		h.dial()
	}
	c, _ := h.join(1)
	c.send(batch(0, bet(0)))
	c.result(ok(0, 1))
}

// KEEPALIVE tells pausing from stalling: four pauses that together are longer
// than the limit.
func TestPausesWithKeepAlive(t *testing.T) {
	const limit = 400 * time.Millisecond
	h := serve(t, 0, func(c *Config) { c.ReadTimeout = limit })
	c, _ := h.join(1)
	tick := time.NewTicker(limit / 3)
	defer tick.Stop()
	for range 5 {
		<-tick.C
		c.send(wire.AppendEmpty(nil, wire.TypeKeepAlive))
	}
	c.send(batch(0, bet(0)))
	c.result(ok(0, 1))
}

func TestTurns(t *testing.T) {
	h := serve(t, 0, func(c *Config) { c.Concurrency, c.KeepAlive = 1, 10*time.Millisecond })
	first, _ := h.join(1)
	var waiting []*client
	for a := uint32(2); a <= 4; a++ {
		c := h.hello(a)
		c.expect(wire.TypeKeepAlive) // so it is in the queue
		waiting = append(waiting, c)
	}
	first.send(batch(0, bets(0, 5)...))
	first.result(ok(0, 5))
	first.conn.Close()
	for i, c := range waiting {
		c.welcome()
		for _, later := range waiting[i+1:] {
			later.expect(wire.TypeKeepAlive)
		}
		c.send(batch(0, bets(0, 5)...))
		c.result(ok(0, 5))
		c.conn.Close()
	}
}

// One that is gone while it waits for its turn does not keep the others waiting.
func TestTurnOfOneThatIsGone(t *testing.T) {
	h := serve(t, 0, func(c *Config) { c.Concurrency, c.KeepAlive = 1, 10*time.Millisecond })
	first, _ := h.join(1)
	gone := h.hello(2)
	gone.expect(wire.TypeKeepAlive)
	last := h.hello(3)
	last.expect(wire.TypeKeepAlive)
	gone.conn.Close()
	first.conn.Close()
	last.welcome()
}

func TestReplaced(t *testing.T) {
	for _, concurrency := range []int{0, 1} {
		t.Run(strconv.Itoa(concurrency), func(t *testing.T) {
			h := serve(t, 1, func(c *Config) { c.Concurrency = concurrency })
			old, _ := h.join(1)
			old.send(batch(0, bets(0, 3)...))
			newer, w := h.join(1)
			if !w.Replaced {
				t.Errorf("welcome %+v", w)
			}
			if w.Stored != 0 && w.Stored != 3 {
				t.Errorf("welcome %+v", w)
			}
			if w.Stored == 3 {
				old.result(ok(0, 3))
			}
			old.error(wire.CodeReplaced)
			old.closed()
			newer.send(batch(int(w.Stored), bets(int(w.Stored), 4)...))
			newer.result(ok(int(w.Stored), 4))
			h.log.wait(t, 1, "serve_connection | result: fail")
			h.storedIs(1, bets(0, int(w.Stored)+4)...)
		})
	}
}

// A client that was replaced waits until the other has ended, however often that one is replaced itself.
func TestFollow(t *testing.T) {
	for _, concurrency := range []int{0, 1} {
		t.Run(strconv.Itoa(concurrency), func(t *testing.T) {
			h := serve(t, 1, func(c *Config) { c.Concurrency, c.KeepAlive = concurrency, 10*time.Millisecond })
			first, _ := h.join(1)
			waiting := h.dial()
			waiting.send(wire.AppendHello(nil, wire.Hello{Agency: 1, Waits: true}))
			waiting.expect(wire.TypeKeepAlive)
			h.log.wait(t, 1, "wait_turn | result: in_progress | agencia: 1 | turno_de: 1")
			gone := h.dial()
			gone.send(wire.AppendHello(nil, wire.Hello{Agency: 1, Waits: true}))
			gone.expect(wire.TypeKeepAlive)
			gone.conn.Close()
			first.send(batch(0, bets(0, 3)...))
			first.result(ok(0, 3))
			second, w := h.join(1)
			first.error(wire.CodeReplaced)
			if w.Stored != 3 || !w.Replaced {
				t.Errorf("welcome %+v", w)
			}
			for range 5 {
				waiting.expect(wire.TypeKeepAlive)
			}
			second.send(batch(3, bets(3, 1)...))
			second.result(ok(3, 1))
			second.conn.Close()
			if w := waiting.welcome(); w != welcomeOf(1, bets(0, 4)...) {
				t.Errorf("welcome %+v", w)
			}
			if h.stop(); h.log.count("shutdown") != 0 {
				t.Error("logged a shutdown")
			}
		})
	}
}

// One that waits for another client takes its place at once if there is none.
func TestFollowNobody(t *testing.T) {
	h := serve(t, 1, nil)
	c := h.dial()
	c.send(wire.AppendHello(nil, wire.Hello{Agency: 1, Waits: true}))
	if w := c.welcome(); w != welcomeOf(1) {
		t.Errorf("welcome %+v", w)
	}
	_, w := h.join(1)
	if c.error(wire.CodeReplaced); !w.Replaced {
		t.Errorf("welcome %+v", w)
	}
}

// The connection that was accepted last counts, whichever HELLO is read first: that of
// a client that was killed may be read after that of the one started in its place.
func TestReplacedByTheNewerConnection(t *testing.T) {
	h := serve(t, 1, nil)
	older := h.dial()
	h.log.wait(t, 1, "accept_connections | result: success")
	newer, _ := h.join(1)
	older.send(wire.AppendHello(nil, wire.Hello{Agency: 1}))
	older.error(wire.CodeReplaced)
	older.closed()
	newer.send(batch(0, bets(0, 3)...))
	newer.result(ok(0, 3))
	h.storedIs(1, bets(0, 3)...)
}

// Also while the older one waits for its turn, for the draw, or does not read.
func TestReplacedWhereverItIs(t *testing.T) {
	h := serve(t, 2, func(c *Config) { c.Concurrency = 1 })
	asking, _ := h.join(1)
	asking.send(slices.Concat(finish(1), wire.AppendEmpty(nil, wire.TypeAsk)))
	asking.expect(wire.TypeFinished)
	other, _ := h.join(2) // the place is free
	again := h.hello(1)   // waits for it
	asking.error(wire.CodeReplaced)
	third := h.hello(1)
	again.error(wire.CodeReplaced)
	other.send(finish(2))
	other.expect(wire.TypeFinished)
	other.conn.Close()
	third.welcome()
	third.send(slices.Concat(finish(1), wire.AppendEmpty(nil, wire.TypeAsk)))
	third.expect(wire.TypeFinished)
	if got := third.winners(); len(got) != 0 {
		t.Errorf("winners %v", got)
	}
}

// dialPipe connects to a listener in memory.
func dialPipe(t *testing.T, l *pipes.Listener) *client {
	t.Helper()
	conn, err := l.Dial()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &client{t, conn, wire.NewReader(conn)}
}

// A peer that does not read its results costs its connection. What it sent
// is stored.
func TestPeerThatDoesNotRead(t *testing.T) {
	h := serve(t, 0, nil)
	config := testConfig()
	config.WriteTimeout = 50 * time.Millisecond
	p := pipes.Listen()
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	log := &output{more: make(chan struct{})}
	go func() { served <- New(config, h.lottery, logline.New(log, slog.LevelDebug)).Serve(ctx, p) }()
	slow := dialPipe(t, p)
	slow.send(wire.AppendHello(nil, wire.Hello{Agency: 1}))
	slow.welcome()
	for i := range 10 {
		slow.send(batch(i, bet(i)))
	}
	log.wait(t, 1, "serve_connection | result: fail")
	log.wait(t, 1, "close_client_connection | result: success")
	log.wait(t, 10, "apuesta_recibida | result: success")
	// Its place is free, and its account as it should be.
	c := dialPipe(t, p)
	c.send(wire.AppendHello(nil, wire.Hello{Agency: 1}))
	if w := c.welcome(); w.Stored != 10 {
		t.Errorf("welcome %+v", w)
	}
	cancel()
	c.error(wire.CodeShutdown)
	if err := <-served; err != nil {
		t.Error(err)
	}
}

// One that waits for the draw and goes away does not hold anything up.
// An agency that waits for the draw is not stalling.
func TestShutdown(t *testing.T) {
	h := serve(t, 2, func(c *Config) { c.Concurrency = 2 })
	busy, _ := h.join(1)
	asking, _ := h.join(2)
	asking.send(slices.Concat(finish(2), wire.AppendEmpty(nil, wire.TypeAsk)))
	asking.expect(wire.TypeFinished)
	silent := h.dial()
	var frames []byte
	for i := range wire.MaxInFlight {
		frames = append(frames, batch(i*100, bets(i*100, 100)...)...)
	}
	busy.send(frames)
	busy.result(ok(0, 100))
	h.stop()
	silent.error(wire.CodeShutdown)
	asking.error(wire.CodeShutdown)
	// What was taken is answered; then the shutdown, and nothing else.
	stored := 1
	for {
		got, body, err := busy.next()
		if err != nil {
			t.Fatal(err)
		}
		if got == wire.TypeError {
			if code, _ := wire.ParseError(body); code != wire.CodeShutdown {
				t.Errorf("ERROR %v", code)
			}
			break
		}
		r, err := wire.ParseResult(body)
		if err != nil || r != ok(stored*100, 100) {
			t.Fatalf("%+v, %v", r, err)
		}
		stored++
	}
	busy.closed()
	for _, line := range []string{"close_server_socket | result: success"} {
		if h.log.count(line) != 1 {
			t.Errorf("no line %q", line)
		}
	}
	if n := h.log.count("close_client_connection | result: success"); n != 3 {
		t.Errorf("%d connections closed", n)
	}
	if n := h.log.count("serve_connection | result: fail"); n != 0 {
		t.Errorf("%d failures", n)
	}
	h.start(2)
	h.storedIs(1, bets(0, stored*100)...)
	if _, err := os.Stat(h.path); err != nil {
		t.Error(err)
	}
}

func TestListenerFails(t *testing.T) {
	h := serve(t, 0, nil)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener.Close()
	if err := New(h.config, h.lottery, slog.New(slog.DiscardHandler)).Serve(t.Context(), listener); err == nil {
		t.Error("a closed listener is served")
	}
}

// flaky is a listener whose first Accepts fail, as for want of file descriptors.
type flaky struct {
	net.Listener
	failures int
}

func (f *flaky) Accept() (net.Conn, error) {
	if f.failures > 0 {
		f.failures--
		return nil, syscall.EMFILE
	}
	return f.Listener.Accept()
}

func TestAcceptErrorsPass(t *testing.T) {
	h := serve(t, 0, nil)
	p := pipes.Listen()
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	log := &output{more: make(chan struct{})}
	server := New(testConfig(), h.lottery, logline.New(log, slog.LevelDebug))
	go func() { served <- server.Serve(ctx, &flaky{p, 3}) }()
	c := dialPipe(t, p)
	c.send(wire.AppendHello(nil, wire.Hello{Agency: 1}))
	c.welcome()
	if n := log.count("accept_connections | result: fail | error: too many open files"); n != 3 {
		t.Errorf("%d failures", n)
	}
	cancel()
	c.error(wire.CodeShutdown)
	if err := <-served; err != nil {
		t.Error(err)
	}
}
