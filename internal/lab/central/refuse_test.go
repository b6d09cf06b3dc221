package central

import (
	"bytes"
	"io"
	"slices"
	"testing"
	"time"

	"github.com/tp0-lab/composer/internal/lab/wire"
)

// What closes the connection, and how.
func TestRefused(t *testing.T) {
	hello := wire.AppendHello(nil, wire.Hello{Agency: 1})
	cut := func(f []byte) []byte { // a body that is a byte short
		body := bodyOf(f)
		return frame(wire.Type(f[2]), body[:len(body)-1])
	}
	const countAt = 8 + 1 // the lower byte of a batch's count
	counting := func(change int) []byte {
		body := []byte(bodyOf(batch(0, bets(0, 3)...)))
		body[countAt] = byte(int(body[countAt]) + change)
		return frame(wire.TypeBatch, string(body))
	}
	flipped := batch(0, bets(0, 3)...)
	flipped[20]++
	for _, tt := range []struct {
		name  string
		first []byte // before WELCOME
		then  []byte // after it
		code  wire.Code
	}{
		{"size 0", []byte{0, 0, 1}, nil, wire.CodeCorrupt},
		{"size 6", []byte{0, 6, 1}, nil, wire.CodeCorrupt},
		{"size 8193", []byte{0x20, 1, 1}, nil, wire.CodeCorrupt},
		{"text", []byte("GET / HTTP/1.1\r\n\r\n"), nil, wire.CodeCorrupt},
		{"checksum", append(hello[:len(hello)-1:len(hello)-1], hello[len(hello)-1]+1), nil, wire.CodeCorrupt},
		{"hello too short", cut(hello), nil, wire.CodeMalformed},
		{"version", frame(wire.TypeHello, "TP0L\x03 and what it may hold"), nil, wire.CodeVersion},
		{"magic", frame(wire.TypeHello, "XP0L\x02\x00\x00\x00\x01"), nil, wire.CodeVersion},
		{"agency 0", wire.AppendHello(nil, wire.Hello{}), nil, wire.CodeAgency},
		{"agency 4 of 3", wire.AppendHello(nil, wire.Hello{Agency: 4}), nil, wire.CodeAgency},
		{"batch first", batch(0, bet(0)), nil, wire.CodeUnexpected},
		{"keepalive first", wire.AppendEmpty(nil, wire.TypeKeepAlive), nil, wire.CodeUnexpected},
		{"unknown type", frame(0x55, ""), nil, wire.CodeUnexpected},
		{"hello twice", hello, hello, wire.CodeUnexpected},
		{"welcome", hello, wire.AppendWelcome(nil, wire.Welcome{}), wire.CodeUnexpected},
		{"BET of version 1", hello, frame(2, bodyOf(batch(0, bet(0)))), wire.CodeUnexpected},
		{"unknown type later", hello, frame(0, ""), wire.CodeUnexpected},
		{"count too high", hello, counting(1), wire.CodeMalformed},
		{"count too low", hello, counting(-1), wire.CodeMalformed},
		{"count 0", hello, counting(-3), wire.CodeMalformed},
		{"batch cut", hello, cut(batch(0, bets(0, 3)...)), wire.CodeMalformed},
		{"bet cut", hello, cut(batch(0, bet(0))), wire.CodeMalformed},
		{"finish cut", hello, cut(finish(1)), wire.CodeMalformed},
		{"ask with a body", hello, frame(wire.TypeAsk, "x"), wire.CodeMalformed},
		{"keepalive with a body", hello, frame(wire.TypeKeepAlive, "x"), wire.CodeMalformed},
		{"size later", hello, []byte{0xff, 0xff, 3}, wire.CodeCorrupt},
		{"a flipped bit later", hello, flipped, wire.CodeCorrupt},
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

// A client of version 1 is told so in its own framing, which it can read.
func TestClientOfVersion1(t *testing.T) {
	h := serve(t, 0, nil)
	c := h.dial()
	c.send([]byte("\x00\x0c\x01TP0L\x01\x00\x00\x00\x01"))
	answer, err := io.ReadAll(c.conn)
	if err != nil || string(answer) != "\x00\x04\x85\x02" {
		t.Errorf("%q, %v", answer, err)
	}
	h.log.wait(t, 1, "serve_connection | result: fail | ip: 127.0.0.1 | error: read frame: unsupported protocol version 1")
}
