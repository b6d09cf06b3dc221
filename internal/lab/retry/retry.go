// Package retry is how the clients wait before they try again.
package retry

import (
	"context"
	"math/rand/v2"
	"time"
)

// The wait doubles from First to Last.
const (
	First = 50 * time.Millisecond
	Last  = 2 * time.Second
)

// Backoff says how long to wait before each attempt. The zero value is ready.
type Backoff struct{ next time.Duration }

// Next returns the wait before the next attempt: between half and all of it, so
// that the clients which one broken server has left do not all come back in the same
// instant.
func (b *Backoff) Next() time.Duration {
	wait := max(b.next, First)
	b.next = min(2*wait, Last)
	return wait/2 + rand.N(wait/2)
}

// Reset begins anew, after progress.
func (b *Backoff) Reset() { b.next = 0 }

// Sleep returns after d, or when ctx is done, with ctx.Err().
func Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	return ctx.Err()
}
