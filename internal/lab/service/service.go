// Package service starts and stops the lab's two services: signals, exit codes, and the machine on which a service
// runs.
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
	"time"

	"github.com/tp0-lab/composer/internal/lab/config"
	"github.com/tp0-lab/composer/internal/lab/logline"
)

// Run is a service. It works on a machine until its work is done or ctx is done. It returns nil when its work is done
// or ctx is done, and otherwise an error that it has logged.
type Run func(ctx context.Context, m Machine) error

// Main is the main function of a service. It returns the exit code of RunOn, or 2 if the command line has arguments.
func Main(run Run) int {
	if len(os.Args) > 1 {
		fmt.Fprintf(os.Stderr, "%s: unexpected argument %q: set the environment or the configuration file instead, see docs/configuration.md\n", os.Args[0], os.Args[1])
		return 2
	}
	return RunOn(ThisMachine(), run)
}

// RunOn runs a service until SIGTERM or SIGINT and returns the exit code: 0 after the work or a stop, 1 after an error.
// After the signal an Output does not wait for its reader any more.
// A second signal ends the process at once.
func RunOn(m Machine, run Run) int {
	ctx, stop := withSignals(context.Background(), m.Signals)
	defer stop()
	if o, ok := m.Stdout.(interface{ GiveUp() }); ok {
		context.AfterFunc(ctx, func() { time.AfterFunc(outputGrace, o.GiveUp) })
	}
	if err := run(ctx, m); err != nil {
		return 1
	}
	return 0
}

// signalError is the cause of a context that a signal has canceled: the name of the signal.
type signalError string

func (e signalError) Error() string { return "received " + string(e) }

var signalNames = map[os.Signal]string{syscall.SIGTERM: "SIGTERM", syscall.SIGINT: "SIGINT"}

// withSignals returns a context that is done after SIGTERM or SIGINT, from the system or from others.
func withSignals(parent context.Context, others <-chan os.Signal) (context.Context, context.CancelFunc) {
	// A reader of the log that goes away costs lines, but must not end the process.
	signal.Ignore(syscall.SIGPIPE)
	ctx, cancel := context.WithCancelCause(parent)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	done := make(chan struct{})
	go func() {
		defer close(done)
		var s os.Signal
		select {
		case s = <-signals:
		case s = <-others:
		case <-ctx.Done():
		}
		signal.Stop(signals) // the next signal ends the process
		cancel(signalError(signalNames[s]))
	}()
	return ctx, func() { cancel(nil); <-done }
}

// Stopping returns a context that is done after ctx is done and receive_signal has been logged. So receive_signal comes
// before the lines about the parts that stop. The caller calls stop, which waits for the log line.
func Stopping(ctx context.Context, log *slog.Logger) (stopping context.Context, stop func()) {
	stopping, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	logged := make(chan struct{})
	forget := context.AfterFunc(ctx, func() {
		defer close(logged)
		reason := "context"
		if s, ok := errors.AsType[signalError](context.Cause(ctx)); ok {
			reason = string(s)
		}
		log.Info("receive_signal", logline.Success, slog.String("signal", reason))
		cancel(context.Cause(ctx))
	})
	return stopping, func() {
		if !forget() {
			<-logged
		}
		cancel(context.Canceled)
	}
}

// LogUnknown logs warnings about unknown keys of a configuration, one line each.
func LogUnknown(log *slog.Logger, findings []config.Finding) {
	for _, f := range findings {
		log.Warn("config_key", logline.Success, slog.String("warning", f.Error()))
	}
}

// ConfigFailed logs every problem of a configuration to stdout, one line each, and returns the wrapped err.
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
