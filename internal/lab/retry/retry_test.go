package retry

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestBackoff(t *testing.T) {
	for range 2 {
		var b Backoff
		for wait := First; ; wait = min(2*wait, Last) {
			if got := b.Next(); got < wait/2 || got >= wait {
				t.Fatalf("got %v, want from %v to %v", got, wait/2, wait)
			}
			if wait == Last {
				break
			}
		}
	}
}

func TestSleep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		if err := Sleep(t.Context(), time.Minute); err != nil || time.Since(began) != time.Minute {
			t.Errorf("slept %v: %v", time.Since(began), err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := Sleep(ctx, time.Minute); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != time.Minute+time.Second {
			t.Errorf("slept %v: %v", time.Since(began), err)
		}
	})
}
