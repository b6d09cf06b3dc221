package verify

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/tp0-lab/composer/internal/compose/project"
	"github.com/tp0-lab/composer/internal/course/report"
	"github.com/tp0-lab/composer/internal/files"
	"github.com/tp0-lab/composer/internal/lab/dataset"
	"github.com/tp0-lab/composer/internal/lab/local"
	"github.com/tp0-lab/composer/internal/text"
)

// settled is the shortest patience after the clients have ended. Then only their last log lines may still be missing.
const settled = 3 * time.Second

// trial is a running scenario. Its methods end the scenario with runtime.Goexit if it cannot go on, as testing.T's
// Fatal does. So only the scenario's own goroutine may call them.
type trial struct {
	ctx     context.Context
	cancel  context.CancelFunc // nil until ctx is that of the scenario's limit
	engine  engine
	site    *site
	journal *journal
	lab     lab
	release func()        // releases what the engine has reserved for the lab; nil before reserve
	waited  time.Duration // time spent waiting for other labs
	relays  []*relay
	held    bool                         // a client was held, and may have connected again
	n       int                          // number of clients
	extra   map[string]map[string]string // variables, by service and name
	sent    [][]string                   // records that the server must store, in the form of bets.csv

	limit    time.Duration // of a wait for something that takes a moment in a correct lab
	patience time.Duration // the current limit of such a wait: shorter after the clients have ended

	problems []report.Problem
	status   report.Status // of a scenario without a verdict; else ""
	reason   string        // the reason for status
	setup    string        // the step that failed before the scenario could begin, which other scenarios may share; "" without one
	troubles []string      // of the machine or the engine
}

// clients returns the names of the trial's clients.
func (t *trial) clients() []string { return clientNames(t.n) }

// clientNames returns client1 … clientN.
func clientNames(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = clientName(i + 1)
	}
	return names
}

func clientName(i int) string { return "client" + strconv.Itoa(i) }

// agencies invents the agencies' files, with these numbers of bets and winners.
func (t *trial) agencies(bets, winners []int) {
	before := 0
	for i := range bets {
		var file bytes.Buffer
		o := dataset.Options{Agency: uint32(i + 1), Bets: bets[i], Winners: winners[i], Seed: 1, Before: before}
		if err := dataset.Generate(&file, o); err != nil {
			t.fatal("make an agency's file up", err.Error())
		}
		before += bets[i]
		t.agency(i+1, asLongAsTheCourses(file.String()))
	}
}

// The longest names in the course's files, in bytes: a solution may know these limits.
const (
	longestFirst = 23
	longestLast  = 10
)

// asLongAsTheCourses shortens the invented names of an agency's file that are longer than every name in the course's
// files.
func asLongAsTheCourses(file string) string {
	var b strings.Builder
	for line := range strings.Lines(file) {
		fields := strings.Split(line, ",")
		if len(fields[0]) > longestFirst {
			fields[0] = "Ana"
		}
		if len(fields) > 1 && len(fields[1]) > longestLast {
			fields[1] = "Paz"
		}
		b.WriteString(strings.Join(fields, ","))
	}
	return b.String()
}

// agency writes the file of an agency.
func (t *trial) agency(number int, text string) {
	t.write(fmt.Sprintf(".data/agency-%d.csv", number), text)
	records, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.fatal("read an agency's file back", err.Error())
	}
	for _, r := range records {
		t.sent = append(t.sent, append([]string{strconv.Itoa(number)}, r...))
	}
}

// begin writes the Compose file for n clients with the site's own script, builds the images, and starts the named
// services, or all services if no name is given.
func (t *trial) begin(n int, services ...string) {
	t.n, t.patience = n, t.limit
	t.must("generar-compose.sh writes a Compose file for "+strconv.Itoa(n)+" clients", func() error { return t.site.generate(t.ctx, n) })
	t.must("the images can be built", func() error { return t.engine.build(t.ctx, t.site) })
	if t.release == nil {
		begin := time.Now()
		t.release = t.engine.reserve(t.ctx, t.site)
		t.waited += time.Since(begin)
	}
	if t.cancel == nil { // the limit includes neither the build nor the wait for other labs
		t.ctx, t.cancel = context.WithTimeout(t.ctx, max(scenarioLimit, 8*t.limit))
	}
	t.must("the Compose file can be started", func() (err error) {
		t.lab, err = t.engine.start(t.ctx, t.site, t.extra, t.journal)
		return err
	})
	t.up(services...)
}

// relayed puts a relay between the running server and the clients that start later. With cut, the relay passes bytes on
// in small pieces.
func (t *trial) relayed(s serverKeys, c clientKeys, cut bool) *relay {
	r, err := t.lab.relay(t.ctx, t.site.port)
	if err != nil {
		t.unjudged("nothing can stand between clients and server here: " + err.Error())
	}
	r.pieces = cut
	t.relays = append(t.relays, r)
	c.address = r.address
	t.configure(s, c)
	return r
}

// usedRelay ends the scenario, unjudged, if no client has connected to the relay: without that the scenario proves
// nothing. A client may end before the relay has accepted its connection and passed on its bytes. So usedRelay first
// waits, for at most settled, until a client has connected and all connections have ended.
func (t *trial) usedRelay(r *relay) {
	for limit := time.Now().Add(settled); !r.finished() && time.Now().Before(limit) && t.ctx.Err() == nil; {
		time.Sleep(relayPoll)
	}
	if len(r.carried()) == 0 {
		t.unjudged("no client has connected to the server.address of the configuration file, at which composer passes bytes on")
	}
}

// must calls do, a step that a scenario needs before it can begin. After trouble with the machine it calls do a second
// time. It ends the scenario if the trouble stays or the solution is at fault.
func (t *trial) must(expected string, do func() error) {
	err := do()
	lacks := errors.As(err, new(lackError))
	if isTrouble(err) && !lacks && t.ctx.Err() == nil {
		first := err
		if err = do(); err == nil || troubleLine(err.Error()) != troubleLine(first.Error()) { // otherwise the scenario's reason has the same line
			t.troubles = append(t.troubles, expected+" at the second try: "+first.Error())
		}
	}
	switch {
	case err == nil:
		return
	case lacks:
		t.unjudged(err.Error())
	case isTrouble(err) || t.ctx.Err() != nil:
		t.unjudged("trouble with this machine or its engine keeps it from being shown that " + expected + ": " + troubleLine(err.Error()))
	}
	t.setup = expected
	t.fatal(expected, err.Error())
}

func (t *trial) up(services ...string) {
	t.patience = t.limit
	t.must("the containers start", func() error { return t.lab.up(t.ctx, services...) })
}

// open gets a site of the scenario's stage. If the branch is missing, open ends the scenario as skipped. In a checkout,
// it ends a scenario beyond the course as unasked, unless asked is set.
func (t *trial) open(from *sites, s Scenario, asked bool) {
	var err error
	t.site, err = from.open(t.ctx, s.Stage)
	switch {
	case errors.Is(err, errNoBranch):
		t.skip(err.Error())
	case err != nil:
		t.unjudged("the project of " + s.Stage + " cannot be read: " + err.Error())
	case s.Beyond != "" && !t.site.ours && !asked:
		t.finish(report.Unasked, s.Beyond+"; `--beyond` checks it all the same")
	}
}

// close removes the lab and a temporary site. If one of them cannot be removed, close adds a trouble, because that is
// not the solution's fault.
func (t *trial) close() {
	t.end()
	if t.cancel != nil {
		t.cancel()
	}
	if err := t.site.close(); err != nil {
		t.troubles = append(t.troubles, "the scenario's directory stays: "+err.Error())
	}
}

// end closes the relays and takes the lab down. If that fails, it tries once more.
func (t *trial) end() {
	for _, r := range t.relays {
		r.close()
	}
	t.relays = nil
	if t.release != nil {
		defer t.release()
		t.release = nil
	}
	if t.lab == nil {
		return
	}
	// The lab must go even after the end of the scenario's time.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.ctx), 2*time.Minute)
	defer cancel()
	err := t.lab.down(ctx)
	if err != nil {
		err = t.lab.down(ctx)
	}
	if err != nil {
		t.troubles = append(t.troubles, "what the scenario started stays: "+err.Error())
	}
	t.lab = nil
}

// variable sets a variable of a service in addition to those of the Compose file.
func (t *trial) variable(service, name, value string) {
	if t.extra[service] == nil {
		t.extra[service] = make(map[string]string)
	}
	t.extra[service][name] = value
}

// await waits until n lines match p and reports whether they came.
func (t *trial) await(n int, p pattern) bool {
	return t.journal.wait(t.ctx, t.patience, func(lines []entry) bool { return count(lines, p) >= n })
}

// pause waits for d, or until the scenario's time ends.
func (t *trial) pause(d time.Duration) {
	t.journal.wait(t.ctx, d, func([]entry) bool { return false })
}

// wait waits until n lines match p and ends the scenario if they do not come.
func (t *trial) wait(n int, p pattern) {
	if !t.await(n, p) {
		lines, _ := t.journal.snapshot()
		t.problem(fmt.Sprintf("%s, %s within %v", text.Plural(n, "line"), p, t.patience), found(lines, p), t.about(p))
		runtime.Goexit()
	}
}

// need waits until n lines match p, which only show that something happens. If they do not come, the scenario proves
// nothing and is unjudged.
func (t *trial) need(n int, p pattern, happens string) {
	if !t.await(n, p) {
		lines, _ := t.journal.snapshot()
		t.unjudged(fmt.Sprintf("nothing shows within %v that %s: %s of %s", t.patience, happens, found(lines, p), p))
	}
}

// ready waits until the server listens.
func (t *trial) ready() {
	if t.site.ours {
		t.wait(1, pattern{container: "server", action: "accept_connections"})
		return
	}
	limit := time.Now().Add(t.patience)
	for !t.containers().listening(t.ctx) { // the server's logs may have any words
		if time.Now().After(limit) {
			t.fatal(fmt.Sprintf("the server listens on port %d within %v", t.site.port, t.patience), "it does not")
		}
		time.Sleep(startPoll)
	}
}

// environment returns the variables that the Compose file gives a service.
func (t *trial) environment(service string) map[string]string {
	raw, err := files.ReadIn(t.site.root, composeFile, project.MaxFile)
	if err != nil {
		t.unjudged("the Compose file cannot be read: " + err.Error())
	}
	project, err := local.Load(t.ctx, raw, composeFile, t.site.dir, nil)
	if err != nil {
		t.fatal("the Compose file can be read", err.Error())
	}
	values := make(map[string]string)
	for name, value := range project.Services[service].Environment {
		if value != nil {
			values[name] = *value
		}
	}
	return values
}

// logged expects that n lines match p now.
func (t *trial) logged(n int, p pattern) {
	lines, _ := t.journal.snapshot()
	if got := count(lines, p); got != n {
		t.problem(fmt.Sprintf("%s, %s", text.Plural(n, "line"), p), found(lines, p), t.about(p))
	}
}

// gracefully bounds the stop of processes.
const gracefully = 5 * time.Second

// settle waits until every line that was logged before is in the journal.
func (t *trial) settle() {
	if err := t.lab.settle(t.ctx); err != nil {
		t.unjudged("the logs cannot be read: " + err.Error())
	}
	if n := t.journal.lost(); n > 0 {
		t.unjudged(fmt.Sprintf("there are more than %d lines or %d MB of logs", maxLines, maxBytes>>20))
	}
}

// stop stops services. It expects this project's processes to stop in time. The duration of Docker's stop command says
// nothing about a service in a container. But Docker kills a service after ten seconds, and the exit code shows that.
func (t *trial) stop(services ...string) {
	begin := time.Now()
	if err := t.lab.stop(t.ctx, services...); err != nil {
		t.unjudged("the containers cannot be stopped: " + err.Error())
	}
	_, inContainers := t.lab.(containers)
	if took := time.Since(begin); !inContainers && took > gracefully {
		t.problem(fmt.Sprintf("%s stops within %v of SIGTERM", strings.Join(services, " and "), gracefully), fmt.Sprintf("it took %v", took.Round(10*time.Millisecond)),
			t.about(pattern{container: services[0]}))
	}
	t.settle()
}

// stopped returns the exit code of a stopped service, and expects that the service did not have to be killed.
func (t *trial) stopped(service string) int {
	code, err := t.lab.exitCode(t.ctx, service)
	switch {
	case err != nil:
		t.unjudged("the exit code of " + service + " cannot be read: " + err.Error())
	case code == killed:
		t.problem(service+" ends on SIGTERM", wasKilled, t.about(pattern{container: service}))
	}
	return code
}

// interrupt kills, pauses or unpauses a service.
func (t *trial) interrupt(subcommand, service string) {
	if err := t.lab.interrupt(t.ctx, subcommand, service); err != nil {
		t.unjudged("`" + subcommand + " " + service + "` fails: " + err.Error())
	}
}
