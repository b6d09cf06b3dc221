package doctor

import (
	"context"
	"errors"
	"os/exec"
	"strings"
	"time"

	"github.com/tp0-lab/composer/internal/course/program"
)

// Command runs a program for Machine.Run. When ctx ends, it kills the program with all processes that the program
// started, and returns within a moment.
func Command(ctx context.Context, name string, args ...string) (string, error) {
	var stdout, stderr strings.Builder
	command := program.Command(ctx, name, args...)
	command.Stdout, command.Stderr = &stdout, &stderr
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
