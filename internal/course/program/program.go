// Package program runs other people's programs within bounds.
package program

import (
	"context"
	"os/exec"
)

// Command is exec.CommandContext, but at the end of ctx it kills the program with all processes that the program has
// started. A process that left the program's group, or on Windows the tree of its parents, stays.
func Command(ctx context.Context, name string, arguments ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, name, arguments...)
	c.SysProcAttr = ownGroup()
	c.Cancel = func() error { return killGroup(c.Process) }
	return c
}
