package agency

import (
	"context"
	"errors"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tp0-lab/composer/internal/lab/lottery"
	"github.com/tp0-lab/composer/internal/lab/wire"
)

func domainBet(b wire.Bet) lottery.Bet {
	return lottery.Bet{
		Agency: 1, FirstName: b.FirstName, LastName: b.LastName, Document: b.Document,
		Birthdate: lottery.Date{Year: b.Year, Month: b.Month, Day: b.Day}, Number: b.Number,
	}
}

func TestSendBet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		a, log := f.agency(nil)
		for range 2 { // the second is another bet of the same person on the same number
			if err := a.SendBet(t.Context(), domainBet(bet(7574))); err != nil {
				t.Fatal(err)
			}
		}
		if err := a.SendBet(t.Context(), domainBet(bet(8))); err != nil {
			t.Fatal(err)
		}
		f.storedIs(bet(7574), bet(7574), bet(8))
		f.diaryIs("0s HELLO", "0s BATCH 0+1", "0s HELLO", "0s BATCH 1+1", "0s HELLO", "0s BATCH 2+1")
		log.is(t,
			"close_connection | result: success", "apuesta_enviada | result: success | dni: 00007574 | numero: 7574",
			"close_connection | result: success", "apuesta_enviada | result: success | dni: 00007574 | numero: 7574",
			"close_connection | result: success", "apuesta_enviada | result: success | dni: 00000008 | numero: 8",
		)
	})
}

func TestSendBetThatIsNone(t *testing.T) {
	f := newFake(t)
	a, log := f.agency(nil)
	b := domainBet(bet(1))
	b.LastName = ""
	bad := new(lottery.FieldError)
	if err := a.SendBet(t.Context(), b); !errors.As(err, &bad) || bad.Field != lottery.LastName {
		t.Errorf("got %v, want one about the last name", err)
	}
	f.diaryIs()
	log.is(t, "apuesta_enviada | result: fail | dni: 00000001 | numero: 1 | error: last name is empty")
}

func TestSendFile(t *testing.T) {
	many := strings.Repeat("é", 127)
	tests := []struct {
		name      string
		stored, n int
		maxAmount int
		diary     []string
	}{
		{"empty", 0, 0, 3, []string{"HELLO"}},
		{"one", 0, 1, 3, []string{"HELLO", "BATCH 0+1"}},
		{"exact batches", 0, 6, 3, []string{"HELLO", "BATCH 0+3", "BATCH 3+3"}},
		{"partial last batch", 0, 7, 3, []string{"HELLO", "BATCH 0+3", "BATCH 3+3", "BATCH 6+1"}},
		{"batches of one", 0, 2, 1, []string{"HELLO", "BATCH 0+1", "BATCH 1+1"}},
		{"batches of none", 0, 2, 0, []string{"HELLO", "BATCH 0+1", "BATCH 1+1"}},
		{"resumed", 2, 7, 3, []string{"HELLO", "BATCH 2+3", "BATCH 5+2"}},
		{"resumed at the end", 7, 7, 3, []string{"HELLO"}},
		{"long bets", 0, 40, 1000, []string{"HELLO", "BATCH 0+29", "BATCH 29+11"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				all := bets(0, tt.n)
				if tt.maxAmount == 1000 {
					for i := range all {
						all[i].FirstName = many
					}
				}
				f := newFake(t)
				for _, b := range all[:tt.stored] {
					f.stored = append(f.stored, encodeAll([]wire.Bet{b}))
				}
				a, log := f.agency(func(c *Config) { c.MaxAmount = tt.maxAmount })
				if err := a.SendFile(t.Context(), fileOf(t, all...)); err != nil {
					t.Fatal(err)
				}
				f.storedIs(all...)
				for i := range tt.diary {
					tt.diary[i] = "0s " + tt.diary[i]
				}
				f.diaryIs(tt.diary...)
				if n := log.count("batch_enviado | result: success | cantidad: "); n != len(tt.diary)-1 {
					t.Errorf("%d lines of batches, want %d", n, len(tt.diary)-1)
				}
				if n := log.count("close_connection | result: success"); n != 1 {
					t.Errorf("%d lines of closed connections, want 1", n)
				}
			})
		})
	}
}

// More batches than may be in flight, all of which the central answers late.
func TestWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		const hello, batch, welcome, result = 17, 46, 24, 20 // bytes
		written, read, most := -hello, -welcome, 0
		f.wrap = func(_ int, c net.Conn) net.Conn {
			return &countingConn{c, func(w, r int) {
				written, read = written+w, read+r
				most = max(most, written/batch-read/result)
			}}
		}
		all := bets(0, 1000)
		a, _ := f.agency(func(c *Config) { c.MaxAmount = 1 })
		if err := a.SendFile(t.Context(), fileOf(t, all...)); err != nil {
			t.Fatal(err)
		}
		f.storedIs(all...)
		if written != 1000*batch || most != wire.MaxInFlight {
			t.Errorf("%d batches were in flight, want %d, of %d bytes", most, wire.MaxInFlight, written)
		}
	})
}

// countingConn tells how many bytes each call has moved.
type countingConn struct {
	net.Conn
	count func(written, read int)
}

func (c *countingConn) Write(p []byte) (int, error) {
	c.count(len(p), 0)
	return c.Conn.Write(p)
}

func (c *countingConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.count(0, n)
	return n, err
}

func TestPlay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		for i := range 3000 { // more than one frame of them
			f.winners = append(f.winners, strconv.Itoa(30_000_000+i))
		}
		a, log := f.agency(nil)
		path := fileOf(t, bets(0, 4)...)
		for range 2 { // the second finds all done
			winners, err := a.Play(t.Context(), path)
			if err != nil || strings.Join(winners, ",") != strings.Join(f.winners, ",") {
				t.Fatalf("%d winners, %v, want %d", len(winners), err, len(f.winners))
			}
		}
		f.storedIs(bets(0, 4)...)
		f.diaryIs("0s HELLO", "0s BATCH 0+3", "0s BATCH 3+1", "0s FINISH", "0s ASK", "0s HELLO", "0s FINISH", "0s ASK")
		log.is(t,
			"batch_enviado | result: success | cantidad: 3", "batch_enviado | result: success | cantidad: 1",
			"close_connection | result: success", "consulta_ganadores | result: success | cant_ganadores: 3000",
			"close_connection | result: success", "consulta_ganadores | result: success | cant_ganadores: 3000",
		)
	})
}

func TestNoWinners(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		a, log := f.agency(nil)
		if winners, err := a.Play(t.Context(), fileOf(t)); err != nil || len(winners) != 0 {
			t.Errorf("winners %v, %v", winners, err)
		}
		if log.count("consulta_ganadores | result: success | cant_ganadores: 0") != 1 {
			t.Error("no line about no winners")
		}
		f.storedIs()
	})
}

// With a period each line comes so long after the one before that followed logs
// keep their order; in pauses that are long the agency shows that it lives.
func TestPacing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		a, log := f.agency(func(c *Config) { c.Period = 150 * time.Millisecond })
		if _, err := a.Play(t.Context(), fileOf(t, bets(0, 7)...)); err != nil {
			t.Fatal(err)
		}
		f.diaryIs("0s HELLO", "0s BATCH 0+3", "150ms BATCH 3+3", "300ms BATCH 6+1", "450ms FINISH", "450ms ASK")
		if d := time.Since(f.began); d != 600*time.Millisecond {
			t.Errorf("the winners were told after %v, want 600ms", d)
		}
		if n := log.count("consulta_ganadores | result: success"); n != 1 {
			t.Errorf("the winners were told %d times", n)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		a, _ := f.agency(func(c *Config) { c.Period = 12 * time.Second })
		if err := a.SendFile(t.Context(), fileOf(t, bets(0, 6)...)); err != nil {
			t.Fatal(err)
		}
		f.diaryIs("0s HELLO", "0s BATCH 0+3", "5s KEEPALIVE", "10s KEEPALIVE", "12s BATCH 3+3")
	})
}

// Without a period the winners wait for followed logs alone.
func TestReportDelay(t *testing.T) {
	for period, want := range map[time.Duration]time.Duration{0: time.Second, 2 * time.Second: 6 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			a, _ := f.agency(func(c *Config) { c.Period, c.ReportDelay = period, time.Second })
			if _, err := a.Play(t.Context(), fileOf(t, bets(0, 6)...)); err != nil {
				t.Fatal(err)
			}
			if d := time.Since(f.began); d != want {
				t.Errorf("period %v: the winners were told after %v, want %v", period, d, want)
			}
		})
	}
}

// A pause follows a batch: without one there is only that before the report.
func TestPacingOfNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		a, _ := f.agency(func(c *Config) { c.Period = 3 * time.Second })
		if _, err := a.Play(t.Context(), fileOf(t)); err != nil {
			t.Fatal(err)
		}
		f.diaryIs("0s HELLO", "0s FINISH", "0s ASK")
		if d := time.Since(f.began); d != 3*time.Second {
			t.Errorf("the winners were told after %v", d)
		}
	})
}

// A bad line: what came before its batch is stored, and nothing else.
func TestBadLine(t *testing.T) {
	head := record(bet(0)) + record(bet(1)) + record(bet(2)) + "\r\n" + record(bet(3))
	tests := []struct{ name, line, reason string }{
		{"no document", "Ana,Paz,,2000-01-02,5\r\n", "document is empty"},
		{"no such day", "Ana,Paz,1,2001-02-29,5\r\n", `birthdate "2001-02-29" is no date of the form YYYY-MM-DD`},
		{"columns", "Ana,Paz,1,2001-02-28\r\n", "wrong number of columns"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake(t)
				a, log := f.agency(nil)
				path := writeFile(t, head+tt.line+record(bet(4)))
				_, err := a.Play(t.Context(), path)
				line := new(lottery.LineError)
				if want := path + ":6: " + tt.reason; !errors.As(err, &line) || err.Error() != want {
					t.Errorf("got %v, want %v", err, want)
				}
				f.storedIs(bets(0, 3)...)
				f.diaryIs("0s HELLO", "0s BATCH 0+3")
				log.is(t, "batch_enviado | result: success | cantidad: 3", "close_connection | result: success",
					"batch_enviado | result: fail | error: "+err.Error())
			})
		})
	}
}

// What stands before a bad line is stored even if the connection breaks.
func TestBadLineAfterBreak(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		f.wrap = func(nth int, c net.Conn) net.Conn {
			if nth == 1 {
				return &cutConn{c, -1, 30} // in the first RESULT
			}
			return c
		}
		a, _ := f.agency(func(c *Config) { c.MaxAmount = 1 })
		path := writeFile(t, record(bet(0))+record(bet(1))+"bad\n")
		if err := a.SendFile(t.Context(), path); err == nil || err.Error() != path+":3: wrong number of columns" {
			t.Errorf("got %v", err)
		}
		f.storedIs(bets(0, 2)...)
	})
}

func TestNoFile(t *testing.T) {
	f := newFake(t)
	a, _ := f.agency(nil)
	if err := a.SendFile(t.Context(), t.TempDir()+"/none.csv"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want %v", err, os.ErrNotExist)
	}
	f.diaryIs()
}

func TestOtherBets(t *testing.T) {
	tests := []struct {
		name   string
		stored []wire.Bet
		file   []wire.Bet
	}{
		{"the file is shorter", bets(0, 5), bets(0, 4)},
		{"the file is empty", bets(0, 1), nil},
		{"the last differs", append(bets(0, 3), bet(9)), bets(0, 5)},
		{"the first differs", append(bets(9, 1), bets(1, 3)...), bets(0, 5)},
		{"another order", append(bets(1, 1), bets(0, 1)...), bets(0, 5)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake(t)
				for _, b := range tt.stored {
					f.stored = append(f.stored, encodeAll([]wire.Bet{b}))
				}
				a, log := f.agency(nil)
				if _, err := a.Play(t.Context(), fileOf(t, tt.file...)); !errors.Is(err, ErrOtherBets) {
					t.Errorf("got %v, want %v", err, ErrOtherBets)
				}
				f.storedIs(tt.stored...)
				f.diaryIs("0s HELLO")
				if n := log.count("batch_enviado | result: fail"); n != 1 || !strings.HasSuffix(log.all[len(log.all)-1], "; use the file that they came from, or stop the server and run composer data set-aside 1") {
					t.Errorf("logged %q", log.all)
				}
			})
		})
	}
}

// A context that is done ends every call at once, whatever it is doing, and
// that is no failure.
func TestCancel(t *testing.T) {
	silent := func(kind wire.Type) func(int, wire.Type, []byte) []byte {
		return func(_ int, t wire.Type, answer []byte) []byte {
			if t == kind {
				return []byte{}
			}
			return answer
		}
	}
	tests := []struct {
		name   string
		after  time.Duration
		meddle func(int, wire.Type, []byte) []byte
		change func(*Config)
	}{
		{"before", 0, nil, nil},
		{"dialing", time.Second, nil, func(c *Config) {
			c.Dial = func(ctx context.Context, _, _ string) (net.Conn, error) {
				<-ctx.Done()
				return nil, ctx.Err()
			}
		}},
		{"waiting to connect again", 10 * time.Second, nil, func(c *Config) {
			c.Dial = func(context.Context, string, string) (net.Conn, error) { return nil, errCut }
		}},
		{"waiting for WELCOME", time.Second, silent(wire.TypeHello), nil},
		{"waiting for RESULT", time.Second, silent(wire.TypeBatch), nil},
		{"pausing", time.Second, nil, func(c *Config) { c.Period = time.Hour; c.KeepAlive = 0 }},
		{"waiting for FINISHED", time.Second, silent(wire.TypeFinish), nil},
		{"waiting for the draw", time.Second, silent(wire.TypeAsk), nil},
		{"pausing before the report", 5 * time.Second, nil, func(c *Config) { c.Period = 2 * time.Second }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake(t)
				f.meddle = tt.meddle
				a, log := f.agency(tt.change)
				ctx, cancel := context.WithTimeout(t.Context(), tt.after)
				defer cancel()
				_, err := a.Play(ctx, fileOf(t, bets(0, 6)...))
				if !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("got %v, want %v", err, context.DeadlineExceeded)
				}
				if d := time.Since(f.began); d != tt.after {
					t.Errorf("returned after %v, want %v", d, tt.after)
				}
				f.handlers.Wait()
				if n := log.count("close_connection | result: success"); n != f.dials {
					t.Errorf("%d connections were closed of %d", n, f.dials)
				}
				for _, line := range log.all {
					if strings.Contains(line, "result: fail") || strings.HasPrefix(line, "consulta_ganadores") {
						t.Errorf("logged %s", line)
					}
				}
			})
		})
	}
}
