package central

import (
	"context"
	"log/slog"
	"net"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tp0-lab/composer/internal/lab/lottery/draw"
	"github.com/tp0-lab/composer/internal/lab/lottery/store"
	"github.com/tp0-lab/composer/internal/lab/translate"
	"github.com/tp0-lab/composer/internal/lab/wire"
	"github.com/tp0-lab/composer/internal/test/pipes"
)

// Of the tests in a bubble: the shipped time limits.
const (
	readTimeout = 30 * time.Second
	turnTimeout = 2 * time.Minute
	keepAlive   = 5 * time.Second
)

// inBubble serves a lottery whose draw calls onDraw, in memory and with a clock of
// its own.
func inBubble(t *testing.T, agencies uint32, onDraw func(), test func(join func(agency uint32) *client)) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "bets.csv")
	synctest.Test(t, func(t *testing.T) {
		l, err := draw.Open(context.Background(), path, agencies, func(func(bool)) { onDraw() }, store.Options{Encode: translate.Append})
		if err != nil {
			t.Fatal(err)
		}
		config := testConfig()
		config.Concurrency = 1
		config.ReadTimeout, config.TurnTimeout, config.KeepAlive = readTimeout, turnTimeout, keepAlive
		p := pipes.Listen()
		ctx, cancel := context.WithCancel(t.Context())
		served := make(chan error, 1)
		go func() { served <- New(config, l, slog.New(slog.DiscardHandler)).Serve(ctx, p) }()
		test(func(agency uint32) *client {
			c := dialPipe(t, p)
			c.send(wire.AppendHello(nil, wire.Hello{Agency: agency}))
			return c
		})
		cancel()
		if err := <-served; err != nil {
			t.Error(err)
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
}

// keptWaiting expects n KEEPALIVEs, each when it is due.
func (c *client) keptWaiting(n int) {
	c.t.Helper()
	for range n {
		began := time.Now()
		c.expect(wire.TypeKeepAlive)
		if d := time.Since(began); d > keepAlive+courtesy {
			c.t.Fatalf("KEEPALIVE after %v", d)
		}
	}
}

// An agency that has waited for the draw has all of its time for the next
// frame from when it is told of it, and no more.
func TestTimeLimitBeginsWithTheAnswer(t *testing.T) {
	inBubble(t, 2, func() {}, func(join func(uint32) *client) {
		one := join(1)
		one.welcome()
		one.send(slices.Concat(finish(1), wire.AppendEmpty(nil, wire.TypeAsk)))
		one.expect(wire.TypeFinished)
		one.keptWaiting(int(readTimeout/keepAlive) + 3)
		two := join(2)
		two.welcome()
		two.send(finish(2))
		two.expect(wire.TypeFinished)
		one.winners()
		time.Sleep(readTimeout - time.Second)
		one.send(wire.AppendEmpty(nil, wire.TypeAsk))
		one.winners()
		began := time.Now()
		time.Sleep(readTimeout - time.Second)
		one.error(wire.CodeTimeout)
		if d := time.Since(began); d != readTimeout {
			t.Errorf("the time limit was %v", d)
		}
	})
}

// The agency whose FINISH leads to the draw is kept waiting if the disk is
// slow, and so is its next connection, and the one after that: none is welcomed before
// the first has let go of the lottery.
func TestKeepAliveWhileTheDrawIsMade(t *testing.T) {
	gate := make(chan struct{})
	inBubble(t, 1, func() { <-gate }, func(join func(uint32) *client) {
		gate = make(chan struct{}) // of the bubble
		first := join(1)
		first.welcome()
		first.send(finish(1))
		first.keptWaiting(4)
		second := join(1)
		second.keptWaiting(2)
		third := join(1)
		second.error(wire.CodeReplaced)
		third.keptWaiting(3)
		close(gate)
		third.welcome()
	})
}

// slowTicket is a ticket of a disk that takes its time.
type slowTicket chan struct{}

func (s slowTicket) Done() <-chan struct{} { return s }
func (s slowTicket) Err() error            { <-s; return nil }

func TestKeepAliveWhileTheDiskIsSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		config := testConfig()
		config.KeepAlive = keepAlive
		ours, theirs := net.Pipe()
		defer ours.Close()
		defer theirs.Close()
		c := newSession(New(config, nil, slog.New(slog.DiscardHandler)), theirs)
		peer := &client{t, ours, wire.NewReader(ours)}
		ticket := make(slowTicket)
		c.push(&answer{to: wire.TypeBatch, result: ok(0, 3), ticket: ticket})
		peer.keptWaiting(4)
		close(ticket)
		peer.result(ok(0, 3))
		close(c.answers)
		c.answering.Wait()
	})
}

// A batch that was taken before a bad frame, or before the server's end, is answered once it is on the disk, and then the
// reason for the end is told, however long the disk takes.
func TestAnswersAfterTheDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		defer ours.Close()
		c := newSession(New(testConfig(), nil, slog.New(slog.DiscardHandler)), theirs)
		peer := &client{t, ours, wire.NewReader(ours)}
		ticket := make(slowTicket)
		c.push(&answer{to: wire.TypeBatch, result: ok(0, 3), ticket: ticket})
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			c.run()
		}()
		_, err := ours.Write([]byte{0xff, 0xff, 3})
		time.Sleep(4 * grace)
		close(ticket)
		if err != nil {
			t.Fatal(err)
		}
		peer.result(ok(0, 3))
		peer.error(wire.CodeCorrupt)
		<-ended
	})
}

// The one place is not held for ever by an agency that only says that it is there, unless nobody waits. One that stores
// bets keeps it.
func TestTurnTimeout(t *testing.T) {
	tests := []struct {
		name        string
		bets, alone bool
	}{{"idle", false, false}, {"with bets", true, false}, {"idle, and nobody waits", false, true}}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, 2, func() {}, func(join func(uint32) *client) {
				one := join(1)
				one.welcome()
				pause := func() { time.Sleep(keepAlive) }
				var two *client
				if !tt.alone {
					two = join(2)
					pause = func() { two.keptWaiting(1) }
				}
				for n := range 2 * int(turnTimeout/keepAlive) {
					pause()
					if tt.bets {
						one.send(batch(n, bet(n)))
						one.result(ok(n, 1))
					}
					one.send(wire.AppendEmpty(nil, wire.TypeKeepAlive))
					if !tt.bets && !tt.alone && n+1 == int(turnTimeout/keepAlive) {
						one.error(wire.CodeTimeout)
						two.welcome()
						return
					}
				}
			})
		})
	}
}

// Who waits long for a turn says so once, and who has it.
func TestWaitIsTold(t *testing.T) {
	h := serve(t, 2, func(c *Config) { c.Concurrency, c.KeepAlive = 1, 10*time.Millisecond })
	first, _ := h.join(1)
	second := h.hello(2)
	for range 3 {
		second.expect(wire.TypeKeepAlive)
	}
	if n := h.log.count("wait_turn | result: in_progress | agencia: 2 | turno_de: 1"); n != 1 {
		t.Errorf("told %d times", n)
	}
	if err := first.conn.Close(); err != nil {
		t.Fatal(err)
	}
	second.welcome()
}
