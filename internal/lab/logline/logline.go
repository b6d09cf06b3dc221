// Package logline writes log records as the lab's one-line format, which the course's tests and other people's tools
// read:
//
//	2006-01-02 15:04:05 INFO     action: NAME | result: success | key: value
//
// A record's message is the action, its attributes are the fields, in order; the first one is the result, for which
// there are Success, Fail and InProgress:
//
//	log.Info("accept_connections", lablog.Success, slog.String("ip", ip))
package logline

import (
	"context"
	"io"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"
)

// The results that an action can have.
var (
	Success    = slog.String("result", "success")
	Fail       = slog.String("result", "fail")
	InProgress = slog.String("result", "in_progress")
)

// Err is the field that says why something failed.
func Err(err error) slog.Attr { return slog.String("error", err.Error()) }

// MaxValue is the longest value that a line carries, in bytes. What is longer is cut and ends in "…": whoever sent it
// does not get to fill our disk.
const MaxValue = 8 << 10

// Handler is a slog.Handler for the lab's format. Each record is one Write of one line, whatever its values hold: in a
// value, '|', line breaks, control and formatting characters and bytes that are not UTF-8 are written as escapes.
type Handler struct {
	out    *output
	level  slog.Leveler
	prefix string // of attribute keys, from WithGroup
	attrs  []byte // already formatted, from WithAttrs
}

type output struct {
	mu sync.Mutex // guards w and buf
	w  io.Writer
	// buf is reused from line to line: services log one line for each batch.
	buf []byte
}

// NewHandler returns a handler that writes records of at least level to w. It is safe for concurrent use, w need not
// be. It closes nothing.
func NewHandler(w io.Writer, level slog.Leveler) *Handler {
	return &Handler{out: &output{w: w}, level: level}
}

// New returns a logger over NewHandler.
func New(w io.Writer, level slog.Leveler) *slog.Logger { return slog.New(NewHandler(w, level)) }

// Enabled implements slog.Handler.
func (h *Handler) Enabled(_ context.Context, level slog.Level) bool {
	return level >= h.level.Level()
}

// Handle implements slog.Handler. It returns the error of the Write.
func (h *Handler) Handle(_ context.Context, r slog.Record) error {
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
		b = appendAttr(b, h.prefix, a)
		return true
	})
	b = append(b, '\n')
	_, err := h.out.w.Write(b)
	h.out.buf = b
	return err
}

// WithAttrs implements slog.Handler.
func (h *Handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	c := *h
	c.attrs = slices.Clone(h.attrs)
	for _, a := range attrs {
		c.attrs = appendAttr(c.attrs, h.prefix, a)
	}
	return &c
}

// WithGroup implements slog.Handler: the keys of what follows begin with "name.".
func (h *Handler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	c := *h
	c.prefix += name + "."
	return &c
}

func appendAttr(b []byte, prefix string, a slog.Attr) []byte {
	v := a.Value.Resolve()
	if v.Kind() == slog.KindGroup {
		if a.Key != "" {
			prefix += a.Key + "."
		}
		for _, member := range v.Group() {
			b = appendAttr(b, prefix, member)
		}
		return b
	}
	if a.Equal(slog.Attr{}) {
		return b
	}
	b = append(b, " | "...)
	b = append(b, prefix...)
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

// appendSafe appends s so that it can neither end the line nor begin a field.
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
			b = appendHex(b, s[i])
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

func appendHex(b []byte, c byte) []byte {
	const digits = "0123456789abcdef"
	return append(b, '\\', 'x', digits[c>>4], digits[c&15])
}
