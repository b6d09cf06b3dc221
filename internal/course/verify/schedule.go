package verify

import (
	"context"
	"sync"

	"github.com/tp0-lab/composer/internal/course/report"
)

// Slots bounds how many scenarios run at once: a scenario holds a slot while it runs.
type Slots chan struct{}

// NewSlots returns n slots, at least one.
func NewSlots(n int) Slots { return make(Slots, max(n, 1)) }

// take waits for a slot. It reports false if ctx ends first.
func (s Slots) take(ctx context.Context) bool {
	if ctx.Err() != nil {
		return false
	}
	select {
	case s <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

func (s Slots) release() { <-s }

// lend calls wait. Meanwhile others may use the caller's slot. lend returns once the caller has a slot again. Nil slots
// bound nothing.
func (s Slots) lend(wait func()) {
	if s == nil {
		wait()
		return
	}
	s.release()
	defer func() { s <- struct{}{} }()
	wait()
}

// lock locks l. While lock waits, others may use the caller's slot.
func (s Slots) lock(l *sync.Mutex) {
	if !l.TryLock() {
		s.lend(l.Lock)
	}
}

// runAll runs the scenarios, several at once. It returns their results in the order of the scenarios, without the
// scenarios that ctx interrupts. The scenarios of a stage begin in order.
func runAll(ctx context.Context, all []Scenario, o Options, run func(Scenario) report.Scenario) []report.Scenario {
	results := make([]*report.Scenario, len(all))
	ended := make([]chan struct{}, len(all))
	var workers sync.WaitGroup
	for i, s := range all {
		ended[i] = make(chan struct{})
		if !o.Slots.take(ctx) {
			break
		}
		s.earlier = func() { // no deadlock: the earlier scenarios have begun, so they will end
			for j := range i {
				if all[j].Stage == s.Stage {
					<-ended[j]
				}
			}
		}
		workers.Go(func() {
			defer o.Slots.release()
			defer close(ended[i])
			if o.Began != nil {
				o.Began(s)
			}
			result := run(s)
			if ctx.Err() != nil {
				return // a failure after the end of ctx proves nothing
			}
			results[i] = &result
			if o.Ended != nil {
				o.Ended(result)
			}
		})
	}
	workers.Wait()
	var found []report.Scenario
	for _, r := range results {
		if r != nil {
			found = append(found, *r)
		}
	}
	return found
}
