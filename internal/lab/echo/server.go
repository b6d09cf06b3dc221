// Package echo is the first half of the lab: a server that sends a message
// back unaltered, and a client that sends one after another.
package echo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"time"

	"github.com/tp0-lab/composer/internal/lab/listener"
	"github.com/tp0-lab/composer/internal/lab/logline"
)

// MaxMessage is the longest message, in bytes, its newline included.
const MaxMessage = 64 << 10

var (
	errTooLong = fmt.Errorf("message over %d bytes", MaxMessage)
	errNothing = errors.New("connection closed before a message")
)

// lastWords is how long a connection stays open behind its answer for a peer
// that has sent nothing more and does not close its side.
const lastWords = 100 * time.Millisecond

// Server sends back one message for each connection, one connection at a time.
type Server struct {
	// FirstByte is how long a connection may stay silent before its message.
	FirstByte time.Duration
	// Pause ends a message that has begun: netcats differ in whether they
	// send a newline or the end of the stream.
	Pause time.Duration
	// Whole is how long a message may take, and the answer likewise.
	Whole time.Duration
	Now   func() time.Time
	Log   *slog.Logger
}

// Serve answers connections of l until ctx ends, and then closes l and the
// connection that is open, if any, and returns nil. It returns an error if l
// fails for good.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	return listener.Serve(ctx, l, s.Log, func(conn net.Conn) { s.handle(ctx, conn) })
}

func (s *Server) handle(ctx context.Context, conn net.Conn) {
	defer listener.Close(conn, s.Log)
	// The end of ctx wakes whatever waits, here and now.
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })()
	message, more, err := s.receive(ctx, conn)
	if err != nil {
		s.failed(ctx, "receive_message", conn, err)
		return
	}
	s.Log.Info("receive_message", logline.Success, listener.IP(conn), slog.String("msg", string(bytes.TrimRight(message, "\r\n"))))
	err = setDeadline(ctx, conn.SetWriteDeadline, s.Now(), s.Whole)
	if err == nil {
		_, err = conn.Write(message)
	}
	if err != nil {
		s.failed(ctx, "send_message", conn, err)
		return
	}
	limit := min(s.Pause, lastWords)
	if more {
		limit = s.Pause
	}
	s.drain(ctx, conn, limit)
}

func (s *Server) failed(ctx context.Context, action string, conn net.Conn, err error) {
	if ctx.Err() != nil {
		return // we cut it short ourselves
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = errors.New("the peer stalled")
	}
	s.Log.Error(action, logline.Fail, listener.IP(conn), logline.Err(err))
}

// receive reads a message up to its newline, the end of the stream or a pause.
// more says that bytes came behind the newline, as far as it is known by then.
func (s *Server) receive(ctx context.Context, conn net.Conn) (message []byte, more bool, err error) {
	whole := s.Now().Add(s.Whole)
	chunk := make([]byte, 4096)
	for {
		wait := s.Pause
		if len(message) == 0 {
			wait = s.FirstByte
		}
		if err := setDeadline(ctx, conn.SetReadDeadline, s.Now(), min(wait, whole.Sub(s.Now()))); err != nil {
			return nil, false, err
		}
		n, err := conn.Read(chunk)
		if end := bytes.IndexByte(chunk[:n], '\n'); end >= 0 {
			message, more = append(message, chunk[:end+1]...), end+1 < n
			if len(message) > MaxMessage {
				return nil, false, errTooLong
			}
			return message, more, nil
		}
		message = append(message, chunk[:n]...)
		switch {
		case len(message) > MaxMessage:
			return nil, false, errTooLong
		case err == nil:
		case errors.Is(err, io.EOF) && len(message) == 0:
			return nil, false, errNothing
		case errors.Is(err, io.EOF):
			return message, false, nil
		case errors.Is(err, os.ErrDeadlineExceeded) && len(message) > 0 && s.Now().Before(whole) && ctx.Err() == nil:
			return message, false, nil
		default:
			return nil, false, err
		}
	}
}

// drain ends our side and reads, within limits, to the end of the peer's:
// closing with unread bytes resets the connection, which may destroy the
// answer on its way, and bytes may arrive as long as the peer has not ended.
func (s *Server) drain(ctx context.Context, conn net.Conn, limit time.Duration) {
	if c, ok := conn.(interface{ CloseWrite() error }); ok {
		_ = c.CloseWrite()
	}
	if setDeadline(ctx, conn.SetReadDeadline, s.Now(), limit) == nil {
		_, _ = io.CopyN(io.Discard, conn, 4*MaxMessage)
	}
}

// setDeadline sets a deadline from now on, unless ctx has ended: its end has
// set one in the past, which must stay.
func setDeadline(ctx context.Context, set func(time.Time) error, now time.Time, wait time.Duration) error {
	if err := set(now.Add(wait)); err != nil {
		return err
	}
	if ctx.Err() != nil {
		_ = set(time.Unix(1, 0))
		return ctx.Err()
	}
	return nil
}
