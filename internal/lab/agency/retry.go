package agency

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/tp0-lab/composer/internal/lab/logline"
	"github.com/tp0-lab/composer/internal/lab/retry"
	"github.com/tp0-lab/composer/internal/lab/wire"
)

// run is one call of persist. It outlasts the connections.
type run struct {
	stored  uint64 // the number of stored bets in the last WELCOME
	greeted bool   // HELLO has been sent
	// waits is true after another client has taken our place: the next connection waits until that one is gone, because
	// two that take each other's place for ever would get nothing done.
	waits bool
}

// persist connects and calls talk, again and again, until talk returns nil or an error that is not retryable, or until
// the attempts have brought no progress for RetryLimit.
func (a *Agency) persist(ctx context.Context, talk func(*session) error) error {
	began := a.config.Now() // the time of the last progress
	var backoff retry.Backoff
	var r run
	for {
		progress, err := a.attempt(ctx, &r, talk)
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case !retryable(err):
			return err
		}
		level := slog.LevelInfo
		if refused := new(RefusedError); errors.As(err, &refused) && refused.Code == wire.CodeReplaced {
			level, r.waits = slog.LevelWarn, true
		}
		if progress {
			began = a.config.Now()
			backoff = retry.Backoff{}
		}
		left := a.config.RetryLimit - a.config.Now().Sub(began)
		if left <= 0 {
			return fmt.Errorf("%w: no progress for %v: %w", ErrRetryLimit, a.config.RetryLimit, err)
		}
		a.log.LogAttrs(ctx, level, "connect", logline.InProgress,
			slog.String("server_address", a.config.Address), logline.Err(err))
		if err := retry.Sleep(ctx, min(left, backoff.Next())); err != nil {
			return err
		}
	}
}

// attempt connects once and calls talk. progress reports whether the central did something for us. More stored bets
// than at the last attempt are progress: that one may have broken before it saw the results.
func (a *Agency) attempt(ctx context.Context, r *run, talk func(*session) error) (progress bool, err error) {
	s, err := a.connect(ctx)
	if err != nil {
		return false, err
	}
	defer s.close()
	// Closing ends a read or write at once. A deadline would not: the session sets its own.
	stop := context.AfterFunc(ctx, s.close)
	defer stop()
	if err = s.hello(r); err != nil {
		return s.progress, err
	}
	more := s.welcome.Stored > r.stored
	r.stored = s.welcome.Stored
	err = talk(s)
	return s.progress || more, err
}
