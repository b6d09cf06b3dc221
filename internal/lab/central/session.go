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

	"github.com/tp0-lab/composer/internal/lab/listener"
	"github.com/tp0-lab/composer/internal/lab/logline"
	"github.com/tp0-lab/composer/internal/lab/lottery"
	"github.com/tp0-lab/composer/internal/lab/wire"
)

// Why a session ends, where wire and io have no error for it.
var (
	errAgency     = errors.New("agency number is not one of the lottery's")
	errUnexpected = errors.New("frame has no place here")
	errTimeout    = errors.New("peer stalled")
	errReplaced   = errors.New("replaced by a newer connection of the agency")
	errShutdown   = errors.New("shutting down")
)

const (
	// grace is what the writes of a session may take, all together, after it was
	// stopped.
	grace = 250 * time.Millisecond
	// linger is how long a peer that has been sent ERROR may go on sending: to
	// close on unread bytes would reset the connection, and the peer might
	// never read why.
	linger = 200 * time.Millisecond
	// maxAnswers is how many batches may be in flight (docs/protocol.md).
	maxAnswers = 256
)

// session is one connection. Its goroutine reads; the one that answers begins
// with the first frame that needs an answer, so that an idle session has one.
type session struct {
	server *Server
	conn   net.Conn
	frames *wire.Reader
	number uint64 // in the order in which connections were accepted
	agency uint32 // 0 before HELLO

	stopOnce sync.Once
	stopped  chan struct{} // closed by stop; what stop sets may be read after that
	cause    error         // why the session was stopped, nil if the peer has closed
	until    time.Time     // when the last write must be over
	done     chan struct{} // closed when the session touches the lottery no more

	replaced   <-chan struct{} // done of the agency's session before this one, if there was one
	place      *place
	answers    chan *answer // nil until there is one
	answering  sync.WaitGroup
	unanswered atomic.Int32 // while it is not 0 the peer may be waiting for us
	answered   atomic.Int64 // when the last answers went out, Unix time in nanoseconds
	broken     bool         // a write has failed; of whoever writes
}

func newSession(s *Server, conn net.Conn) *session {
	return &session{
		server:  s,
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
	err = c.cause // of the first to stop it
	if c.answers != nil {
		close(c.answers)
		c.answering.Wait()
	}
	if c.place != nil {
		c.place.leave()
	}
	code := codeOf(err)
	if code != wire.CodeOK {
		c.write(wire.AppendError(nil, code))
	}
	if err != nil && code != wire.CodeShutdown {
		c.log(slog.LevelError, "serve_connection", logline.Fail, listener.IP(c.conn), logline.Err(err))
	}
	if c.agency != 0 {
		c.server.forget(c.agency, c)
	}
	if c.replaced != nil {
		<-c.replaced // who comes next waits for both
	}
	close(c.done)
	if code != wire.CodeOK && !c.broken {
		c.linger()
	}
	listener.Close(c.conn, c.server.log)
}

// converse returns nil if the peer has closed the connection, or why the
// session cannot go on.
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
			err = wire.ParseEmpty(t, body)
		case wire.TypeBet:
			err = c.single(body)
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
	}
}

// ending returns nil if the error is that the peer went away between two
// frames. It may have closed its direction alone: the answers that are due go out
// all the same. A reset is how it goes if it has not read our last KEEPALIVE; while it
// has answers to wait for, that is no way to go.
func (c *session) ending(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) && c.unanswered.Load() == 0 {
		return nil
	}
	return err
}

// next returns the next frame. The peer has the timeout for it from now, or
// from when it got its last answer, and any time while it waits for one.
func (c *session) next(timeout time.Duration) (wire.Type, []byte, error) {
	now := c.server.config.Now
	from := now()
	for {
		if !c.frames.Buffered() {
			if err := c.conn.SetReadDeadline(from.Add(timeout)); err != nil {
				return 0, nil, err
			}
		}
		// stop sets the deadline after it has closed stopped: if it is not
		// closed yet, stop's deadline comes after ours.
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
			if from = time.Unix(0, c.answered.Load()); now().Sub(from) >= timeout {
				return 0, nil, errTimeout
			}
		}
	}
}

// hello waits for HELLO, for the agency's older session to end, and for a
// place; then it says WELCOME.
func (c *session) hello() error {
	t, body, err := c.next(c.server.config.HelloTimeout)
	if err != nil {
		return err
	}
	if t != wire.TypeHello {
		return errUnexpected
	}
	h, err := wire.ParseHello(body)
	if err != nil {
		return err
	}
	if c.server.lottery.Check(h.Agency) != nil {
		return errAgency
	}
	c.agency = h.Agency
	old, ok := c.server.replace(c.agency, c)
	if !ok {
		return errReplaced
	}
	if old != nil {
		c.replaced = old.done
		old.stop(errReplaced)
		if !c.wait(old.done) {
			return c.cause
		}
	}
	c.place = c.server.turns.enter()
	if !c.wait(c.place.ready) {
		return c.cause
	}
	c.welcome()
	return nil
}

func (c *session) welcome() {
	l := c.server.lottery
	a := l.Account(c.agency)
	w := wire.Welcome{Stored: a.Count, Checksum: a.Checksum, Last: a.Last}
	if l.Finished(c.agency) {
		w.State |= wire.StateFinished
	}
	select {
	case <-l.Drawn():
		w.State |= wire.StateDrawn
	default:
	}
	c.write(wire.AppendWelcome(nil, w))
}

// wait waits for the channel and tells the peer meanwhile that it is not
// forgotten. It is false, at once, if the session was stopped before.
func (c *session) wait(ready <-chan struct{}) bool {
	select {
	case <-ready:
		return true
	default:
	}
	ticker := time.NewTicker(c.server.config.KeepAlive)
	defer ticker.Stop()
	for {
		select {
		case <-ready:
			return true
		case <-c.stopped:
			return false
		case <-ticker.C:
			c.write(wire.AppendKeepAlive(nil))
		}
	}
}

// write writes the frames. If that fails, so does the session, and there is
// nothing more to write.
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

// stop ends the session; the first cause is the one that counts, nil if the
// peer has closed. Reads fail from now on, writes soon. It may be called from
// anywhere.
func (c *session) stop(cause error) {
	c.stopOnce.Do(func() {
		now := c.server.config.Now()
		c.cause, c.until = cause, now.Add(grace)
		close(c.stopped)
		_ = c.conn.SetReadDeadline(now)
		_ = c.conn.SetWriteDeadline(c.until)
	})
}

func (c *session) isStopped() bool {
	select {
	case <-c.stopped:
		return true
	default:
		return false
	}
}

// linger reads what the peer has sent before it reads our ERROR.
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

// codeOf returns the code of the ERROR with which a session ends, CodeOK if
// there is none to send.
func codeOf(err error) wire.Code {
	switch {
	case errors.Is(err, wire.ErrMalformed):
		return wire.CodeMalformed
	case errors.Is(err, wire.ErrVersion):
		return wire.CodeVersion
	case errors.Is(err, errAgency):
		return wire.CodeAgency
	case errors.Is(err, errUnexpected):
		return wire.CodeUnexpected
	case errors.Is(err, errTimeout):
		return wire.CodeTimeout
	case errors.Is(err, errReplaced):
		return wire.CodeReplaced
	case errors.Is(err, errShutdown):
		return wire.CodeShutdown
	}
	return wire.CodeOK
}

// answerCode returns the code that answers a frame, for an error of the
// lottery.
func answerCode(err error) wire.Code {
	for _, e := range []struct {
		err  error
		code wire.Code
	}{
		{lottery.ErrPosition, wire.CodePosition},
		{lottery.ErrFinished, wire.CodeFinished},
		{lottery.ErrDrawn, wire.CodeDrawn},
		{lottery.ErrNotFinished, wire.CodeNotFinished},
		{lottery.ErrMismatch, wire.CodeMismatch},
		{lottery.ErrNoDraw, wire.CodeNoDraw},
	} {
		if errors.Is(err, e.err) {
			return e.code
		}
	}
	if field, ok := errors.AsType[*lottery.FieldError](err); ok {
		switch field.Field {
		case lottery.FirstName:
			return wire.CodeFirstName
		case lottery.LastName:
			return wire.CodeLastName
		case lottery.Document:
			return wire.CodeDocument
		case lottery.Birthdate:
			return wire.CodeBirthdate
		default:
			return wire.CodeNumber
		}
	}
	return wire.CodeStorage
}
