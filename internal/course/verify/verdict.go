package verify

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"

	"github.com/tp0-lab/composer/internal/course/report"
	"github.com/tp0-lab/composer/internal/text"
)

// skip ends a scenario that cannot run here.
func (t *trial) skip(reason string) { t.finish(report.Skipped, reason) }

// unjudged ends a scenario that cannot distinguish a right solution from a wrong one.
func (t *trial) unjudged(reason string) { t.finish(report.Unjudged, reason) }

func (t *trial) finish(status report.Status, reason string) {
	t.status, t.reason = status, text.Short(text.Line(reason), 500)
	runtime.Goexit()
}

// fatal ends the scenario with a problem that the logs do not show.
func (t *trial) fatal(expected, seen string) {
	if errors.Is(t.ctx.Err(), context.DeadlineExceeded) {
		t.unjudged("the scenario ran out of time before it was shown that " + expected + ": " + seen)
	}
	t.problem(expected, seen, t.about(pattern{}))
	runtime.Goexit()
}

func (t *trial) problem(expected, seen string, around []report.Line) {
	t.problems = append(t.problems, report.Problem{Expected: expected, Seen: seen, Around: around})
}

// judgeFailure sets the verdict of a scenario with problems. The verdict is unjudged if a script misses something in
// its container, skipped if the failure follows from the failure of another scenario, and otherwise failed.
func (t *trial) judgeFailure(result *report.Scenario, s Scenario, sites *sites) {
	result.Status, result.Reason = report.Failed, ""
	if t.site.lack != "" { // the failure may follow from that lack
		result.Status, result.Problems = report.Unjudged, nil
		result.Reason = text.Line(lackError{t.site.lack}.Error())
		return
	}
	if first := sites.cause(s, t.setup); first != s.Name {
		result.Status, result.Problems = report.Skipped, nil
		result.Reason = fmt.Sprintf("it follows from the failure of %s: %s", first, t.setup)
	}
}

// cause returns the name of the first scenario of a stage that failed because of setup. If of is the first one, or
// setup is "", cause returns the name of of.
func (s *sites) cause(of Scenario, setup string) string {
	if setup == "" {
		return of.Name
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	key := of.Stage + " " + setup
	if _, ok := s.causes[key]; !ok {
		s.causes[key] = of.Name
	}
	return s.causes[key]
}

// Numbers of lines that a problem shows.
const (
	linesBefore = 4 // lines before the line that the problem is about
	linesAfter  = 2
	linesAtMost = 12 // lines of a problem that is about no single line
)

// about returns the lines to show with a problem about a pattern. These are the lines around the last line with the
// pattern's action: in the pattern's container, or else in any container. Without such a line, they are the last lines
// of the pattern's container, or else of all containers.
func (t *trial) about(p pattern) []report.Line {
	if p.action != "" {
		if lines := t.around(pattern{container: p.container, action: p.action}.matches); lines != nil {
			return lines
		}
		if lines := t.around(pattern{action: p.action}.matches); lines != nil {
			return lines
		}
	}
	lines := t.journal.timeline()
	if p.container != "" {
		own := slices.DeleteFunc(slices.Clone(lines), func(l report.Line) bool { return l.Container != p.container })
		if len(own) > 0 {
			lines = own
		}
	}
	return lines[max(0, len(lines)-linesAtMost):]
}

// around returns the lines around the last line that matches, or nil if none matches.
func (t *trial) around(matches func(entry) bool) []report.Line {
	lines, _ := t.journal.snapshot()
	for i, last := range slices.Backward(lines) {
		if !matches(last) {
			continue
		}
		var shown []report.Line
		for _, l := range lines[max(0, i-linesBefore):min(len(lines), i+linesAfter+1)] {
			shown = append(shown, l.Line)
		}
		return shown
	}
	return nil
}

// recover catches a panic, so that the lab is removed.
func (t *trial) recover() {
	if reason := recover(); reason != nil {
		t.status, t.reason, t.problems = report.Unjudged, fmt.Sprintf("composer itself is wrong: %v\n%s", reason, debug.Stack()), nil
	}
}
