package cli

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/tp0-lab/composer/internal/lab/local"
)

// patience is how long a command may go on after a signal. A command that reads from a slow pipe, or is inside of a
// library, does not see that it has to stop.
const patience = time.Second

// exitSignal is added to the number of a signal, as shells do: 130 is SIGINT, 143 is SIGTERM.
const exitSignal = 128

var errInterrupted = errors.New("interrupted")

// Process runs the command line of this process and returns its exit code. SIGINT, SIGTERM and SIGHUP stop the command
// within a second, or longer if it has to tidy up; a second signal ends the process at once. If a signal makes the
// command fail, the exit code is 128 plus the signal's number. The services that `composer run` starts are processes of
// the same program, and begin here, too.
func Process() int {
	if len(os.Args) > 1 && os.Args[1] == local.Argument {
		return local.Serve(os.Args[2:])
	}
	s := Streams{
		In: os.Stdin, Out: FileOutput(os.Stdout), Err: FileOutput(os.Stderr), Environ: os.Environ(), Now: time.Now,
		tidying: new(sync.RWMutex),
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	var received atomic.Int32
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	go func() {
		number, _ := (<-signals).(syscall.Signal)
		received.Store(int32(number))
		signal.Stop(signals) // the next one ends the process
		cancel(errInterrupted)
		time.Sleep(patience)
		if !s.tidying.TryLock() {
			s.tidying.Lock()
			time.Sleep(patience) // the command has tidied up, and tells how it went
		}
		_, _ = os.Stderr.WriteString(calledName(os.Args[0]) + ": interrupted\n") // a lock of s.Err may be held
		os.Exit(exitSignal + int(number))
	}()
	code := Main(ctx, os.Args, s)
	if number := received.Load(); number != 0 && code == exitFailure {
		return exitSignal + int(number)
	}
	return code
}
