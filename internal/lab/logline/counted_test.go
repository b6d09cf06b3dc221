package logline

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// lockedBuffer is read while the end of an interval may write to it.
type lockedBuffer struct {
	mu   sync.Mutex // guards text
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func (b *lockedBuffer) Reset() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.text.Reset()
}

func TestCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out lockedBuffer
		log, stop := Counted(New(&out, slog.LevelInfo), 5*time.Second)
		lines := func(parts ...string) (n int) {
			for line := range strings.Lines(out.String()) {
				all := true
				for _, part := range parts {
					all = all && strings.Contains(line, part)
				}
				if all {
					n++
				}
			}
			return n
		}
		for i := range 12_000 {
			log.Error("serve_connection", Fail, slog.String("ip", "10.0.0.1"), Err(fmt.Errorf("read 10.0.0.1:%d: reset", i)))
			log.Info("accept_connections", Success)
			log.Info("accept_connections", InProgress)
			if i < 12 {
				log.Info("apuesta_recibida", Success, slog.Int("cantidad", i))
			}
		}
		log.Error("serve_connection", Fail, Err(errors.New("another cause")))
		if lines("serve_connection", "reset") != failures || lines("another cause") != 1 || lines("accept_connections", "success") != routine ||
			lines("accept_connections", "in_progress") != routine || lines("apuesta_recibida") != 12 || lines("repeated") != 0 {
			t.Errorf("in the interval:\n%.2000s", &out)
		}
		time.Sleep(6 * time.Second)
		synctest.Wait()
		if lines("serve_connection | result: fail | ip: 10.0.0.1 | error: read 10.0.0.1:11999: reset | repeated: 11990\n") != 1 ||
			lines("accept_connections | result: success | repeated: 11000\n") != 1 || lines("repeated") != 3 {
			t.Errorf("after the interval:\n%s", out.String()[len(out.String())-1000:])
		}
		// A new interval begins afresh, and stop tells what is left.
		out.Reset()
		for range 15 {
			log.With("k", "v").Error("x", Fail, Err(errors.New("e")))
		}
		if lines("action: x") != failures {
			t.Errorf("in the next interval:\n%s", &out)
		}
		stop()
		log.Error("x", Fail, Err(errors.New("e")))
		if lines("k: v | result: fail | error: e | repeated: 5\n") != 1 || lines("action: x") != failures+2 {
			t.Errorf("at the end:\n%s", &out)
		}
	})
}

// A flood of different causes is bounded, too.
func TestCountedCauses(t *testing.T) {
	var out bytes.Buffer
	log, stop := Counted(New(&out, slog.LevelInfo), time.Hour)
	const made = 5000
	for i := range made {
		log.Error("x", Fail, Err(errors.New(strings.Repeat("a", i))))
	}
	if n := strings.Count(out.String(), "action: x"); n != causes+failures {
		t.Errorf("%d lines, want %d", n, causes+failures)
	}
	stop()
	if want := fmt.Sprintf("repeated: %d\n", made-causes-failures); !strings.HasSuffix(out.String(), want) {
		t.Errorf("want %s", want)
	}
}
