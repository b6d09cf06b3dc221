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
