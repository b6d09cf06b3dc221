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

	"github.com/tp0-lab/composer/internal/lablog"
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
	Log   *slog.Logger
}

// Serve answers connections of l until ctx ends, and then closes l and the
// connection that is open, if any, and returns nil. It returns an error if l
// fails for good.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	closed := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(closed)
		s.closeListener(l)
	})
	defer func() {
		if stop() {
			s.closeListener(l)
		} else {
			<-closed
		}
	}()
	backoff := time.Duration(0)
	for ctx.Err() == nil {
		if backoff == 0 {
			s.Log.Info("accept_connections", lablog.InProgress)
		}
		conn, err := l.Accept()
		switch {
		case ctx.Err() != nil:
			if err == nil {
				s.close(conn)
			}
			return nil
		case errors.Is(err, net.ErrClosed):
			return err
		case err != nil: // out of descriptors, most likely: others may give some back
			s.Log.Error("accept_connections", lablog.Fail, lablog.Err(err))
			backoff = min(max(2*backoff, 5*time.Millisecond), time.Second)
			select {
			case <-time.After(backoff):
			case <-ctx.Done():
			}
			continue
		}
		backoff = 0
		s.Log.Info("accept_connections", lablog.Success, ip(conn))
		s.handle(ctx, conn)
	}
	return nil
}

func (s *Server) closeListener(l net.Listener) {
	if err := l.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		s.Log.Error("close_server_socket", lablog.Fail, lablog.Err(err))
		return
	}
	s.Log.Info("close_server_socket", lablog.Success)
}

func (s *Server) handle(ctx context.Context, conn net.Conn) {
	defer s.close(conn)
	// The end of ctx wakes whatever waits, here and now.
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })()
	message, more, err := s.receive(ctx, conn)
	if err != nil {
		s.failed(ctx, "receive_message", conn, err)
		return
	}
	s.Log.Info("receive_message", lablog.Success, ip(conn), slog.String("msg", string(bytes.TrimRight(message, "\r\n"))))
	err = setDeadline(ctx, conn.SetWriteDeadline, s.Whole)
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
	s.Log.Error(action, lablog.Fail, ip(conn), lablog.Err(err))
}

func (s *Server) close(conn net.Conn) {
	if err := conn.Close(); err != nil {
		s.Log.Error("close_client_connection", lablog.Fail, ip(conn), lablog.Err(err))
		return
	}
	s.Log.Info("close_client_connection", lablog.Success, ip(conn))
}

// receive reads a message up to its newline, the end of the stream or a pause.
// more says that bytes came behind the newline, as far as it is known by then.
func (s *Server) receive(ctx context.Context, conn net.Conn) (message []byte, more bool, err error) {
	whole := time.Now().Add(s.Whole)
	chunk := make([]byte, 4096)
	for {
		wait := s.Pause
		if len(message) == 0 {
			wait = s.FirstByte
		}
		if err := setDeadline(ctx, conn.SetReadDeadline, min(wait, time.Until(whole))); err != nil {
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
		case errors.Is(err, os.ErrDeadlineExceeded) && len(message) > 0 && time.Now().Before(whole) && ctx.Err() == nil:
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
	if setDeadline(ctx, conn.SetReadDeadline, limit) == nil {
		_, _ = io.CopyN(io.Discard, conn, 4*MaxMessage)
	}
}

// setDeadline sets a deadline from now, unless ctx has ended: its end has set
// one in the past, which must stay.
func setDeadline(ctx context.Context, set func(time.Time) error, wait time.Duration) error {
	if err := set(time.Now().Add(wait)); err != nil {
		return err
	}
	if ctx.Err() != nil {
		_ = set(time.Unix(1, 0))
		return ctx.Err()
	}
	return nil
}

func ip(conn net.Conn) slog.Attr {
	host, _, err := net.SplitHostPort(conn.RemoteAddr().String())
	if err != nil {
		host = conn.RemoteAddr().String()
	}
	return slog.String("ip", host)
}
