package listener

import (
	"bytes"
	"context"
	"errors"
	"net"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"

	"go.uber.org/goleak"

	"github.com/tp0-lab/composer/internal/lab/logline"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// accepting is a listener of what is put into its channel.
type accepting struct {
	next   chan any // net.Conn or error
	closed chan struct{}
	broken error // of Close
}

func newAccepting(broken error) *accepting {
	return &accepting{make(chan any), make(chan struct{}), broken}
}

func (a *accepting) Accept() (net.Conn, error) {
	select {
	case <-a.closed:
		return nil, net.ErrClosed
	case next := <-a.next:
		if err, ok := next.(error); ok {
			return nil, err
		}
		return next.(net.Conn), nil
	}
}

func (a *accepting) Close() error {
	close(a.closed)
	return a.broken
}

func (a *accepting) Addr() net.Addr { return &net.TCPAddr{} }

// conn is a connection from 10.0.0.7.
type conn struct {
	net.Conn
	err error // of Close
}

func (conn) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(10, 0, 0, 7), Port: 4711} }
func (c conn) Close() error       { return c.err }

// actions returns the lines without time and level.
func actions(text string) string {
	return regexp.MustCompile(`(?m)^.*? action: `).ReplaceAllString(text, "")
}

func TestServe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		l, log := newAccepting(nil), logline.New(&out, logline.Level(-8))
		ctx, cancel := context.WithCancel(t.Context())
		served := make(chan error)
		handled := 0
		go func() {
			served <- Serve(ctx, l, log, func(c net.Conn) {
				handled++
				Close(c, log)
			})
		}()
		l.next <- conn{}
		l.next <- syscall.EMFILE
		l.next <- syscall.EMFILE
		l.next <- conn{err: syscall.EIO}
		synctest.Wait()
		cancel()
		if err := <-served; err != nil {
			t.Error(err)
		}
		want := strings.Join([]string{
			"accept_connections | result: in_progress",
			"accept_connections | result: success | ip: 10.0.0.7",
			"close_client_connection | result: success | ip: 10.0.0.7",
			"accept_connections | result: in_progress",
			"accept_connections | result: fail | error: too many open files",
			"accept_connections | result: fail | error: too many open files",
			"accept_connections | result: success | ip: 10.0.0.7",
			"close_client_connection | result: fail | ip: 10.0.0.7 | error: input/output error",
			"accept_connections | result: in_progress",
			"close_server_socket | result: success",
			"",
		}, "\n")
		if got := actions(out.String()); got != want || handled != 2 {
			t.Errorf("%d connections\n%s\nwant 2\n%s", handled, got, want)
		}
	})
}

func TestServeEnds(t *testing.T) {
	stopped, stop := context.WithCancel(t.Context())
	stop()
	for name, tt := range map[string]struct {
		ctx  context.Context
		l    *accepting
		next any
		err  error
		line string
	}{
		"listener fails for good": {t.Context(), newAccepting(nil), net.ErrClosed, net.ErrClosed, "close_server_socket | result: success"},
		"listener cannot close":   {t.Context(), newAccepting(syscall.EIO), net.ErrClosed, net.ErrClosed, "close_server_socket | result: fail | error: input/output error"},
		"stopped before":          {stopped, newAccepting(nil), nil, nil, "close_server_socket | result: success"},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			if tt.next != nil {
				go func() { tt.l.next <- tt.next }()
			}
			err := Serve(tt.ctx, tt.l, logline.New(&out, logline.Level(0)), func(net.Conn) { t.Error("a connection") })
			if !errors.Is(err, tt.err) || !strings.HasSuffix(actions(out.String()), "\n"+tt.line+"\n") {
				t.Errorf("%v\n%s", err, out.String())
			}
		})
	}
}
