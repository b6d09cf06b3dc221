package central

import (
	"container/list"
	"sync"
)

// turns gives a bounded number of places away, in the order in which they were
// asked for.
type turns struct {
	bounded bool

	mu    sync.Mutex // guards the fields below and the elements of places
	free  int
	queue list.List // of *place
}

// place is a place, or the wait for it.
type place struct {
	turns   *turns
	ready   chan struct{} // closed when the place is the caller's
	element *list.Element // in the queue; nil when it is not there
	left    bool
}

func newTurns(bound int) *turns { return &turns{bounded: bound > 0, free: bound} }

// enter asks for a place. The caller leaves it, whether it became ready or not.
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
		p.element = t.queue.PushBack(p)
	}
	return p
}

// leave gives the place to the next in the queue, or leaves the queue. It may
// be called again.
func (p *place) leave() {
	t := p.turns
	t.mu.Lock()
	defer t.mu.Unlock()
	if p.left || !t.bounded {
		return
	}
	p.left = true
	if p.element != nil {
		t.queue.Remove(p.element)
		return
	}
	first := t.queue.Front()
	if first == nil {
		t.free++
		return
	}
	t.queue.Remove(first)
	next := first.Value.(*place)
	next.element = nil
	close(next.ready)
}
