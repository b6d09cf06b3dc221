package agency

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tp0-lab/composer/internal/lab/logline"
	"github.com/tp0-lab/composer/internal/lab/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fake is a central in memory, of one agency: it stores what it gets and keeps
// a diary. Its connections are pipes without any buffer, so that in a bubble of
// testing/synctest the time in the diary is exact.
type fake struct {
	t       *testing.T
	winners []string
	// meddle, if not nil, may alter the answer to the nth frame of all, from 1;
	// a nil answer is none, and closes the connection.
	meddle func(nth int, t wire.Type, answer []byte) []byte
	// wrap, if not nil, makes the client's end of the nth connection, from 1.
	wrap func(nth int, c net.Conn) net.Conn

	// placed, if not nil, may store bets of others before a HELLO is answered.
	placed func()

	mu       sync.Mutex // guards the fields below
	began    time.Time
	stored   [][]byte // encoded bets
	frames   int
	dials    int
	diary    []string
	handlers sync.WaitGroup
	previous chan struct{} // closed when the connection before has been dealt with
}

func newFake(t *testing.T) *fake {
	t.Helper()
	return &fake{t: t, began: time.Now()}
}

// note writes into the diary: seconds since the beginning, and what.
func (f *fake) note(format string, args ...any) {
	f.diary = append(f.diary, fmt.Sprintf("%v "+format, append([]any{time.Since(f.began)}, args...)...))
}

func (f *fake) dial(context.Context, string, string) (net.Conn, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.previous != nil {
		<-f.previous // as a central does with an older connection of an agency
	}
	f.dials++
	ours, theirs := net.Pipe()
	done := make(chan struct{})
	f.previous = done
	f.handlers.Go(func() {
		defer close(done)
		f.serve(ours)
	})
	if f.wrap != nil {
		return f.wrap(f.dials, theirs), nil
	}
	return theirs, nil
}

// serve reads on while it answers, which a socket's buffers would do for it.
func (f *fake) serve(conn net.Conn) {
	answers := make(chan []byte, 1000)
	var writing sync.WaitGroup
	writing.Go(func() {
		defer conn.Close()
		for a := range answers {
			if a == nil {
				return
			}
			if _, err := conn.Write(a); err != nil {
				return
			}
		}
	})
	r := wire.NewReader(conn)
	for {
		kind, body, err := r.Next()
		if err != nil {
			break
		}
		answers <- f.answer(kind, body)
	}
	close(answers)
	writing.Wait()
}

func (f *fake) sums() wire.Welcome {
	w := wire.Welcome{Agency: 1, Stored: uint64(len(f.stored)), Checksum: wire.NoBets(1)}
	for _, bet := range f.stored {
		w.Checksum = wire.Checksum(w.Checksum, bet)
	}
	return w
}

func (f *fake) answer(kind wire.Type, body []byte) (out []byte) {
	unlock := f.lock()
	defer unlock()
	f.frames++
	switch kind {
	case wire.TypeHello:
		h, err := wire.ParseHello(body)
		f.check(err)
		if h.Waits {
			f.note("HELLO waits")
		} else {
			f.note("HELLO")
		}
		if f.placed != nil {
			f.placed()
		}
		out = wire.AppendWelcome(nil, f.sums())
	case wire.TypeBatch:
		b, err := wire.ParseBatch(body)
		f.check(err)
		r, bets := wire.Result{Position: b.Position, Index: wire.NoIndex}, [][]byte(nil)
		for encoded := range b.All() {
			bets = append(bets, bytes.Clone(encoded))
		}
		f.note("%v %d+%d", kind, r.Position, len(bets))
		r.Count = uint16(len(bets))
		if out = f.refusal(kind, r); out != nil {
			return out
		}
		if r.Position == uint64(len(f.stored)) {
			f.stored = append(f.stored, bets...)
		} else {
			r.Code = wire.CodePosition
		}
		out = wire.AppendResult(nil, r)
	case wire.TypeFinish:
		f.note("FINISH")
		got, err := wire.ParseFinish(body)
		f.check(err)
		if w := f.sums(); got.Total == w.Stored && got.Checksum == w.Checksum {
			out = wire.AppendEmpty(nil, wire.TypeFinished)
		} else {
			out = wire.AppendError(nil, wire.CodeMismatch)
		}
	case wire.TypeAsk:
		f.note("ASK")
		for rest := f.winners; ; {
			var err error
			out, rest, err = wire.AppendWinners(out, rest)
			f.check(err)
			if len(rest) == 0 {
				break
			}
		}
	case wire.TypeKeepAlive:
		f.note("KEEPALIVE")
		out = []byte{}
	}
	if f.meddle != nil {
		out = f.meddle(f.frames, kind, out)
	}
	return out
}

// refusal asks meddle about a batch before it is stored: an answer that is not
// ok stores nothing.
func (f *fake) refusal(kind wire.Type, r wire.Result) []byte {
	if f.meddle == nil {
		return nil
	}
	ok := wire.AppendResult(nil, r)
	if out := f.meddle(f.frames, kind, ok); !bytes.Equal(out, ok) {
		return out
	}
	return nil
}

func (f *fake) lock() (unlock func()) {
	f.mu.Lock()
	return f.mu.Unlock
}

func (f *fake) check(err error) {
	if err != nil {
		f.t.Error(err)
	}
}

// storedIs checks what is stored, and that everybody has gone.
func (f *fake) storedIs(want ...wire.Bet) {
	f.t.Helper()
	f.handlers.Wait()
	if !bytes.Equal(bytes.Join(f.stored, nil), encodeAll(want)) {
		f.t.Errorf("%d bets are stored, want %d", len(f.stored), len(want))
	}
}

func (f *fake) diaryIs(want ...string) {
	f.t.Helper()
	f.handlers.Wait()
	if got := strings.Join(f.diary, "\n"); got != strings.Join(want, "\n") {
		f.t.Errorf("the central got:\n%s\nwant:\n%s", got, strings.Join(want, "\n"))
	}
}

// frame returns a frame of any type and body.
func frame(t wire.Type, body string) string {
	size := wire.MinFrame + len(body)
	f := append([]byte{byte(size >> 8), byte(size), byte(t)}, body...)
	return string(binary.BigEndian.AppendUint32(f, wire.Checksum(0, f)))
}

func encodeAll(bets []wire.Bet) (b []byte) {
	for _, bet := range bets {
		b, _ = wire.AppendBet(b, &bet)
	}
	return b
}

// lines is where an Agency under test logs to: what follows "action: ".
type lines struct {
	mu  sync.Mutex // guards all
	all []string
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, line, _ := strings.Cut(strings.TrimSuffix(string(b), "\n"), " action: ")
	l.all = append(l.all, line)
	return len(b), nil
}

func (l *lines) count(prefix string) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, line := range l.all {
		if strings.HasPrefix(line, prefix) {
			n++
		}
	}
	return n
}

func (l *lines) is(t *testing.T, want ...string) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	if got := strings.Join(l.all, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("logged:\n%s\nwant:\n%s", got, strings.Join(want, "\n"))
	}
}

// agency returns an Agency that talks with the fake.
func (f *fake) agency(change func(*Config)) (*Agency, *lines) {
	c := Config{
		Agency:     1,
		Address:    "central:12345",
		MaxAmount:  3,
		Timeout:    15 * time.Second,
		RetryLimit: time.Minute,
		KeepAlive:  5 * time.Second,
		Now:        time.Now,
		Dial:       f.dial,
	}
	if change != nil {
		change(&c)
	}
	log := new(lines)
	return New(c, logline.New(log, slog.LevelDebug)), log
}

func bet(n int) wire.Bet {
	return wire.Bet{
		FirstName: "Ana", LastName: "Paz, de", Document: fmt.Sprintf("%08d", n),
		Year: 2000, Month: 1, Day: 2, Number: uint32(n),
	}
}

func bets(from, n int) (bets []wire.Bet) {
	for i := range n {
		bets = append(bets, bet(from+i))
	}
	return bets
}

func record(b wire.Bet) string {
	return fmt.Sprintf("%s,\"%s\",%s,%04d-%02d-%02d,%d\r\n",
		b.FirstName, b.LastName, b.Document, b.Year, b.Month, b.Day, b.Number)
}

// writeFile writes an agency's file and returns its path.
func writeFile(tb testing.TB, content string) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "agency.csv")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}

// fileOf returns the path of a file of those bets.
func fileOf(tb testing.TB, bets ...wire.Bet) string {
	tb.Helper()
	var content strings.Builder
	for _, b := range bets {
		content.WriteString(record(b))
	}
	return writeFile(tb, content.String())
}

// cutConn breaks when so many bytes have been written or read; what is within
// the bounds gets through. A bound below 0 is none.
type cutConn struct {
	net.Conn
	write, read int
}

var errCut = errors.New("connection is cut")

func (c *cutConn) Write(p []byte) (int, error) {
	if c.write < 0 || len(p) < c.write {
		if c.write > 0 {
			c.write -= len(p)
		}
		return c.Conn.Write(p)
	}
	n, _ := c.Conn.Write(p[:c.write])
	c.Conn.Close()
	return n, errCut
}

func (c *cutConn) Read(p []byte) (int, error) {
	if c.read < 0 {
		return c.Conn.Read(p)
	}
	if c.read == 0 {
		c.Conn.Close()
		return 0, errCut
	}
	n, err := c.Conn.Read(p[:min(len(p), c.read)])
	c.read -= n
	return n, err
}
