package agency

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tp0-lab/composer/internal/lab/lottery"
	"github.com/tp0-lab/composer/internal/lab/retry"
	"github.com/tp0-lab/composer/internal/lab/wire"
)

// cutEverywhere calls try with a first connection that breaks after each number
// of bytes, in each direction, until it does not break any more.
func cutEverywhere(t *testing.T, try func(t *testing.T, f *fake)) {
	t.Helper()
	for _, direction := range []string{"written", "read"} {
		for n := 0; ; n++ {
			dials := 0
			synctest.Test(t, func(t *testing.T) {
				f := newFake(t)
				f.wrap = func(nth int, c net.Conn) net.Conn {
					switch {
					case nth > 1:
						return c
					case direction == "read":
						return &cutConn{c, -1, n}
					default:
						return &cutConn{c, n, -1}
					}
				}
				try(t, f)
				dials = f.dials
			})
			if t.Failed() {
				t.Fatalf("after %d bytes were %s", n, direction)
			}
			if dials == 1 {
				break // a bound that was never reached
			}
			if dials != 2 {
				t.Fatalf("%d connections after %d bytes were %s", dials, n, direction)
			}
		}
	}
}

// Wherever the connection breaks, each bet is stored once, and the winners come.
func TestResumeAfterEveryByte(t *testing.T) {
	path := fileOf(t, bets(0, 7)...)
	cutEverywhere(t, func(t *testing.T, f *fake) {
		t.Helper()
		f.winners = []string{"00000003", "00000004"}
		a, log := f.agency(nil)
		winners, err := a.Play(t.Context(), path)
		if err != nil || !slices.Equal(winners, f.winners) {
			t.Errorf("winners %q, %v", winners, err)
		}
		f.storedIs(bets(0, 7)...)
		if log.count("connect | result: in_progress") != f.dials-1 || log.count("close_connection | result: success") != f.dials {
			t.Errorf("%d connections, logged %q", f.dials, log.all)
		}
	})
}

// A bet whose confirmation is lost is not stored again.
func TestResumeBetAfterEveryByte(t *testing.T) {
	cutEverywhere(t, func(t *testing.T, f *fake) {
		t.Helper()
		a, log := f.agency(nil)
		if err := a.SendBet(t.Context(), domainBet(bet(1))); err != nil {
			t.Error(err)
		}
		f.storedIs(bet(1))
		if log.count("apuesta_enviada | result: success") != 1 {
			t.Errorf("logged %q", log.all)
		}
	})
}

// Whoever else places bets of the agency between two connections, the bet is stored once, or the agency says that it
// cannot know.
func TestResumeBetAmongOthers(t *testing.T) {
	mine, other := bet(1), bet(2)
	for _, tt := range []struct {
		name   string
		lost   bool // the first connection breaks before the central has the bet
		others []wire.Bet
		stored []wire.Bet // nil: the agency fails
	}{
		{"confirmation lost", false, nil, []wire.Bet{mine}},
		{"bet lost", true, nil, []wire.Bet{mine}},
		{"bet lost, another stored", true, []wire.Bet{other}, []wire.Bet{other, mine}},
		{"bet lost, several stored", true, []wire.Bet{other, other}, nil},
		{"confirmation lost, another stored", false, []wire.Bet{other}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake(t)
				f.stored = [][]byte{encodeAll([]wire.Bet{mine})} // of an earlier run
				f.wrap = func(nth int, c net.Conn) net.Conn {
					switch {
					case nth > 1:
						return c
					case tt.lost:
						return &cutConn{c, 20, -1}
					default:
						return &cutConn{c, -1, 25}
					}
				}
				f.placed = func() {
					if f.dials == 2 {
						for _, b := range tt.others {
							f.stored = append(f.stored, encodeAll([]wire.Bet{b}))
						}
					}
				}
				a, _ := f.agency(nil)
				err := a.SendBet(t.Context(), domainBet(mine))
				f.handlers.Wait()
				if tt.stored == nil {
					if !errors.Is(err, ErrOtherBets) || f.dials != 2 {
						t.Errorf("%v after %d connections", err, f.dials)
					}
					return
				}
				if err != nil || f.dials != 2 {
					t.Errorf("%v after %d connections", err, f.dials)
				}
				f.storedIs(append([]wire.Bet{mine}, tt.stored...)...)
			})
		})
	}
}

// A client whose place another has taken says so, and waits until that one is gone. After that it takes places again.
func TestReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		f.meddle = func(_ int, kind wire.Type, answer []byte) []byte {
			switch {
			case kind == wire.TypeBatch && f.dials == 1, kind == wire.TypeHello && f.dials == 2:
				return wire.AppendError(nil, wire.CodeReplaced)
			case kind == wire.TypeBatch && f.dials == 3:
				return nil
			}
			return answer
		}
		a, log := f.agency(nil)
		if err := a.SendFile(t.Context(), fileOf(t, bets(0, 3)...)); err != nil {
			t.Fatal(err)
		}
		f.storedIs(bets(0, 3)...)
		var frames []string
		for _, d := range f.diary {
			_, frame, _ := strings.Cut(d, " ")
			frames = append(frames, frame)
		}
		if want := []string{"HELLO", "BATCH 0+3", "HELLO waits", "HELLO waits", "BATCH 0+3", "HELLO"}; !slices.Equal(frames, want) {
			t.Errorf("the central got %q, want %q", frames, want)
		}
		if n := log.count("connect | result: in_progress | server_address: central:12345 | error: refused by the central: replaced (another client of this agency took our place: two clients with one number, or one that was started again; we wait until it is gone)"); n != 2 {
			t.Errorf("logged %q", log.all)
		}
	})
}

// A client that takes another's place says so, unless it may be its own.
func TestReplaces(t *testing.T) {
	for _, own := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			f.meddle = func(_ int, kind wire.Type, answer []byte) []byte {
				if kind != wire.TypeHello {
					return answer
				}
				if own && f.dials == 1 {
					return nil
				}
				w := f.sums()
				w.Replaced = true
				return wire.AppendWelcome(nil, w)
			}
			a, log := f.agency(nil)
			if err := a.SendBet(t.Context(), domainBet(bet(1))); err != nil {
				t.Fatal(err)
			}
			f.storedIs(bet(1))
			want := 1
			if own {
				want = 0
			}
			if n := log.count("connect | result: success | warning: we took the place of another client of agency 1: two clients with one number, or one that was started again"); n != want {
				t.Errorf("own %v: logged %q", own, log.all)
			}
		})
	}
}

// A bet that is refused is not stored, whatever is stored later.
func TestRefusedBetIsPlacedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		f.meddle = func(_ int, kind wire.Type, answer []byte) []byte {
			if kind == wire.TypeBatch && f.dials == 1 {
				return wire.AppendResult(nil, wire.Result{Count: 1, Code: wire.CodePosition, Index: wire.NoIndex})
			}
			return answer
		}
		f.placed = func() {
			if f.dials == 2 {
				f.stored = [][]byte{encodeAll(bets(5, 1)), encodeAll(bets(6, 1))}
			}
		}
		a, _ := f.agency(nil)
		if err := a.SendBet(t.Context(), domainBet(bet(1))); err != nil {
			t.Error(err)
		}
		f.storedIs(bet(5), bet(6), bet(1))
	})
}

func TestErrorCodes(t *testing.T) {
	retried := []wire.Code{wire.CodeTimeout, wire.CodeShutdown, wire.CodeBusy, wire.CodeReplaced, wire.CodeCorrupt, wire.CodeStorage, wire.CodePosition}
	for code := range wire.CodeNoSecret + 2 {
		for _, at := range []wire.Type{wire.TypeHello, wire.TypeBatch, wire.TypeFinish, wire.TypeAsk} {
			t.Run(fmt.Sprintf("%v to %v", code, at), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					f := newFake(t)
					met := false
					f.meddle = func(_ int, kind wire.Type, answer []byte) []byte {
						if kind != at || met {
							return answer
						}
						met = true
						return wire.AppendError(nil, code)
					}
					a, log := f.agency(nil)
					_, err := a.Play(t.Context(), fileOf(t, bets(0, 3)...))
					f.handlers.Wait()
					if slices.Contains(retried, code) {
						if err != nil || f.dials != 2 || log.count("connect | result: in_progress | server_address: central:12345 | error: ") != 1 {
							t.Errorf("%v after %d connections, logged %q", err, f.dials, log.all)
						}
						f.storedIs(bets(0, 3)...)
						return
					}
					refused := new(RefusedError)
					if !errors.As(err, &refused) || refused.Code != code || f.dials != 1 {
						t.Errorf("%v after %d connections, want one that is refused with %v", err, f.dials, code)
					}
				})
			})
		}
	}
}

// The first refusal decides; a bad bet is told by its line in the file, where
// empty lines count.
func TestRefusedBatch(t *testing.T) {
	refuse := func(code wire.Code, index uint16, times int) func(int, wire.Type, []byte) []byte {
		return func(_ int, kind wire.Type, answer []byte) []byte {
			if kind != wire.TypeBatch || times == 0 {
				return answer
			}
			r, err := wire.ParseResult(answer[wire.HeaderSize : len(answer)-4])
			if err != nil || r.Position != 3 {
				return answer
			}
			times--
			r.Code, r.Index = code, index
			return wire.AppendResult(nil, r)
		}
	}
	path := writeFile(t, record(bet(0))+record(bet(1))+record(bet(2))+"\n\n"+record(bet(3))+record(bet(4))+record(bet(5))+record(bet(6)))
	t.Run("bad bet", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			f.meddle = refuse(wire.CodeDocument, 1, 100)
			a, log := f.agency(nil)
			err := a.SendFile(t.Context(), path)
			line, refused := new(lottery.LineError), new(RefusedError)
			if !errors.As(err, &line) || line.Line != 7 || line.File != path || !errors.As(err, &refused) || refused.Code != wire.CodeDocument {
				t.Errorf("got %v", err)
			}
			f.storedIs(bets(0, 3)...)
			if f.dials != 1 || log.count("batch_enviado | result: fail | error: "+path+":7: refused by the central: document") != 1 {
				t.Errorf("logged %q", log.all)
			}
		})
	})
	for _, code := range []wire.Code{wire.CodeStorage, wire.CodePosition} {
		t.Run(code.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake(t)
				f.meddle = refuse(code, wire.NoIndex, 2)
				a, log := f.agency(nil)
				if err := a.SendFile(t.Context(), path); err != nil {
					t.Error(err)
				}
				f.storedIs(bets(0, 7)...)
				if n := log.count("connect | result: in_progress"); n != 2 || f.dials != 3 {
					t.Errorf("%d attempts, logged %q", f.dials, log.all)
				}
			})
		})
	}
	for _, code := range []wire.Code{wire.CodeFinished, wire.CodeDrawn, 200} {
		t.Run(code.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake(t)
				f.meddle = refuse(code, wire.NoIndex, 1)
				a, _ := f.agency(nil)
				refused := new(RefusedError)
				if err := a.SendFile(t.Context(), path); !errors.As(err, &refused) || refused.Code != code {
					t.Errorf("got %v, want %v", err, code)
				}
				f.storedIs(bets(0, 3)...)
			})
		})
	}
}

// A disk that stays full ends the attempts, although each is welcomed.
func TestStorageForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		f.meddle = func(_ int, kind wire.Type, answer []byte) []byte {
			if kind == wire.TypeBatch {
				return wire.AppendResult(nil, wire.Result{Count: 3, Code: wire.CodeStorage, Index: wire.NoIndex})
			}
			return answer
		}
		a, log := f.agency(nil)
		err := a.SendFile(t.Context(), fileOf(t, bets(0, 3)...))
		refused := new(RefusedError)
		if !errors.Is(err, ErrRetryLimit) || !errors.As(err, &refused) || refused.Code != wire.CodeStorage {
			t.Errorf("got %v", err)
		}
		if d := time.Since(f.began); d != time.Minute {
			t.Errorf("gave up after %v", d)
		}
		if n := log.count("connect | result: fail"); n != 1 {
			t.Errorf("%d lines that it gave up", n)
		}
		f.storedIs()
	})
}

// Nobody there: waits that double up to two seconds, and not one line that says
// fail before the last.
func TestRetryLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		var at []time.Duration
		a, log := f.agency(func(c *Config) {
			c.Dial = func(context.Context, string, string) (net.Conn, error) {
				at = append(at, time.Since(f.began))
				return nil, &net.OpError{Op: "dial", Err: errors.New("connection refused")}
			}
		})
		err := a.SendBet(t.Context(), domainBet(bet(1)))
		if !errors.Is(err, ErrRetryLimit) || !strings.Contains(err.Error(), "no progress for 1m0s: connect: dial: connection refused") {
			t.Errorf("got %v", err)
		}
		if d := time.Since(f.began); d != time.Minute {
			t.Errorf("gave up after %v, want 1m0s", d)
		}
		for i, wait := 1, retry.First; i < len(at)-1; i, wait = i+1, min(2*wait, retry.Last) {
			if d := at[i] - at[i-1]; d < wait/2 || d > wait {
				t.Errorf("wait %d took %v, want from %v to %v", i, d, wait/2, wait)
			}
		}
		if n := log.count("connect | result: in_progress"); n != len(at)-1 || len(log.all) != len(at) || log.count("connect | result: fail") != 1 {
			t.Errorf("%d attempts, logged %q", len(at), log.all)
		}
	})
}

// Attempts that each bring something may be as many as it takes.
func TestProgressResetsTheLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		f.wrap = func(_ int, c net.Conn) net.Conn {
			return &cutConn{c, 17 + 46 + 1, -1} // HELLO, one BATCH and a bit
		}
		a, _ := f.agency(func(c *Config) { c.RetryLimit = time.Second; c.MaxAmount = 1 })
		all := bets(0, 100)
		if err := a.SendFile(t.Context(), fileOf(t, all...)); err != nil {
			t.Fatal(err)
		}
		f.storedIs(all...)
		if d := time.Since(f.began); d < 2*time.Second {
			t.Errorf("it took only %v", d)
		}
	})
}

// A central that says nothing is left after the time limit; KEEPALIVE is
// something, for as long as it takes.
func TestPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		f.meddle = func(_ int, kind wire.Type, answer []byte) []byte {
			if kind == wire.TypeHello {
				return []byte{}
			}
			return answer
		}
		a, _ := f.agency(nil)
		if err := a.SendFile(t.Context(), fileOf(t)); !errors.Is(err, ErrRetryLimit) {
			t.Errorf("got %v", err)
		}
		f.handlers.Wait()
		if f.dials != 4 { // 15 s each
			t.Errorf("%d connections", f.dials)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		f.wrap = func(_ int, c net.Conn) net.Conn { return &waiting{Conn: c, every: 5 * time.Second, times: 1000} }
		a, log := f.agency(nil)
		if err := a.SendBet(t.Context(), domainBet(bet(1))); err != nil {
			t.Fatal(err)
		}
		f.storedIs(bet(1))
		if d := time.Since(f.began); d != 5000*time.Second || f.dials != 1 {
			t.Errorf("stored after %v and %d connections, logged %q", d, f.dials, log.all)
		}
	})
}

// waiting puts KEEPALIVEs in front of what the central says.
type waiting struct {
	net.Conn
	every time.Duration
	times int
}

func (w *waiting) Read(p []byte) (int, error) {
	if w.times == 0 {
		return w.Conn.Read(p)
	}
	w.times--
	time.Sleep(w.every)
	return copy(p, wire.AppendEmpty(nil, wire.TypeKeepAlive)), nil
}
