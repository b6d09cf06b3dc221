package agency

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"sync"
	"time"

	"github.com/tp0-lab/composer/internal/lab/logline"
	"github.com/tp0-lab/composer/internal/lab/retry"
	"github.com/tp0-lab/composer/internal/lab/wire"
)

// outSize is how many bytes of frames go out in one write, at most.
const outSize = 64 << 10

// session is one connection. One goroutine at a time calls its methods, but any may call close. Nobody has to read
// while it writes: the socket's buffer holds far more than the answers to all batches in flight.
type session struct {
	agency  *Agency
	conn    net.Conn
	close   func() // any goroutine may call it, and call it again
	frames  *wire.Reader
	out     []byte    // frames that have not been written
	wrote   time.Time // when frames were written last, or the connection was made
	welcome wire.Welcome
	// progress is true once the central has stored something or has sent KEEPALIVE. WELCOME alone is no progress: a
	// central with a full disk sends it, too.
	progress bool
	sent     bool // a batch has been sent on this connection, so FINISH comes after a pause
}

func (a *Agency) connect(ctx context.Context) (*session, error) {
	ctx, cancel := context.WithTimeout(ctx, a.config.Timeout)
	defer cancel()
	conn, err := a.config.Dial(ctx, "tcp", a.config.Address)
	if err != nil {
		return nil, &lostError{"connect", err}
	}
	shut := sync.OnceFunc(func() { logline.Outcome(a.log, "close_connection", conn.Close()) })
	return &session{agency: a, conn: conn, close: shut, frames: wire.NewReader(conn), wrote: a.config.Now()}, nil
}

// finish tells the central that the agency has no more bets than the stored ones. The central may know that already.
func (s *session) finish(ctx context.Context, stored wire.Finish) error {
	if s.sent {
		if err := s.pause(ctx); err != nil {
			return err
		}
	}
	s.out = wire.AppendFinish(s.out, stored)
	if err := s.flush(); err != nil {
		return err
	}
	body, err := s.expect(wire.TypeFinished)
	if err != nil {
		return fmt.Errorf("finish with %d bets: %w", stored.Total, err)
	}
	s.progress = true
	return protocolError(wire.ParseEmpty(wire.TypeFinished, body))
}

// ask asks for the winners, and waits for the draw. It returns their documents.
func (s *session) ask() (documents []string, err error) {
	s.out = wire.AppendEmpty(s.out, wire.TypeAsk)
	if err := s.flush(); err != nil {
		return nil, err
	}
	for {
		body, err := s.expect(wire.TypeWinners)
		if err != nil {
			return nil, fmt.Errorf("ask for the winners: %w", err)
		}
		w, err := wire.ParseWinners(body)
		if err != nil {
			return nil, protocolError(err)
		}
		s.progress = true
		documents = append(documents, w.Documents...)
		if !w.More {
			return documents, nil
		}
	}
}

// result waits for the RESULT of the frame at that position with that many bets. The error is a *refusal unless the
// code is ok.
func (s *session) result(position uint64, count int) error {
	body, err := s.expect(wire.TypeResult)
	if err != nil {
		return err
	}
	r, err := wire.ParseResult(body)
	switch {
	case err != nil:
		return protocolError(err)
	case r.Position != position || int(r.Count) != count:
		return fmt.Errorf("%w: RESULT for %d bets at position %d, want %d at %d",
			ErrProtocol, r.Count, r.Position, count, position)
	case r.Code != wire.CodeOK:
		return &refusal{r}
	}
	s.progress = true
	return nil
}

// refusal is the error for a RESULT with another code than ok. It unwraps to a *RefusedError.
type refusal struct{ result wire.Result }

func (e *refusal) Error() string {
	return fmt.Sprintf("%d bets at position %d: %v", e.result.Count, e.result.Position, e.Unwrap())
}

func (e *refusal) Unwrap() error { return &RefusedError{e.result.Code} }

// expect waits for a frame of that type and returns its body, which is valid until the next frame. The error is a
// *RefusedError for ERROR, and ErrProtocol for any other type.
func (s *session) expect(want wire.Type) ([]byte, error) {
	for {
		if !s.frames.Buffered() {
			deadline := s.agency.config.Now().Add(s.agency.config.Timeout)
			if err := s.conn.SetReadDeadline(deadline); err != nil {
				return nil, &lostError{"read", err}
			}
		}
		t, body, err := s.frames.Next()
		switch {
		case errors.Is(err, wire.ErrVersion1):
			return nil, fmt.Errorf("%w; it speaks version 1, and we version %d", &RefusedError{wire.CodeVersion}, wire.Version)
		case err != nil:
			return nil, &lostError{fmt.Sprintf("wait for %v", want), err}
		case t == want:
			return body, nil
		case t == wire.TypeKeepAlive:
			if want == wire.TypeWelcome && !s.progress {
				s.agency.log.LogAttrs(context.Background(), slog.LevelInfo, "wait_turn", logline.InProgress)
			}
			s.progress = true
			if err := wire.ParseEmpty(t, body); err != nil {
				return nil, protocolError(err)
			}
		case t == wire.TypeError:
			code, err := wire.ParseError(body)
			if err != nil {
				return nil, protocolError(err)
			}
			return nil, &RefusedError{code}
		default:
			return nil, fmt.Errorf("%w: %v, want %v", ErrProtocol, t, want)
		}
	}
}

func protocolError(err error) error {
	if err != nil {
		return fmt.Errorf("%w: %w", ErrProtocol, err)
	}
	return nil
}

func (s *session) flush() error {
	if len(s.out) == 0 {
		return nil
	}
	s.wrote = s.agency.config.Now()
	err := s.conn.SetWriteDeadline(s.wrote.Add(s.agency.config.Timeout))
	if err == nil {
		_, err = s.conn.Write(s.out)
	}
	s.out = s.out[:0]
	if err == nil {
		return nil
	}
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		if refused := s.reason(); refused != nil {
			return refused
		}
	}
	return &lostError{"write", err}
}

// reason returns the ERROR that the central sent before it closed the connection, or nil.
func (s *session) reason() error {
	for {
		_, err := s.expect(wire.TypeResult) // dropped: the next WELCOME says what is stored
		if refused := new(RefusedError); errors.As(err, &refused) {
			return err
		}
		if err != nil {
			return nil
		}
	}
}

// pause waits for Period, and sends KEEPALIVE meanwhile.
func (s *session) pause(ctx context.Context) error {
	interval := s.agency.config.KeepAlive
	for left := s.agency.config.Period; left > 0; {
		step := left
		if interval > 0 {
			step = min(left, interval)
		}
		if err := retry.Sleep(ctx, step); err != nil {
			return err
		}
		if left -= step; left > 0 {
			s.out = wire.AppendEmpty(s.out, wire.TypeKeepAlive)
			if err := s.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}
