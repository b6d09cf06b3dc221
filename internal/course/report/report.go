// Package report holds what one run of `composer verify` found, and writes it for programs (JUnit, JSON) and for
// people (one HTML page).
package report

import "time"

// Report is what one run of verify found.
type Report struct {
	Target    string        // what was checked: this project, or the checkout's path as the user gave it
	Engine    string        // local or docker
	Started   time.Time     // when the run began
	Duration  time.Duration // of the whole run
	Scenarios []Scenario    // in the order they ran
}

// Status is how a scenario ended.
type Status string

// The ways a scenario ends.
const (
	Passed  Status = "passed"
	Failed  Status = "failed"
	Skipped Status = "skipped"
)

// Scenario is one check of one stage.
type Scenario struct {
	Stage    string // ej1 ... ej8
	Name     string // kebab-case, unique within the stage: partial-batch
	Title    string // one sentence, what it shows
	Status   Status
	Duration time.Duration
	Problems []Problem // of a failed one; what was expected, what was seen
	Reason   string    // why it was skipped
	Timeline []Line    // all that the containers logged, in the order received
}

// Problem is one thing that was not as the contract says.
type Problem struct {
	Expected, Seen string
	Around         []Line // the log lines around it
}

// Line is one line that a container logged.
type Line struct {
	At        time.Time // when it was read (or the line's own timestamp where finer)
	Container string    // server, client1 ...
	Text      string    // without ANSI codes; valid UTF-8
}

// Count returns how many scenarios ended so.
func (r Report) Count(status Status) int {
	n := 0
	for _, s := range r.Scenarios {
		if s.outcome() == status {
			n++
		}
	}
	return n
}

// Failed tells whether a scenario failed.
func (r Report) Failed() bool { return r.Count(Failed) > 0 }

// outcome is the status; one that is none of the three counts as Failed, so that no mistake of ours looks green.
func (s Scenario) outcome() Status {
	switch s.Status {
	case Passed, Skipped:
		return s.Status
	}
	return Failed
}

// stage is the scenarios of one stage.
type stage struct {
	name      string
	scenarios []Scenario
}

// stages returns the scenarios by stage, both in the order they ran.
func (r Report) stages() []stage {
	var all []stage
	at := map[string]int{}
	for _, s := range r.Scenarios {
		i, known := at[s.Stage]
		if !known {
			i = len(all)
			at[s.Stage] = i
			all = append(all, stage{name: s.Stage})
		}
		all[i].scenarios = append(all[i].scenarios, s)
	}
	return all
}
