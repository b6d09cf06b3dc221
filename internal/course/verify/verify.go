// Package verify checks the lab as a black box: it writes configuration files,
// generates the Compose file with the project's own script, builds, starts,
// reads logs, sends signals, and says what is not as the contract has it. A
// project may be this one or any checkout of the course's layout, in whatever
// language; its containers may be containers or processes of this machine.
package verify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tp0-lab/composer/internal/course/report"
	"github.com/tp0-lab/composer/internal/text"
)

// Options say what is checked, and how.
type Options struct {
	// Stages and Names choose scenarios; empty is all of them, for a checkout
	// without those that go beyond what the course asks.
	Stages []string
	Names  []string
	Docker bool
	// Repo is a git checkout with a branch for each stage; "" is the project
	// that the working directory is in.
	Repo string
	// Composer is the program to put into the project's bin/, so that its script
	// need not build it; "" lets the script do what it does.
	Composer string
	// Service is the command line of the local services; nil is Composer's.
	Service []string
	// Patience bounds each wait for what takes a moment where all is well; 0 is
	// DefaultPatience.
	Patience time.Duration
	// Parallel is how many scenarios run at once; below 1 is 1. Those of a
	// checkout run one at a time, in one directory for each branch.
	Parallel int
	// Repeat is how often each scenario runs; below 1 is once.
	Repeat int
	// Began and Ended are called when a scenario begins and ends, by several goroutines at once. They may be nil.
	Began func(Scenario)
	Ended func(report.Scenario)
	Now   func() time.Time
}

// Scenario is one of the checks that there are.
type Scenario struct {
	Stage string // ej1 … ej8
	Name  string // of words with dashes, unique within its stage
	Title string // what it shows, in a sentence
	// docker says that it is about containers: with processes it is skipped.
	docker bool
	// Beyond says that the course's text does not ask for it, and in which way; a
	// checkout is spared it unless it is named. "" if the course does.
	Beyond string
	run    func(*trial)
}

// DefaultPatience is enough for a busy machine.
const DefaultPatience = 30 * time.Second

// scenarioLimit bounds a scenario, once its images are built; each wait within
// has a shorter limit. It is eight times the patience, and at least this.
const scenarioLimit = 3 * time.Minute

// ErrUnknown is wrapped by the error of Run for a stage or a scenario that
// there is not.
var ErrUnknown = errors.New("unknown")

// ErrNothing is wrapped by the error of Run if every scenario was skipped.
var ErrNothing = errors.New("nothing was checked")

// Run runs the scenarios that are chosen and returns what it found. A
// scenario that fails is no error; one is returned if there is nothing to run, if
// all was skipped, or if ctx ended: the report then holds what had been found.
func Run(ctx context.Context, o Options) (r report.Report, err error) {
	chosen, err := Chosen(o)
	if err != nil {
		return report.Report{}, err
	}
	r = report.Report{Target: o.Repo, Engine: "local", Started: o.Now()}
	sites, err := newSites(o)
	if err != nil {
		return report.Report{}, err
	}
	defer func() { err = errors.Join(err, sites.close()) }()
	if r.Target == "" {
		r.Target = "this project"
	}
	var e engine = &localEngine{program: o.Service, now: o.Now}
	if o.Docker {
		r.Engine = "docker"
		if e, err = newDockerEngine(ctx, o.Now); err != nil {
			return report.Report{}, err
		}
	}
	r.Scenarios = runAll(ctx, chosen, o, func(s Scenario) report.Scenario { return runOne(ctx, s, e, sites, o) })
	err = e.close(context.WithoutCancel(ctx))
	if n := r.Count(report.Skipped); n > 0 && n == len(r.Scenarios) {
		err = errors.Join(err, fmt.Errorf("verify: %w: %s", ErrNothing, r.Scenarios[0].Reason))
	}
	r.Duration = o.Now().Sub(r.Started)
	if ctx.Err() != nil {
		err = errors.Join(fmt.Errorf("verify: interrupted after %d of %d scenarios", len(r.Scenarios), len(chosen)), err)
	}
	return r, err
}

// runAll runs the scenarios, some at once, and returns their results in order. Those that ctx interrupts have none.
func runAll(ctx context.Context, all []Scenario, o Options, run func(Scenario) report.Scenario) []report.Scenario {
	results := make([]*report.Scenario, len(all))
	if o.Repo != "" {
		o.Parallel = 1
	}
	slots := make(chan struct{}, max(o.Parallel, 1))
	var workers sync.WaitGroup
	for i, s := range all {
		slots <- struct{}{}
		if ctx.Err() != nil {
			break
		}
		workers.Go(func() {
			defer func() { <-slots }()
			if o.Began != nil {
				o.Began(s)
			}
			result := run(s)
			if ctx.Err() != nil {
				return // its failure proves nothing
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

func runOne(ctx context.Context, s Scenario, e engine, sites *sites, o Options) report.Scenario {
	begin := o.Now()
	t := &trial{ctx: ctx, engine: e, journal: newJournal(), limit: cmp.Or(o.Patience, DefaultPatience), stages: o.Stages}
	done := make(chan struct{})
	go func() { // so that the trial may end it with Goexit
		defer close(done)
		defer t.recover()
		if s.docker && !o.Docker {
			t.skip("this needs the network of containers; `composer verify --engine docker` runs it")
		}
		t.open(sites, s, slices.Contains(o.Names, s.Name))
		defer t.close()
		s.run(t)
	}()
	<-done
	result := report.Scenario{
		Stage: s.Stage, Name: s.Name, Title: s.Title, Status: report.Passed,
		Duration: o.Now().Sub(begin), Problems: t.problems, Timeline: t.journal.timeline(),
	}
	switch {
	case len(t.problems) > 0:
		result.Status = report.Failed
	case t.skipped != "":
		result.Status, result.Reason = report.Skipped, t.skipped
	}
	return result
}

// Scenarios returns all checks, in the order of the stages. The caller owns the slice.
func Scenarios() []Scenario {
	return slices.Concat(
		echoScenarios(), configScenarios(), checkScenarios(), signalScenarios(), betScenarios(), batchScenarios(),
		drawScenarios("ej7"), drawScenarios("ej8"), parallelScenarios(),
	)
}

// Chosen returns the scenarios that Run runs with the same options, in order. Its error wraps ErrUnknown.
func Chosen(o Options) ([]Scenario, error) {
	var stages, names []string
	for _, s := range Scenarios() {
		stages, names = append(stages, s.Stage), append(names, s.Name)
	}
	if err := known("stage", o.Stages, stages); err != nil {
		return nil, err
	}
	if err := known("scenario", o.Names, names); err != nil {
		return nil, err
	}
	chosen := slices.DeleteFunc(Scenarios(), func(s Scenario) bool {
		return len(o.Stages) > 0 && !slices.Contains(o.Stages, s.Stage) || len(o.Names) > 0 && !slices.Contains(o.Names, s.Name)
	})
	if len(chosen) == 0 {
		return nil, fmt.Errorf("%w scenario: %s has no %s", ErrUnknown, strings.Join(o.Stages, ", "), strings.Join(o.Names, ", "))
	}
	return slices.Repeat(chosen, max(o.Repeat, 1)), nil
}

func known(what string, wanted, all []string) error {
	all = slices.Compact(slices.Sorted(slices.Values(all)))
	for _, w := range wanted {
		if !slices.Contains(all, w) {
			return fmt.Errorf("%w %s %q%s; `composer verify --list` shows what there is", ErrUnknown, what, w, text.DidYouMean(w, all))
		}
	}
	return nil
}

// WriteProblems writes what a scenario was expected to show, what was seen, and
// the lines around it, for people.
func WriteProblems(w io.Writer, s report.Scenario) {
	for _, p := range s.Problems {
		fmt.Fprintf(w, "    expected: %s\n    seen:     %s\n", indent(p.Expected), indent(p.Seen))
		for _, l := range p.Around {
			fmt.Fprintf(w, "      %-8s | %s\n", text.Printable(l.Container), text.Printable(l.Text))
		}
	}
}

// indent is a text of several lines, each fit for a terminal.
func indent(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	for i, l := range lines {
		lines[i] = text.Printable(l)
	}
	return strings.Join(lines, "\n              ")
}
