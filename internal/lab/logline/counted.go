package logline

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/tp0-lab/composer/internal/text"
)

// The bounds of a Counted logger.
const (
	// failures is how many lines of failures of one cause are told in an interval.
	failures = 10
	// routine is how many lines about connections that come and go are told in an interval.
	routine = 1000
	// causes bounds the causes that are told apart in an interval. What is beyond counts as one cause.
	causes = 100
)

// routines are the actions whose lines come with each connection, whoever opens it.
var routines = map[string]bool{"accept_connections": true, "close_client_connection": true}

// Counted returns a logger that shortens a flood of similar lines. In each interval it writes the first ten failures of
// each cause, and the first thousand lines about connections that come and go. At the interval's end it writes the last
// line that it left out, with the field repeated: how many lines it left out. Other lines pass.
//
// Failures have one cause if their actions and errors differ in numbers only. stop writes the lines that are due; after
// it, all lines pass.
func Counted(log *slog.Logger, interval time.Duration) (counted *slog.Logger, stop func()) {
	c := &counter{interval: interval, seen: make(map[string]*cause)}
	return slog.New(&countedHandler{log.Handler(), c}), c.stop
}

// counter has the causes of the running interval.
type counter struct {
	interval time.Duration

	mu      sync.Mutex // guards the fields below, and keeps the count of a cause behind its lines
	seen    map[string]*cause
	timer   *time.Timer // ends the interval; nil if none is running
	stopped bool
}

// cause is how often a line came in an interval.
type cause struct {
	told, untold int
	last         slog.Record // the last one that was not told
	next         slog.Handler
}

type countedHandler struct {
	slog.Handler
	counter *counter
}

func (h *countedHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &countedHandler{h.Handler.WithAttrs(attrs), h.counter}
}

func (h *countedHandler) WithGroup(name string) slog.Handler {
	return &countedHandler{h.Handler.WithGroup(name), h.counter}
}

func (h *countedHandler) Handle(ctx context.Context, r slog.Record) error {
	key, most := causeOf(r)
	if most > 0 && h.counter.counts(key, most, r, h.Handler) {
		return nil
	}
	return h.Handler.Handle(ctx, r)
}

// counts counts a record, and reports whether it is not to be told.
func (c *counter) counts(key string, most int, r slog.Record, next slog.Handler) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped {
		return false
	}
	if c.timer == nil {
		c.timer = time.AfterFunc(c.interval, c.end)
	}
	k := c.seen[key]
	if k == nil && len(c.seen) >= causes {
		key = ""
		k = c.seen[key]
	}
	if k == nil {
		k = new(cause)
		c.seen[key] = k
	}
	if k.told < most {
		k.told++
		return false
	}
	k.untold++
	k.last, k.next = r.Clone(), next
	return true
}

func (c *counter) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tell()
}

func (c *counter) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopped = true
	if c.timer != nil {
		c.timer.Stop()
	}
	c.tell()
}

// tell tells what was counted. The caller holds mu.
func (c *counter) tell() {
	for _, k := range c.seen {
		if k.untold > 0 {
			k.last.AddAttrs(slog.Int("repeated", k.untold))
			_ = k.next.Handle(context.Background(), k.last) // as slog does
		}
	}
	clear(c.seen)
	c.timer = nil
}

// causeOf returns the cause of a record, and how many of it are told in an interval: 0 if all are.
func causeOf(r slog.Record) (key string, most int) {
	result, reason := "", ""
	r.Attrs(func(a slog.Attr) bool {
		switch a.Key {
		case Fail.Key:
			result = a.Value.String()
		case "error":
			reason = a.Value.String()
		}
		return true
	})
	switch {
	case result == Fail.Value.String():
		return r.Message + "|" + text.WithoutNumbers(reason), failures
	case routines[r.Message]:
		return r.Message + "|" + result, routine
	}
	return "", 0
}
