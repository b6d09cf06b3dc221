package echo

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tp0-lab/composer/internal/lablog"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// log is where log lines go; tests read it while the server writes.
type log struct {
	mu  sync.Mutex // guards buf
	buf bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// start serves until the test ends, or stop is called, which waits.
func start(t *testing.T, s *Server) (addr string, lines *log, stop func()) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	lines = &log{}
	s.Log = lablog.New(lines, slog.LevelDebug)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, l) }()
	stop = sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("serve: %v", err)
			}
		case <-time.After(time.Second):
			t.Error("the server does not stop")
		}
	})
	t.Cleanup(stop)
	return l.Addr().String(), lines, stop
}

func quick() *Server {
	return &Server{FirstByte: 200 * time.Millisecond, Pause: 100 * time.Millisecond, Whole: 400 * time.Millisecond}
}

func dial(t *testing.T, addr string) *net.TCPConn {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
	return conn.(*net.TCPConn)
}

func answer(t *testing.T, conn net.Conn) string {
	t.Helper()
	got, err := io.ReadAll(conn)
	if err != nil {
		t.Fatalf("read the answer: %v", err)
	}
	return string(got)
}

func TestMessageEnds(t *testing.T) {
	addr, lines, _ := start(t, quick())
	long := strings.Repeat("x", MaxMessage-1) + "\n"
	for _, tt := range []struct {
		name, send, want string
		closeWrite       bool
	}{
		{"at a newline", "hello\n", "hello\n", false},
		{"at the end of the stream", "hello", "hello", true},
		{"at a pause", "hello", "hello", false},
		{"with bytes behind it", "one\ntwo\n", "one\n", false},
		{"unaltered", "a|b\x00\xff\r\n", "a|b\x00\xff\r\n", false},
		{"at the limit", long, long, false},
		{"empty", "\n", "\n", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			conn := dial(t, addr)
			if _, err := io.WriteString(conn, tt.send); err != nil {
				t.Fatal(err)
			}
			if tt.closeWrite {
				_ = conn.CloseWrite()
			}
			if got := answer(t, conn); got != tt.want {
				t.Errorf("got %d bytes %.40q, want %d", len(got), got, len(tt.want))
			}
		})
	}
	if strings.Contains(lines.String(), "result: fail") {
		t.Errorf("something failed:\n%s", lines)
	}
	if !strings.Contains(lines.String(), `action: receive_message | result: success | ip: 127.0.0.1 | msg: a\x7cb\x00\xff`+"\n") {
		t.Error("the message is not logged safely")
	}
}

func TestByteAtATime(t *testing.T) {
	addr, _, _ := start(t, quick())
	conn := dial(t, addr)
	_ = conn.SetNoDelay(true)
	for _, b := range []byte("slow but steady\n") {
		if _, err := conn.Write([]byte{b}); err != nil {
			t.Fatal(err)
		}
	}
	if got := answer(t, conn); got != "slow but steady\n" {
		t.Errorf("got %q", got)
	}
}

// Whoever wastes the server's time costs a limit, and the next one is served.
func TestBadPeersCostTheirLimit(t *testing.T) {
	for name, peer := range map[string]func(t *testing.T, conn *net.TCPConn){
		"silent": func(*testing.T, *net.TCPConn) {},
		"too long": func(t *testing.T, conn *net.TCPConn) {
			t.Helper()
			_, _ = conn.Write(bytes.Repeat([]byte("x"), MaxMessage+1))
		},
		"gone": func(_ *testing.T, conn *net.TCPConn) { _ = conn.Close() },
		"reset": func(_ *testing.T, conn *net.TCPConn) {
			_, _ = conn.Write([]byte("x"))
			_ = conn.SetLinger(0)
			_ = conn.Close()
		},
	} {
		t.Run(name, func(t *testing.T) {
			addr, lines, _ := start(t, quick())
			peer(t, dial(t, addr))
			next := dial(t, addr)
			if _, err := io.WriteString(next, "next\n"); err != nil {
				t.Fatal(err)
			}
			if got := answer(t, next); got != "next\n" {
				t.Errorf("got %q", got)
			}
			if strings.Count(lines.String(), "result: fail") != 1 {
				t.Errorf("want one failure:\n%s", lines)
			}
		})
	}
}

func TestStopInEveryState(t *testing.T) {
	for name, enter := range map[string]func(t *testing.T, addr string){
		"accepting": func(*testing.T, string) {},
		"first byte": func(t *testing.T, addr string) {
			t.Helper()
			dial(t, addr)
		},
		"in a message": func(t *testing.T, addr string) {
			t.Helper()
			_, _ = io.WriteString(dial(t, addr), "half")
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := &Server{FirstByte: time.Minute, Pause: time.Minute, Whole: time.Minute}
			addr, lines, stop := start(t, s)
			enter(t, addr)
			stop()
			if n := strings.Count(lines.String(), "action: close_server_socket | result: success"); n != 1 {
				t.Errorf("%d lines of the socket:\n%s", n, lines)
			}
			opened := strings.Count(lines.String(), "accept_connections | result: success")
			if closed := strings.Count(lines.String(), "action: close_client_connection | result: success"); closed < opened {
				t.Errorf("%d opened, %d closed:\n%s", opened, closed, lines)
			}
			if strings.Contains(lines.String(), "result: fail") {
				t.Errorf("a stop is no failure:\n%s", lines)
			}
		})
	}
}

func client(addr string, lines io.Writer) *Client {
	return &Client{
		ID: 1, Address: addr, Amount: 3, Period: time.Millisecond, Timeout: time.Second, RetryLimit: 300 * time.Millisecond,
		Log: lablog.New(lines, slog.LevelDebug),
	}
}

func TestClientExchangesAll(t *testing.T) {
	addr, _, _ := start(t, quick())
	var lines log
	if err := client(addr, &lines).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"msg: [CLIENT 1] Message N°1\n", "msg: [CLIENT 1] Message N°3\n", "action: loop_finished | result: success | client_id: 1\n"} {
		if !strings.Contains(lines.String(), want) {
			t.Errorf("want %q in\n%s", want, &lines)
		}
	}
}

// freeAddress returns an address on which nobody listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func TestClientGivesUpAtItsLimit(t *testing.T) {
	var lines log
	err := client(freeAddress(t), &lines).Run(t.Context())
	if err == nil || !strings.Contains(err.Error(), "no answer from") {
		t.Errorf("got %v", err)
	}
	if strings.Count(lines.String(), "result: fail") != 1 || !strings.Contains(lines.String(), "action: connect | result: in_progress") {
		t.Errorf("want waiting, then one failure:\n%s", &lines)
	}
}

func TestClientWaitsForAServerThatIsNotUpYet(t *testing.T) {
	addr := freeAddress(t)
	waiting := make(chan struct{})
	var once sync.Once
	var lines log
	c := client(addr, writerFunc(func(p []byte) (int, error) {
		if bytes.Contains(p, []byte("action: connect | result: in_progress")) {
			once.Do(func() { close(waiting) })
		}
		return lines.Write(p)
	}))
	c.RetryLimit = 10 * time.Second
	done := make(chan error, 1)
	go func() { done <- c.Run(context.Background()) }()
	<-waiting
	l, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	s := quick()
	s.Log = lablog.New(io.Discard, slog.LevelError)
	go func() { served <- s.Serve(ctx, l) }()
	if err := <-done; err != nil {
		t.Error(err)
	}
	cancel()
	if err := <-served; err != nil {
		t.Error(err)
	}
	if strings.Contains(lines.String(), "result: fail") {
		t.Errorf("waiting is no failure:\n%s", &lines)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func TestClientFindsALyingServer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		_, _ = io.WriteString(conn, "something else\n")
		_, _ = io.Copy(io.Discard, conn)
	}()
	var lines log
	if err := client(l.Addr().String(), &lines).Run(t.Context()); !errors.Is(err, ErrDiffers) {
		t.Errorf("got %v", err)
	}
	_ = l.Close()
	<-done
	if strings.Count(lines.String(), "action: receive_message | result: fail | client_id: 1") != 1 {
		t.Errorf("got\n%s", &lines)
	}
}

func TestClientStopsWhereverItIs(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0") // its backlog takes the connection, nobody answers
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	echo, _, _ := start(t, quick())
	for name, c := range map[string]*Client{
		"waiting for the server": {Address: freeAddress(t), RetryLimit: time.Minute},
		"waiting for an answer":  {Address: silent.Addr().String(), RetryLimit: time.Minute},
		"in its pause":           {Address: echo, RetryLimit: time.Minute, Period: time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			var lines log
			c.ID, c.Amount, c.Timeout, c.Log = 1, 2, time.Minute, lablog.New(&lines, slog.LevelDebug)
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			began := time.Now()
			if err := c.Run(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v", err)
			}
			if took := time.Since(began); took > time.Second {
				t.Errorf("took %v", took)
			}
			if strings.Contains(lines.String(), "result: fail") {
				t.Errorf("a stop is no failure:\n%s", &lines)
			}
		})
	}
}
