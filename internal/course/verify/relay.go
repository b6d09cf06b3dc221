package verify

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"sync"
	"time"
)

// relay stands between the clients and the server. Clients connect to its address, and it passes bytes on in both
// directions, whatever the protocol is. A relay can pass bytes on in small pieces, hold a client, and return the bytes
// that went over the wire.
type relay struct {
	address  string // HOST:PORT for clients
	listener net.Listener
	dial     func(context.Context) (net.Conn, error)
	ctx      context.Context
	cancel   context.CancelFunc
	group    sync.WaitGroup

	pieces bool // bytes are passed on in small pieces; set before clients start

	mu      sync.Mutex // guards the fields below and the links
	links   []*link
	open    int            // links that have not ended
	holding bool           // the first client that the server answers is held
	held    string         // the address of the held client; "" before there is one
	cuts    map[cutWay]int // number of pieces so far
	gaveUp  bool           // the held client or the server has ended its side of their connection before the release
	resume  chan struct{}  // closed when the held client's bytes are passed on again
}

// cutWay is a direction of a client's connections.
type cutWay struct {
	client     string
	fromClient bool
}

// link is a connection of a client and what it has carried.
type link struct {
	client   string // its address, which all connections of a container share
	sent     []byte // by the client and passed on
	answered []byte // by the server
	bursts   []int  // numbers of bytes that the client sent between two answers
	afresh   bool   // the client's next byte begins a new burst
}

// maxCarried is how many bytes of each direction a link remembers at most.
const maxCarried = 4 << 20

// newRelay starts a relay that listens on a host of this machine and reaches the server by dial. The caller closes it.
func newRelay(ctx context.Context, host string, dial func(context.Context) (net.Conn, error)) (*relay, error) {
	l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return nil, err
	}
	r := &relay{address: l.Addr().String(), listener: l, dial: dial, resume: make(chan struct{}), cuts: make(map[cutWay]int)}
	r.ctx, r.cancel = context.WithCancel(ctx)
	r.group.Go(r.serve)
	return r, nil
}

// close ends all connections.
func (r *relay) close() {
	r.cancel()
	_ = r.listener.Close()
	r.group.Wait()
}

func (r *relay) serve() {
	for {
		client, err := r.listener.Accept()
		if err != nil {
			return // it is closed
		}
		r.group.Go(func() { r.join(client) })
	}
}

// join passes bytes between a client and the server until both have ended their sides.
func (r *relay) join(client net.Conn) {
	defer client.Close()
	server, err := r.dial(r.ctx)
	if err != nil {
		return
	}
	defer server.Close()
	defer context.AfterFunc(r.ctx, func() { _, _ = client.Close(), server.Close() })()
	l := &link{client: client.RemoteAddr().String(), afresh: true}
	if host, _, err := net.SplitHostPort(l.client); err == nil && !net.ParseIP(host).IsLoopback() {
		l.client = host
	}
	r.mu.Lock()
	r.links = append(r.links, l)
	r.open++
	r.mu.Unlock()
	var both sync.WaitGroup
	both.Go(func() { r.pass(server, client, l, true) })
	both.Go(func() { r.pass(client, server, l, false) })
	both.Wait()
	r.mu.Lock()
	r.open--
	r.mu.Unlock()
}

// pass copies bytes in one direction until the sender ends its side.
func (r *relay) pass(to, from net.Conn, l *link, fromClient bool) {
	buffer := make([]byte, 16<<10)
	for {
		most := len(buffer)
		if fromClient && r.armed() {
			most = holdStep
		}
		n, err := from.Read(buffer[:most])
		if n > 0 {
			text := buffer[:n]
			if fromClient && r.isHeld(l.client) {
				text, err = r.wait(from, text)
			}
			if r.write(to, text, l, fromClient) != nil {
				_ = from.Close() // nobody reads its bytes anymore
				return
			}
		}
		if err != nil {
			r.ended(l.client)
			if half, ok := to.(*net.TCPConn); ok {
				_ = half.CloseWrite()
			}
			return
		}
	}
}

// armed reports whether the relay shall hold a client and holds none yet.
func (r *relay) armed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.holding && r.held == ""
}

// isHeld reports whether a client's bytes must wait.
func (r *relay) isHeld(client string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.held == client
}

// ended sets gaveUp if the connection whose side has ended is the held client's, and the client has not been released.
func (r *relay) ended(client string) {
	select {
	case <-r.resume:
	default:
		r.mu.Lock()
		defer r.mu.Unlock()
		r.gaveUp = r.gaveUp || r.held != "" && r.held == client
	}
}

// gaveUpHeld reports whether a side of a held client's connection has ended before the release.
func (r *relay) gaveUpHeld() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.gaveUp
}

// relayPoll is the pause between two looks at a relay, or at its held client.
const relayPoll = 50 * time.Millisecond

// wait collects the bytes of a held client until they may go on, and returns first and these bytes. They may go on
// after the release. They also go on when the client has ended its side, because without the relay the server would see
// that; err then says so.
func (r *relay) wait(client net.Conn, first []byte) (text []byte, err error) {
	defer func() { _ = client.SetReadDeadline(time.Time{}) }() // SetReadDeadline fails only on a closed connection
	text = slices.Clone(first)
	buffer := make([]byte, 16<<10)
	for len(text) < maxHeld {
		select {
		case <-r.resume:
			return text, nil
		case <-r.ctx.Done():
			return text, r.ctx.Err()
		default:
		}
		if err := client.SetReadDeadline(time.Now().Add(relayPoll)); err != nil {
			return text, err
		}
		n, err := client.Read(buffer)
		text = append(text, buffer[:n]...)
		if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			return text, err
		}
	}
	select {
	case <-r.resume:
	case <-r.ctx.Done():
	}
	return text, nil
}

// maxHeld bounds the bytes that a relay takes from a held client, as the buffers of a connection would.
const maxHeld = 1 << 20

// The pieces of the bytes that one read returned: first singleBytes pieces of one byte, so that a length of two bytes
// is cut wherever it is, and then pieces of smallPiece bytes. After each piece the relay waits for piecePause, so that
// the peer reads each piece on its own, also on a busy machine. After mostPieces pieces of a client in one direction,
// the relay passes whole reads on, so that the scenario ends in time.
const (
	singleBytes = 24
	smallPiece  = 7
	mostPieces  = 1000
	piecePause  = 4 * time.Millisecond
)

func (r *relay) write(to net.Conn, p []byte, l *link, fromClient bool) error {
	r.mu.Lock()
	l.record(p, fromClient)
	if r.holding && r.held == "" && (!fromClient || len(l.sent) >= holdAfter) {
		r.held = l.client
	}
	r.mu.Unlock()
	for at := 0; at < len(p); {
		n := len(p) - at
		cut := r.pieces && r.mayCut(l.client, fromClient)
		switch {
		case cut && at < singleBytes:
			n = 1
		case cut:
			n = min(n, smallPiece)
		}
		if _, err := to.Write(p[at : at+n]); err != nil {
			return err
		}
		if at += n; cut {
			time.Sleep(piecePause)
		}
	}
	return nil
}

// mayCut counts a piece of a client's bytes in one direction, and reports whether the relay may still cut there.
func (r *relay) mayCut(client string, fromClient bool) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	way := cutWay{client, fromClient}
	r.cuts[way]++
	return r.cuts[way] <= mostPieces
}

func (l *link) record(p []byte, fromClient bool) {
	if !fromClient {
		l.afresh = true
		l.answered = append(l.answered, p[:min(len(p), maxCarried-len(l.answered))]...)
		return
	}
	if l.afresh {
		l.bursts = append(l.bursts, 0)
		l.afresh = false
	}
	l.bursts[len(l.bursts)-1] += len(p)
	l.sent = append(l.sent, p[:min(len(p), maxCarried-len(l.sent))]...)
}

// The relay also holds a client once it has sent holdAfter bytes, because a client that waits for no answer may send
// its whole file before the server says anything. Until then the relay passes on at most holdStep bytes at once.
const (
	holdAfter = 4 << 10
	holdStep  = 1 << 10
)

// hold makes the relay hold the first client that the server answers from now on, or that has sent holdAfter bytes. The
// relay keeps the bytes that this client sends, on all of its connections, until release. The caller calls release
// once.
func (r *relay) hold() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.holding = true
}

func (r *relay) release() { close(r.resume) }

// holds reports whether a client is held.
func (r *relay) holds() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.held != ""
}

// finished reports whether a client has come and all connections have ended.
func (r *relay) finished() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.links) > 0 && r.open == 0
}

// carried returns copies of all links so far, with the bytes that they have carried.
func (r *relay) carried() []link {
	r.mu.Lock()
	defer r.mu.Unlock()
	links := make([]link, len(r.links))
	for i, l := range r.links {
		links[i] = link{l.client, append([]byte(nil), l.sent...), append([]byte(nil), l.answered...), append([]int(nil), l.bursts...), l.afresh}
	}
	return links
}

// holdFirst starts the server, and client1 behind a relay. It returns once the relay holds client1: see hold.
func holdFirst(t *trial, bets, winners []int) *relay {
	keys := clientKeys{5, "20ms", "INFO", 10, ""}
	t.configure(usualServer, keys)
	t.agencies(bets, winners)
	t.begin(len(bets), "server")
	r := t.relayed(usualServer, keys, false)
	r.hold()
	t.held = true
	t.up("client1")
	t.untilHeld(r)
	t.pause(time.Second) // after a second, the server has stored the bytes that client1 has sent
	return r
}

// untilHeld waits until a relay holds a client. If that takes too long, the scenario is unjudged.
func (t *trial) untilHeld(r *relay) {
	for limit := time.Now().Add(t.patience); !r.holds(); time.Sleep(relayPoll) {
		if time.Now().After(limit) || t.ctx.Err() != nil {
			t.usedRelay(r)
			t.unjudged(fmt.Sprintf("the server answers client1 nothing within %v, and client1 sends little, so it is not known when client1 is in the middle of its file", t.patience))
		}
	}
}
