package verify

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tp0-lab/composer/internal/course/report"
)

// A scenario that waits for the names of ej3 has no slot: the scenarios of other stages and of other runs go on. Two of them never
// hold the names at once, and results stay in order.
func TestWhoWaitsForNamesHasNoSlot(t *testing.T) {
	all := []Scenario{{Stage: "ej3", Name: "a"}, {Stage: "ej3", Name: "b"}, {Stage: "ej3", Name: "c"}, {Stage: "ej4", Name: "d"}, {Stage: "ej5", Name: "e"}}
	var single, mu sync.Mutex
	var running, most int
	othersEnded := make(chan struct{})
	var others sync.WaitGroup
	others.Add(4) // ej4 and ej5 of two runs
	go func() { others.Wait(); close(othersEnded) }()
	slots := NewSlots(2)
	run := func(s Scenario) report.Scenario {
		if s.Stage != "ej3" {
			others.Done()
			return report.Scenario{Name: s.Name}
		}
		slots.lock(&single)
		defer single.Unlock()
		mu.Lock()
		running++
		most = max(most, running)
		mu.Unlock()
		select {
		case <-othersEnded:
		case <-time.After(time.Minute):
			t.Error("scenarios of other stages wait for those of ej3")
		}
		mu.Lock()
		defer mu.Unlock()
		running--
		return report.Scenario{Name: s.Name}
	}
	var runs sync.WaitGroup
	for range 2 {
		runs.Go(func() {
			var names []string
			for _, r := range runAll(t.Context(), all, Options{Slots: slots}, run) {
				names = append(names, r.Name)
			}
			if got := strings.Join(names, " "); got != "a b c d e" {
				t.Errorf("results %s", got)
			}
		})
	}
	runs.Wait()
	if most != 1 || len(slots) != 0 {
		t.Errorf("%d at once have the names, %d slots are taken at the end", most, len(slots))
	}
}

// Runs that share slots end at an interruption, and leave no slot taken.
func TestInterruptedRunsLeaveNoSlots(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	slots := NewSlots(1)
	run := func(s Scenario) report.Scenario {
		cancel()
		return report.Scenario{Stage: s.Stage}
	}
	var runs sync.WaitGroup
	for range 4 {
		runs.Go(func() {
			if results := runAll(ctx, slices.Repeat([]Scenario{{Stage: "ej4"}}, 3), Options{Slots: slots}, run); len(results) > 0 {
				t.Errorf("results of an interrupted scenario: %+v", results)
			}
		})
	}
	ended := make(chan struct{})
	go func() { runs.Wait(); close(ended) }()
	select {
	case <-ended:
	case <-time.After(time.Minute):
		t.Fatal("a run waits for a slot for ever")
	}
	if len(slots) != 0 {
		t.Error("a slot stays taken")
	}
}

// A failure that waits for the earlier scenarios of its stage has no slot: one of them may wait for it.
func TestWhoWaitsForEarlierScenariosHasNoSlot(t *testing.T) {
	s := checkout(t, "ej6", map[string]string{"server/Dockerfile": "FROM scratch\n"})
	o := Options{Now: time.Now, Slots: NewSlots(1)}
	var names sync.Mutex
	names.Lock()
	failed := make(chan struct{})
	all := []Scenario{
		{Stage: "ej6", Name: "waits", run: func(*trial) {
			go func() { <-failed; names.Unlock() }()
			o.Slots.lock(&names)
		}},
		{Stage: "ej6", Name: "fails", run: func(tr *trial) {
			defer close(failed)
			tr.must("the images can be built", func() error { return errors.New("syntax error") })
		}},
	}
	ended := make(chan []report.Scenario)
	go func() {
		ended <- runAll(t.Context(), all, o, func(of Scenario) report.Scenario { return runOne(t.Context(), of, nil, s, o) })
	}()
	select {
	case results := <-ended:
		if len(results) != 2 || results[1].Status != report.Failed || len(o.Slots) != 0 {
			t.Errorf("%d slots are taken, %+v", len(o.Slots), results)
		}
	case <-time.After(time.Minute):
		t.Fatal("the scenarios wait for each other")
	}
}

// The failure that others follow from is that of the first scenario of a stage, whichever ends first.
func TestTheFirstScenarioIsTheCause(t *testing.T) {
	s := checkout(t, "ej6", map[string]string{"server/Dockerfile": "FROM scratch\n"})
	broken := func(tr *trial) {
		tr.must("the images can be built", func() error { return errors.New("syntax error") })
	}
	quickEnded := make(chan struct{})
	all := []Scenario{
		{Stage: "ej6", Name: "slow", run: func(tr *trial) { <-quickEnded; broken(tr) }},
		{Stage: "ej6", Name: "quick", run: func(tr *trial) { defer close(quickEnded); broken(tr) }},
	}
	o := Options{Now: time.Now, Slots: NewSlots(2)}
	results := runAll(t.Context(), all, o, func(of Scenario) report.Scenario { return runOne(t.Context(), of, nil, s, o) })
	if len(results) != 2 || results[0].Status != report.Failed || results[1].Status != report.Skipped {
		t.Errorf("%+v", results)
	}
}

// Only one lab at a time has names, addresses or the network of the machine, and every checkout's of ej3 is such a lab.
func TestReserve(t *testing.T) {
	const own, host, fixed = "server: {image: s}", "server: {image: s, network_mode: host}", "server: {image: s, networks: {n: {ipv4_address: 172.25.125.2}}}"
	tests := []struct {
		name, stage, service string
		ours, waits          bool
	}{
		{"a checkout", "ej6", own, false, false},
		{"its ej3", "ej3", own, false, true},
		{"this project's ej3", "ej3", own, true, false},
		{"the machine's network", "ej6", host, false, true},
		{"a fixed address", "ej6", fixed, false, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := checkout(t, tt.stage, map[string]string{"server/config.ini": "", composeFile: "services:\n  " + tt.service + "\nnetworks: {n: {ipam: {config: [{subnet: 172.25.125.0/24}]}}}\n"})
			at, err := s.open(t.Context(), tt.stage)
			if err != nil {
				t.Fatal(err)
			}
			defer at.close()
			at.ours = tt.ours
			e := &dockerEngine{single: new(sync.Mutex), slots: NewSlots(1)}
			release := e.reserve(t.Context(), at)
			free := e.single.TryLock()
			if free {
				e.single.Unlock()
			}
			release()
			if free == tt.waits || !e.single.TryLock() {
				t.Errorf("others wait: %v, want %v; or release leaves it held", !free, tt.waits)
			}
		})
	}
}
