//go:build unix

package program

import (
	"bufio"
	"context"
	"os/exec"
	"strings"
	"testing"
)

// The end of the context ends a program's child, which holds the program's output open, too.
func TestCommandKillsChildren(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no shell here: ", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	c := Command(ctx, sh, "-c", "sleep 600 & echo begun; wait")
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	if line, err := lines.ReadString('\n'); strings.TrimSpace(line) != "begun" {
		t.Fatalf("%q, %v", line, err)
	}
	cancel()
	if line, err := lines.ReadString('\n'); err == nil { // the end comes when the child has gone
		t.Errorf("got %q", line)
	}
	if err := c.Wait(); err == nil {
		t.Error("the program ended well")
	}
}
