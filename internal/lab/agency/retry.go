package agency

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/tp0-lab/composer/internal/lab/logline"
	"github.com/tp0-lab/composer/internal/lab/retry"
)

// persist connects and calls talk, again and again, until talk returns nil or an error that is not retryable, or until
// the attempts have brought no progress for RetryLimit.
func (a *Agency) persist(ctx context.Context, talk func(*session) error) error {
	began := a.config.Now() // the time of the last progress
	var backoff retry.Backoff
	stored := uint64(0) // the number of stored bets in the last WELCOME
	for {
		progress, err := a.attempt(ctx, &stored, talk)
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case !retryable(err):
			return err
		}
		if progress {
			began = a.config.Now()
			backoff.Reset()
		}
		left := a.config.RetryLimit - a.config.Now().Sub(began)
		if left <= 0 {
			return fmt.Errorf("%w: no progress for %v: %w", ErrRetryLimit, a.config.RetryLimit, err)
		}
		a.log.LogAttrs(ctx, slog.LevelInfo, "connect", logline.InProgress,
			slog.String("server_address", a.config.Address), logline.Err(err))
		if err := retry.Sleep(ctx, min(left, backoff.Next())); err != nil {
			return err
		}
	}
}

// attempt connects once and calls talk. progress reports whether the central did something for us. More stored bets
// than at the last attempt are progress: that one may have broken before it saw the results.
func (a *Agency) attempt(ctx context.Context, stored *uint64, talk func(*session) error) (progress bool, err error) {
	s, err := a.connect(ctx)
	if err != nil {
		return false, err
	}
	defer s.close()
	// Closing ends a read or write at once. A deadline would not: the session sets its own.
	stop := context.AfterFunc(ctx, s.close)
	defer stop()
	if err = s.hello(); err != nil {
		return s.progress, err
	}
	more := s.welcome.Stored > *stored
	*stored = s.welcome.Stored
	err = talk(s)
	return s.progress || more, err
}
