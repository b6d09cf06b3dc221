package agency

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tp0-lab/composer/internal/lab/central"
	"github.com/tp0-lab/composer/internal/lab/logline"
	"github.com/tp0-lab/composer/internal/lab/lottery"
	"github.com/tp0-lab/composer/internal/lab/lottery/draw"
	"github.com/tp0-lab/composer/internal/lab/secret"
	"github.com/tp0-lab/composer/internal/lab/translate"
	"github.com/tp0-lab/composer/internal/lab/wire"
)

// realCentral is internal/lab/central on a loopback address, which may change.
type realCentral struct {
	t           *testing.T
	path        string
	agencies    uint32
	concurrency int
	secret      secret.Secret
	log         *lines

	mu      sync.Mutex // guards address
	address string
	lottery *draw.Lottery
	stop    func()
}

func startCentral(t *testing.T, agencies uint32, concurrency int) *realCentral {
	t.Helper()
	c := &realCentral{
		t: t, path: filepath.Join(t.TempDir(), "bets.csv"), agencies: agencies, concurrency: concurrency, log: new(lines),
	}
	c.start()
	t.Cleanup(func() { c.stop() })
	return c
}

func (c *realCentral) start() {
	log := logline.New(c.log, slog.LevelInfo)
	l, err := central.OpenLottery(context.Background(), c.path, c.agencies, 0, true, log)
	if err != nil {
		c.t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		c.t.Fatal(err)
	}
	server := central.New(central.Config{
		Concurrency:  c.concurrency,
		HelloTimeout: 10 * time.Second, ReadTimeout: 10 * time.Second, TurnTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second,
		KeepAlive: 10 * time.Millisecond, Now: time.Now, Secret: c.secret,
	}, l, log)
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- server.Serve(ctx, listener) }()
	c.mu.Lock()
	c.address = listener.Addr().String()
	c.mu.Unlock()
	c.lottery = l
	c.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-served; err != nil {
			c.t.Errorf("serve: %v", err)
		}
		if err := l.Close(); err != nil {
			c.t.Errorf("close: %v", err)
		}
	})
}

// dial goes to wherever the central is now.
func (c *realCentral) dial(ctx context.Context, network, _ string) (net.Conn, error) {
	c.mu.Lock()
	address := c.address
	c.mu.Unlock()
	return new(net.Dialer).DialContext(ctx, network, address)
}

func (c *realCentral) agency(number uint32, dial func(context.Context, string, string) (net.Conn, error)) *Agency {
	return New(Config{
		Agency: number, MaxAmount: 20, Timeout: 10 * time.Second, RetryLimit: 30 * time.Second, KeepAlive: 5 * time.Second,
		Now: time.Now, Dial: dial,
	}, slog.New(slog.DiscardHandler))
}

// play has an agency for each list of bets play, and checks winners and bets.
func (c *realCentral) play(all [][]wire.Bet, dial func(context.Context, string, string) (net.Conn, error), meanwhile func()) {
	var wg sync.WaitGroup
	for i, bets := range all {
		var want []string
		for _, b := range bets {
			if b.Number == lottery.WinningNumber {
				want = append(want, b.Document)
			}
		}
		path := fileOf(c.t, bets...)
		wg.Go(func() {
			winners, err := c.agency(uint32(i+1), dial).Play(c.t.Context(), path)
			if err != nil || !slices.Equal(winners, want) {
				c.t.Errorf("agency %d: winners %q, %v, want %q", i+1, winners, err, want)
			}
		})
	}
	meanwhile()
	wg.Wait()
	stored := make([][]byte, len(all))
	for b, err := range c.lottery.LoadBets() {
		if err != nil {
			c.t.Fatal(err)
		}
		stored[b.Agency-1] = translate.Append(stored[b.Agency-1], &b)
	}
	for i, bets := range all {
		if !bytes.Equal(stored[i], encodeAll(bets)) {
			c.t.Errorf("agency %d: %d bytes of bets are stored, want %d", i+1, len(stored[i]), len(encodeAll(bets)))
		}
	}
	if n := c.log.count("sorteo | result: success"); n != 1 {
		c.t.Errorf("%d draws", n)
	}
}

// lists returns bets for so many agencies, some of which win.
func lists(agencies, n int) (all [][]wire.Bet) {
	for a := range agencies {
		list := bets(a*100_000, n+a*37)
		for i := 0; i < 2*a && i < len(list); i++ {
			list[i*5].Number = lottery.WinningNumber
		}
		all = append(all, list)
	}
	return all
}

func TestWithCentral(t *testing.T) {
	for _, concurrency := range []int{0, 1, 2} {
		for _, agencies := range []int{1, 3, 6} {
			t.Run(fmt.Sprintf("%d agencies, %d at once", agencies, concurrency), func(t *testing.T) {
				c := startCentral(t, uint32(agencies), concurrency)
				c.play(lists(agencies, 95), c.dial, func() {})
			})
		}
	}
}

// Connections that break anywhere, and a central that goes away and comes back.
func TestWithBreakingCentral(t *testing.T) {
	c := startCentral(t, 3, 0)
	const seed = 7574
	var mu sync.Mutex // guards random and dials
	random, dials := rand.New(rand.NewPCG(seed, seed)), 0
	half := make(chan struct{}) // closed long before an agency can be through: each sends 150 kB
	c.play(lists(3, 5000), func(ctx context.Context, network, address string) (net.Conn, error) {
		mu.Lock()
		defer mu.Unlock()
		if dials++; dials == 7 {
			close(half)
		}
		conn, err := c.dial(ctx, network, address)
		if err == nil && dials < 20 {
			conn = &cutConn{conn, random.IntN(20_000), random.IntN(1000)}
		}
		return conn, err
	}, func() {
		<-half
		c.stop()
		c.start()
	})
}

// Single bets of several agencies at once.
func TestBetsWithCentral(t *testing.T) {
	c := startCentral(t, 0, 1)
	var wg sync.WaitGroup
	for i := range 5 {
		wg.Go(func() {
			b := domainBet(bet(i))
			b.Agency = uint32(i + 1)
			for range 2 {
				if err := c.agency(b.Agency, c.dial).SendBet(t.Context(), b); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	n := 0
	for b, err := range c.lottery.LoadBets() {
		if err != nil || b.Number != b.Agency-1 {
			t.Errorf("%+v, %v", b, err)
		}
		n++
	}
	if n != 10 {
		t.Errorf("%d bets are stored, want 10", n)
	}
}
