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

// labClient has the limits of the lab's client, and a network in memory: each
// peer is one attempt, nil for a refused one; the last one is there for good.
func labClient(lines *log, amount int, peers ...func(conn net.Conn)) *Client {
	attempt := -1
	return &Client{
		Now: time.Now,
		ID:  1, Address: "server:12345", Amount: amount, Period: 5 * time.Second, Timeout: 15 * time.Second, RetryLimit: time.Minute, Log: lines.logger(),
		Dial: func(context.Context, string, string) (net.Conn, error) {
			attempt = min(attempt+1, len(peers)-1)
			if peers[attempt] == nil {
				return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
			}
			ours, theirs := net.Pipe()
			peer := peers[attempt]
			go func() {
				defer theirs.Close()
				peer(theirs)
			}()
			return ours, nil
		},
	}
}

func honest(conn net.Conn) { _, _ = io.WriteString(conn, readLine(conn)) }

// says is a server that answers something, and closes.
func says(text string) func(net.Conn) {
	return func(conn net.Conn) {
		readLine(conn)
		_, _ = io.WriteString(conn, text)
	}
}

// silent is a server that reads and stays.
func silent(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }

func TestClientLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var lines log
		began := time.Now()
		if err := labClient(&lines, 2, honest).Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took != 10*time.Second {
			t.Errorf("took %v", took)
		}
		lines.want(
			t,
			"INFO     action: close_connection | result: success | client_id: 1",
			"INFO     action: receive_message | result: success | client_id: 1 | msg: [CLIENT 1] Message N°1",
			"INFO     action: close_connection | result: success | client_id: 1",
			"INFO     action: receive_message | result: success | client_id: 1 | msg: [CLIENT 1] Message N°2",
			"INFO     action: loop_finished | result: success | client_id: 1",
		)
	})
}

func TestClientWithNothingToSay(t *testing.T) {
	var lines log
	if err := labClient(&lines, 0).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	lines.want(t, "INFO     action: loop_finished | result: success | client_id: 1")
}

// What passes is waited for, without a failure.
func TestClientTriesAgain(t *testing.T) {
	const message = "[CLIENT 1] Message N°1"
	for _, tt := range []struct {
		name   string
		peers  []func(net.Conn)
		reason string
	}{
		{"not up", []func(net.Conn){nil, nil, nil, nil, nil, nil, nil, nil, honest}, "dial tcp: connection refused"},
		{"closes", []func(net.Conn){func(net.Conn) {}, honest}, "io: read/write on closed pipe"},
		{"closes without an answer", []func(net.Conn){says(""), honest}, "the server closed the connection before its whole answer"},
		{"closes in its answer", []func(net.Conn){says(message[:9]), honest}, "the server closed the connection before its whole answer"},
		{"stalls", []func(net.Conn){silent, honest}, "read pipe: i/o timeout"},
		{"stalls in its answer", []func(net.Conn){func(conn net.Conn) { says(message)(conn); silent(conn) }, honest}, "read pipe: i/o timeout"},
		{"does not read", []func(net.Conn){func(net.Conn) { time.Sleep(time.Minute) }, honest}, "write pipe: i/o timeout"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var lines log
				if err := labClient(&lines, 1, tt.peers...).Run(t.Context()); err != nil {
					t.Error(err)
				}
				if n := lines.count("INFO     action: connect | result: in_progress | client_id: 1 | error: " + tt.reason + "\n"); n != len(tt.peers)-1 || lines.count("result: fail") != 0 {
					t.Errorf("waited %d times for %q:\n%s", n, tt.reason, &lines)
				}
				lines.inOrder(t, "receive_message | result: success | client_id: 1 | msg: "+message, "loop_finished")
				time.Sleep(time.Minute) // let the peers end
			})
		})
	}
}

// What does not pass ends at the limit, exactly, with one failure.
func TestClientGivesUpAtItsLimit(t *testing.T) {
	for name, tt := range map[string]struct {
		peer   func(net.Conn)
		dial   func(ctx context.Context, network, address string) (net.Conn, error)
		reason string
	}{
		"not up":                   {nil, nil, "dial tcp: connection refused"},
		"closes without answer":    {says(""), nil, "the server closed the connection before its whole answer"},
		"stalls":                   {silent, nil, "read pipe: i/o timeout"},
		"connects to a black hole": {nil, func(ctx context.Context, _, _ string) (net.Conn, error) { <-ctx.Done(); return nil, ctx.Err() }, "context deadline exceeded"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var lines log
				c := labClient(&lines, 3, tt.peer)
				if tt.dial != nil {
					c.Dial = tt.dial
				}
				began := time.Now()
				err := c.Run(t.Context())
				if took := time.Since(began); took != time.Minute {
					t.Errorf("took %v", took)
				}
				want := "no answer from server:12345 in 1m0s: " + tt.reason
				if err == nil || err.Error() != want {
					t.Errorf("got %v, want %s", err, want)
				}
				lines.inOrder(t, "ERROR    action: receive_message | result: fail | client_id: 1 | error: "+want+"\n")
				if n := lines.count("result: in_progress"); n < 1 || n > 50 {
					t.Errorf("%d attempts", n)
				}
				if lines.count("result: fail") != 1 || lines.count("result: success") != lines.count("close_connection") {
					t.Errorf("got\n%s", &lines)
				}
			})
		})
	}
}

// Each message has the whole limit.
func TestClientStartsAnewWithEachMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var lines log
		slow := func(conn net.Conn) { time.Sleep(14 * time.Second); honest(conn) }
		c := labClient(&lines, 10, slow)
		c.RetryLimit = 20 * time.Second
		if err := c.Run(t.Context()); err != nil || lines.count("in_progress") != 0 {
			t.Errorf("got %v\n%s", err, &lines)
		}
	})
}

func TestClientFindsALie(t *testing.T) {
	const message = "[CLIENT 1] Message N°1"
	for name, answer := range map[string]string{
		"something else": "something else\n",
		"more":           message + "!\n",
		"less":           message[:9] + "\n",
		"empty":          "\n",
		"no newline":     message,
		"CRLF":           message + "\r\n",
		"upper case":     strings.ToUpper(message) + "\n",
		"no end":         strings.Repeat("x", 2*MaxMessage),
		"forged":         "x | result: success\r2006 INFO\x1b\n",
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var lines log
				began := time.Now()
				err := labClient(&lines, 3, says(answer)).Run(t.Context())
				if !errors.Is(err, ErrDiffers) || time.Since(began) != 0 {
					t.Errorf("got %v after %v", err, time.Since(began))
				}
				lines.inOrder(t, "close_connection | result: success", "ERROR    action: receive_message | result: fail | client_id: 1 | error: the answer is not the message: got ")
				if strings.Count(lines.String(), "\n") != 2 {
					t.Errorf("got\n%s", &lines)
				}
			})
		})
	}
}

func TestClientStopsInEveryState(t *testing.T) {
	for name, tt := range map[string]struct {
		peer   func(net.Conn)
		dial   func(ctx context.Context, network, address string) (net.Conn, error)
		closed int
	}{
		"connect":         {nil, func(ctx context.Context, _, _ string) (net.Conn, error) { <-ctx.Done(); return nil, ctx.Err() }, 0},
		"before a retry":  {nil, nil, 0},
		"write":           {func(net.Conn) { time.Sleep(time.Minute) }, nil, 1},
		"read":            {silent, nil, 1},
		"half an answer":  {func(conn net.Conn) { says("[CLIENT")(conn); silent(conn) }, nil, 1},
		"between":         {honest, nil, 1},
		"during an error": {func(net.Conn) { time.Sleep(3 * time.Second) }, nil, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var lines log
				c := labClient(&lines, 2, tt.peer)
				if tt.dial != nil {
					c.Dial = tt.dial
				}
				ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
				defer cancel()
				began := time.Now()
				if err := c.Run(ctx); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("got %v", err)
				}
				if took := time.Since(began); took != 3*time.Second {
					t.Errorf("took %v", took)
				}
				if lines.count("result: fail") != 0 || lines.count("loop_finished") != 0 || lines.count("close_connection | result: success") != tt.closed {
					t.Errorf("got\n%s", &lines)
				}
				time.Sleep(time.Minute) // let the peers end
			})
		})
	}
}

// Both halves of the package, over TCP; the server comes up late.
func TestClientAndServer(t *testing.T) {
	addr := freeAddress(t)
	waiting := make(chan struct{}, 1000)
	var lines log
	c := &Client{
		Now: time.Now,
		ID:  1, Address: addr, Amount: 3, Timeout: 10 * time.Second, RetryLimit: 10 * time.Second, Log: lines.logger(),
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := new(net.Dialer).DialContext(ctx, network, address)
			if err != nil {
				waiting <- struct{}{}
			}
			return conn, err
		},
	}
	done := make(chan error, 1)
	go func() { done <- c.Run(context.Background()) }()
	<-waiting
	l, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	s := patient()
	s.Log = new(log).logger()
	go func() { served <- s.Serve(ctx, l) }()
	if err := <-done; err != nil {
		t.Error(err)
	}
	cancel()
	if err := <-served; err != nil {
		t.Error(err)
	}
	lines.inOrder(t, "msg: [CLIENT 1] Message N°1\n", "msg: [CLIENT 1] Message N°2\n", "msg: [CLIENT 1] Message N°3\n", "loop_finished")
	if lines.count("result: fail") != 0 || lines.count("action: connect | result: in_progress") == 0 {
		t.Errorf("got\n%s", &lines)
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
