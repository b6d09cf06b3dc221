package agency

import (
	"errors"
	"fmt"
	"net"
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
		{"a central of another agency", wire.TypeHello, string(wire.AppendWelcome(nil, wire.Welcome{Agency: 2}))},
		{"a short WELCOME", wire.TypeHello, frame(wire.TypeWelcome, "x")},
		{"a long KEEPALIVE", wire.TypeHello, frame(wire.TypeKeepAlive, "x")},
		{"an empty ERROR", wire.TypeHello, frame(wire.TypeError, "")},
		{"WELCOME to a batch", wire.TypeBatch, string(wire.AppendWelcome(nil, wire.Welcome{Agency: 1}))},
		{"a RESULT of another batch", wire.TypeBatch, string(wire.AppendResult(nil, wire.Result{Position: 1, Count: 3}))},
		{"a RESULT of fewer bets", wire.TypeBatch, string(wire.AppendResult(nil, wire.Result{Count: 2}))},
		{"a short RESULT", wire.TypeBatch, frame(wire.TypeResult, "x")},
		{"a long FINISHED", wire.TypeFinish, frame(wire.TypeFinished, "x")},
		{"short WINNERS", wire.TypeAsk, frame(wire.TypeWinners, "\x00\x00\x01")},
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

// Bytes that are no frames may have been frames before a bit was flipped: the agency connects again. A peer that has
// nothing else to say is no central, and the agency says so in the end.
func TestCorruptFrames(t *testing.T) {
	flipped := func(f []byte) string {
		f[len(f)/2]++
		return string(f)
	}
	tests := []struct {
		name   string
		at     wire.Type
		answer string
	}{
		{"a web server", wire.TypeHello, "HTTP/1.1 400 Bad Request\r\n"},
		{"WELCOME", wire.TypeHello, flipped(wire.AppendWelcome(nil, wire.Welcome{Agency: 1, Checksum: wire.NoBets(1)}))},
		{"ERROR busy of version 1", wire.TypeHello, "\x00\x04\x85\x08"},
		{"RESULT", wire.TypeBatch, flipped(wire.AppendResult(nil, wire.Result{Count: 3, Index: wire.NoIndex}))},
		{"FINISHED", wire.TypeFinish, flipped(wire.AppendEmpty(nil, wire.TypeFinished))},
		{"WINNERS", wire.TypeAsk, flipped(wire.AppendError(nil, wire.CodeOK))},
	}
	for _, tt := range tests {
		for _, always := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, always %v", tt.name, always), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					f := newFake(t)
					f.meddle = func(_ int, kind wire.Type, answer []byte) []byte {
						if kind == tt.at && (always || f.dials == 1) {
							return []byte(tt.answer)
						}
						return answer
					}
					a, _ := f.agency(nil)
					_, err := a.Play(t.Context(), fileOf(t, bets(0, 3)...))
					f.handlers.Wait()
					switch {
					case always && (!errors.Is(err, ErrRetryLimit) || !errors.Is(err, wire.ErrCorrupt)):
						t.Errorf("got %v, want %v of %v", err, ErrRetryLimit, wire.ErrCorrupt)
					case !always && (err != nil || f.dials != 2):
						t.Errorf("got %v after %d connections", err, f.dials)
					}
				})
			})
		}
	}
}

// A central of version 1 says that it does not speak version 2, in its own framing.
func TestCentralOfVersion1(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		f.meddle = func(int, wire.Type, []byte) []byte { return []byte("\x00\x04\x85\x02") }
		a, log := f.agency(nil)
		refused := new(RefusedError)
		if err := a.SendFile(t.Context(), fileOf(t, bets(0, 3)...)); !errors.As(err, &refused) || refused.Code != wire.CodeVersion {
			t.Errorf("got %v", err)
		}
		f.diaryIs("0s HELLO")
		if n := log.count("batch_enviado | result: fail | error: refused by the central: version (it does not speak our version of the protocol: build server and client from the same project); it speaks version 1, and we version 2"); n != 1 {
			t.Errorf("logged %q", log.all)
		}
	})
}

// An address that is none will not become one.
func TestBadAddress(t *testing.T) {
	f := newFake(t)
	a, log := f.agency(func(c *Config) { c.Address, c.Dial = "central", new(net.Dialer).DialContext })
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
				string(wire.AppendWelcome(nil, wire.Welcome{Agency: 1, Checksum: wire.NoBets(1)})),
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
