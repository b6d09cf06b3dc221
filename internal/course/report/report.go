// Package report holds the results of a run of `composer verify` and writes them for programs (JUnit, JSON) and for
// people (an HTML page).
package report

import (
	"slices"
	"time"
)

// Report holds the results of a run of `composer verify`.
type Report struct {
	Target    string        // this project, or the checkout's path as the user gave it
	Composer  string        // the version of composer
	Branches  []Branch      // of the checkout, in the order of the stages
	Engine    string        // local or docker
	Started   time.Time     // when the run began
	Duration  time.Duration // of the whole run
	Scenarios []Scenario    // in the order they ran
}

// Branch is a stage's branch of a checkout.
type Branch struct {
	Stage  string `json:"stage"`  // ej1 … ej8
	Name   string `json:"name"`   // ej1
	Commit string `json:"commit"` // in hexadecimal; "" if there is no such branch
}

// String returns the name and the short commit.
func (b Branch) String() string {
	if b.Commit == "" {
		return b.Name + " is missing"
	}
	return b.Name + " at " + b.Commit[:min(len(b.Commit), 12)]
}

// Status is how a scenario ended.
type Status string

// The ways a scenario ends.
const (
	Passed  Status = "passed"
	Failed  Status = "failed"
	Skipped Status = "skipped"
)

// Scenario is the result of a check of a stage.
type Scenario struct {
	Stage    string // ej1 ... ej8
	Name     string // kebab-case, unique within the stage: partial-batch
	Title    string // a sentence that says what it shows
	Status   Status
	Duration time.Duration
	Problems []Problem // of a failed one
	Reason   string    // why it was skipped
	Timeline []Line    // the logs of all containers, in the order received
}

// Problem is a difference between the expected and the seen.
type Problem struct {
	Expected string `json:"expected"`
	Seen     string `json:"seen"`
	Around   []Line `json:"around"` // log lines around it
}

// Line is a log line of a container.
type Line struct {
	At        time.Time `json:"at"`        // when it was read, or its own timestamp if that is finer
	Container string    `json:"container"` // server, client1 …
	Text      string    `json:"text"`      // valid UTF-8 without ANSI codes
}

// Count returns the number of scenarios with a status.
func (r Report) Count(status Status) int {
	n := 0
	for _, s := range r.Scenarios {
		if s.outcome() == status {
			n++
		}
	}
	return n
}

// Failed reports whether a scenario failed.
func (r Report) Failed() bool { return r.Count(Failed) > 0 }

// outcome returns the status. An unknown status counts as Failed, so that no mistake of ours looks green.
func (s Scenario) outcome() Status {
	switch s.Status {
	case Passed, Skipped:
		return s.Status
	}
	return Failed
}

// stage holds the scenarios of a stage.
type stage struct {
	name      string
	scenarios []Scenario
}

// stages returns the scenarios by stage, in the order of the first and in the order they ran.
func (r Report) stages() []stage {
	var all []stage
	for _, s := range r.Scenarios {
		i := slices.IndexFunc(all, func(st stage) bool { return st.name == s.Stage })
		if i < 0 {
			i = len(all)
			all = append(all, stage{name: s.Stage})
		}
		all[i].scenarios = append(all[i].scenarios, s)
	}
	return all
}
