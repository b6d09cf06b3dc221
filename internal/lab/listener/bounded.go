package listener

import (
	"container/list"
	"net"
	"sync"
	"time"
)

// Bounded returns a listener that has at most `most` connections open at once. One more connection may wait for a
// place: then the listener closes the oldest connection as soon as that has been open for slice. So idle and slow peers
// keep nobody out, and a peer that the listener has cut off must connect again for the rest.
func Bounded(l net.Listener, most int, slice time.Duration) net.Listener {
	return &bounded{
		Listener: l, most: most, slice: slice,
		open: list.New(), left: make(chan struct{}, 1), closed: make(chan struct{}),
	}
}

type bounded struct {
	net.Listener
	most   int
	slice  time.Duration
	left   chan struct{} // holds one after a connection has given up its place
	closed chan struct{}
	once   sync.Once

	mu   sync.Mutex // guards open
	open *list.List // *boundedConn, in the order of their begin
}

func (b *bounded) Accept() (net.Conn, error) {
	conn, err := b.Listener.Accept()
	if err != nil {
		return nil, err
	}
	for {
		oldest, taken := b.takePlace(conn)
		if taken != nil {
			return taken, nil
		}
		left := b.slice - time.Since(oldest.begin)
		if left <= 0 {
			_ = oldest.Close()
			continue
		}
		select {
		case <-b.left:
		case <-time.After(left):
		case <-b.closed:
			_ = conn.Close()
			return nil, net.ErrClosed
		}
	}
}

// takePlace returns the connection with its place if one is free, and otherwise the one that has been open longest.
func (b *bounded) takePlace(conn net.Conn) (oldest, taken *boundedConn) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.open.Len() >= b.most {
		return b.open.Front().Value.(*boundedConn), nil
	}
	taken = &boundedConn{Conn: conn, begin: time.Now()}
	place := b.open.PushBack(taken)
	taken.leave = sync.OnceFunc(func() {
		b.mu.Lock()
		b.open.Remove(place)
		b.mu.Unlock()
		select {
		case b.left <- struct{}{}:
		default:
		}
	})
	return nil, taken
}

func (b *bounded) Close() error {
	b.once.Do(func() { close(b.closed) })
	return b.Listener.Close()
}

type boundedConn struct {
	net.Conn
	begin time.Time
	leave func()
}

func (c *boundedConn) Close() error {
	defer c.leave()
	return c.Conn.Close()
}
