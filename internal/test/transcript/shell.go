package transcript

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Shell runs commands with bash, one after another. A command's directory is
// the one that the command before has left.
type Shell struct {
	Dir string   // where the next command runs
	Env []string // as exec.Cmd's
	// Limit is how long a command may take, and for how long the lines of one that
	// goes on for ever are waited for.
	Limit time.Duration
	// Watch is how long a command that goes on for ever is left to itself if the
	// page shows nothing of it.
	Watch time.Duration
	// Before is what the page's words around a command ask for, by how the command
	// begins.
	Before map[string]string
	// Logf is told of each command of a page, unless it is nil.
	Logf func(format string, args ...any)
}

// RunPage runs the blocks of a page that need Docker, or those that do not, each of
// them from dir. The error is the first one, or that there is no such command.
func (s *Shell) RunPage(ctx context.Context, dir, page string, docker bool) error {
	ran := 0
	for _, b := range Blocks(page) {
		if b.NeedsDocker() != docker {
			continue
		}
		s.Dir = dir
		for _, c := range b.Commands {
			for prefix, first := range s.Before {
				if strings.HasPrefix(c.Text, prefix) {
					if err := s.Run(ctx, Command{Line: c.Line, Text: first}); err != nil {
						return err
					}
				}
			}
			began := time.Now()
			if err := s.Run(ctx, c); err != nil {
				return err
			}
			ran++
			if s.Logf != nil {
				s.Logf("%6.1f s  %s", time.Since(began).Seconds(), c.Text)
			}
		}
	}
	switch {
	case ran > 0:
		return nil
	case docker:
		return errors.New("the page has no command that needs Docker")
	default:
		return errors.New("the page has no command that runs without Docker")
	}
}

// Run runs a command. It returns an error if the command fails, or if its
// output is not the one of the page: each line of the page must be in it, in any
// order, because containers come in any; and if the page leaves nothing out,
// the output has no more lines.
//
// A command that goes on for ever is interrupted when all lines of the page have
// come. Targets of make that test the project itself are only looked up: this
// is one of those tests.
func (s *Shell) Run(ctx context.Context, c Command) error {
	ctx, cancel := context.WithTimeout(ctx, s.Limit)
	defer cancel()
	left, err := os.CreateTemp("", "transcript-*")
	if err != nil {
		return err
	}
	defer os.Remove(left.Name())
	defer left.Close()

	var stdout, stderr buffer
	cmd := exec.CommandContext(ctx, "bash", "-c", lookUp(c.Text)+"\ncode=$?; pwd >\"$TRANSCRIPT_LEFT\"; exit $code")
	cmd.Dir, cmd.Env = s.Dir, slices.Concat(s.Env, []string{"TRANSCRIPT_LEFT=" + left.Name()})
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	interrupted := false
	if c.follows() {
		interrupted, err = s.follow(c, &stdout, cmd.Process.Pid, ended)
	} else {
		err = <-ended
	}
	switch missing := c.missing(stdout.String()); {
	case ctx.Err() != nil:
		err = fmt.Errorf("%w; of the page, there is no %q", ctx.Err(), missing)
	case err != nil && !interrupted:
	case len(missing) > 0:
		err = fmt.Errorf("there is no %q", missing)
	case c.whole() && len(outputLines(stdout.String())) != len(c.Output):
		err = fmt.Errorf("the output has %d lines, and the page %d", len(outputLines(stdout.String())), len(c.Output))
	default:
		if text, err := os.ReadFile(left.Name()); err == nil && len(text) > 0 {
			s.Dir = strings.TrimSpace(string(text))
		}
		return nil
	}
	return fmt.Errorf("line %d: %s: %w\n%s%s", c.Line, c.Text, err, stderr.String(), stdout.String())
}

// follow waits until the command has written all that the page shows, or has
// ended, and interrupts it then.
func (s *Shell) follow(c Command, stdout *buffer, group int, ended <-chan error) (interrupted bool, err error) {
	began := time.Now()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case err := <-ended:
			return false, err
		case <-tick.C:
		}
		done := len(c.missing(stdout.String())) == 0
		if len(c.Output) == 0 {
			done = time.Since(began) >= s.Watch
		}
		if done {
			// There is nobody to interrupt if it has ended by itself meanwhile.
			err := syscall.Kill(-group, syscall.SIGINT)
			if err != nil && !errors.Is(err, syscall.ESRCH) {
				return false, err
			}
			return err == nil, <-ended
		}
	}
}

var testsPattern = regexp.MustCompile(`^make (test|race|ci|lint|portable|fmt|fuzz|e2e|golden|browser|bench\S*)\b`)

// lookUp makes of a command that tests the project one that says what would be
// done.
func lookUp(command string) string { return testsPattern.ReplaceAllString(command, "make -n $1") }

// buffer is a bytes.Buffer that is read while it is written.
type buffer struct {
	mu   sync.Mutex // guards text
	text bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
