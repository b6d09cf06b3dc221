package local

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"

	"github.com/tp0-lab/composer/internal/lab/closed"
)

// process is a service that was started.
type process struct {
	command    *exec.Cmd
	leash      io.WriteCloser // see holdLeash; nil where the kernel ends the service with this program
	begin, end time.Time      // end is set when done is closed
	code       int            // likewise
	ready      chan struct{}  // closed when it takes signals, or has ended
	beReady    func()         // closes ready, once
	done       chan struct{}  // closed when it has ended and its last line was logged
}

func (p *process) ended() bool { return closed.Is(p.done) }

func (p *process) kill() { _ = killProcess(p.command.Process) }

func (p *process) stop(ctx context.Context, signal syscall.Signal, grace time.Duration) {
	timer := time.NewTimer(grace)
	defer timer.Stop()
	// A program that has just begun would die of any signal.
	select {
	case <-p.ready:
	case <-timer.C:
		timer.Reset(0)
	case <-ctx.Done():
	}
	_ = p.signal(signal)
	select {
	case <-p.done:
		return
	case <-timer.C:
	case <-ctx.Done():
	}
	p.kill()
	<-p.done
}

// signal sends a signal to the process, through its leash where the system has no signals.
func (p *process) signal(s syscall.Signal) error {
	if p.leash != nil && leashCarriesSignals {
		_, err := fmt.Fprintln(p.leash, int(s))
		return err
	}
	return p.command.Process.Signal(s)
}

// exitCode is that of a process that was waited for, as shells and Docker give it.
func exitCode(state *os.ProcessState) int {
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal())
	}
	return state.ExitCode()
}

// spawner starts processes that end with this program, however it ends. Linux ties a process to the thread that made it
// (PR_SET_PDEATHSIG in prctl(2)), so one thread makes all of them, and lives as long as they may.
type spawner struct {
	tie  tie
	work chan func()
	gone chan struct{}
}

func newSpawner() (*spawner, error) {
	t, err := newTie()
	if err != nil {
		return nil, err
	}
	s := &spawner{tie: t, work: make(chan func()), gone: make(chan struct{})}
	go func() {
		defer close(s.gone)
		runtime.LockOSThread() // and never unlock: the thread ends with the goroutine
		for f := range s.work {
			f()
		}
	}()
	return s, nil
}

func (s *spawner) close() {
	close(s.work)
	<-s.gone
	s.tie.close()
}

// start starts the command of p in a process group of its own, so that a terminal's Ctrl-C reaches it through us and not
// twice. It logs to the pipe pass, and what it prints otherwise, a panic for one, goes to other.
func (s *spawner) start(p *process, pass *os.File, other io.Writer) error {
	p.command.Stdout, p.command.Stderr = pass, other
	started := make(chan error)
	s.work <- func() { started <- s.tie.start(p) }
	if err := <-started; err != nil {
		return fmt.Errorf("start %s: %w", p.command.Path, err)
	}
	return nil
}
