package central

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tp0-lab/composer/internal/lab/logline"
	"github.com/tp0-lab/composer/internal/lab/lottery/draw"
	"github.com/tp0-lab/composer/internal/lab/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds every wait of a test; nothing waits so long unless it fails.
const patience = 10 * time.Second

// output is where a server logs to; tests wait for its lines.
type output struct {
	mu    sync.Mutex // guards lines and more
	lines []string
	more  chan struct{} // closed by the next line
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	_, line, _ := strings.Cut(string(bytes.TrimSuffix(b, []byte("\n"))), " action: ")
	o.lines = append(o.lines, line)
	close(o.more)
	o.more = make(chan struct{})
	return len(b), nil
}

// count returns how many lines begin so.
func (o *output) count(prefix string) (n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, l := range o.lines {
		if strings.HasPrefix(l, prefix) {
			n++
		}
	}
	return n
}

// wait waits until n lines begin so.
func (o *output) wait(t *testing.T, n int, prefix string) {
	t.Helper()
	limit := time.After(patience)
	for {
		o.mu.Lock()
		more := o.more
		o.mu.Unlock()
		if o.count(prefix) >= n {
			return
		}
		select {
		case <-more:
		case <-limit:
			o.mu.Lock()
			defer o.mu.Unlock()
			t.Fatalf("fewer than %d lines %q in:\n%s", n, prefix, strings.Join(o.lines[max(0, len(o.lines)-30):], "\n"))
		}
	}
}

type harness struct {
	t       testing.TB
	path    string
	config  Config
	log     *output
	lottery *draw.Lottery
	address string
	stop    func() // stops the server and waits for it
}

func testConfig() Config {
	return Config{
		HelloTimeout: patience,
		ReadTimeout:  patience,
		TurnTimeout:  patience,
		WriteTimeout: patience,
		KeepAlive:    patience,
		Now:          time.Now,
	}
}

// serve starts a server on a bets.csv of its own.
func serve(tb testing.TB, agencies uint32, change func(*Config)) *harness {
	tb.Helper()
	h := &harness{t: tb, path: filepath.Join(tb.TempDir(), "bets.csv"), config: testConfig()}
	if change != nil {
		change(&h.config)
	}
	h.start(agencies)
	return h
}

// start starts the server, again if it was stopped.
func (h *harness) start(agencies uint32) {
	h.t.Helper()
	h.log = &output{more: make(chan struct{})}
	h.startWith(agencies, logline.New(h.log, slog.LevelDebug))
}

func (h *harness) startWith(agencies uint32, log *slog.Logger) {
	h.t.Helper()
	l, err := OpenLottery(context.Background(), h.path, agencies, 0, true, log)
	if err != nil {
		h.t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		h.t.Fatal(err)
	}
	h.lottery, h.address = l, listener.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	server, served := New(h.config, l, log), make(chan error, 1)
	go func() { served <- server.Serve(ctx, listener) }()
	h.stop = sync.OnceFunc(func() {
		cancel()
		start := time.Now()
		if err := <-served; err != nil {
			h.t.Errorf("serve: %v", err)
		}
		if d := time.Since(start); d > 900*time.Millisecond {
			h.t.Errorf("the server took %v to stop", d)
		}
		if err := l.Close(); err != nil {
			h.t.Errorf("close: %v", err)
		}
	})
	h.t.Cleanup(h.stop)
}

// client is an agency of raw frames.
type client struct {
	t      testing.TB
	conn   net.Conn
	frames *wire.Reader
}

func (h *harness) dial() *client {
	h.t.Helper()
	conn, err := net.Dial("tcp", h.address)
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { conn.Close() })
	return &client{h.t, conn, wire.NewReader(conn)}
}

// hello dials and says HELLO; the answer is not read.
func (h *harness) hello(agency uint32) *client {
	h.t.Helper()
	c := h.dial()
	c.send(wire.AppendHello(nil, wire.Hello{Agency: agency}))
	return c
}

// join is hello, and reads the WELCOME.
func (h *harness) join(agency uint32) (*client, wire.Welcome) {
	h.t.Helper()
	c := h.hello(agency)
	return c, c.welcome()
}

func (c *client) send(b []byte) {
	c.t.Helper()
	if _, err := c.conn.Write(b); err != nil {
		c.t.Fatal(err)
	}
}

func (c *client) next() (wire.Type, []byte, error) {
	if err := c.conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		c.t.Fatal(err)
	}
	return c.frames.Next()
}

// expect returns the body of the next frame, which is of that type; KEEPALIVE is passed over.
func (c *client) expect(want wire.Type) []byte {
	c.t.Helper()
	for {
		got, body, err := c.next()
		if err != nil {
			c.t.Fatalf("want %v: %v", want, err)
		}
		if got == wire.TypeKeepAlive && want != got {
			continue
		}
		if got != want {
			c.t.Fatalf("got %v % x, want %v", got, body, want)
		}
		return body
	}
}

func (c *client) welcome() wire.Welcome {
	c.t.Helper()
	w, err := wire.ParseWelcome(c.expect(wire.TypeWelcome))
	if err != nil {
		c.t.Fatal(err)
	}
	return w
}

func (c *client) result(want wire.Result) {
	c.t.Helper()
	got, err := wire.ParseResult(c.expect(wire.TypeResult))
	if err != nil || got != want {
		c.t.Fatalf("got %+v, %v, want %+v", got, err, want)
	}
}

func (c *client) error(want wire.Code) {
	c.t.Helper()
	got, err := wire.ParseError(c.expect(wire.TypeError))
	if err != nil || got != want {
		c.t.Fatalf("got ERROR %v, %v, want %v", got, err, want)
	}
}

// closed says that nothing more comes.
func (c *client) closed() {
	c.t.Helper()
	if got, body, err := c.next(); !errors.Is(err, io.EOF) {
		c.t.Fatalf("got %v % x, %v, want the end", got, body, err)
	}
}

func (c *client) winners() (documents []string) {
	c.t.Helper()
	for {
		w, err := wire.ParseWinners(c.expect(wire.TypeWinners))
		if err != nil {
			c.t.Fatal(err)
		}
		documents = append(documents, w.Documents...)
		if !w.More {
			return documents
		}
	}
}

func bet(n int) wire.Bet {
	return wire.Bet{
		FirstName: "Ana", LastName: "Paz", Document: "D" + string(rune('0'+n%10)), Year: 2000, Month: 1, Day: 2,
		Number: uint32(n),
	}
}

func bets(from, n int) (bets []wire.Bet) {
	for i := range n {
		bets = append(bets, bet(from+i))
	}
	return bets
}

func encoded(bets ...wire.Bet) (b []byte) {
	for _, x := range bets {
		b, _ = wire.AppendBet(b, &x)
	}
	return b
}

func batch(position int, bets ...wire.Bet) []byte {
	var w wire.BatchWriter
	w.Reset(uint64(position))
	for _, b := range bets {
		if !w.Add(encoded(b)) {
			panic("batch is too long")
		}
	}
	return w.Frame()
}

// finish is of an agency with those bets.
func finish(agency uint32, bets ...wire.Bet) []byte {
	w := welcomeOf(agency, bets...)
	return wire.AppendFinish(nil, wire.Finish{Total: w.Stored, Checksum: w.Checksum})
}

// welcomeOf is the WELCOME of an agency with those bets.
func welcomeOf(agency uint32, bets ...wire.Bet) wire.Welcome {
	return wire.Welcome{Agency: agency, Stored: uint64(len(bets)), Checksum: wire.Checksum(wire.NoBets(agency), encoded(bets...))}
}

// frame returns a frame of any type and body.
func frame(t wire.Type, body string) []byte {
	size := wire.MinFrame + len(body)
	f := append([]byte{byte(size >> 8), byte(size), byte(t)}, body...)
	return binary.BigEndian.AppendUint32(f, wire.Checksum(0, f))
}

// bodyOf returns the body of a frame.
func bodyOf(frame []byte) string { return string(frame[wire.HeaderSize : len(frame)-4]) }

func ok(position, count int) wire.Result {
	return wire.Result{Position: uint64(position), Count: uint16(count), Index: wire.NoIndex}
}

// stored returns the bets of an agency in the file.
func (h *harness) stored(agency uint32) (bets []wire.Bet) {
	h.t.Helper()
	for b, err := range h.lottery.LoadBets() {
		if err != nil {
			h.t.Fatal(err)
		}
		if b.Agency == agency {
			bets = append(bets, wire.Bet{
				FirstName: b.FirstName, LastName: b.LastName, Document: b.Document,
				Year: b.Birthdate.Year, Month: b.Birthdate.Month, Day: b.Birthdate.Day, Number: b.Number,
			})
		}
	}
	return bets
}

func (h *harness) storedIs(agency uint32, want ...wire.Bet) {
	h.t.Helper()
	if got := h.stored(agency); !slices.Equal(got, want) {
		h.t.Errorf("agency %d has %d bets, want %d", agency, len(got), len(want))
	}
}
