package draw_test

import (
	"context"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// network is a simulated network between the agencies and the server. All its times are those of a synctest bubble.
type network struct {
	faults   []connFault // of connections, in the order in which they are made
	carriers sync.WaitGroup

	mu       sync.Mutex // guards the fields below
	listener *simListener
	conns    []*simConn // the servers' ends
	made     int
	random   *rand.Rand
}

// connFault is what happens to a connection.
type connFault struct {
	ToServer bool
	At       int           // the number of bytes in that direction after which it happens
	Stall    time.Duration // nothing passes for so long
	Flip     byte          // the bits of the next byte that are flipped; without it and Stall, the connection breaks
}

// dial connects to the server that listens.
func (n *network) dial(ctx context.Context, agency uint32) (net.Conn, error) {
	n.mu.Lock()
	l := n.listener
	n.made++
	var fault *connFault
	if n.made <= len(n.faults) {
		fault = &n.faults[n.made-1]
	}
	seed := n.random.Uint64()
	n.mu.Unlock()
	if l == nil {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	}
	client, server := n.newConns(seed, fault, agency)
	select {
	case l.waiting <- server:
	case <-l.closed:
		client.reset()
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	case <-ctx.Done():
		client.reset()
		return nil, ctx.Err()
	}
	n.mu.Lock()
	n.conns = append(n.conns, server)
	n.mu.Unlock()
	return client, nil
}

// listen has a new server take the connections.
func (n *network) listen() *simListener {
	l := &simListener{waiting: make(chan *simConn), closed: make(chan struct{})}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.listener = l
	return l
}

// cutServer breaks all connections at once, and refuses new ones until the next listen. It returns the servers' ends.
func (n *network) cutServer() []*simConn {
	n.mu.Lock()
	conns := n.conns
	n.conns, n.listener = nil, nil
	n.mu.Unlock()
	for _, c := range conns {
		c.reset()
	}
	return conns
}

// simListener is a net.Listener. A connection waits until it is accepted.
type simListener struct {
	waiting chan *simConn
	closed  chan struct{}
	once    sync.Once
}

func (l *simListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.waiting:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *simListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *simListener) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(10, 0, 0, 1), Port: 12345} }

// stream is one end of a direction of a connection: bytes that wait to be read.
type stream struct {
	mu       sync.Mutex
	change   *sync.Cond
	bytes    []byte
	ended    bool  // nothing follows
	err      error // the connection is broken
	deadline time.Time
}

// window is how many bytes a stream holds before its writer waits.
const window = 16 << 10

func newStream() *stream {
	s := new(stream)
	s.change = sync.NewCond(&s.mu)
	return s
}

// update changes the stream and wakes those who wait for it.
func (s *stream) update(f func()) {
	s.mu.Lock()
	f()
	s.mu.Unlock()
	s.change.Broadcast()
}

// await waits until ready; it returns an error if the stream breaks or, at a program's end, the deadline passes. The caller
// holds mu.
func (s *stream) await(program bool, ready func() bool) error {
	for {
		switch {
		case s.err != nil:
			return s.err
		case ready():
			return nil
		case program && !s.deadline.IsZero() && !time.Now().Before(s.deadline):
			return os.ErrDeadlineExceeded
		}
		s.change.Wait()
	}
}

func (s *stream) setDeadline(t time.Time) {
	s.update(func() { s.deadline = t })
	if !t.IsZero() {
		time.AfterFunc(time.Until(t), s.change.Broadcast)
	}
}

func (s *stream) read(program bool, b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.await(program, func() bool { return len(s.bytes) > 0 || s.ended }); err != nil {
		return 0, err
	}
	if len(s.bytes) == 0 {
		return 0, io.EOF
	}
	n := copy(b, s.bytes)
	s.bytes = s.bytes[n:]
	s.change.Broadcast()
	return n, nil
}

func (s *stream) write(program bool, b []byte) (n int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(b) > 0 {
		if err := s.await(program, func() bool { return len(s.bytes) < window }); err != nil {
			return n, err
		}
		part := b[:min(len(b), window-len(s.bytes))]
		s.bytes = append(s.bytes, part...)
		n, b = n+len(part), b[len(part):]
		s.change.Broadcast()
	}
	return n, nil
}

// simConn is an end of a connection.
type simConn struct {
	agency    uint32
	in, out   *stream
	others    [2]*stream // of the other end
	mu        sync.Mutex // guards sent
	sent      []byte     // everything that was written
	addresses [2]net.Addr
}

// newConns returns the two ends of a connection.
func (n *network) newConns(seed uint64, fault *connFault, agency uint32) (client, server *simConn) {
	cOut, sIn, sOut, cIn := newStream(), newStream(), newStream(), newStream()
	c, s := &net.TCPAddr{IP: net.IPv4(10, 0, 1, byte(agency)), Port: 40000}, &net.TCPAddr{IP: net.IPv4(10, 0, 0, 1), Port: 12345}
	client = &simConn{agency: agency, in: cIn, out: cOut, others: [2]*stream{sIn, sOut}, addresses: [2]net.Addr{c, s}}
	server = &simConn{agency: agency, in: sIn, out: sOut, others: [2]*stream{cIn, cOut}, addresses: [2]net.Addr{s, c}}
	carry := func(from, to *stream, seed uint64, fault *connFault) {
		random := rand.New(rand.NewPCG(seed, 1))
		buffer := make([]byte, 4<<10)
		passed := 0
		for {
			n, err := from.read(false, buffer[:1+random.IntN(len(buffer))])
			if fault != nil && passed+n >= fault.At {
				switch {
				case fault.Flip != 0 && n > 0:
					buffer[min(max(fault.At-passed, 0), n-1)] ^= fault.Flip
				case fault.Stall == 0:
					client.reset()
					return
				}
				time.Sleep(fault.Stall)
				fault = nil
			}
			passed += n
			time.Sleep(time.Duration(random.IntN(20)) * time.Millisecond)
			if _, err := to.write(false, buffer[:n]); err != nil {
				from.update(func() { from.err = syscall.EPIPE })
				return
			}
			if err != nil {
				to.update(func() { to.ended = true })
				return
			}
		}
	}
	var toServer, toClient *connFault
	if fault != nil && fault.ToServer {
		toServer = fault
	} else {
		toClient = fault
	}
	n.carriers.Go(func() { carry(cOut, sIn, seed, toServer) })
	n.carriers.Go(func() { carry(sOut, cIn, seed+1, toClient) })
	return client, server
}

func (c *simConn) Read(b []byte) (int, error) { return c.in.read(true, b) }

func (c *simConn) Write(b []byte) (int, error) {
	n, err := c.out.write(true, b)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sent = append(c.sent, b[:n]...)
	return n, err
}

// written returns everything that was written at this end.
func (c *simConn) written() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sent
}

// CloseWrite ends what this end sends.
func (c *simConn) CloseWrite() error {
	c.out.update(func() { c.out.ended = true })
	return nil
}

func (c *simConn) Close() error {
	c.out.update(func() { c.out.ended = true })
	c.in.update(func() { c.in.err = net.ErrClosed })
	return nil
}

// reset breaks the connection for both ends.
func (c *simConn) reset() {
	for _, s := range []*stream{c.in, c.out, c.others[0], c.others[1]} {
		s.update(func() { s.err = syscall.ECONNRESET })
	}
}

func (c *simConn) LocalAddr() net.Addr  { return c.addresses[0] }
func (c *simConn) RemoteAddr() net.Addr { return c.addresses[1] }

func (c *simConn) SetDeadline(t time.Time) error {
	c.in.setDeadline(t)
	c.out.setDeadline(t)
	return nil
}

func (c *simConn) SetReadDeadline(t time.Time) error {
	c.in.setDeadline(t)
	return nil
}

func (c *simConn) SetWriteDeadline(t time.Time) error {
	c.out.setDeadline(t)
	return nil
}
