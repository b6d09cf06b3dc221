// Package retry says how long clients wait before the next attempt.
package retry

import (
	"context"
	"math/rand/v2"
	"time"
)

// The bounds of a wait: it doubles from First to Last.
const (
	First = 50 * time.Millisecond
	Last  = 2 * time.Second
)

// Backoff computes the wait before each attempt. The zero value is ready to use, and begins with First.
type Backoff struct{ next time.Duration }

// Next returns the wait before the next attempt. It is random between a half and all of the doubling wait, so that the
// clients of a server that broke do not come back in the same instant.
func (b *Backoff) Next() time.Duration {
	wait := max(b.next, First)
	b.next = min(2*wait, Last)
	return wait/2 + rand.N(wait/2)
}

// Sleep returns nil after d, or ctx.Err() as soon as ctx is done.
func Sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
	return ctx.Err()
}
