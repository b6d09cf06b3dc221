// Package report holds the results of a run of `composer verify` and writes them for programs (JUnit, JSON) and for
// people (an HTML page).
package report

import (
	"fmt"
	"slices"
	"time"

	"github.com/tp0-lab/composer/internal/course/words"
	"github.com/tp0-lab/composer/internal/text"
)

// Unreleased is the version of composer in a build that has none. Two such builds may judge differently.
const Unreleased = "(devel)"

// Report holds the results of a run of `composer verify`.
type Report struct {
	Target    string         // this project, or the checkout's path as the user gave it
	Composer  string         // the version of composer
	Branches  []Branch       // of the checkout, in the order of the stages
	Engine    string         // local or docker
	Beyond    bool           // the run was asked for the scenarios that go beyond the course, too
	Started   time.Time      // when the run began
	Duration  time.Duration  // of the whole run
	Building  time.Duration  // the part of Duration in which images were built
	Scenarios []Scenario     // in the order they ran
	Language  words.Language // of the page
}

// Branch is a stage's branch of a checkout.
type Branch struct {
	Stage  string `json:"stage"`  // ej1 … ej8
	Name   string `json:"name"`   // ej1
	Commit string `json:"commit"` // in hexadecimal; "" if there is no such branch
	// Remote is a remote's branch of the same name, such as origin/ej1, that has commits which this one lacks; else "".
	Remote string `json:"remote"`
	Behind int    `json:"behind"` // the number of these commits
	Ahead  int    `json:"ahead"`  // the number of commits that Remote lacks, if there is a Remote
}

// String returns the name, the short commit, and whether a remote's branch has more commits.
func (b Branch) String() string { return b.describe(12) }

// describe is String with a number of digits of the commit.
func (b Branch) describe(digits int) string {
	if b.Commit == "" {
		return b.Name + " is missing"
	}
	s := b.Name + " at " + b.Commit[:min(len(b.Commit), digits)]
	switch {
	case b.Behind > 0 && b.Ahead > 0:
		return fmt.Sprintf("%s, which is %s behind and %d ahead of %s", s, text.Plural(b.Behind, "commit"), b.Ahead, b.Remote)
	case b.Behind > 0:
		return fmt.Sprintf("%s, which is %s behind %s", s, text.Plural(b.Behind, "commit"), b.Remote)
	}
	return s
}

// Status is how a scenario ended.
type Status string

// The verdicts about a scenario.
const (
	Passed   Status = "passed"   // the solution is right
	Failed   Status = "failed"   // the solution is wrong, and the problems prove it
	Unjudged Status = "unjudged" // the scenario ran and proved nothing, for the reason given
	Unasked  Status = "unasked"  // the course does not ask for it, so it did not run
	Skipped  Status = "skipped"  // it could not run, for the reason given
)

// statuses are the verdicts in the order of reports.
var statuses = []Status{Passed, Failed, Unjudged, Skipped, Unasked}

// Scenario is the result of a check of a stage.
type Scenario struct {
	Stage    string // ej1 ... ej8
	Name     string // kebab-case, unique within the stage: partial-batch
	Title    string // a sentence that says what it shows
	Status   Status
	Duration time.Duration
	Problems []Problem // of a failed one
	Reason   string    // why it is neither passed nor failed
	Troubles []string  // of the machine or the engine, which say nothing about the solution
	Timeline []Line    // the logs of all containers, by time
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

// Behind returns the branches that lack commits of a remote's.
func (r Report) Behind() []Branch {
	return slices.DeleteFunc(slices.Clone(r.Branches), func(b Branch) bool { return b.Behind == 0 })
}

// Failed reports whether a scenario failed.
func (r Report) Failed() bool { return r.Count(Failed) > 0 }

// Verdict returns the verdict about all scenarios: Failed if one failed, else Unjudged if one is unjudged or a stage has
// none that passed, else Passed.
func (r Report) Verdict() Status {
	if r.Failed() {
		return Failed
	}
	for _, st := range r.stages() {
		part := Report{Scenarios: st.scenarios}
		if part.Count(Unjudged) > 0 || part.Count(Passed) == 0 {
			return Unjudged
		}
	}
	if len(r.Scenarios) == 0 {
		return Unjudged
	}
	return Passed
}

// Gap holds scenarios that were not judged for the same reason.
type Gap struct {
	Reason string   `json:"reason"`
	Names  []string `json:"scenarios"` // with their stages: ej3 check-any-sh
}

// Gaps returns the scenarios that the course asks for and that were not judged, by reason.
func (r Report) Gaps() []Gap {
	gaps := []Gap{}
	for _, s := range r.Scenarios {
		if status := s.outcome(); status != Unjudged && status != Skipped {
			continue
		}
		i := slices.IndexFunc(gaps, func(g Gap) bool { return g.Reason == s.Reason })
		if i < 0 {
			i = len(gaps)
			gaps = append(gaps, Gap{Reason: s.Reason})
		}
		if name := s.Stage + " " + s.Name; !slices.Contains(gaps[i].Names, name) {
			gaps[i].Names = append(gaps[i].Names, name)
		}
	}
	return gaps
}

// outcome returns the status. An unknown status counts as Failed, so that no mistake of ours looks green.
func (s Scenario) outcome() Status {
	if slices.Contains(statuses, s.Status) {
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
