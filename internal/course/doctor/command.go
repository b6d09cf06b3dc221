package doctor

import (
	"context"
	"errors"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// Command runs a program for Machine.Run. When ctx ends, it kills the program with all processes that the program
// started, and returns within a moment.
func Command(ctx context.Context, name string, args ...string) (string, error) {
	var stdout, stderr strings.Builder
	command := exec.CommandContext(ctx, name, args...)
	command.Stdout, command.Stderr = &stdout, &stderr
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGKILL) }
	command.WaitDelay = 200 * time.Millisecond
	err := command.Run()
	if err != nil && ctx.Err() != nil {
		return "", ctx.Err()
	}
	line, _, _ := strings.Cut(strings.TrimSpace(stderr.String()), "\n")
	if errors.As(err, new(*exec.ExitError)) && line != "" {
		return "", errors.New(line)
	}
	return stdout.String(), err
}
