package logline

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func line(t *testing.T, level slog.Level, action string, attrs ...slog.Attr) string {
	t.Helper()
	var out bytes.Buffer
	r := slog.NewRecord(time.Date(2024, 8, 21, 22, 11, 15, 0, time.UTC), level, action, 0)
	r.AddAttrs(attrs...)
	if err := New(&out, slog.LevelDebug).Handler().Handle(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestLine(t *testing.T) {
	tests := []struct {
		level slog.Level
		attrs []slog.Attr
		want  string
	}{
		{slog.LevelInfo, nil, "INFO     action: a\n"},
		{slog.LevelDebug, []slog.Attr{Success}, "DEBUG    action: a | result: success\n"},
		{slog.LevelWarn, []slog.Attr{InProgress}, "WARNING  action: a | result: in_progress\n"},
		{slog.LevelError, []slog.Attr{Fail, Err(errors.New("no"))}, "ERROR    action: a | result: fail | error: no\n"},
		{LevelCritical, []slog.Attr{Fail}, "CRITICAL action: a | result: fail\n"},
		{slog.LevelInfo, []slog.Attr{slog.Int("n", -3), slog.Uint64("u", 7), slog.Duration("d", 5*time.Second), slog.Bool("b", true)}, "INFO     action: a | n: -3 | u: 7 | d: 5s | b: true\n"},
		{slog.LevelInfo, []slog.Attr{slog.String("msg", "[CLIENT 1] Message N°1")}, "INFO     action: a | msg: [CLIENT 1] Message N°1\n"},
		{slog.LevelInfo, []slog.Attr{slog.String("msg", "x | result: fail\r\n2024\x1b[31m\x00\u2028\x85é\xff")}, `INFO     action: a | msg: x \x7c result: fail\r\n2024\x1b[31m\x00\u2028\x85é\xff` + "\n"},
		{slog.LevelInfo, []slog.Attr{slog.Group("g", slog.Int("n", 1))}, "INFO     action: a | n: 1\n"},
	}
	for _, tt := range tests {
		if got := line(t, tt.level, "a", tt.attrs...); got != "2024-08-21 22:11:15 "+tt.want {
			t.Errorf("got  %qwant %q", got, tt.want)
		}
	}
}

// Whatever a peer sends, the line stays one line with the fields we gave it.
func TestValueCannotForge(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		v := string(rapid.SliceOf(rapid.Byte()).Draw(rt, "bytes"))
		if rapid.Bool().Draw(rt, "text") {
			v = rapid.String().Draw(rt, "string")
		}
		got := line(t, slog.LevelInfo, v, slog.String("msg", v))
		if strings.Count(got, "\n") != 1 || !strings.HasSuffix(got, "\n") {
			rt.Fatalf("not one line: %q", got)
		}
		if strings.Count(got, "|") != 1 {
			rt.Fatalf("a field too many: %q", got)
		}
		for _, r := range got[:len(got)-1] {
			if r < ' ' || r == 0x7f || r == '\u2028' || r == '\ufffd' && !strings.ContainsRune(v, r) {
				rt.Fatalf("unsafe %q in %q", r, got)
			}
		}
	})
}

func TestLongValueIsCut(t *testing.T) {
	for _, fill := range []string{"x", "é", "€", "\xff"} {
		got := line(t, slog.LevelInfo, "a", slog.String("msg", strings.Repeat(fill, 70_000)))
		if len(got) > 4*MaxValue+100 || !strings.HasSuffix(got, fill+"…\n") && fill != "\xff" {
			t.Errorf("%q: %d bytes, ends in %q", fill, len(got), got[len(got)-12:])
		}
	}
}

func TestLevel(t *testing.T) {
	for _, name := range []string{"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"} {
		var l Level
		if err := l.UnmarshalText([]byte(strings.ToLower(name))); err != nil || l.String() != name {
			t.Errorf("%s: got %v, %v", name, l, err)
		}
	}
	var l Level
	if err := l.UnmarshalText([]byte("loud")); err == nil || !strings.Contains(err.Error(), "CRITICAL") {
		t.Errorf("an unknown level: %v", err)
	}
}

func TestBelowLevelIsNotWritten(t *testing.T) {
	var out bytes.Buffer
	log := New(&out, Level(slog.LevelInfo))
	log.Debug("quiet")
	log.With("a", 1).WithGroup("g").Info("loud", "b", 2)
	if got := out.String(); strings.Contains(got, "quiet") || !strings.HasSuffix(got, "action: loud | a: 1 | b: 2\n") {
		t.Errorf("got %q", got)
	}
}

// The services log a line for each batch, on the hot path.
func TestLineDoesNotAllocate(t *testing.T) {
	log := New(io.Discard, slog.LevelInfo)
	if n := testing.AllocsPerRun(100, func() {
		log.LogAttrs(t.Context(), slog.LevelInfo, "apuesta_recibida", Success, slog.Int("cantidad", 100))
	}); n > 0 {
		t.Errorf("%v allocations for a line", n)
	}
}
