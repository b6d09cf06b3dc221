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

// Limits of other people's programs.
const (
	scriptLimit = 5 * time.Minute  // a script may build composer
	buildLimit  = 15 * time.Minute // a build may pull images
	stepLimit   = 2 * time.Minute
	maxOutput   = 64 << 10 // bytes of output that are kept: the beginning of what is read, the end of what is shown
	maxBets     = 256 << 20
)

// process is a program that is killed, with every process that it has started, at the end of its context or limit.
type process struct {
	*exec.Cmd
	cancel context.CancelFunc // frees the context; finish and output call it
}

func command(ctx context.Context, limit time.Duration, name string, arguments ...string) process {
	ctx, cancel := context.WithTimeout(ctx, limit)
	c := exec.CommandContext(ctx, name, arguments...)
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.Cancel = func() error { return syscall.Kill(-c.Process.Pid, syscall.SIGKILL) }
	c.WaitDelay = time.Second // a process that it has started may hold its output open
	return process{c, cancel}
}

func docker(ctx context.Context, limit time.Duration, arguments ...string) process {
	return command(ctx, limit, "docker", arguments...)
}

// finish runs the program. An error names it and shows the end of its output.
func (p process) finish() error {
	defer p.cancel()
	var out ending
	p.Stdout, p.Stderr = &out, &out
	return p.explain(p.Run(), &out)
}

// output runs the program and returns its stdout, of at most limit bytes. An error names the program and shows the end
// of its stderr.
func (p process) output(limit int) ([]byte, error) {
	defer p.cancel()
	var stderr ending
	out := beginning{limit: limit}
	p.Stdout, p.Stderr = &out, &stderr
	err := p.Run()
	if out.over {
		err = fmt.Errorf("it prints more than %d bytes", limit)
	}
	return out.text, p.explain(err, &stderr)
}

func (p process) explain(err error, printed *ending) error {
	if err == nil || errors.Is(err, exec.ErrWaitDelay) { // it has ended well and left a process behind
		return nil
	}
	return fmt.Errorf("%s: %w\n%s", strings.Join(p.Args, " "), err, printed)
}

// ending keeps the end of the bytes that are written to it.
type ending struct{ text []byte }

func (e *ending) Write(p []byte) (int, error) {
	e.text = append(e.text, p...)
	if len(e.text) > 2*maxOutput {
		e.text = append([]byte(nil), e.text[len(e.text)-maxOutput:]...)
	}
	return len(p), nil
}

// String returns the last 15 lines.
func (e *ending) String() string {
	lines := strings.Split(strings.TrimSpace(string(e.text)), "\n")
	return strings.Join(lines[max(0, len(lines)-15):], "\n")
}

// beginning keeps the first bytes that are written to it and fails on more than limit.
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
