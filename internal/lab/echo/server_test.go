package echo

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

const errTooManyFiles = syscall.EMFILE

// labServer has the limits of the lab's server.
func labServer(lines *log) *Server {
	return &Server{FirstByte: 5 * time.Second, Pause: time.Second, Whole: 30 * time.Second, Now: time.Now, Log: lines.logger()}
}

// serve serves l in a bubble; stop ends it and returns its error, at once.
func serve(t *testing.T, s *Server, l net.Listener) (stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, l) }()
	return func() error {
		began := time.Now()
		cancel()
		err := <-done
		if took := time.Since(began); took != 0 {
			t.Errorf("stopping took %v", took)
		}
		return err
	}
}

func TestServerLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var lines log
		l := newMemory()
		stop := serve(t, labServer(&lines), l)
		for _, message := range []string{"[CLIENT 1] Message N°1\n", "a|b\x1b[2J\x00\xff\r\n"} {
			conn := l.dial()
			writeAll(conn, message)
			if got := readLine(conn); got != message {
				t.Errorf("got %q", got)
			}
			_ = conn.Close()
			synctest.Wait()
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
		lines.want(
			t,
			"INFO     action: accept_connections | result: in_progress",
			"INFO     action: accept_connections | result: success | ip: 172.25.125.3",
			"INFO     action: receive_message | result: success | ip: 172.25.125.3 | msg: [CLIENT 1] Message N°1",
			"INFO     action: close_client_connection | result: success | ip: 172.25.125.3",
			"INFO     action: accept_connections | result: in_progress",
			"INFO     action: accept_connections | result: success | ip: 172.25.125.3",
			`INFO     action: receive_message | result: success | ip: 172.25.125.3 | msg: a\x7cb\x1b[2J\x00\xff`,
			"INFO     action: close_client_connection | result: success | ip: 172.25.125.3",
			"INFO     action: accept_connections | result: in_progress",
			"INFO     action: close_server_socket | result: success",
		)
	})
}

// drip sends text in bytes, each after a pause, until it cannot.
func drip(conn net.Conn, text string, pause time.Duration) {
	for i := range len(text) {
		time.Sleep(pause)
		if _, err := io.WriteString(conn, text[i:i+1]); err != nil {
			return
		}
	}
}

func readAll(conn net.Conn) string {
	text, _ := io.ReadAll(conn)
	return string(text)
}

// What a peer costs, exactly, and what it gets; the next one is served.
func TestWhatAPeerCosts(t *testing.T) {
	long := strings.Repeat("x", 100)
	for _, tt := range []struct {
		name string
		peer func(conn net.Conn) string // returns the answer
		want string
		cost time.Duration
		fail string
	}{
		{"newline", func(c net.Conn) string { writeAll(c, "hello\n"); return readLine(c) }, "hello\n", 0, ""},
		{"pause", func(c net.Conn) string { writeAll(c, "hello"); return readSome(c) }, "hello", time.Second, ""},
		{"pause in CRLF", func(c net.Conn) string { writeAll(c, "hello\r"); return readSome(c) }, "hello\r", time.Second, ""},
		{"a byte at a time", func(c net.Conn) string { go drip(c, "hello\n", 0); return readLine(c) }, "hello\n", 0, ""},
		{"slow", func(c net.Conn) string { go drip(c, "hello\n", 900*time.Millisecond); return readLine(c) }, "hello\n", 5400 * time.Millisecond, ""},
		{"late", func(c net.Conn) string {
			time.Sleep(4999 * time.Millisecond)
			writeAll(c, "hello\n")
			return readLine(c)
		}, "hello\n", 4999 * time.Millisecond, ""},
		{"does not hang up", func(c net.Conn) string { writeAll(c, "hello\n"); return readAll(c) }, "hello\n", 100 * time.Millisecond, ""},
		{"goes on talking", func(c net.Conn) string { go drip(c, "\n"+long, 50*time.Millisecond); return readAll(c) }, "\n", 150 * time.Millisecond, ""},
		{"says two things", func(c net.Conn) string { writeAll(c, "one\ntwo\n"); return readAll(c) }, "one\n", time.Second, ""},
		{"floods", func(c net.Conn) string { writeAll(c, "\n"+strings.Repeat(long, 1<<20/100)); return readAll(c) }, "\n", 0, ""},

		{"silent", readAll, "", 5 * time.Second, "receive_message | result: fail | ip: 172.25.125.3 | error: the peer stalled"},
		{"drips for ever", func(c net.Conn) string { go drip(c, long, 900*time.Millisecond); return readAll(c) }, "", 30 * time.Second, "receive_message | result: fail | ip: 172.25.125.3 | error: the peer stalled"},
		{"never reads", func(c net.Conn) string { writeAll(c, "hello\n"); time.Sleep(30*time.Second + 1); return readAll(c) }, "", 30*time.Second + 1, "send_message | result: fail | ip: 172.25.125.3 | error: the peer stalled"},
		{"hangs up at once", func(net.Conn) string { return "" }, "", 0, "receive_message | result: fail | ip: 172.25.125.3 | error: "},
		{"hangs up before its answer", func(c net.Conn) string { _, _ = io.WriteString(c, "hello\n"); return "" }, "", 0, "send_message | result: fail | ip: 172.25.125.3 | error: io: read/write on closed pipe"},
		{"too long", func(c net.Conn) string { writeAll(c, strings.Repeat("x", MaxMessage+1)); return readAll(c) }, "", 0, "receive_message | result: fail | ip: 172.25.125.3 | error: message over 65536 bytes"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var lines log
				l := newMemory()
				stop := serve(t, labServer(&lines), l)
				began := time.Now()
				conn := l.dial()
				if got := tt.peer(conn); got != tt.want {
					t.Errorf("answer %q, want %q", got, tt.want)
				}
				_ = conn.Close()
				synctest.Wait()
				if cost := time.Since(began); cost != tt.cost {
					t.Errorf("cost %v, want %v", cost, tt.cost)
				}
				if n := lines.count("result: fail"); n > 1 || (n == 1) != (tt.fail != "") || !strings.Contains(lines.String(), tt.fail) {
					t.Errorf("want %q in\n%s", tt.fail, &lines)
				}
				if n := lines.count("close_client_connection | result: success"); n != 1 {
					t.Errorf("closed %d times:\n%s", n, &lines)
				}
				next := l.dial()
				writeAll(next, "next\n")
				if got := readLine(next); got != "next\n" {
					t.Errorf("the next one gets %q", got)
				}
				_ = next.Close()
				if err := stop(); err != nil {
					t.Error(err)
				}
				time.Sleep(time.Minute) // let the peer end
			})
		})
	}
}

// readLine reads to the newline and not beyond.
func readLine(conn net.Conn) string {
	var line []byte
	for b := make([]byte, 1); ; {
		n, err := conn.Read(b)
		line = append(line, b[:n]...)
		if err != nil || n == 1 && b[0] == '\n' {
			return string(line)
		}
	}
}

func readSome(conn net.Conn) string {
	some := make([]byte, 100)
	n, _ := conn.Read(some)
	return string(some[:n])
}

func TestServerStopsInEveryState(t *testing.T) {
	for _, tt := range []struct {
		name  string
		enter func(l *memory) net.Conn
		lines []string // behind the last accept_connections in_progress, before the end
	}{
		{"accept", func(*memory) net.Conn { return nil }, nil},
		{"first byte", func(l *memory) net.Conn { return l.dial() }, []string{"accept_connections | result: success"}},
		{"in a message", func(l *memory) net.Conn { c := l.dial(); writeAll(c, "half"); return c }, []string{"accept_connections | result: success"}},
		{"write", func(l *memory) net.Conn { c := l.dial(); writeAll(c, "hello\n"); return c }, []string{"accept_connections | result: success", "receive_message | result: success"}},
		{"behind the answer", func(l *memory) net.Conn {
			c := l.dial()
			writeAll(c, "hello\nand more")
			readLine(c)
			return c
		}, []string{"accept_connections | result: success", "receive_message | result: success"}},
		{"accept fails", func(l *memory) net.Conn {
			for range 20 {
				l.queue <- accepted{err: failing}
			}
			return nil
		}, []string{"close_server_socket | result: success"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var lines log
				l := newMemory()
				stop := serve(t, labServer(&lines), l)
				conn := tt.enter(l)
				synctest.Wait()
				failures := lines.count("result: fail")
				if err := stop(); err != nil {
					t.Error(err)
				}
				places := append([]string{"accept_connections | result: in_progress"}, tt.lines...)
				if conn != nil {
					defer conn.Close()
					places = append(places, "close_client_connection | result: success")
				}
				lines.inOrder(t, places...)
				lines.inOrder(t, "close_server_socket | result: success")
				if n := lines.count("result: fail"); n != failures {
					t.Errorf("a stop is no failure:\n%s", &lines)
				}
				select {
				case <-l.closed:
				default:
					t.Error("the listener is open")
				}
			})
		})
	}
}

func TestServerThatStartsStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var lines log
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		l := newMemory()
		conn := l.dial() // accepted or not, it is closed
		defer conn.Close()
		if err := labServer(&lines).Serve(ctx, l); err != nil {
			t.Error(err)
		}
		if lines.count("close_server_socket | result: success") != 1 || lines.count("result: fail") != 0 {
			t.Errorf("got\n%s", &lines)
		}
	})
}

// Accept errors cost a pause that doubles up to 200 ms, and no connection.
func TestAcceptErrorsBackOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var lines log
		l := newMemory()
		for range 10 {
			l.queue <- accepted{err: failing}
		}
		began := time.Now()
		stop := serve(t, labServer(&lines), l)
		conn := l.dial()
		writeAll(conn, "hello\n")
		if got := readLine(conn); got != "hello\n" {
			t.Errorf("got %q", got)
		}
		// 5 + 10 + … + 160 milliseconds, then 200 four times.
		if took, want := time.Since(began), 1115*time.Millisecond; took != want {
			t.Errorf("took %v, want %v", took, want)
		}
		if n := lines.count("action: accept_connections | result: fail | error: accept: accept4: too many open files\n"); n != 10 {
			t.Errorf("%d failures:\n%s", n, &lines)
		}
		if n := lines.count("accept_connections | result: in_progress"); n != 1 {
			t.Errorf("%d times in progress:\n%s", n, &lines)
		}
		_ = conn.Close()
		_ = stop()
	})
}

func TestListenerThatEndsIsAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var lines log
		l := newMemory()
		_ = l.Close()
		if err := labServer(&lines).Serve(t.Context(), l); !errors.Is(err, net.ErrClosed) {
			t.Errorf("got %v", err)
		}
		lines.want(t, "INFO     action: accept_connections | result: in_progress", "INFO     action: close_server_socket | result: success")
	})
}
