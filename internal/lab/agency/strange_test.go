package agency

import (
	"errors"
	"net"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/tp0-lab/composer/internal/lab/wire"
)

func TestNoCentral(t *testing.T) {
	tests := []struct {
		name   string
		at     wire.Type
		answer string
	}{
		{"an echo", wire.TypeHello, string(wire.AppendHello(nil, wire.Hello{Agency: 1}))},
		{"a web server", wire.TypeHello, "HTTP/1.1 400 Bad Request\r\n"},
		{"an unknown state", wire.TypeHello, "\x00\x14\x81" + strings.Repeat("\x04", 17)},
		{"a short WELCOME", wire.TypeHello, "\x00\x04\x81\x00"},
		{"a long KEEPALIVE", wire.TypeHello, "\x00\x04\x7f\x00"},
		{"an empty ERROR", wire.TypeHello, "\x00\x03\x85"},
		{"WELCOME to a batch", wire.TypeBatch, string(wire.AppendWelcome(nil, wire.Welcome{}))},
		{"a RESULT of another batch", wire.TypeBatch, string(wire.AppendResult(nil, wire.Result{Position: 1, Count: 3}))},
		{"a RESULT of fewer bets", wire.TypeBatch, string(wire.AppendResult(nil, wire.Result{Count: 2}))},
		{"a short RESULT", wire.TypeBatch, "\x00\x04\x82\x00"},
		{"a long FINISHED", wire.TypeFinish, "\x00\x04\x83\x00"},
		{"short WINNERS", wire.TypeAsk, "\x00\x06\x84\x00\x00\x01"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake(t)
				f.meddle = func(_ int, kind wire.Type, answer []byte) []byte {
					if kind == tt.at {
						return []byte(tt.answer)
					}
					return answer
				}
				a, _ := f.agency(nil)
				if _, err := a.Play(t.Context(), fileOf(t, bets(0, 3)...)); !errors.Is(err, ErrProtocol) {
					t.Errorf("got %v, want %v", err, ErrProtocol)
				}
				f.handlers.Wait()
				if f.dials != 1 {
					t.Errorf("%d connections, want 1", f.dials)
				}
			})
		})
	}
}

// An address that is none will not become one.
func TestBadAddress(t *testing.T) {
	f := newFake(t)
	a, log := f.agency(func(c *Config) { c.Address, c.Dial = "central", nil })
	address := new(net.AddrError)
	if err := a.SendBet(t.Context(), domainBet(bet(1))); !errors.As(err, &address) {
		t.Errorf("got %v", err)
	}
	if n := log.count("connect"); n != 0 {
		t.Errorf("logged %q", log.all)
	}
}

// A write that fails because the central has closed the connection tells what
// the central said before.
func TestReasonOfABrokenWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		f.wrap = func(_ int, c net.Conn) net.Conn {
			return &scripted{Conn: c, reads: []string{
				string(wire.AppendWelcome(nil, wire.Welcome{})),
				string(wire.AppendError(wire.AppendResult(nil, wire.Result{Count: 3, Index: wire.NoIndex}), wire.CodeReplaced)),
			}}
		}
		a, _ := f.agency(nil)
		refused := new(RefusedError)
		if err := a.SendFile(t.Context(), fileOf(t, bets(0, 6)...)); !errors.As(err, &refused) || refused.Code != wire.CodeReplaced {
			t.Errorf("got %v", err)
		}
	})
}

// scripted reads what it is told to, and breaks at the second write.
type scripted struct {
	net.Conn
	reads  []string
	writes int
}

func (s *scripted) Read(p []byte) (int, error) {
	if len(s.reads) == 0 {
		return 0, errCut
	}
	n := copy(p, s.reads[0])
	if s.reads[0] = s.reads[0][n:]; s.reads[0] == "" {
		s.reads = s.reads[1:]
	}
	return n, nil
}

func (s *scripted) Write(p []byte) (int, error) {
	if s.writes++; s.writes > 1 {
		return 0, errCut
	}
	return len(p), nil
}
