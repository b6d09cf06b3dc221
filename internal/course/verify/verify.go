// Package verify checks a lab as a black box: it writes configuration files, generates the Compose file with the
// project's own script, builds, starts, reads logs, sends signals, and reports the differences to the course's text.
// The project is this one or a checkout in the course's layout, in any language. The services run in containers. The
// services of this project may also run as processes of this machine.
//
// The scenarios are in echo.go (ej1, ej2), validar.go (the script of ej3), bets.go (ej5), batches.go (ej6), draws.go
// (ej7, ej8) and sigterm.go (SIGTERM in ej4 … ej8). schedule.go runs several at once; trial.go holds their steps.
// verdict.go decides the verdict on a scenario that has ended: it passed, it failed, its failure follows from another
// scenario's, or it cannot be judged.
package verify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/tp0-lab/composer/internal/course/report"
	"github.com/tp0-lab/composer/internal/course/words"
	"github.com/tp0-lab/composer/internal/lab/local"
	"github.com/tp0-lab/composer/internal/text"
)

// Options are the options of Run.
type Options struct {
	// Stages and Names choose scenarios. An empty list chooses all; in a checkout, scenarios that go beyond the course
	// need Beyond or their name in Names.
	Stages []string
	Names  []string
	// Beyond also runs, in a checkout, the scenarios that go beyond the course.
	Beyond bool
	// Docker runs the services in containers instead of processes.
	Docker bool
	// Network says which addresses services get that run as processes; "" is local.DefaultNetwork().
	Network local.Network
	// Repo is the root of a git repository with a branch for each stage; "" is this project.
	Repo string
	// Trust runs a checkout's scripts on this machine. Without Trust they run in containers of ScriptImage, which must
	// have bash; "" is composer's own image.
	Trust       bool
	ScriptImage string
	// Branches is the pattern of the names of the branches, in which {N} stands for the number of a stage; "" is
	// DefaultBranches.
	Branches string
	// Language is the language of the page and of the progress.
	Language words.Language
	// Version is the version of composer, for the report.
	Version string
	// Composer is the path of a composer program, which Run copies into this project's bin/, where generar-compose.sh
	// looks for it. With "", the script builds composer.
	Composer string
	// Service is the beginning of the command line of services that run as processes; nil is Composer's own.
	Service []string
	// Patience bounds each wait for something that takes a moment in a correct lab; 0 is DefaultPatience.
	Patience time.Duration
	// Slots bounds how many scenarios run at once. Several calls of Run at the same time share the same Slots. With
	// nil, the run has one slot of its own.
	Slots Slots
	// Repeat is how often each scenario runs, at least once.
	Repeat int
	// Began and Ended, if not nil, are called by Run when a scenario begins and ends, from several goroutines at once.
	Began func(Scenario)
	Ended func(report.Scenario)
	// Building, if not nil, is called by Run before it builds an image, from several goroutines at once. image is the
	// stage and the service, such as "ej6 client".
	Building func(image string)
	// Single is held while a lab runs whose containers have names or addresses that only one lab of a machine can have.
	// Several calls of Run at the same time share the same Single. With nil, the run has its own.
	Single *sync.Mutex
	Now    func() time.Time
}

// Scenario is a check of a stage.
type Scenario struct {
	Stage string `json:"stage"` // ej1 … ej8
	Name  string `json:"name"`  // words with dashes, unique within its stage
	Title string `json:"title"` // a sentence that says what the scenario shows
	// Beyond says why the course does not ask for the scenario, or is "". In a checkout, Run runs a scenario with Beyond
	// only if Options.Beyond is set or Options.Names has the name.
	Beyond string `json:"-"`

	docker  bool // it needs containers
	run     func(*trial)
	earlier func() // waits until the earlier scenarios of the stage have ended; runAll sets it
}

// DefaultPatience is the default of Options.Patience. It is enough for a busy machine.
const DefaultPatience = 30 * time.Second

// scenarioLimit bounds a scenario after the build of its images. Each wait in the scenario has a shorter limit. If
// Patience is more than an eighth of scenarioLimit, the scenario gets eight times Patience.
const scenarioLimit = 3 * time.Minute

// ErrUnknown is in the error of Run and Chosen for a stage or scenario that does not exist.
var ErrUnknown = errors.New("unknown")

// Run runs the scenarios that the options choose and returns their results. A failed scenario is no error, nor is one
// that cannot be judged. An error says that there is nothing to run, or that ctx ended; then the report holds the
// results so far.
func Run(ctx context.Context, o Options) (r report.Report, err error) {
	chosen, err := Chosen(o)
	if err != nil {
		return report.Report{}, err
	}
	r = report.Report{Language: o.Language, Target: o.Repo, Composer: o.Version, Engine: "local", Beyond: o.Beyond, Started: o.Now()}
	sites, err := newSites(o)
	if err != nil {
		return report.Report{}, err
	}
	defer func() { err = errors.Join(err, sites.close()) }()
	if sites.repo != nil {
		if r.Branches, err = sites.repo.commits(ctx, Stages(chosen)); err != nil {
			return report.Report{}, fmt.Errorf("verify: %w", err)
		}
	}
	if r.Target == "" {
		r.Target = "this project"
	}
	o.Slots, o.Single = cmp.Or(o.Slots, NewSlots(1)), cmp.Or(o.Single, new(sync.Mutex))
	var e engine = &localEngine{program: o.Service, network: o.Network, now: o.Now}
	if o.Docker {
		r.Engine = "docker"
		if e, err = newDockerEngine(ctx, o); err != nil {
			return report.Report{}, err
		}
		if sites.repo != nil && !o.Trust {
			if sites.scripts, err = newConfined(ctx, o, filepath.Join(sites.dir, "home")); err != nil {
				return report.Report{}, fmt.Errorf("verify: %w", err)
			}
		}
	}
	r.Scenarios = runAll(ctx, chosen, o, func(s Scenario) report.Scenario { return runOne(ctx, s, e, sites, o) })
	if e := e.close(context.WithoutCancel(ctx)); e != nil && len(r.Scenarios) > 0 {
		last := &r.Scenarios[len(r.Scenarios)-1]
		last.Troubles = append(last.Troubles, "the images stay: "+e.Error())
	}
	if e, ok := e.(*dockerEngine); ok {
		r.Building = e.building
	}
	r.Duration = o.Now().Sub(r.Started)
	if ctx.Err() != nil {
		err = errors.Join(fmt.Errorf("verify: interrupted after %d of %d scenarios", len(r.Scenarios), len(chosen)), err)
	}
	return r, err
}

// Ready returns an error if no scenario can run because Docker, or its Compose, does not work.
func Ready(ctx context.Context, o Options) error {
	if !o.Docker {
		return nil
	}
	_, err := newDockerEngine(ctx, o)
	return err
}

func runOne(ctx context.Context, s Scenario, e engine, sites *sites, o Options) report.Scenario {
	begin := o.Now()
	t := &trial{
		ctx: ctx, engine: e, journal: newJournal(), limit: cmp.Or(o.Patience, DefaultPatience),
		extra: make(map[string]map[string]string),
	}
	done := make(chan struct{})
	go func() { // a trial ends its goroutine with Goexit
		defer close(done)
		defer t.recover()
		if s.docker && !o.Docker {
			t.skip("this needs the network of containers; `composer verify --engine docker` runs it")
		}
		t.open(sites, s, o.Beyond || slices.Contains(o.Names, s.Name))
		defer t.close()
		s.run(t)
	}()
	<-done
	result := report.Scenario{
		Stage: s.Stage, Name: s.Name, Title: s.Title, Status: cmp.Or(t.status, report.Passed), Reason: t.reason,
		Duration: o.Now().Sub(begin) - t.waited, Problems: t.problems, Timeline: t.journal.timeline(), Troubles: t.troubles,
	}
	if len(t.problems) > 0 {
		if t.setup != "" && s.earlier != nil { // the failure may follow from an earlier scenario's failure
			o.Slots.lend(s.earlier) // one of them may wait for a slot
		}
		t.judgeFailure(&result, s, sites)
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

// Stages returns the stages of scenarios, each once, in order.
func Stages(all []Scenario) []string {
	var stages []string
	for _, s := range all {
		if !slices.Contains(stages, s.Stage) {
			stages = append(stages, s.Stage)
		}
	}
	return stages
}

// Chosen returns the scenarios that Run runs with the same options, in order. The error wraps ErrUnknown, or says what
// is wrong with the pattern of the branches.
func Chosen(o Options) ([]Scenario, error) {
	if o.Branches != "" {
		if err := CheckBranches(o.Branches); err != nil {
			return nil, err
		}
	}
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

// writeProblems writes the problems of a scenario for people. For the first problem it writes the expected, the seen,
// and the log lines around it. For each other problem, which may follow from the first, it writes one line.
func writeProblems(w io.Writer, s report.Scenario, l words.Language) {
	for i, p := range s.Problems {
		if i > 0 {
			fmt.Fprintf(w, "    %s: %s %s; %s %s\n", l.Text("and, which may follow from it"), l.Text("expected"), text.Line(l.Text(p.Expected)),
				l.Text("seen"), text.Short(text.Line(l.Text(p.Seen)), 200))
			continue
		}
		expected, seen := l.Text("expected"), l.Text("seen")
		width := max(utf8.RuneCountInString(expected), utf8.RuneCountInString(seen)) + 1
		fmt.Fprintf(w, "    %-*s %s\n    %-*s %s\n", width, expected+":", indent(l.Text(p.Expected)), width, seen+":", indent(l.Text(p.Seen)))
		for _, l := range p.Around {
			fmt.Fprintf(w, "      %-8s | %s\n", text.Printable(l.Container), text.Printable(l.Text))
		}
	}
}

// indent makes each line of a text printable and indents all but the first.
func indent(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	for i := range lines {
		lines[i] = text.Printable(lines[i])
	}
	return strings.Join(lines, "\n              ")
}
