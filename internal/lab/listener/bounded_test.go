package listener

import (
	"errors"
	"net"
	"testing"
	"time"
)

// A connection beyond the bound is accepted once another is closed, and Close ends the wait for that.
func TestBounded(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := Bounded(inner, 1)
	for range 2 {
		c, err := net.Dial("tcp", inner.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	first, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	type result struct {
		conn net.Conn
		err  error
	}
	accepted := make(chan result)
	accept := func() {
		conn, err := l.Accept()
		accepted <- result{conn, err}
	}
	go accept()
	select {
	case r := <-accepted:
		t.Fatalf("a second connection is accepted: %v", r.err)
	case <-time.After(50 * time.Millisecond):
	}
	for range 2 { // closing twice frees one place
		_ = first.Close()
	}
	r := <-accepted
	if r.err != nil {
		t.Fatal(r.err)
	}
	defer r.conn.Close()
	go accept()
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if r := <-accepted; !errors.Is(r.err, net.ErrClosed) {
		t.Errorf("got %v", r.err)
	}
}
