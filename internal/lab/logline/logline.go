// Package logline writes log records in the lab's line format, which the course's tests and other people's tools read:
//
//	2006-01-02 15:04:05 INFO     action: NAME | result: success | key: value
//
// The message of a record is the action. Its attributes are the fields, in order; the first is Success, Fail or
// InProgress:
//
//	log.Info("accept_connections", logline.Success, slog.String("ip", ip))
package logline

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"
)

// The results of an action.
var (
	Success    = slog.String("result", "success")
	Fail       = slog.String("result", "fail")
	InProgress = slog.String("result", "in_progress")
)

// Err returns the field with the reason of a failure.
func Err(err error) slog.Attr { return slog.String("error", err.Error()) }

// Outcome logs the success of an action with its fields. If err is not nil, it logs the failure and err.
func Outcome(log *slog.Logger, action string, err error, fields ...slog.Attr) {
	if err != nil {
		log.LogAttrs(context.Background(), slog.LevelError, action, slices.Concat([]slog.Attr{Fail}, fields, []slog.Attr{Err(err)})...)
		return
	}
	log.LogAttrs(context.Background(), slog.LevelInfo, action, slices.Concat([]slog.Attr{Success}, fields)...)
}

// MaxValue is the longest value of a field in bytes. A longer value is cut and ends in "…", so that a peer cannot fill
// the disk.
const MaxValue = 8 << 10

// handler is the slog.Handler of the format. Each record is one Write of one line.
type handler struct {
	out   *output
	level slog.Leveler
	attrs []byte // already formatted, from WithAttrs
}

type output struct {
	mu  sync.Mutex // guards w and buf
	w   io.Writer
	buf []byte // of the last line, for the next one: services log a line for each batch
}

type onWrite struct{}

// OnWrite returns a context for one record, with which the logger calls written(true) right before it writes the line,
// and written(false) after the write has failed. If the Writer has a method Wait, which returns when Write can write at
// once, the logger calls it first.
func OnWrite(ctx context.Context, written func(bool)) context.Context {
	return context.WithValue(ctx, onWrite{}, written)
}

// New returns a logger that writes records of at least level to w, in one Write each. In values it escapes '|', line
// breaks, control and formatting characters, and bytes that are not UTF-8. The format has no groups: the logger writes
// the fields of a group without its name. The logger is safe for concurrent use, even if w is not. It does not close w.
func New(w io.Writer, level slog.Leveler) *slog.Logger {
	return slog.New(&handler{out: &output{w: w}, level: level})
}

func (h *handler) Enabled(_ context.Context, level slog.Level) bool { return level >= h.level.Level() }

// Handle returns the error of the Write.
func (h *handler) Handle(ctx context.Context, r slog.Record) error {
	h.out.mu.Lock()
	defer h.out.mu.Unlock()
	b := h.out.buf[:0]
	b = r.Time.AppendFormat(b, time.DateTime)
	b = append(b, ' ')
	start := len(b)
	b = append(b, Level(r.Level).String()...)
	for len(b) < start+8 {
		b = append(b, ' ')
	}
	b = append(b, " action: "...)
	b = appendSafe(b, r.Message)
	b = append(b, h.attrs...)
	r.Attrs(func(a slog.Attr) bool {
		b = appendAttr(b, a)
		return true
	})
	b = append(b, '\n')
	h.out.buf = b
	written, ok := ctx.Value(onWrite{}).(func(bool))
	if !ok {
		_, err := h.out.w.Write(b)
		return err
	}
	if w, ok := h.out.w.(interface{ Wait() error }); ok {
		if err := w.Wait(); err != nil {
			return err
		}
	}
	written(true)
	_, err := h.out.w.Write(b)
	if err != nil {
		written(false)
	}
	return err
}

func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	c := *h
	c.attrs = slices.Clone(h.attrs)
	for _, a := range attrs {
		c.attrs = appendAttr(c.attrs, a)
	}
	return &c
}

func (h *handler) WithGroup(string) slog.Handler { return h }

func appendAttr(b []byte, a slog.Attr) []byte {
	v := a.Value.Resolve()
	if v.Kind() == slog.KindGroup {
		for _, member := range v.Group() {
			b = appendAttr(b, member)
		}
		return b
	}
	b = append(b, " | "...)
	b = append(b, a.Key...)
	b = append(b, ": "...)
	switch v.Kind() {
	case slog.KindInt64:
		return strconv.AppendInt(b, v.Int64(), 10)
	case slog.KindUint64:
		return strconv.AppendUint(b, v.Uint64(), 10)
	default:
		return appendSafe(b, v.String())
	}
}

// appendSafe appends s with escapes, so that s can neither end the line nor begin a field.
func appendSafe(b []byte, s string) []byte {
	cut := len(s) > MaxValue
	if cut {
		end := MaxValue
		for end > MaxValue-utf8.UTFMax && !utf8.RuneStart(s[end]) {
			end--
		}
		s = s[:end]
	}
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c < utf8.RuneSelf && c != '|' && c != 0x7f {
			b = append(b, c)
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1, r == '|':
			b = fmt.Appendf(b, `\x%02x`, s[i])
		case unicode.IsPrint(r):
			b = append(b, s[i:i+size]...)
		default:
			q := strconv.AppendQuoteRuneToASCII(nil, r) // 'x', with the escape of Go's syntax
			b = append(b, q[1:len(q)-1]...)
		}
		i += size
	}
	if cut {
		b = append(b, "…"...)
	}
	return b
}
