package central

import (
	"strconv"
	"testing"

	"github.com/tp0-lab/composer/internal/lab/wire"
)

// One connection too many is told so and closed; the others go on.
func TestTooManyConnections(t *testing.T) {
	h := serve(t, 0, func(c *Config) { c.Connections = 2 })
	one, _ := h.join(1)
	two, _ := h.join(2)
	h.dial().error(wire.CodeBusy)
	h.log.wait(t, 1, "serve_connection | result: fail | ip: 127.0.0.1 | error: too many connections")
	one.send(batch(0, bets(0, 2)...))
	one.result(ok(0, 2))
	_ = two.conn.Close()
	h.log.wait(t, 2, "close_client_connection | result: success")
	for { // the session of two ends behind its line
		three := h.hello(3)
		if got, _, err := three.next(); err == nil && got == wire.TypeWelcome {
			break
		}
	}
}

// A long list of winners comes in portions, each frame but the last with more.
func TestWinnersInPortions(t *testing.T) {
	h := serve(t, 1, nil)
	c, _ := h.join(1)
	const total, size = 150_000, 250
	var all []wire.Bet
	for at := 0; at < total; at += size {
		var list []wire.Bet
		for i := range size {
			list = append(list, wire.Bet{FirstName: "a", LastName: "b", Document: strconv.Itoa(at + i), Year: 2000, Month: 1, Day: 1, Number: 7574})
		}
		c.send(batch(at, list...))
		c.result(ok(at, size))
		all = append(all, list...)
	}
	c.send(finish(1, all...))
	c.expect(wire.TypeFinished)
	c.send(wire.AppendEmpty(nil, wire.TypeAsk))
	got := c.winners()
	if len(got) != total || got[0] != "0" || got[total-1] != strconv.Itoa(total-1) {
		t.Errorf("%d winners of %d", len(got), total)
	}
}
