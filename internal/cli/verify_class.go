package cli

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/urfave/cli/v2"

	"github.com/tp0-lab/composer/internal/course/class"
	"github.com/tp0-lab/composer/internal/course/report"
	"github.com/tp0-lab/composer/internal/course/verify"
	"github.com/tp0-lab/composer/internal/course/words"
)

// runClass judges the repositories of a class and returns the number of those that are wrong. Its error says that not all
// could be judged.
func runClass(c *cli.Context) (faults int, err error) {
	o, err := classOptions(c)
	if err != nil {
		return 0, err
	}
	if err := verify.Ready(c.Context, o.Verify); err != nil { // it is about no student
		return 0, fmt.Errorf("verify: %w", err)
	}
	talk := streams(c).Out
	if c.Bool("json") {
		talk = streams(c).Err
	}
	progress := classProgress{lang: o.Verify.Language, out: talk, total: len(o.Students)}
	o.Began = func(s class.Student) { progress.say("begins    %s", s.Name) }
	o.Building = func(s class.Student, image string) { progress.say("building  %s: the image of %s", s.Name, image) }
	o.Ended = progress.ended
	defer streams(c).tidy()()
	found, err := class.Run(c.Context, o)
	if len(found.Students) == 0 {
		return 0, err
	}
	if c.Bool("json") {
		if err := report.WriteClassJSON(c.App.Writer, found); err != nil {
			return 0, err
		}
	}
	fmt.Fprintln(talk)
	progress.say("%d right, %d wrong, %d not judged in %.1fs (%d at once, %s, composer %s)", found.Count(report.Passed), found.Count(report.Failed),
		found.Count(report.Unjudged), found.Duration.Seconds(), min(o.Jobs, len(o.Students)), found.Engine, found.Composer)
	progress.say("%s is the page of the class; grades.csv and class.json are beside it", filepath.Join(o.Dir, "index.html"))
	if err == nil && found.Verdict() == report.Unjudged {
		err = errors.New("verify: not every repository could be judged: grades.csv says which")
	}
	return found.Count(report.Failed), err
}

func classOptions(c *cli.Context) (class.Options, error) {
	o := class.Options{Dir: c.String("report-dir"), Jobs: c.Int("jobs"), Judge: verify.Run, Now: streams(c).Now}
	for _, name := range []string{"repo", "report", "scenario"} {
		if c.IsSet(name) {
			return o, usagef("verify: --%s is for one repository: it does not go with --repos", name)
		}
	}
	switch {
	case o.Dir == "":
		return o, usagef("verify: --repos wants --report-dir DIR, where the results go")
	case o.Jobs < 1:
		return o, usagef("verify: --jobs wants at least 1")
	}
	var err error
	if o.Verify, err = verifyOptions(c); err != nil {
		return o, err
	}
	chosen, err := verify.Chosen(o.Verify)
	if err != nil {
		return o, usageError{err}
	}
	if c.Bool("list") {
		return o, usagef("verify: --list lists scenarios: leave --repos out")
	}
	o.List, err = class.ReadList(c.String("repos"), o.Dir)
	switch {
	case errors.Is(err, class.ErrNoClass):
		return o, fmt.Errorf("verify: %w", err)
	case err != nil:
		return o, usageError{err}
	}
	if o.Weights, err = class.ReadWeights(c.String("weights"), verify.Stages(verify.Scenarios()), verify.Stages(chosen)); err != nil {
		return o, usageError{err}
	}
	inputs := []string{c.String("repos"), c.String("weights")}
	if err := class.CheckResults(o.Dir, o.Students, inputs, writable); err != nil {
		return o, usagef("verify: --report-dir: %w", err)
	}
	return o, nil
}

// classProgress writes a line for each student that begins or ends, and for each image that is built.
type classProgress struct {
	mu    sync.Mutex // guards the fields below
	out   *Output
	lang  words.Language
	total int
	done  int
}

// say writes a message in the language.
func (p *classProgress) say(format string, a ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	printLine(p.out, "%s", p.lang.Text(fmt.Sprintf(format, a...)))
}

func (p *classProgress) ended(s report.Student) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done++
	word := map[report.Status]string{report.Passed: "right", report.Failed: "WRONG", report.Unjudged: "unjudged"}[s.Verdict()]
	word = p.lang.Text(word)
	defer func() {
		for _, b := range s.Report.Behind() {
			printLine(p.out, "%-9s %s", "", p.lang.Text(b.String()))
		}
	}()
	if s.Error != "" {
		printLine(p.out, "%-9s %s (%d %s %d): %s", word, s.Name, p.done, p.lang.Text("of"), p.total, p.lang.ErrorText(s.Error))
		return
	}
	var wrong []string
	for _, sc := range s.Report.Scenarios {
		if name := sc.Stage + " " + sc.Name; sc.Status == report.Failed && !slices.Contains(wrong, name) {
			wrong = append(wrong, name)
		}
	}
	took := fmt.Sprintf("%.0fs, %.0fs of it to build images", s.Report.Duration.Seconds(), s.Report.Building.Seconds())
	if s.Kept {
		took = "kept: its commits are those of the last run"
	}
	printLine(p.out, "%-9s %s (%d %s %d; %s): %d %s, %d %s: %s", word, s.Name, p.done, p.lang.Text("of"), p.total, p.lang.Text(took),
		s.Report.Count(report.Passed), p.lang.Text("passed"), len(wrong), p.lang.Text("failed"), cmp.Or(strings.Join(wrong, ", "), p.lang.Text("none")))
}
