package echo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// start serves on a port until the test ends, or stop is called, which waits.
func start(t *testing.T, s *Server) (addr string, lines *log, stop func()) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	lines = &log{}
	s.Log = lines.logger()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, l) }()
	stop = sync.OnceFunc(func() {
		began := time.Now()
		cancel()
		if err := <-done; err != nil {
			t.Errorf("serve: %v", err)
		}
		if took := time.Since(began); took > 200*time.Millisecond {
			t.Errorf("stopping took %v", took)
		}
	})
	t.Cleanup(stop)
	return l.Addr().String(), lines, stop
}

// patient has limits that no test reaches.
func patient() *Server {
	return &Server{FirstByte: time.Minute, Pause: time.Minute, Whole: time.Minute, Now: time.Now}
}

func dial(t *testing.T, addr string) *net.TCPConn {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	return conn.(*net.TCPConn)
}

// What a socket does and a pipe does not: ends of one direction, resets,
// buffers between the two.
func TestOverTCP(t *testing.T) {
	full := strings.Repeat("x", MaxMessage-1) + "\n"
	chunk := strings.Repeat("x", 4095) + "\n"
	binary := make([]byte, 1024)
	for i := range binary {
		binary[i] = byte(i)
	}
	binary = append(bytes.ReplaceAll(binary, []byte("\n"), nil), '\n')
	for _, tt := range []struct {
		name, send, want string
		end              bool // of our side, behind what is sent
	}{
		{"newline", "hello\n", "hello\n", false},
		{"end of stream", "hello", "hello", true},
		{"newline and end", "hello\n", "hello\n", true},
		{"empty line", "\n", "\n", false},
		{"binary", string(binary), string(binary), false},
		{"64 KiB", full, full, false},
		{"64 KiB without a newline", full[:MaxMessage-1] + "x", full[:MaxMessage-1] + "x", true},
		{"bytes behind it", "one\ntwo\n", "one\n", true},
		{"bytes behind a chunk", chunk + "and more", chunk, true},
		{"many bytes behind 64 KiB", full + strings.Repeat("y", 2*MaxMessage), full, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			addr, lines, stop := start(t, patient())
			conn := dial(t, addr)
			if _, err := io.WriteString(conn, tt.send); err != nil {
				t.Fatal(err)
			}
			if tt.end {
				_ = conn.CloseWrite()
			}
			got, err := io.ReadAll(conn)
			if err != nil || string(got) != tt.want {
				t.Errorf("got %d bytes %.40q, %v, want %d", len(got), got, err, len(tt.want))
			}
			_ = conn.Close()
			stop()
			if lines.count("result: fail") != 0 {
				t.Errorf("something failed:\n%s", lines)
			}
		})
	}
}

func TestOneByteTooMany(t *testing.T) {
	for _, text := range []string{strings.Repeat("x", MaxMessage) + "\n", strings.Repeat("x", MaxMessage+1)} {
		addr, lines, stop := start(t, patient())
		conn := dial(t, addr)
		_, _ = io.WriteString(conn, text)
		if got, _ := io.ReadAll(conn); len(got) > 0 {
			t.Errorf("got %d bytes", len(got))
		}
		stop()
		lines.inOrder(t, "ERROR    action: receive_message | result: fail | ip: 127.0.0.1 | error: message over 65536 bytes\n", "close_client_connection | result: success")
	}
}

func TestBadPeersDoNotHarmTheNext(t *testing.T) {
	addr, lines, stop := start(t, patient())
	gone := dial(t, addr)
	_ = gone.Close()
	reset := dial(t, addr)
	_, _ = io.WriteString(reset, "x")
	_ = reset.SetLinger(0)
	_ = reset.Close()
	for n := range 200 {
		message := fmt.Sprintf("client %d\n", n)
		conn := dial(t, addr)
		if _, err := io.WriteString(conn, message); err != nil {
			t.Fatal(err)
		}
		if got := readLine(conn); got != message {
			t.Fatalf("got %q, want %q", got, message)
		}
		_ = conn.Close()
	}
	stop()
	if lines.count("ERROR    action: receive_message | result: fail | ip: 127.0.0.1 | error: connection closed before a message\n") != 1 ||
		lines.count("receive_message | result: fail") != 2 || lines.count("result: fail") != 2 {
		t.Errorf("want two failures:\n%s", lines)
	}
	if opened, closed := lines.count("accept_connections | result: success"), lines.count("close_client_connection | result: success"); opened != 202 || closed != 202 {
		t.Errorf("%d opened, %d closed", opened, closed)
	}
}

// With a socket in place of a pipe, a stop takes less than start's limit.
func TestStopOverTCP(t *testing.T) {
	for _, sent := range []string{"", "half", "whole\nand more"} {
		addr, lines, stop := start(t, patient())
		conn := dial(t, addr)
		if _, err := io.WriteString(conn, sent); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(sent, "\n") {
			readLine(conn) // the server waits for the end of our side
		}
		stop()
		if lines.count("close_server_socket | result: success") != 1 || lines.count("result: fail") != 0 ||
			lines.count("accept_connections | result: success") > lines.count("close_client_connection | result: success") {
			t.Errorf("%q: got\n%s", sent, lines)
		}
	}
}

// An end that comes just before a deadline is set wins.
func TestDeadlineOfAnEndStays(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var last time.Time
	err := setDeadline(ctx, func(d time.Time) error { last = d; return nil }, time.Now(), time.Hour)
	if !errors.Is(err, context.Canceled) || !last.Before(time.Now()) {
		t.Errorf("got %v, deadline %v", err, last)
	}
}
