// Package service is what the two services have in common: how they begin, and how they end.
package service

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/tp0-lab/composer/internal/lab/logline"
)

// Run is a service: it works on a machine until it is done or ctx ends. It returns nil if it did well or was stopped,
// and an error that it has logged otherwise.
type Run func(ctx context.Context, m Machine) error

// Main is the program of a service: it returns the exit code that On does, or 2 if it was called with arguments, which
// there are none of.
func Main(run Run) int {
	if len(os.Args) > 1 {
		fmt.Fprintf(os.Stderr, "%s takes no arguments, and there is %q: its environment and its file configure it, see docs/configuration.md\n", os.Args[0], os.Args[1])
		return 2
	}
	return On(This(), run)
}

// On runs a service until SIGTERM or SIGINT and returns the exit code: 0 done or stopped, 1 failed. After the first
// signal a second one ends the process at once.
func On(m Machine, run Run) int {
	ctx, stop := withSignals(context.Background())
	defer stop()
	if err := run(ctx, m); err != nil {
		return 1
	}
	return 0
}

// signalError is the cause of a context that a signal ended.
type signalError struct{ signal os.Signal }

func (e signalError) Error() string { return "received " + name(e.signal) }

func name(s os.Signal) string {
	switch s {
	case syscall.SIGTERM:
		return "SIGTERM"
	case syscall.SIGINT:
		return "SIGINT"
	default:
		return s.String()
	}
}

func withSignals(parent context.Context) (context.Context, context.CancelFunc) {
	// Whoever reads the log may go away: that costs lines, and no connection.
	signal.Ignore(syscall.SIGPIPE)
	ctx, cancel := context.WithCancelCause(parent)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	done := make(chan struct{})
	go func() {
		defer close(done)
		select {
		case s := <-signals:
			signal.Stop(signals) // the next one does what it does by default
			cancel(signalError{s})
		case <-ctx.Done():
			signal.Stop(signals)
		}
	}()
	return ctx, func() { cancel(nil); <-done }
}

// Stopping returns a context that ends after ctx has ended and that has been logged, so that receive_signal comes
// before the lines of what it stops. The caller calls stop, which waits for the log line.
func Stopping(ctx context.Context, log *slog.Logger) (stopping context.Context, stop func()) {
	stopping, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		select {
		case <-ctx.Done():
			cause := context.Cause(ctx)
			reason := "context"
			if s, ok := errors.AsType[signalError](cause); ok {
				reason = name(s.signal)
			}
			log.Info("receive_signal", logline.Success, slog.String("signal", reason))
			cancel(cause)
		case <-quit:
			cancel(context.Canceled)
		}
	}()
	return stopping, func() { close(quit); <-done }
}

// LogUnknown logs the keys of a configuration that nobody reads.
func LogUnknown(log *slog.Logger, sentences []string) {
	for _, s := range sentences {
		log.Warn("config_key", logline.Success, slog.String("warning", s))
	}
}

// ConfigFailed logs every problem of a configuration to stdout, each in a line, and returns err for the caller to
// return.
func ConfigFailed(stdout io.Writer, err error) error {
	log := logline.New(stdout, slog.LevelInfo)
	problems := []error{err}
	if all, ok := err.(interface{ Unwrap() []error }); ok {
		problems = all.Unwrap()
	}
	for _, p := range problems {
		log.Log(context.Background(), logline.LevelCritical, "config", logline.Fail, logline.Err(p))
	}
	return fmt.Errorf("configure: %w", err)
}
