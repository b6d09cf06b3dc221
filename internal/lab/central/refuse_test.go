package central

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/tp0-lab/composer/internal/lab/wire"
)

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
		{"bet cut", hello, cut(single(bet(0))), wire.CodeMalformed},
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
