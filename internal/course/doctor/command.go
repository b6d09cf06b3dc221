package doctor

import (
	"context"
	"errors"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// Command runs a program for Machine.Run. What is not done in time is killed with
// all that it started, and never waited for longer than a moment.
func Command(ctx context.Context, name string, args ...string) (string, error) {
	var stdout, stderr strings.Builder
	command := exec.CommandContext(ctx, name, args...)
	command.Stdout, command.Stderr = &stdout, &stderr
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGKILL) }
	command.WaitDelay = 200 * time.Millisecond
	err := command.Run()
	switch {
	case err == nil:
		return stdout.String(), nil
	case ctx.Err() != nil:
		return "", ctx.Err()
	case errors.As(err, new(*exec.ExitError)):
		for line := range strings.Lines(stderr.String()) {
			if line = strings.TrimSpace(line); line != "" {
				return "", errors.New(line)
			}
		}
	}
	return "", err
}
