// Package agency is the agency's side of docs/protocol.md. It sends the bets of a file, or one bet, to the central, and
// asks for the winners. Each bet is stored exactly once, however often the connection breaks.
package agency

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"time"

	"github.com/tp0-lab/composer/internal/files"
	"github.com/tp0-lab/composer/internal/lab/logline"
	"github.com/tp0-lab/composer/internal/lab/lottery"
	"github.com/tp0-lab/composer/internal/lab/retry"
	"github.com/tp0-lab/composer/internal/lab/secret"
	"github.com/tp0-lab/composer/internal/lab/translate"
)

// Config is the configuration of an Agency. All fields but Period, ReportDelay, KeepAlive, Secret and Open are required.
type Config struct {
	Agency    uint32 // the agency's number, from 1
	Address   string // host:port of the central
	MaxAmount int    // the most bets in a batch; below 1 is 1
	// Period is the pause after a batch's result, before the next batch, FINISH or the report of the winners. Without a
	// pause, `docker compose logs -f` may show lines of several containers in the wrong order if they are milliseconds
	// apart. With 0 there is no pause, and the agency sends further batches before it has the results of earlier ones.
	Period time.Duration
	// ReportDelay is the least time from the arrival of the winners to the agency's line about them, so that `docker
	// compose logs -f` shows the central's line about the draw first.
	ReportDelay time.Duration
	Timeout     time.Duration // of connecting, of a write, and of the wait for a frame; above 0
	RetryLimit  time.Duration // the longest time without progress, over all attempts; then ErrRetryLimit
	KeepAlive   time.Duration // from one KEEPALIVE to the next in a pause; 0 sends none
	Now         func() time.Time
	// Secret is the agency's secret, which proves to the central who the agency is. With the zero Secret, the agency
	// proves nothing.
	Secret secret.Secret
	// Dial connects to the central.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Open opens the agency's file. nil opens a file of this machine.
	Open func(ctx context.Context, path string) (File, error)
}

// File is an agency's file, which is read from its beginning once for each connection. Only Seek(0, io.SeekStart) is
// called.
type File interface {
	io.ReadSeekCloser
	Name() string
}

// Agency is a client of the central. Each method opens a connection, opens another when one breaks, and closes them.
// Only one method may run at a time.
//
// The methods return ctx.Err() soon after the context is done. Other errors wrap ErrRetryLimit, ErrOtherBets,
// ErrProtocol, a *RefusedError, a *lottery.LineError for a line of the file, a *lottery.FieldError for a single bet, or
// an error of reading the file.
type Agency struct {
	config Config
	log    *slog.Logger
}

// New returns an Agency.
func New(c Config, log *slog.Logger) *Agency { return &Agency{config: c, log: log} }

// SendBet sends one bet (ej5), and returns nil when the central has stored it. If the connection breaks before the
// confirmation, SendBet connects again and sends the bet only if the central has not stored it. Each call places a new
// bet, even if the bet equals the one of the call before.
func (a *Agency) SendBet(ctx context.Context, b lottery.Bet) error {
	var bet single
	err := b.Check()
	if err == nil {
		bet.encoded = translate.Append(nil, &b)
		err = a.persist(ctx, bet.send)
	}
	return a.report(ctx, err, "apuesta_enviada",
		slog.String("dni", b.Document), slog.Uint64("numero", uint64(b.Number)))
}

// SendFile sends the bets of the agency's file in batches (ej6), and returns nil when the central has confirmed all of
// them. SendFile skips the bets that the central has already. The central's bets must be the first bets of the file:
// otherwise the error wraps ErrOtherBets. SendFile does not send a batch with a bad line. It waits until the batches
// before the bad line are confirmed, and then returns the *lottery.LineError.
func (a *Agency) SendFile(ctx context.Context, path string) error {
	err := a.withFile(ctx, path, func(s *session, f File) error {
		_, err := s.sendFile(ctx, f)
		return err
	})
	if err != nil {
		return a.report(ctx, err, "batch_enviado")
	}
	return nil
}

// Play sends the file as SendFile does, finishes, waits for the draw, and returns the documents of this agency's
// winners in the order of their bets (ej7).
func (a *Agency) Play(ctx context.Context, path string) (winners []string, err error) {
	action := "batch_enviado"
	finished := false
	err = a.withFile(ctx, path, func(s *session, f File) (err error) {
		action = "batch_enviado"
		stored, err := s.sendFile(ctx, f)
		if err != nil {
			return err
		}
		action = "consulta_ganadores"
		progress := s.progress
		if err := s.finish(ctx, stored); err != nil {
			return err
		}
		s.progress = progress || !finished // a central that cannot draw says FINISHED again and again
		finished = true
		winners, err = s.ask()
		return err
	})
	if err == nil {
		// The connection is closed: nothing can break during the pause.
		err = retry.Sleep(ctx, max(a.config.Period, a.config.ReportDelay))
	}
	if err != nil {
		return nil, a.report(ctx, err, action)
	}
	return winners, a.report(ctx, nil, action, slog.Int("cant_ganadores", len(winners)))
}

// withFile opens the file, then connects and calls talk as persist does, each time with the file at its beginning.
func (a *Agency) withFile(ctx context.Context, path string, talk func(*session, File) error) error {
	open := a.config.Open
	if open == nil {
		open = openLocal
	}
	f, err := open(ctx, path)
	if err != nil {
		return fmt.Errorf("open agency file: %s: %w", path, files.Cause(err))
	}
	defer f.Close() // read only: nothing can be lost
	return a.persist(ctx, func(s *session) error {
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return fmt.Errorf("read agency file: %w", err)
		}
		return talk(s, f)
	})
}

// openLocal opens a file of this machine. The file must be regular.
func openLocal(_ context.Context, path string) (File, error) { return files.Open(path, os.O_RDONLY) }

// report logs the outcome of the action and returns err. It logs nothing when the context is done.
func (a *Agency) report(ctx context.Context, err error, action string, fields ...slog.Attr) error {
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	if errors.Is(err, ErrRetryLimit) {
		action = "connect"
	}
	logline.Outcome(a.log, action, err, fields...)
	return err
}
