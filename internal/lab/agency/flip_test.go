package agency

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tp0-lab/composer/internal/lab/central"
	"github.com/tp0-lab/composer/internal/lab/lottery"
	"github.com/tp0-lab/composer/internal/lab/secret"
	"github.com/tp0-lab/composer/internal/lab/wire"
	"github.com/tp0-lab/composer/internal/test/pipes"
)

// conversation is a small lottery of one mode. The bits of the first agency's first connection are flipped, one in each
// run.
type conversation struct {
	name        string
	agencies    uint32 // of the draw; 0: no draw
	concurrency int
	secret      secret.Secret
	bets        [][]wire.Bet // of each agency
	play        func(ctx context.Context, a *Agency, path string) ([]string, error)
}

func conversations() []conversation {
	won := func(list []wire.Bet, i int) []wire.Bet {
		list[i].Number = lottery.WinningNumber
		return list
	}
	sendBet := func(ctx context.Context, a *Agency, _ string) ([]string, error) {
		b := domainBet(bet(7))
		b.Agency = a.config.Agency
		return nil, a.SendBet(ctx, b)
	}
	sendFile := func(ctx context.Context, a *Agency, path string) ([]string, error) {
		return nil, a.SendFile(ctx, path)
	}
	play := func(ctx context.Context, a *Agency, path string) ([]string, error) { return a.Play(ctx, path) }
	drawn := [][]wire.Bet{won(bets(0, 5), 4), won(bets(10, 3), 0)}
	return []conversation{
		{"ej5", 0, 1, secret.Secret{}, [][]wire.Bet{bets(7, 1)}, sendBet},
		{"ej6", 0, 1, secret.Secret{}, [][]wire.Bet{bets(0, 5)}, sendFile},
		{"ej7", 2, 1, secret.Secret{}, drawn, play},
		{"ej8", 2, 0, secret.Secret{}, drawn, play},
		{"ej8 with secrets", 2, 0, secret.New(), drawn, play},
	}
}

// flip is a bit of what passes over a connection in one direction, from 0; below 0 is none.
type flip struct {
	toCentral bool
	bit       int
}

// flipConn is the agency's end of a connection, behind a place where a bit is flipped.
type flipConn struct {
	net.Conn
	flip
	read, written *int // bytes that have passed
}

func (c *flipConn) Write(p []byte) (int, error) {
	p = slices.Clone(p)
	if c.toCentral {
		c.turn(p, *c.written)
	}
	n, err := c.Conn.Write(p)
	*c.written += n
	return n, err
}

func (c *flipConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if !c.toCentral {
		c.turn(p[:n], *c.read)
	}
	*c.read += n
	return n, err
}

// turn flips the bit if it is in p, which begins at that byte.
func (c *flipConn) turn(p []byte, at int) {
	if i := c.bit/8 - at; c.bit >= 0 && i >= 0 && i < len(p) {
		p[i] ^= 1 << (c.bit % 8)
	}
}

// TestFlips flips every bit of every conversation, in both directions: no bit makes the central store or answer anything
// else, or leaves an agency without its end. The short test takes every 29th.
func TestFlips(t *testing.T) {
	step := 1
	if testing.Short() {
		step = 29
	}
	for _, c := range conversations() {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			written, read := c.run(t, dir, flip{true, -1})
			total := 0
			for _, direction := range []struct {
				toCentral bool
				bytes     int
			}{{true, written}, {false, read}} {
				for bit := 0; bit < 8*direction.bytes; bit += step {
					f := flip{direction.toCentral, bit}
					c.run(t, dir, f)
					if total++; t.Failed() {
						t.Fatalf("%+v of %d and %d bytes", f, written, read)
					}
				}
			}
			t.Logf("%d bits of %d", total, 8*(written+read))
		})
	}
}

// run runs the conversation with a flip, and returns how many bytes the connection carried in each direction.
func (c conversation) run(t *testing.T, dir string, f flip) (written, read int) {
	t.Helper()
	path := filepath.Join(dir, "bets.csv")
	for _, name := range []string{path, path + ".draw", path + ".journal", path + ".draw.journal"} {
		if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		log := slog.New(slog.DiscardHandler)
		l, err := central.OpenLottery(t.Context(), path, c.agencies, 0, false, log)
		if err != nil {
			t.Fatal(err)
		}
		p := pipes.Listen()
		ctx, cancel := context.WithCancel(t.Context())
		served := make(chan error, 1)
		go func() {
			served <- central.New(central.Config{
				Concurrency: c.concurrency, HelloTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second, TurnTimeout: 2 * time.Minute,
				WriteTimeout: 10 * time.Second, KeepAlive: 5 * time.Second, Now: time.Now, Secret: c.secret,
			}, l, log).Serve(ctx, p)
		}()
		var agencies sync.WaitGroup
		for i := range c.bets {
			agencies.Go(func() { c.agency(t, p, i, f, &written, &read) })
		}
		agencies.Wait()
		cancel()
		if err := errors.Join(<-served, l.Close()); err != nil {
			t.Error(err)
		}
	})
	c.check(t, path)
	return written, read
}

// agency plays for the agency of that index. Only the first of the first agency's connections has the flip.
func (c conversation) agency(t *testing.T, p *pipes.Listener, i int, f flip, written, read *int) {
	t.Helper()
	if i > 0 {
		time.Sleep(7 * time.Second) // the first one waits for the draw
	}
	config := Config{
		Agency: uint32(i + 1), Address: "central:12345", MaxAmount: 2, Timeout: 15 * time.Second, RetryLimit: 2 * time.Minute,
		KeepAlive: 5 * time.Second, Now: time.Now,
	}
	if !c.secret.IsZero() {
		config.Secret = ownOf(t, c.secret, config.Agency)
	}
	dials := 0
	config.Dial = func(context.Context, string, string) (net.Conn, error) {
		conn, err := p.Dial()
		if dials++; err == nil && i == 0 && dials == 1 {
			conn = &flipConn{conn, f, read, written}
		}
		return conn, err
	}
	var want []string
	var file strings.Builder
	for _, b := range c.bets[i] {
		file.WriteString(record(b))
		if c.agencies > 0 && b.Number == lottery.WinningNumber {
			want = append(want, b.Document)
		}
	}
	config.Open = func(context.Context, string) (File, error) { return textFile{strings.NewReader(file.String())}, nil }
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour) // of the bubble: for an agency that is stuck for good
	defer cancel()
	winners, err := c.play(ctx, New(config, slog.New(slog.DiscardHandler)), "agency.csv")
	if err != nil || !slices.Equal(winners, want) {
		t.Errorf("agency %d: winners %q, %v, want %q", i+1, winners, err, want)
	}
}

// check compares bets.csv with what the agencies have sent.
func (c conversation) check(t *testing.T, path string) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i, bets := range c.bets {
		var stored, want []string
		for line := range strings.Lines(string(content)) {
			if strings.HasPrefix(line, fmt.Sprint(i+1, ",")) {
				stored = append(stored, line)
			}
		}
		for _, b := range bets {
			want = append(want, fmt.Sprint(i+1, ",")+record(b))
		}
		if !slices.Equal(stored, want) {
			t.Errorf("agency %d: stored %q, want %q", i+1, stored, want)
		}
	}
}

// textFile is an agency's file.
type textFile struct{ *strings.Reader }

func (textFile) Name() string { return "agency.csv" }
func (textFile) Close() error { return nil }
