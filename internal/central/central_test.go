package central

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tp0-lab/composer/internal/lablog"
	"github.com/tp0-lab/composer/internal/wire"
)

func TestSingleBets(t *testing.T) {
	h := serve(t, 0, nil)
	c, w := h.join(1)
	if w != (wire.Welcome{}) {
		t.Errorf("welcome %+v", w)
	}
	b := wire.Bet{FirstName: "Santiago Lionel", LastName: "Lorca", Document: "30904465", Year: 1999, Month: 3, Day: 17, Number: 7574}
	c.send(single(0, b))
	c.result(ok(0, 1))
	h.log.wait(t, 1, "apuesta_almacenada | result: success | dni: 30904465 | numero: 7574")
	c.send(single(0, b))
	c.result(wire.Result{Position: 0, Count: 1, Code: wire.CodePosition, Index: wire.NoIndex})
	h.log.wait(t, 1, "apuesta_almacenada | result: fail | dni: 30904465 | numero: 7574 | error: ")
	c.conn.Close()
	h.log.wait(t, 1, "close_client_connection | result: success | ip: 127.0.0.1")

	_, w = h.join(1)
	sum := wire.Checksum(0, encoded(b))
	if want := (wire.Welcome{Stored: 1, Checksum: sum, Last: sum}); w != want {
		t.Errorf("welcome %+v, want %+v", w, want)
	}
	h.storedIs(1, b)
}

func TestBatchesInFlight(t *testing.T) {
	h := serve(t, 0, nil)
	c, _ := h.join(7)
	var frames []byte
	for i := range maxAnswers {
		frames = append(frames, batch(i*10, bets(i*10, 10)...)...)
	}
	for len(frames) > 0 { // in pieces that are no frames
		n := min(len(frames), 1001)
		c.send(frames[:n])
		frames = frames[n:]
	}
	for i := range maxAnswers {
		c.result(ok(i*10, 10))
	}
	if n := h.log.count("apuesta_recibida | result: success | cantidad: 10"); n != maxAnswers {
		t.Errorf("%d lines", n)
	}
	h.storedIs(7, bets(0, maxAnswers*10)...)
	c.conn.Close()
	_, w := h.join(7)
	all := bets(0, maxAnswers*10)
	want := wire.Welcome{
		Stored: uint64(len(all)), Checksum: wire.Checksum(0, encoded(all...)), Last: wire.Checksum(0, encoded(all[len(all)-1])),
	}
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
			c.send(single(0, list[3]))
			c.result(wire.Result{Position: 0, Count: 1, Code: tt.code, Index: 0})
			c.send(batch(0, bets(0, 5)...)) // the connection is usable
			c.result(ok(0, 5))
			h.storedIs(1, bets(0, 5)...)
		})
	}
}

// What closes the connection, and how.
func TestRefused(t *testing.T) {
	hello := wire.AppendHello(nil, wire.Hello{Agency: 1})
	otherVersion := bytes.Clone(hello)
	otherVersion[7]++
	otherMagic := bytes.Clone(hello)
	otherMagic[3] = 'X'
	cut := func(frame []byte) []byte { // a body that is a byte short
		frame = bytes.Clone(frame[:len(frame)-1])
		frame[1]--
		return frame
	}
	lying := batch(0, bets(0, 3)...)
	lying[3+8+1]++
	fewer := batch(0, bets(0, 3)...)
	fewer[3+8+1]--
	none := bytes.Clone(fewer)
	none[3+8+1] = 0
	for _, tt := range []struct {
		name  string
		first []byte // before WELCOME
		then  []byte // after it
		code  wire.Code
	}{
		{"size 0", []byte{0, 0, 1}, nil, wire.CodeMalformed},
		{"size 2", []byte{0, 2, 1}, nil, wire.CodeMalformed},
		{"size 8193", []byte{0x20, 1, 1}, nil, wire.CodeMalformed},
		{"text", []byte("GET / HTTP/1.1\r\n\r\n"), nil, wire.CodeMalformed},
		{"hello too short", cut(hello), nil, wire.CodeMalformed},
		{"version", otherVersion, nil, wire.CodeVersion},
		{"magic", otherMagic, nil, wire.CodeVersion},
		{"agency 0", wire.AppendHello(nil, wire.Hello{}), nil, wire.CodeAgency},
		{"agency 4 of 3", wire.AppendHello(nil, wire.Hello{Agency: 4}), nil, wire.CodeAgency},
		{"batch first", batch(0, bet(0)), nil, wire.CodeUnexpected},
		{"keepalive first", wire.AppendKeepAlive(nil), nil, wire.CodeUnexpected},
		{"unknown type", []byte{0, 3, 0x55}, nil, wire.CodeUnexpected},
		{"hello twice", hello, hello, wire.CodeUnexpected},
		{"welcome", hello, wire.AppendWelcome(nil, wire.Welcome{}), wire.CodeUnexpected},
		{"unknown type later", hello, []byte{0, 3, 0}, wire.CodeUnexpected},
		{"count too high", hello, lying, wire.CodeMalformed},
		{"count too low", hello, fewer, wire.CodeMalformed},
		{"count 0", hello, none, wire.CodeMalformed},
		{"batch cut", hello, cut(batch(0, bets(0, 3)...)), wire.CodeMalformed},
		{"bet cut", hello, cut(single(0, bet(0))), wire.CodeMalformed},
		{"finish cut", hello, cut(finish()), wire.CodeMalformed},
		{"ask with a body", hello, []byte{0, 4, 5, 0}, wire.CodeMalformed},
		{"keepalive with a body", hello, []byte{0, 4, 0x7f, 0}, wire.CodeMalformed},
		{"size later", hello, []byte{0xff, 0xff, 3}, wire.CodeMalformed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := serve(t, 3, nil)
			c := h.dial()
			c.send(tt.first)
			if tt.then != nil {
				c.welcome()
				// What came before is answered before.
				c.send(slices.Concat(batch(0, bets(0, 2)...), tt.then, bytes.Repeat([]byte("x"), 1<<16)))
				c.result(ok(0, 2))
			}
			c.error(tt.code)
			c.closed()
			h.log.wait(t, 1, "serve_connection | result: fail | ip: 127.0.0.1 | error: ")
			c.conn.Close()
			h.log.wait(t, 1, "close_client_connection | result: success")
			if tt.then != nil {
				h.storedIs(1, bets(0, 2)...)
			}
		})
	}
}

func TestPeersThatGoAway(t *testing.T) {
	hello := wire.AppendHello(nil, wire.Hello{Agency: 1})
	whole := batch(0, bets(0, 3)...)
	for name, tt := range map[string]struct {
		sent  []byte
		fails int
	}{
		"nothing":      {nil, 0},
		"half a HELLO": {hello[:5], 1},
		"a HELLO":      {hello, 0},
		"half a batch": {slices.Concat(hello, whole[:len(whole)-1]), 1},
		"a byte":       {slices.Concat(hello, whole[:1]), 1},
	} {
		t.Run(name, func(t *testing.T) {
			h := serve(t, 0, nil)
			c := h.dial()
			c.send(tt.sent)
			if len(tt.sent) >= len(hello) {
				c.welcome()
			}
			c.conn.Close()
			h.log.wait(t, 1, "close_client_connection | result: success")
			if n := h.log.count("serve_connection | result: fail"); n != tt.fails {
				t.Errorf("%d fails, want %d", n, tt.fails)
			}
			h.storedIs(1)
		})
	}
}

func TestTimeouts(t *testing.T) {
	short := func(c *Config) { c.HelloTimeout, c.ReadTimeout = 50*time.Millisecond, 50*time.Millisecond }
	hello := wire.AppendHello(nil, wire.Hello{Agency: 1})
	for name, sent := range map[string][]byte{
		"silent":            nil,
		"half a HELLO":      hello[:4],
		"silent afterwards": hello,
		"half a frame":      slices.Concat(hello, batch(0, bet(0))[:20]),
	} {
		t.Run(name, func(t *testing.T) {
			h := serve(t, 0, short)
			c := h.dial()
			c.send(sent)
			if len(sent) >= len(hello) {
				c.welcome()
			}
			c.error(wire.CodeTimeout)
			c.closed()
			h.log.wait(t, 1, "serve_connection | result: fail")
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
		c.send(wire.AppendKeepAlive(nil))
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
		t.Run(fmt.Sprint(concurrency), func(t *testing.T) {
			h := serve(t, 1, func(c *Config) { c.Concurrency = concurrency })
			old, _ := h.join(1)
			old.send(batch(0, bets(0, 3)...))
			newer, w := h.join(1)
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

// Also while the older one waits for its turn, for the draw, or does not read.
func TestReplacedWhereverItIs(t *testing.T) {
	h := serve(t, 2, func(c *Config) { c.Concurrency = 1 })
	asking, _ := h.join(1)
	asking.send(slices.Concat(finish(), wire.AppendAsk(nil)))
	asking.expect(wire.TypeFinished)
	other, _ := h.join(2) // the place is free
	again := h.hello(1)   // waits for it
	asking.error(wire.CodeReplaced)
	third := h.hello(1)
	again.error(wire.CodeReplaced)
	other.send(finish())
	other.expect(wire.TypeFinished)
	other.conn.Close()
	if w := third.welcome(); w.State != wire.StateFinished|wire.StateDrawn {
		t.Errorf("welcome %+v", w)
	}
	third.send(wire.AppendAsk(nil))
	if got := third.winners(); len(got) != 0 {
		t.Errorf("winners %v", got)
	}
}

// pipes is a listener whose connections hold nothing that is not being read.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

func (p *pipes) dial(t *testing.T) *client {
	ours, theirs := net.Pipe()
	t.Cleanup(func() { ours.Close() })
	p.conns <- theirs
	return &client{t, ours, wire.NewReader(ours)}
}

// A peer that does not read its results costs its connection. What it sent
// is stored.
func TestPeerThatDoesNotRead(t *testing.T) {
	h := serve(t, 0, nil)
	config := testConfig()
	config.WriteTimeout = 50 * time.Millisecond
	p := &pipes{conns: make(chan net.Conn), closed: make(chan struct{})}
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	log := &output{more: make(chan struct{})}
	go func() { served <- New(config, h.lottery, lablog.New(log, slog.LevelDebug)).Serve(ctx, p) }()
	slow := p.dial(t)
	slow.send(wire.AppendHello(nil, wire.Hello{Agency: 1}))
	slow.welcome()
	for i := range 10 {
		slow.send(batch(i, bet(i)))
	}
	log.wait(t, 1, "serve_connection | result: fail")
	log.wait(t, 1, "close_client_connection | result: success")
	log.wait(t, 10, "apuesta_recibida | result: success")
	// Its place is free, and its account as it should be.
	c := p.dial(t)
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

func TestDraw(t *testing.T) {
	for _, concurrency := range []int{0, 1} {
		for _, n := range []int{1, 3, 6} {
			t.Run(fmt.Sprintf("%d agencies, concurrency %d", n, concurrency), func(t *testing.T) {
				h := serve(t, uint32(n), func(c *Config) { c.Concurrency, c.KeepAlive = concurrency, 10*time.Millisecond })
				var asking []*client
				for a := 1; a <= n; a++ {
					c, w := h.join(uint32(a))
					if w.State != 0 {
						t.Errorf("welcome %+v", w)
					}
					list := bets(0, 10)
					if a%2 == 1 {
						list[3].Number, list[3].Document = 7574, fmt.Sprintf("%08d", a)
						list[9].Number, list[9].Document = 7574, "7"
					}
					c.send(batch(0, list...))
					c.result(ok(0, 10))
					c.send(wire.AppendAsk(nil))
					c.error(wire.CodeNotFinished)
					c.send(finish(list[:9]...))
					c.error(wire.CodeMismatch)
					if h.log.count("sorteo") != 0 {
						t.Fatal("drawn too early")
					}
					c.send(finish(list...))
					c.expect(wire.TypeFinished)
					c.send(finish(list...)) // again
					c.expect(wire.TypeFinished)
					code := wire.CodeFinished
					if a == n {
						code = wire.CodeDrawn
					}
					c.send(batch(10, bet(1)))
					c.result(wire.Result{Position: 10, Count: 1, Code: code, Index: wire.NoIndex})
					c.send(wire.AppendAsk(nil))
					if a < n {
						c.expect(wire.TypeKeepAlive) // and so it has given its place back
					}
					asking = append(asking, c)
				}
				for i, c := range asking {
					var want []string
					if a := i + 1; a%2 == 1 {
						want = []string{fmt.Sprintf("%08d", a), "7"}
					}
					if got := c.winners(); !slices.Equal(got, want) {
						t.Errorf("agency %d: winners %v, want %v", i+1, got, want)
					}
					c.conn.Close()
				}
				h.stop()
				if n := h.log.count("sorteo | result: success"); n != 1 {
					t.Errorf("%d draws", n)
				}
				if got, want := h.log.count("consulta_ganadores | result: fail"), n; got != want {
					t.Errorf("%d lines for questions before finishing, want %d", got, want)
				}
				// A drawn lottery stays drawn.
				h.start(uint32(n))
				c, w := h.join(1)
				if w.State != wire.StateFinished|wire.StateDrawn {
					t.Errorf("welcome %+v", w)
				}
				c.send(wire.AppendAsk(nil))
				if got := c.winners(); !slices.Equal(got, []string{"00000001", "7"}) {
					t.Errorf("winners after a restart %v", got)
				}
				if n := h.log.count("sorteo"); n != 0 {
					t.Errorf("%d draws after a restart", n)
				}
			})
		}
	}
}

func TestRestartBetweenFinishAndDraw(t *testing.T) {
	h := serve(t, 2, nil)
	c, _ := h.join(1)
	c.send(slices.Concat(finish(), wire.AppendAsk(nil)))
	c.expect(wire.TypeFinished)
	h.stop()
	c.error(wire.CodeShutdown)
	c.closed()
	h.start(2)
	one, w := h.join(1)
	if w.State != wire.StateFinished {
		t.Errorf("welcome %+v", w)
	}
	one.send(wire.AppendAsk(nil))
	two, _ := h.join(2)
	two.send(finish())
	two.expect(wire.TypeFinished)
	if got := one.winners(); len(got) != 0 {
		t.Errorf("winners %v", got)
	}
	h.log.wait(t, 1, "sorteo | result: success")
}

func TestManyWinners(t *testing.T) {
	h := serve(t, 1, nil)
	c, _ := h.join(1)
	var all []wire.Bet
	var want []string
	for i := range 40 {
		list := bets(0, 10)
		for j := range list {
			list[j].Number = 7574
			list[j].Document = strings.Repeat("9", 200) + fmt.Sprint(i, j)
			want = append(want, list[j].Document)
		}
		c.send(batch(len(all), list...))
		c.result(ok(len(all), 10))
		all = append(all, list...)
	}
	c.send(slices.Concat(finish(all...), wire.AppendAsk(nil)))
	c.expect(wire.TypeFinished)
	if got := c.winners(); !slices.Equal(got, want) {
		t.Errorf("%d winners, want %d", len(got), len(want))
	}
}

func TestNoDraw(t *testing.T) {
	h := serve(t, 0, nil)
	c, _ := h.join(1 << 31) // any number
	c.send(finish())
	c.error(wire.CodeNoDraw)
	c.send(wire.AppendAsk(nil))
	c.error(wire.CodeNoDraw)
	c.send(batch(0, bet(0)))
	c.result(ok(0, 1))
}

// One that waits for the draw and goes away does not hold anything up.
func TestAskingPeerGoesAway(t *testing.T) {
	h := serve(t, 2, nil)
	c, _ := h.join(1)
	c.send(slices.Concat(finish(), wire.AppendAsk(nil)))
	c.expect(wire.TypeFinished)
	c.conn.Close()
	h.log.wait(t, 1, "close_client_connection | result: success")
	if n := h.log.count("consulta_ganadores | result: fail"); n != 0 {
		t.Errorf("%d lines", n)
	}
}

// An agency that waits for the draw is not stalling.
func TestWaitingForTheDrawHasNoLimit(t *testing.T) {
	h := serve(t, 2, func(c *Config) { c.ReadTimeout, c.KeepAlive = 40*time.Millisecond, 20*time.Millisecond })
	one, _ := h.join(1)
	one.send(slices.Concat(finish(), wire.AppendAsk(nil)))
	one.expect(wire.TypeFinished)
	for range 10 {
		one.expect(wire.TypeKeepAlive)
	}
	two, _ := h.join(2)
	two.send(finish())
	two.expect(wire.TypeFinished)
	one.winners()
}

func TestShutdown(t *testing.T) {
	h := serve(t, 2, func(c *Config) { c.Concurrency = 2 })
	busy, _ := h.join(1)
	asking, _ := h.join(2)
	asking.send(slices.Concat(finish(), wire.AppendAsk(nil)))
	asking.expect(wire.TypeFinished)
	silent := h.dial()
	var frames []byte
	for i := range maxAnswers {
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
