package verify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// Limits of programs that are run: others' scripts may do anything.
const (
	scriptLimit = 5 * time.Minute  // it may build what it needs
	buildLimit  = 15 * time.Minute // it may pull what it needs
	stepLimit   = 2 * time.Minute
	// maxOutput is how much of an output is kept, in bytes: the beginning of
	// what is read, the end of what is shown.
	maxOutput = 64 << 10
	maxBets   = 256 << 20
)

// command is a program that is run to its end, or to that of ctx or its limit:
// then it is killed with all that it has started.
func command(ctx context.Context, limit time.Duration, name string, arguments ...string) (*exec.Cmd, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	c := exec.CommandContext(ctx, name, arguments...)
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.Cancel = func() error { return syscall.Kill(-c.Process.Pid, syscall.SIGKILL) }
	// What it has started may hold its output open.
	c.WaitDelay = time.Second
	return c, cancel
}

// docker is a docker command.
func docker(ctx context.Context, limit time.Duration, arguments ...string) (*exec.Cmd, context.CancelFunc) {
	return command(ctx, limit, "docker", arguments...)
}

// finish runs a command. An error names it, and shows the end of what it printed.
func finish(c *exec.Cmd, cancel context.CancelFunc) error {
	defer cancel()
	var out ending
	c.Stdout, c.Stderr = &out, &out
	return explain(c, c.Run(), &out)
}

// output runs a command and returns what it printed on stdout, of at most limit
// bytes.
func output(c *exec.Cmd, cancel context.CancelFunc, limit int) ([]byte, error) {
	defer cancel()
	var complaints ending
	out := beginning{limit: limit}
	c.Stdout, c.Stderr = &out, &complaints
	err := c.Run()
	if out.over {
		err = fmt.Errorf("it prints more than %d bytes", limit)
	}
	return out.text, explain(c, err, &complaints)
}

// explain names the command that failed, and what it said.
func explain(c *exec.Cmd, err error, said *ending) error {
	if err == nil || errors.Is(err, exec.ErrWaitDelay) { // it has ended well, and left something behind
		return nil
	}
	text := strings.Join(append([]string{c.Args[0]}, c.Args[1:]...), " ")
	return fmt.Errorf("%s: %w\n%s", text, err, said)
}

// ending keeps the end of what is written to it.
type ending struct{ text []byte }

func (e *ending) Write(p []byte) (int, error) {
	e.text = append(e.text, p...)
	if len(e.text) > 2*maxOutput {
		e.text = append([]byte(nil), e.text[len(e.text)-maxOutput:]...)
	}
	return len(p), nil
}

func (e *ending) String() string { return tail(e.text) }

// beginning keeps the beginning, and refuses to take more.
type beginning struct {
	text  []byte
	limit int
	over  bool
}

func (b *beginning) Write(p []byte) (int, error) {
	if len(b.text)+len(p) > b.limit {
		b.over = true
		return 0, io.ErrShortWrite
	}
	b.text = append(b.text, p...)
	return len(p), nil
}
