// Package echo is the first half of the lab: a server that sends each message back unaltered, and a client that sends
// messages.
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

// MaxMessage is the length of the longest message in bytes, its newline included.
const MaxMessage = 64 << 10

var errTooLong = fmt.Errorf("message over %d bytes", MaxMessage)

// lastWords is how long the server waits, after its answer, for a peer that has sent nothing more to close the
// connection.
const lastWords = 100 * time.Millisecond

// Server sends back one message on each connection. It serves one connection at a time.
type Server struct {
	// FirstByte is the time limit for the first byte of a message.
	FirstByte time.Duration
	// Pause is how long a peer is silent before its message counts as ended: some netcats send neither a newline nor the
	// end of the stream.
	Pause time.Duration
	// Whole is the time limit for a message, and for its answer.
	Whole time.Duration
	Now   func() time.Time
	Log   *slog.Logger
}

// Serve answers connections of l until ctx is done. Then it closes l and the open connection, and returns nil. If l
// fails for good, it returns the error.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	return listener.Serve(ctx, l, s.Log, func(conn net.Conn) { s.handle(ctx, conn) })
}

func (s *Server) handle(ctx context.Context, conn net.Conn) {
	defer listener.Close(conn, s.Log)
	// When ctx is done, reads and writes fail at once.
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
		return // the deadline of handle caused the error
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = errors.New("the peer stalled")
	}
	s.Log.Error(action, logline.Fail, listener.IP(conn), logline.Err(err))
}

// receive reads a message up to its newline, the end of the stream or a pause. more reports whether the last read
// brought bytes behind the newline.
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
			return nil, false, errors.New("connection closed before a message")
		case errors.Is(err, io.EOF):
			return message, false, nil
		case errors.Is(err, os.ErrDeadlineExceeded) && len(message) > 0 && s.Now().Before(whole) && ctx.Err() == nil:
			return message, false, nil
		default:
			return nil, false, err
		}
	}
}

// drain ends our side of the connection and reads, within limits, to the end of the peer's. Closing with unread bytes
// resets the connection, which may destroy the answer on its way.
func (s *Server) drain(ctx context.Context, conn net.Conn, limit time.Duration) {
	if c, ok := conn.(interface{ CloseWrite() error }); ok {
		_ = c.CloseWrite()
	}
	if setDeadline(ctx, conn.SetReadDeadline, s.Now(), limit) == nil {
		_, _ = io.CopyN(io.Discard, conn, 4*MaxMessage)
	}
}

// setDeadline sets a deadline after that wait. If ctx is done it leaves a deadline in the past, as handle and exchange
// do, and returns the error of ctx.
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
