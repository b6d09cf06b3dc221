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
)

// process is a service that was started.
type process struct {
	command    *exec.Cmd
	begin, end time.Time     // end is set when done is closed
	code       int           // likewise
	ready      chan struct{} // closed when it takes signals, or has ended
	done       chan struct{} // closed when it has ended and its last line was logged
}

func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

func (p *process) kill() { _ = p.command.Process.Kill() }

// beReady closes ready, once. It is for the goroutine that reads the lab's lines.
func (p *process) beReady() {
	select {
	case <-p.ready:
	default:
		close(p.ready)
	}
}

func (p *process) stop(ctx context.Context, signal os.Signal, grace time.Duration) {
	timer := time.NewTimer(grace)
	defer timer.Stop()
	// A program that has just begun would die of any signal.
	select {
	case <-p.ready:
	case <-timer.C:
		timer.Reset(0)
	case <-ctx.Done():
	}
	_ = p.command.Process.Signal(signal)
	select {
	case <-p.done:
		return
	case <-timer.C:
	case <-ctx.Done():
	}
	p.kill()
	<-p.done
}

// exitCode is that of a process that was waited for, as shells and Docker give it.
func exitCode(state *os.ProcessState) int {
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal())
	}
	return state.ExitCode()
}

// spawner starts processes that die with it. The kernel ties a process to the
// thread that made it (PR_SET_PDEATHSIG in prctl(2)), so one thread makes all
// of them, and lives as long as they may.
type spawner struct {
	work chan func()
	gone chan struct{}
}

func newSpawner() *spawner {
	s := &spawner{work: make(chan func()), gone: make(chan struct{})}
	go func() {
		defer close(s.gone)
		runtime.LockOSThread() // and never unlock: the thread ends with the goroutine
		for f := range s.work {
			f()
		}
	}()
	return s
}

func (s *spawner) close() {
	close(s.work)
	<-s.gone
}

// start starts a command in a process group of its own, so that a terminal's
// Ctrl-C reaches it through us and not twice. It logs to the pipe pass, and
// what it prints otherwise, a panic for one, goes to other.
func (s *spawner) start(command *exec.Cmd, pass *os.File, other io.Writer) error {
	command.ExtraFiles = []*os.File{pass}
	command.Stdout, command.Stderr = other, other
	command.SysProcAttr = dieWithParent()
	started := make(chan error)
	s.work <- func() { started <- command.Start() }
	if err := <-started; err != nil {
		return fmt.Errorf("start %s: %w", command.Path, err)
	}
	return nil
}
