package central

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tp0-lab/composer/internal/lab/wire"
)

func TestDraw(t *testing.T) {
	for _, concurrency := range []int{0, 1} {
		for _, n := range []int{1, 3, 6} {
			t.Run(fmt.Sprintf("%d agencies, concurrency %d", n, concurrency), func(t *testing.T) {
				h := serve(t, uint32(n), func(c *Config) { c.Concurrency, c.KeepAlive = concurrency, 10*time.Millisecond })
				var asking []*client
				for a := 1; a <= n; a++ {
					c, _ := h.join(uint32(a))
					list := bets(0, 10)
					if a%2 == 1 {
						list[3].Number, list[3].Document = 7574, fmt.Sprintf("%08d", a)
						list[9].Number, list[9].Document = 7574, "7"
					}
					c.send(batch(0, list...))
					c.result(ok(0, 10))
					c.send(wire.AppendEmpty(nil, wire.TypeAsk))
					c.error(wire.CodeNotFinished)
					c.send(finish(uint32(a), list[:9]...))
					c.error(wire.CodeMismatch)
					c.send(finish(uint32(a+1), list...)) // of another agency with the same bets
					c.error(wire.CodeMismatch)
					if h.log.count("sorteo") != 0 {
						t.Fatal("drawn too early")
					}
					c.send(finish(uint32(a), list...))
					c.expect(wire.TypeFinished)
					c.send(finish(uint32(a), list...)) // again
					c.expect(wire.TypeFinished)
					code := wire.CodeFinished
					if a == n {
						code = wire.CodeDrawn
					}
					c.send(batch(10, bet(1)))
					c.result(wire.Result{Position: 10, Count: 1, Code: code, Index: wire.NoIndex})
					c.send(wire.AppendEmpty(nil, wire.TypeAsk))
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
				c, _ := h.join(1)
				c.send(wire.AppendEmpty(nil, wire.TypeAsk))
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
	c.send(slices.Concat(finish(1), wire.AppendEmpty(nil, wire.TypeAsk)))
	c.expect(wire.TypeFinished)
	h.stop()
	c.error(wire.CodeShutdown)
	c.closed()
	h.start(2)
	one, _ := h.join(1)
	one.send(wire.AppendEmpty(nil, wire.TypeAsk))
	two, _ := h.join(2)
	two.send(finish(2))
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
	c.send(slices.Concat(finish(1, all...), wire.AppendEmpty(nil, wire.TypeAsk)))
	c.expect(wire.TypeFinished)
	if got := c.winners(); !slices.Equal(got, want) {
		t.Errorf("%d winners, want %d", len(got), len(want))
	}
}

func TestNoDraw(t *testing.T) {
	h := serve(t, 0, nil)
	c, _ := h.join(1 << 31) // any number
	c.send(finish(1 << 31))
	c.error(wire.CodeNoDraw)
	c.send(wire.AppendEmpty(nil, wire.TypeAsk))
	c.error(wire.CodeNoDraw)
	c.send(batch(0, bet(0)))
	c.result(ok(0, 1))
}

func TestAskingPeerGoesAway(t *testing.T) {
	h := serve(t, 2, nil)
	c, _ := h.join(1)
	c.send(slices.Concat(finish(1), wire.AppendEmpty(nil, wire.TypeAsk)))
	c.expect(wire.TypeFinished)
	c.conn.Close()
	h.log.wait(t, 1, "close_client_connection | result: success")
	if n := h.log.count("consulta_ganadores | result: fail"); n != 0 {
		t.Errorf("%d lines", n)
	}
}

func TestWaitingForTheDrawHasNoLimit(t *testing.T) {
	h := serve(t, 2, func(c *Config) { c.ReadTimeout, c.KeepAlive = 40*time.Millisecond, 20*time.Millisecond })
	one, _ := h.join(1)
	one.send(slices.Concat(finish(1), wire.AppendEmpty(nil, wire.TypeAsk)))
	one.expect(wire.TypeFinished)
	for range 10 {
		one.expect(wire.TypeKeepAlive)
	}
	two, _ := h.join(2)
	two.send(finish(2))
	two.expect(wire.TypeFinished)
	one.winners()
}
