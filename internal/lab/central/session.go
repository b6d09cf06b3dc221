package central

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/tp0-lab/composer/internal/lab/closed"
	"github.com/tp0-lab/composer/internal/lab/listener"
	"github.com/tp0-lab/composer/internal/lab/logline"
	"github.com/tp0-lab/composer/internal/lab/wire"
)

const (
	// grace is the time for all writes of a session after it was stopped, waits for the disk aside.
	grace = 250 * time.Millisecond
	// linger is how long a session reads after ERROR, until the peer closes. Closing with unread bytes would reset the
	// connection, and the peer might never read the ERROR.
	linger = 200 * time.Millisecond
)

// session is one connection. Its goroutine reads. The goroutine that answers starts with the first frame that needs an
// answer, so that an idle session has only one.
type session struct {
	server *Server
	conn   net.Conn
	frames *wire.Reader
	number uint64 // counts the accepted connections
	agency uint32 // 0 before HELLO and, with a secret, its proof

	stopOnce sync.Once
	stopped  chan struct{} // closed by stop, which sets cause and until before
	cause    error         // why the session was stopped; nil if the peer closed the connection
	until    time.Time     // the deadline of all writes after stop; the goroutine that writes may renew it
	done     chan struct{} // closed when the session does not use the lottery any more

	replaced   <-chan struct{} // done of the agency's session before this one, or nil
	place      *place
	advanced   time.Time    // when the session got its place or a frame other than KEEPALIVE
	answers    chan *answer // nil until the first frame that needs an answer
	answering  sync.WaitGroup
	unanswered atomic.Int32 // number of answers due; above 0 the peer may be waiting for us
	began      time.Time    // with the reading of a clock that does not jump
	answered   atomic.Int64 // when the last answers went out, in nanoseconds after began
	broken     bool         // a write has failed; only the goroutine that writes uses it
}

func newSession(s *Server, conn net.Conn) *session {
	return &session{
		server:  s,
		began:   s.config.Now(),
		conn:    conn,
		frames:  wire.NewReader(conn),
		stopped: make(chan struct{}),
		done:    make(chan struct{}),
	}
}

// run is the whole life of the connection.
func (c *session) run() {
	err := c.converse()
	c.stop(err)
	err = c.cause // the first cause, which may be another
	if c.answers != nil {
		close(c.answers)
		c.answering.Wait()
	}
	if c.place != nil {
		c.place.leave()
	}
	code := codeOf(err, wire.CodeOK) // an error of the connection has no code
	switch {
	case errors.Is(err, wire.ErrVersion1):
		c.write(wire.AppendVersion1Error(nil))
	case code != wire.CodeOK:
		c.write(wire.AppendError(nil, code))
	}
	if err != nil && code != wire.CodeShutdown {
		c.log(slog.LevelError, "serve_connection", logline.Fail, listener.IP(c.conn), logline.Err(err))
	}
	if c.agency != 0 {
		c.server.forget(c.agency, c)
	}
	if c.replaced != nil {
		<-c.replaced // the next session waits for this one alone
	}
	close(c.done)
	if code != wire.CodeOK && !c.broken {
		c.linger()
	}
	listener.Close(c.conn, c.server.log)
}

// refuse closes a connection that is one too many. It does not wait for the peer: a new socket takes the frame at once.
func (c *session) refuse() {
	c.stop(errBusy)
	c.write(wire.AppendError(nil, wire.CodeBusy))
	c.log(slog.LevelError, "serve_connection", logline.Fail, listener.IP(c.conn), logline.Err(errBusy))
	listener.Close(c.conn, c.server.log)
}

// converse answers frames until the session cannot go on, and returns the cause: nil if the peer has closed the
// connection.
func (c *session) converse() error {
	if err := c.hello(); err != nil {
		return c.ending(err)
	}
	for {
		t, body, err := c.next(c.server.config.ReadTimeout)
		if err != nil {
			return c.ending(err)
		}
		switch t {
		case wire.TypeKeepAlive:
			if err = wire.ParseEmpty(t, body); err == nil && c.keepsOthersWaiting() {
				err = errTurn
			}
		case wire.TypeBatch:
			err = c.batch(body)
		case wire.TypeFinish:
			err = c.finish(body)
		case wire.TypeAsk:
			err = c.ask(body)
		default:
			err = errUnexpected
		}
		if err != nil {
			return err
		}
		if t != wire.TypeKeepAlive {
			c.advanced = c.server.config.Now()
		}
	}
}

// keepsOthersWaiting reports whether the session has had its place for too long without a frame that needs it. One that
// waits for the draw has given its place back.
func (c *session) keepsOthersWaiting() bool {
	return c.unanswered.Load() == 0 && c.server.config.Now().Sub(c.advanced) >= c.server.config.TurnTimeout && c.server.turns.contested()
}

// ending returns nil if the error says that the peer closed the connection between two frames. The peer may have closed
// its direction only: the answers that are due still go out. A peer that closes before it has read our last KEEPALIVE
// resets the connection, which counts as closing unless answers are due.
func (c *session) ending(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) && c.unanswered.Load() == 0 {
		return nil
	}
	return err
}

// next returns the next frame. The peer has the timeout for it from the call of next or from its last answer, whichever
// is later. While it waits for an answer there is no limit.
func (c *session) next(timeout time.Duration) (wire.Type, []byte, error) {
	now := c.server.config.Now
	from := now()
	for {
		if !c.frames.Buffered() {
			if err := c.conn.SetReadDeadline(from.Add(timeout)); err != nil {
				return 0, nil, err
			}
		}
		// stop closes stopped before it sets its deadline. While stopped is open, stop's deadline will replace ours.
		if c.isStopped() {
			return 0, nil, c.cause
		}
		t, body, err := c.frames.Next()
		switch {
		case err == nil || !errors.Is(err, os.ErrDeadlineExceeded):
			return t, body, err
		case c.isStopped():
			return 0, nil, c.cause
		case c.unanswered.Load() > 0:
			from = now()
		default:
			if from = c.began.Add(time.Duration(c.answered.Load())); now().Sub(from) >= timeout {
				return 0, nil, errTimeout
			}
		}
	}
}

// wait is waitTelling without a call.
func (c *session) wait(ready <-chan struct{}) bool { return c.waitTelling(ready, func() {}) }

// waitTelling waits for the channel, and sends KEEPALIVE meanwhile; before the first of them it calls waits. It returns
// false as soon as the session is stopped, unless the channel is closed already.
func (c *session) waitTelling(ready <-chan struct{}, waits func()) bool {
	if closed.Is(ready) {
		return true
	}
	ticker := time.NewTicker(c.server.config.KeepAlive)
	defer ticker.Stop()
	for first := true; ; first = false {
		select {
		case <-ready:
			return true
		case <-c.stopped:
			return false
		case <-ticker.C:
			if first {
				waits()
			}
			c.write(wire.AppendEmpty(nil, wire.TypeKeepAlive))
		}
	}
}

// write writes the frames. If a write fails, it stops the session, and later calls do nothing.
func (c *session) write(frames []byte) {
	if c.broken || len(frames) == 0 {
		return
	}
	err := c.conn.SetWriteDeadline(c.server.config.Now().Add(c.server.config.WriteTimeout))
	if c.isStopped() {
		err = c.conn.SetWriteDeadline(c.until)
	}
	if err == nil {
		_, err = c.conn.Write(frames)
	}
	if err != nil {
		c.broken = true
		c.stop(err)
	}
}

// stop ends the session: reads fail from now on, writes after grace. cause is nil if the peer closed the connection.
// The first cause counts. Any goroutine may call stop.
func (c *session) stop(cause error) {
	c.stopOnce.Do(func() {
		now := c.server.config.Now()
		until := now.Add(grace)
		c.cause, c.until = cause, until
		close(c.stopped)
		_ = c.conn.SetReadDeadline(now)
		_ = c.conn.SetWriteDeadline(until)
	})
}

// renewGrace gives the writes of a stopped session their time again, after a wait for the disk. Only the goroutine that
// writes calls it.
func (c *session) renewGrace() {
	if c.isStopped() {
		c.until = c.server.config.Now().Add(grace)
	}
}

func (c *session) isStopped() bool { return closed.Is(c.stopped) }

// linger reads and drops what the peer sends before it has read our ERROR.
func (c *session) linger() {
	half, ok := c.conn.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil {
		return
	}
	if c.conn.SetReadDeadline(c.server.config.Now().Add(linger)) == nil {
		_, _ = io.Copy(io.Discard, c.conn)
	}
}

func (c *session) log(level slog.Level, action string, attrs ...slog.Attr) {
	c.server.log.LogAttrs(context.Background(), level, action, attrs...)
}
