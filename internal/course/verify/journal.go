package verify

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/tp0-lab/composer/internal/course/report"
	"github.com/tp0-lab/composer/internal/lab/logline"
	"github.com/tp0-lab/composer/internal/text"
)

// Limits of a journal. The journal counts the lines beyond these limits, and does not keep them.
const (
	maxLines = 200_000
	maxBytes = 64 << 20
)

// journal holds the log lines of a scenario's containers. Several goroutines may use it at once.
type journal struct {
	mu      sync.Mutex // guards the fields below
	lines   []entry
	bytes   int
	dropped int
	changed chan struct{} // closed and replaced at each new line
}

// entry is a line and its parsed action, result and fields.
type entry struct {
	report.Line
	logline.Entry
}

func newJournal() *journal { return &journal{changed: make(chan struct{})} }

func (j *journal) add(l report.Line) {
	parsed, _ := logline.Parse(l.Text)
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.lines) >= maxLines || j.bytes+len(l.Text) > maxBytes {
		j.dropped++
		return
	}
	j.bytes += len(l.Text)
	j.lines = append(j.lines, entry{l, parsed})
	close(j.changed)
	j.changed = make(chan struct{})
}

// snapshot returns the lines so far, and a channel that is closed when there are more. Nobody changes the returned
// lines later.
func (j *journal) snapshot() (lines []entry, more <-chan struct{}) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clip(j.lines), j.changed
}

// lost returns the number of lines beyond the limits.
func (j *journal) lost() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.dropped
}

// timeline returns the lines in the order of their times.
func (j *journal) timeline() []report.Line {
	lines, _ := j.snapshot()
	sorted := make([]report.Line, len(lines))
	for i, l := range lines {
		sorted[i] = l.Line
	}
	slices.SortStableFunc(sorted, func(a, b report.Line) int { return a.At.Compare(b.At) })
	return sorted
}

// wait waits until done returns true for the lines so far, and returns true. At the limit or at the end of ctx it
// returns false.
func (j *journal) wait(ctx context.Context, limit time.Duration, done func(lines []entry) bool) bool {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		lines, more := j.snapshot()
		if done(lines) {
			return true
		}
		select {
		case <-more:
		case <-ctx.Done():
			return false
		}
	}
}

// pattern matches lines by container, action, result and fields. An empty member matches every line.
type pattern struct {
	container string
	action    string
	result    string
	fields    []string // key, value, key, value …
}

func (p pattern) matches(e entry) bool {
	if p.container != "" && e.Container != p.container || p.action != "" && e.Action != p.action || p.result != "" && e.Result != p.result {
		return false
	}
	for i := 0; i < len(p.fields); i += 2 {
		if e.Value(p.fields[i]) != p.fields[i+1] {
			return false
		}
	}
	return true
}

func (p pattern) String() string {
	var parts []string
	if p.action != "" {
		parts = append(parts, "action: "+p.action)
	}
	if p.result != "" {
		parts = append(parts, "result: "+p.result)
	}
	for i := 0; i < len(p.fields); i += 2 {
		parts = append(parts, p.fields[i]+": "+p.fields[i+1])
	}
	if p.container != "" {
		return p.container + ": " + strings.Join(parts, " | ")
	}
	return strings.Join(parts, " | ")
}

// line returns the pattern of a container's successful actions.
func line(container, action string, fields ...string) pattern {
	return pattern{container: container, action: action, result: "success", fields: fields}
}

func count(lines []entry, p pattern) int { return len(filter(lines, p)) }

// filter returns the lines that match a pattern.
func filter(lines []entry, p pattern) []entry {
	var found []entry
	for _, l := range lines {
		if p.matches(l) {
			found = append(found, l)
		}
	}
	return found
}

// found describes how many lines match a pattern. If no line matches, found quotes the nearest line and says which
// parts of the pattern that line lacks.
func found(lines []entry, p pattern) string {
	seen := text.Plural(count(lines, p), "line")
	if count(lines, p) > 0 {
		return seen
	}
	parts := p.parts()
	var nearest entry
	most := 0
	for _, l := range lines {
		if p.container != "" && l.Container != p.container || !strings.Contains(l.Text, p.action) {
			continue
		}
		has := 1 // if two lines have as many parts, found shows the later one
		for _, part := range parts {
			if part.matches(l) {
				has += 2
			}
		}
		if has >= most {
			nearest, most = l, has
		}
	}
	if most == 0 {
		return seen
	}
	var lacks []string
	for _, part := range parts {
		if !part.matches(nearest) {
			lacks = append(lacks, strconv.Quote(part.String()))
		}
	}
	return fmt.Sprintf("%s; the nearest is %q, which lacks %s", seen, text.Short(nearest.Text, 300), strings.Join(lacks, " and "))
}

// parts returns a pattern for each part of p besides its container.
func (p pattern) parts() []pattern {
	parts := []pattern{{action: p.action}}
	if p.result != "" {
		parts = append(parts, pattern{result: p.result})
	}
	for i := 0; i < len(p.fields); i += 2 {
		parts = append(parts, pattern{fields: p.fields[i : i+2]})
	}
	return parts
}
