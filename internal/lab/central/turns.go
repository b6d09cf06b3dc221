package central

import (
	"slices"
	"sync"
)

// turns hands out a bounded number of places, first come, first served.
type turns struct {
	bounded bool

	mu    sync.Mutex // guards the fields below, and left of every place
	free  int
	queue []*place // the places that are not ready, in order of arrival
}

// place is the right to be served, or the wait for it.
type place struct {
	turns *turns
	ready chan struct{} // closed when the caller has the place
	left  bool
}

func newTurns(bound int) *turns { return &turns{bounded: bound > 0, free: bound} }

// enter asks for a place. The caller calls leave, whether the place became ready or not.
func (t *turns) enter() *place {
	p := &place{turns: t, ready: make(chan struct{})}
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case !t.bounded:
		close(p.ready)
	case t.free > 0:
		t.free--
		close(p.ready)
	default:
		t.queue = append(t.queue, p)
	}
	return p
}

// leave hands the place to the first in the queue, or leaves the queue. It may be called again.
func (p *place) leave() {
	t := p.turns
	t.mu.Lock()
	defer t.mu.Unlock()
	if p.left || !t.bounded {
		return
	}
	p.left = true
	if i := slices.Index(t.queue, p); i >= 0 {
		t.queue = slices.Delete(t.queue, i, i+1)
		return
	}
	if len(t.queue) == 0 {
		t.free++
		return
	}
	close(t.queue[0].ready)
	t.queue = slices.Delete(t.queue, 0, 1)
}
