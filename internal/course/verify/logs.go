package verify

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/tp0-lab/composer/internal/course/report"
	"github.com/tp0-lab/composer/internal/text"
)

// follow starts `docker compose logs -f` and puts its lines into the journal.
func (l *dockerLab) follow() error {
	logs := l.compose(context.Background(), 24*time.Hour, "logs", "-f", "--no-color", "--timestamps")
	out, err := logs.StdoutPipe()
	if err == nil {
		err = logs.Start()
	}
	if err != nil {
		logs.cancel()
		return fmt.Errorf("docker compose logs -f: %w", err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		l.readLogs(out)
		_ = logs.Wait() // stopLogs ends it
	}()
	l.stopLogs = func() {
		logs.cancel()
		_ = out.Close() // another process may still hold its other end
		<-done
	}
	return nil
}

// settle reads the logs to their end, because `logs -f` lags behind.
func (l *dockerLab) settle(ctx context.Context) error {
	logs := l.compose(ctx, stepLimit, "logs", "--no-color", "--timestamps")
	defer logs.cancel()
	out, err := logs.StdoutPipe()
	if err == nil {
		err = logs.Start()
	}
	if err != nil {
		return fmt.Errorf("docker compose logs: %w", err)
	}
	l.readLogs(out)
	if err := logs.Wait(); err != nil && ctx.Err() == nil {
		return fmt.Errorf("docker compose logs: %w", err)
	}
	return ctx.Err()
}

// skew is how far the timestamps of two containers may be apart for the same moment on a busy engine. A second has been
// seen while many builds ran.
func (l *dockerLab) skew() time.Duration { return 5 * time.Second }

// readLogs puts into the journal each line that is newer than the container's last line there.
func (l *dockerLab) readLogs(out io.Reader) {
	r := bufio.NewReaderSize(out, 64<<10)
	cut := false // the rest of a line that is too long
	for {
		text, err := r.ReadSlice('\n')
		long := errors.Is(err, bufio.ErrBufferFull)
		if line, ok := readLogLine(string(text), l.names, l.now); ok && !cut {
			line.Container = cmp.Or(l.services[line.Container], line.Container)
			l.add(line)
		}
		cut = long
		if err != nil && !long {
			return
		}
	}
}

func (l *dockerLab) add(line report.Line) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !strings.HasPrefix(line.Text, exitText) { // a line about an exit has no timestamp, and comes once
		if !line.At.After(l.last[line.Container]) {
			return
		}
		l.last[line.Container] = line.At
	}
	l.journal.add(line)
}

var (
	// Compose erases a line before an exit even with --no-color, and services may use colours (ECMA-48).
	escapes  = text.LazyRegexp(`\x1b\[[0-?]*[ -/]*[@-~]|\r`)
	logLine  = text.LazyRegexp(`^(\S+)\s+\| (?:(\d{4}-\d\d-\d\dT\S+Z) ?)?(.*)$`)
	exitLine = text.LazyRegexp(`^(\S+) exited with code (\d+)`)
)

// readLogLine parses a line of `docker compose logs`, with or without colours, timestamp and the container's number. A
// line without a timestamp gets the time now().
func readLogLine(text string, names []string, now func() time.Time) (report.Line, bool) {
	text = strings.TrimRight(escapes().ReplaceAllString(strings.ToValidUTF8(text, "\uFFFD"), ""), "\n")
	if m := exitLine().FindStringSubmatch(text); m != nil {
		return report.Line{At: now(), Container: serviceOf(m[1], names), Text: exitText + m[2]}, true
	}
	m := logLine().FindStringSubmatch(text)
	if m == nil {
		return report.Line{}, false
	}
	line := report.Line{At: now(), Container: serviceOf(m[1], names), Text: m[3]}
	if at, err := time.Parse(time.RFC3339Nano, m[2]); err == nil {
		line.At = at
	}
	return line, true
}

// serviceOf returns the service of a container named server, server-1 or project-server-1.
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
