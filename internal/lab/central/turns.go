package central

import (
	"cmp"
	"math"
	"slices"
	"sync"
)

// turns hands out a bounded number of places, first come, first served.
type turns struct {
	mu    sync.Mutex // guards the fields below, and left of every place
	free  int
	taken map[*place]bool // the places that are ready
	queue []*place        // the places that are not ready, in order of arrival
}

// place is the right to be served, or the wait for it.
type place struct {
	turns  *turns
	agency uint32
	ready  chan struct{} // closed when the caller has the place
	left   bool
}

// newTurns returns turns with that many places; 0 is no bound.
func newTurns(bound int) *turns {
	return &turns{free: cmp.Or(bound, math.MaxInt), taken: make(map[*place]bool)}
}

func (t *turns) contested() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.queue) > 0
}

func (t *turns) holders() []uint32 {
	t.mu.Lock()
	defer t.mu.Unlock()
	var agencies []uint32
	for p := range t.taken {
		agencies = append(agencies, p.agency)
	}
	slices.Sort(agencies)
	return agencies
}

// enter asks for a place for an agency. The caller calls leave, whether the place became ready or not.
func (t *turns) enter(agency uint32) *place {
	p := &place{turns: t, agency: agency, ready: make(chan struct{})}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.free > 0 {
		t.free--
		t.give(p)
	} else {
		t.queue = append(t.queue, p)
	}
	return p
}

// give gives a place. The caller holds mu.
func (t *turns) give(p *place) {
	t.taken[p] = true
	close(p.ready)
}

// leave hands the place to the first in the queue, or leaves the queue. It may be called again.
func (p *place) leave() {
	t := p.turns
	t.mu.Lock()
	defer t.mu.Unlock()
	if p.left {
		return
	}
	p.left = true
	if i := slices.Index(t.queue, p); i >= 0 {
		t.queue = slices.Delete(t.queue, i, i+1)
		return
	}
	delete(t.taken, p)
	if len(t.queue) == 0 {
		t.free++
		return
	}
	t.give(t.queue[0])
	t.queue = slices.Delete(t.queue, 0, 1)
}
