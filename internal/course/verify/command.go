package verify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"time"

	"github.com/tp0-lab/composer/internal/course/program"
	"github.com/tp0-lab/composer/internal/text"
)

// Limits of other people's programs.
const (
	scriptLimit = 5 * time.Minute  // a script may build composer
	buildLimit  = 15 * time.Minute // a build may pull images
	stepLimit   = 2 * time.Minute
	maxOutput   = 64 << 10 // bytes of output that are kept: the beginning of output that composer reads, the end of output that it shows
	maxBets     = 256 << 20
)

// process is a program. At the end of its context or of its limit, the program and every process that it has started
// are killed.
type process struct {
	*exec.Cmd
	cancel context.CancelFunc // frees the context; finish and output call it
	shown  string             // the command line that an error shows; "" is that of Cmd
}

func command(ctx context.Context, limit time.Duration, name string, arguments ...string) process {
	ctx, cancel := context.WithTimeout(ctx, limit)
	c := program.Command(ctx, name, arguments...)
	c.WaitDelay = time.Second // a process that the program has started may hold its output open
	return process{Cmd: c, cancel: cancel}
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
	if err == nil || errors.Is(err, exec.ErrWaitDelay) { // the program has ended well and left a process behind
		return nil
	}
	if errors.Is(err, exec.ErrNotFound) {
		return fmt.Errorf("%s is not installed: %w", p.Args[0], exec.ErrNotFound)
	}
	line := cmp.Or(p.shown, strings.Join(p.Args, " "))
	if text := printed.String(); text != "" {
		return fmt.Errorf("%s: %w\n%s", line, err, text)
	}
	return fmt.Errorf("%s: %w", line, err)
}

// troubles are texts that programs print when the machine, its engine or the network fails.
var troubles = text.LazyRegexp(`(?i)cannot connect to the docker daemon|error during connect|no such host|name resolution|network is unreachable|` +
	`i/o timeout|handshake timeout|client\.timeout exceeded|deadline exceeded|signal: killed|no space left on device|cannot allocate memory|` +
	`toomanyrequests|too many requests|50[234] (?:bad gateway|service unavailable|gateway time)|pool overlaps|non-overlapping ipv4|address pools have been fully subnetted|` +
	`network with name \S+ (?:already exists|exists but was not created)|network \S+ was found but has incorrect label|` +
	`port is already allocated|address already in use.*(?:network|gateway)|unexpected eof`)

// isTrouble reports whether an error is about this machine, its engine or the network. Such an error proves nothing
// about a solution.
func isTrouble(err error) bool {
	if err == nil {
		return false
	}
	if errors.As(err, new(engineError)) {
		return true
	}
	if failed, ok := errors.AsType[*exec.ExitError](err); ok && failed.ExitCode() == commandNotFound {
		return true
	}
	return errors.Is(err, exec.ErrNotFound) || troubles().MatchString(err.Error())
}

// troubleLine returns the first line of a program's output that names trouble of the machine, its engine or the
// network.
func troubleLine(output string) string {
	for line := range strings.Lines(output) {
		if troubles().MatchString(line) {
			return strings.TrimSpace(line)
		}
	}
	return output
}

// commandNotFound is the exit code of a shell's script that ends with a program which this machine lacks.
const commandNotFound = 127

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

// beginning keeps the first limit bytes that are written to it. A write beyond the limit fails.
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
