package echo

import (
	"bytes"
	"io"
	"log/slog"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/tp0-lab/composer/internal/lab/logline"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// log is where log lines go; tests read it while others write.
type log struct {
	mu  sync.Mutex // guards buf
	buf bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

// String returns the lines without their times.
func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var b strings.Builder
	for line := range strings.Lines(l.buf.String()) {
		b.WriteString(line[len("2006-01-02 15:04:05 "):])
	}
	return b.String()
}

func (l *log) count(text string) int { return strings.Count(l.String(), text) }

func (l *log) logger() *slog.Logger { return logline.New(l, slog.LevelDebug) }

func (l *log) want(t *testing.T, lines ...string) {
	t.Helper()
	if got, want := l.String(), strings.Join(lines, "\n")+"\n"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// accepted is what an Accept returns.
type accepted struct {
	conn net.Conn
	err  error
}

// memory is a listener whose connections are pipes in memory, so that time in
// a synctest bubble passes while all wait.
type memory struct {
	queue  chan accepted
	closed chan struct{}
	once   sync.Once
}

func newMemory() *memory {
	return &memory{queue: make(chan accepted, 100), closed: make(chan struct{})}
}

func (m *memory) Accept() (net.Conn, error) {
	select {
	case a := <-m.queue:
		return a.conn, a.err
	case <-m.closed:
		return nil, &net.OpError{Op: "accept", Err: net.ErrClosed}
	}
}

func (m *memory) Close() error {
	err := net.ErrClosed
	m.once.Do(func() { close(m.closed); err = nil })
	return err
}

func (m *memory) Addr() net.Addr { return &net.TCPAddr{} }

// dial returns a peer's side of a connection that is in the queue.
func (m *memory) dial() net.Conn {
	ours, theirs := net.Pipe()
	m.queue <- accepted{conn: labConn{ours}}
	return theirs
}

// labConn has an address in the lab's network.
type labConn struct{ net.Conn }

func (labConn) RemoteAddr() net.Addr {
	return &net.TCPAddr{IP: net.IPv4(172, 25, 125, 3), Port: 40000}
}

// logged are the places that a test reaches in a log, in this order.
func (l *log) inOrder(t *testing.T, places ...string) {
	t.Helper()
	all := l.String()
	at := make([]int, len(places))
	for i, place := range places {
		if at[i] = strings.Index(all, place); at[i] < 0 || strings.Count(all, place) != 1 {
			t.Errorf("want one %q in\n%s", place, all)
		}
	}
	if !slices.IsSorted(at) {
		t.Errorf("want the order %q in\n%s", places, all)
	}
}

// failing is a listener's Accept error that goes away.
var failing = &net.OpError{Op: "accept", Err: os.NewSyscallError("accept4", errTooManyFiles)}

// writeAll sends text from a goroutine of its own, as a peer that does not
// care whether anybody reads it.
func writeAll(conn io.Writer, text string) {
	go func() { _, _ = io.WriteString(conn, text) }()
}
