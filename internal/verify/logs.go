package verify

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/tp0-lab/composer/internal/report"
)

// follow starts `docker compose logs -f` and puts what it shows into the journal.
func (l *dockerLab) follow() error {
	ctx, cancel := context.WithCancel(context.Background())
	logs := l.compose(ctx, "logs", "-f", "--no-color", "--timestamps")
	out, err := logs.StdoutPipe()
	if err == nil {
		err = logs.Start()
	}
	if err != nil {
		cancel()
		return fmt.Errorf("docker compose logs -f: %w", err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		r := bufio.NewReaderSize(out, 64<<10)
		for {
			text, err := r.ReadSlice('\n')
			if line, ok := readLogLine(string(text), l.names, l.now); ok {
				if key := line.Container + line.At.String() + line.Text; !l.seen[key] {
					l.seen[key] = true
					l.journal.add(line)
				}
			}
			if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
				break
			}
		}
		_ = logs.Wait() // it is told to stop
	}()
	l.stopLogs = func() { cancel(); <-done }
	return nil
}

var (
	// Compose erases its line before an exit, --no-color or not, and services may
	// colour theirs (ECMA-48 control sequences).
	escapes  = regexp.MustCompile(`\x1b\[[0-?]*[ -/]*[@-~]|\r`)
	logLine  = regexp.MustCompile(`^(\S+)\s+\| (?:(\d{4}-\d\d-\d\dT\S+Z) ?)?(.*)$`)
	exitLine = regexp.MustCompile(`^(\S+) exited with code (\d+)`)
)

// readLogLine reads a line of `docker compose logs`, with or without colours,
// timestamps, and the container's number. now is the time of lines without one.
func readLogLine(text string, names []string, now func() time.Time) (report.Line, bool) {
	text = strings.TrimRight(escapes.ReplaceAllString(strings.ToValidUTF8(text, "\uFFFD"), ""), "\n")
	if m := exitLine.FindStringSubmatch(text); m != nil {
		return report.Line{At: now(), Container: serviceOf(m[1], names), Text: exitText + m[2]}, true
	}
	m := logLine.FindStringSubmatch(text)
	if m == nil {
		return report.Line{}, false
	}
	line := report.Line{At: now(), Container: serviceOf(m[1], names), Text: m[3]}
	if at, err := time.Parse(time.RFC3339Nano, m[2]); err == nil {
		line.At = at
	}
	return line, true
}

// serviceOf returns the service that a container is of: server, server-1,
// project-server-1.
func serviceOf(container string, names []string) string {
	best := ""
	for _, name := range names {
		if container == name {
			return name
		}
		base := container
		if i := strings.LastIndexByte(base, '-'); i > 0 {
			if _, err := strconv.Atoi(base[i+1:]); err == nil {
				base = base[:i]
			}
		}
		if (base == name || strings.HasSuffix(base, "-"+name)) && len(name) > len(best) {
			best = name
		}
	}
	if best == "" {
		return container
	}
	return best
}
