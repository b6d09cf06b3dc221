// Package agency is the agency's side of the conversation in docs/protocol.md:
// it stands between the bets of internal/lab/lottery, from the environment or a
// file, and the frames of internal/lab/wire, and sees to it that each bet is
// stored exactly once, however often the connection breaks.
package agency

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"syscall"
	"time"

	"github.com/tp0-lab/composer/internal/lab/logline"
	"github.com/tp0-lab/composer/internal/lab/lottery"
	"github.com/tp0-lab/composer/internal/lab/retry"
)

// Config says for whom an Agency speaks, where, and how patiently.
type Config struct {
	Agency    uint32 // its number, from 1
	Address   string // of the central, host:port
	MaxAmount int    // bets in a batch, at most; below 1 is 1
	// Period is the pause between a batch's result and what comes next: the
	// next batch, FINISH, the report of the winners. People follow the logs of
	// several containers, and lines that are milliseconds apart come out of
	// order. 0: no pauses, and several batches in flight.
	Period time.Duration
	// ReportDelay is how long after their arrival the winners are reported, at
	// least: the central has drawn at that very moment, and its line is to be
	// seen before ours, by people who begin to follow the logs about now.
	ReportDelay time.Duration
	Timeout     time.Duration // of connecting, of a write, and of the wait for a frame; above 0
	RetryLimit  time.Duration // of attempts that bring no progress, all together
	KeepAlive   time.Duration // from one KEEPALIVE to the next in a pause; 0: none
	Now         func() time.Time
	// Dial connects; nil is a net.Dialer's DialContext.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Agency is a client of the central. Each of its methods opens a connection,
// and others when one breaks, and closes them; a method is called when the one
// before has returned.
//
// An error is one of: ctx.Err() of the context, soon after it is done;
// ErrRetryLimit; ErrOtherBets; *RefusedError; ErrProtocol; *lottery.LineError,
// or a *lottery.FieldError for a bet of its own; one of reading the file.
type Agency struct {
	config Config
	log    *slog.Logger
}

// New returns an Agency.
func New(c Config, log *slog.Logger) *Agency {
	if c.Dial == nil {
		c.Dial = new(net.Dialer).DialContext
	}
	return &Agency{config: c, log: log}
}

// SendBet stores one bet (ej5): it returns nil once the central has confirmed
// it. The bet that the central has stored last counts as this one if it is the
// same, because its confirmation may have been lost.
func (a *Agency) SendBet(ctx context.Context, b lottery.Bet) error {
	err := b.Check()
	if err == nil {
		err = a.persist(ctx, func(s *session) error { return s.sendBet(b) })
	}
	return a.report(ctx, err, "apuesta_enviada",
		slog.String("dni", b.Document), slog.Uint64("numero", uint64(b.Number)))
}

// SendFile stores the bets of the agency's file in batches (ej6): it returns
// nil once the central has confirmed all of them. It begins behind those that
// the central has, which must be the first of the file. A bad line is an error
// after the batches before its own have been confirmed; its own is not sent.
func (a *Agency) SendFile(ctx context.Context, path string) error {
	err := a.withFile(ctx, path, func(s *session, f *os.File) error {
		_, err := s.sendFile(ctx, f)
		return err
	})
	if err != nil {
		return a.report(ctx, err, "batch_enviado")
	}
	return nil
}

// Play does as SendFile does, then finishes, waits for the draw and returns the
// documents of this agency's winners, in the order of their bets (ej7).
func (a *Agency) Play(ctx context.Context, path string) (winners []string, err error) {
	action := "batch_enviado"
	err = a.withFile(ctx, path, func(s *session, f *os.File) (err error) {
		action = "batch_enviado"
		stored, err := s.sendFile(ctx, f)
		if err != nil {
			return err
		}
		action = "consulta_ganadores"
		if err := s.finish(ctx, stored); err != nil {
			return err
		}
		winners, err = s.ask()
		return err
	})
	if err == nil {
		// The connection is closed by now: nothing can break while we pause.
		err = retry.Sleep(ctx, max(a.config.Period, a.config.ReportDelay))
	}
	if err != nil {
		return nil, a.report(ctx, err, action)
	}
	return winners, a.report(ctx, nil, action, slog.Int("cant_ganadores", len(winners)))
}

// withFile opens the file, before it connects, and has talk talk with the
// central about it, from its beginning each time.
func (a *Agency) withFile(ctx context.Context, path string, talk func(*session, *os.File) error) error {
	// Non-blocking: opening a pipe would wait for a writer.
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return fmt.Errorf("open agency file: %w", err)
	}
	defer f.Close() // read only: nothing can be lost
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return errors.Join(err, fmt.Errorf("open agency file: %s is no regular file", path))
	}
	return a.persist(ctx, func(s *session) error {
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return fmt.Errorf("read agency file: %w", err)
		}
		return talk(s, f)
	})
}

// report logs how the action ended and returns err. To have been told to stop
// is no failure.
func (a *Agency) report(ctx context.Context, err error, action string, fields ...slog.Attr) error {
	switch {
	case err == nil:
		a.log.LogAttrs(ctx, slog.LevelInfo, action, append([]slog.Attr{logline.Success}, fields...)...)
	case ctx.Err() != nil:
		return ctx.Err()
	default:
		if errors.Is(err, ErrRetryLimit) {
			action = "connect"
		}
		fields = append([]slog.Attr{logline.Fail}, fields...)
		a.log.LogAttrs(ctx, slog.LevelError, action, append(fields, logline.Err(err))...)
	}
	return err
}
