package listener

import (
	"errors"
	"io"
	"net"
	"testing"
	"time"
)

// dialed returns n connections to a listener, which the test closes.
func dialed(t *testing.T, l net.Listener, n int) []net.Conn {
	t.Helper()
	conns := make([]net.Conn, n)
	for i := range conns {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		conns[i] = c
	}
	return conns
}

// A connection beyond the bound is accepted once another is closed, and Close ends the wait for that.
func TestBounded(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := Bounded(inner, 1, time.Hour)
	dialed(t, inner, 3)
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

// The connection that has been open longest makes room for another, but keeps its place for a slice of time.
func TestOldestMakesRoom(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	const slice = 100 * time.Millisecond
	l := Bounded(inner, 2, slice)
	defer l.Close()
	peers := dialed(t, inner, 3)
	began := time.Now()
	for range peers {
		conn, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
	}
	if took := time.Since(began); took < slice {
		t.Errorf("the third connection is accepted after %v, want %v at least", took, slice)
	}
	if _, err := peers[0].Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("the first connection: got %v, want its end", err)
	}
	for i, peer := range peers[1:] {
		if err := peer.SetReadDeadline(time.Now().Add(10 * time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		var timeout net.Error
		if _, err := peer.Read(make([]byte, 1)); !errors.As(err, &timeout) || !timeout.Timeout() {
			t.Errorf("connection %d: got %v, want it open", i+2, err)
		}
	}
}
