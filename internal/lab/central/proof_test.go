package central

import (
	"testing"
	"time"

	"github.com/tp0-lab/composer/internal/lab/secret"
	"github.com/tp0-lab/composer/internal/lab/wire"
)

// challenged says HELLO with a nonce, and returns what both sides prove.
func (h *harness) challenged(agency uint32) (*client, wire.Hello, wire.Challenge) {
	h.t.Helper()
	c := h.dial()
	hello := wire.Hello{Agency: agency, Secret: true, Nonce: wire.NewNonce()}
	c.send(wire.AppendHello(nil, hello))
	challenge, err := wire.ParseChallenge(c.expect(wire.TypeChallenge))
	if err != nil {
		h.t.Fatal(err)
	}
	return c, hello, challenge
}

// proof returns the PROOF with a secret.
func proof(t *testing.T, s secret.Secret, agency uint32, hello wire.Hello, c wire.Challenge) []byte {
	t.Helper()
	own, err := s.Of(agency)
	if err != nil {
		t.Fatal(err)
	}
	return wire.AppendProof(nil, wire.NewProof(own.NewMAC(), wire.TypeProof, hello, c.Nonce))
}

func TestProof(t *testing.T) {
	master := secret.New()
	h := serve(t, 3, func(c *Config) { c.Secret = master })
	c, hello, challenge := h.challenged(1)
	own, err := master.Of(1)
	if err != nil {
		t.Fatal(err)
	}
	if !challenge.Proof.Equal(wire.NewProof(own.NewMAC(), wire.TypeChallenge, hello, challenge.Nonce)) {
		t.Error("the server has not proved that it knows the secret")
	}
	c.send(proof(t, master, 1, hello, challenge))
	if w := c.welcome(); w != welcomeOf(1) {
		t.Errorf("welcome %+v", w)
	}
	c.send(batch(0, bet(0)))
	c.result(ok(0, 1))
	again, hello2, challenge2 := h.challenged(1)
	if challenge2.Nonce == challenge.Nonce {
		t.Error("the nonce is the same")
	}
	again.send(proof(t, master, 1, hello2, challenge2))
	if w := again.welcome(); w.Stored != 1 || !w.Replaced {
		t.Errorf("welcome %+v", w)
	}
	c.error(wire.CodeReplaced)
}

// A connection that has not proved who it is learns nothing, replaces nobody and takes no place.
func TestNoProof(t *testing.T) {
	master := secret.New()
	bare := wire.AppendHello(nil, wire.Hello{Agency: 1})
	answer := func(then func(*testing.T, wire.Hello, wire.Challenge) []byte) func(*harness) *client {
		return func(h *harness) *client {
			c, hello, challenge := h.challenged(1)
			c.send(then(h.t.(*testing.T), hello, challenge))
			return c
		}
	}
	for _, tt := range []struct {
		name   string
		try    func(*harness) *client
		code   wire.Code
		reason string
	}{
		{"no secret", func(h *harness) *client {
			c := h.dial()
			c.send(bare)
			return c
		}, wire.CodeNoProof, "agency 1: agency has no secret, and this server wants a proof (CLI_SECRET_FILE)"},
		{"another secret", answer(func(t *testing.T, hello wire.Hello, c wire.Challenge) []byte {
			t.Helper()
			return proof(t, secret.New(), 1, hello, c)
		}), wire.CodeWrongProof, "agency 1: proof is not one with the agency's secret"},
		{"the secret of another agency", answer(func(t *testing.T, hello wire.Hello, c wire.Challenge) []byte {
			t.Helper()
			return proof(t, master, 2, hello, c)
		}), wire.CodeWrongProof, "agency 1: proof is not"},
		{"the proof of another HELLO", answer(func(t *testing.T, hello wire.Hello, c wire.Challenge) []byte {
			t.Helper()
			hello.Nonce[0]++
			return proof(t, master, 1, hello, c)
		}), wire.CodeWrongProof, "agency 1: proof is not"},
		{"the proof of another challenge", answer(func(t *testing.T, hello wire.Hello, c wire.Challenge) []byte {
			t.Helper()
			c.Nonce[0]++
			return proof(t, master, 1, hello, c)
		}), wire.CodeWrongProof, "agency 1: proof is not"},
		{"the server's own proof", answer(func(_ *testing.T, _ wire.Hello, c wire.Challenge) []byte {
			return wire.AppendProof(nil, c.Proof)
		}), wire.CodeWrongProof, "agency 1: proof is not"},
		{"no PROOF", answer(func(*testing.T, wire.Hello, wire.Challenge) []byte {
			return finish(1)
		}), wire.CodeUnexpected, "frame has no place here"},
		{"a short PROOF", answer(func(*testing.T, wire.Hello, wire.Challenge) []byte {
			return frame(wire.TypeProof, "x")
		}), wire.CodeMalformed, "decode PROOF: malformed frame"},
		{"silence", answer(func(*testing.T, wire.Hello, wire.Challenge) []byte { return nil }), wire.CodeTimeout, "peer stalled"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := serve(t, 2, func(c *Config) { c.Secret, c.Concurrency, c.HelloTimeout = master, 1, 200*time.Millisecond })
			good, hello, challenge := h.challenged(1)
			good.send(proof(t, master, 1, hello, challenge))
			good.welcome()
			c := tt.try(h)
			c.error(tt.code)
			c.closed()
			h.log.wait(t, 1, "serve_connection | result: fail | ip: 127.0.0.1 | error: "+tt.reason)
			good.send(batch(0, bet(0)))
			good.result(ok(0, 1))
			good.conn.Close()
			two, hello, challenge := h.challenged(2) // the one place is free
			two.send(proof(t, master, 2, hello, challenge))
			two.welcome()
		})
	}
}

// An agency that closes the connection when it should prove who it is has found the server's proof wrong.
func TestLeftBeforeProof(t *testing.T) {
	h := serve(t, 2, func(c *Config) { c.Secret = secret.New() })
	c, _, _ := h.challenged(1)
	c.conn.Close()
	h.log.wait(t, 1, "serve_connection | result: fail | ip: 127.0.0.1 | error: agency 1: agency closed the connection in place of its proof")
}

func TestServerWithoutSecret(t *testing.T) {
	h := serve(t, 2, nil)
	c := h.dial()
	c.send(wire.AppendHello(nil, wire.Hello{Agency: 1, Secret: true}))
	c.error(wire.CodeNoSecret)
	c.closed()
	h.log.wait(t, 1, "serve_connection | result: fail | ip: 127.0.0.1 | error: agency has a secret and wants a proof, and this server has none (SERVER_SECRET_FILE)")
}
